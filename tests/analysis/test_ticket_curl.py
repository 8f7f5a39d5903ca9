"""The command that repeats a request: right, safe to paste, and without secrets."""

from __future__ import annotations

import shlex
import subprocess
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.analysis.ticket import Request, reproduce

HOST = "www.example.com"


def words(method="GET", path="/", host=HOST):
    return shlex.split(reproduce(Request(method, path, host)).command)


def url(path, host=HOST):
    return words(path=path, host=host)[-1]


def test_a_get_is_repeated_with_its_timing_and_a_limit_beyond_the_routers():
    found = reproduce(Request("GET", "/report?year=2026", HOST))
    assert found.command == (
        "curl -sS -o /dev/null --max-time 31 -w '%{http_code} after %{time_total} s\\n' "
        "'https://www.example.com/report?year=2026'"
    )
    assert found.warnings == ()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_changing_request_is_repeated_only_with_a_warning(method):
    found = reproduce(Request(method, "/orders/7", HOST))
    assert f"-X {method}" in found.command
    assert "may change data" in found.warnings[0]


def test_assets_and_head_requests_ask_for_the_header_only():
    assert "-sSI" in words(path="/static/app.3f2a.css")
    assert "-sSI" in words("HEAD", "/")
    assert "-sSI" not in words(path="/style/guide")


def test_values_of_the_query_are_masked_unless_plainly_harmless():
    found = reproduce(Request("GET", "/search?page=2&q=maria+lopez&sort=asc&token=" + "a1" * 12, HOST))
    assert found.command.endswith("/search?page=2&q=VALUE&sort=asc&token=VALUE'")
    assert "masked" in found.warnings[0]


def test_personal_data_in_the_path_is_masked():
    assert "maria" not in reproduce(Request("GET", "/users/maria.lopez@example.org/orders", HOST)).command


def test_a_decoded_path_of_router_two_is_encoded_again():
    assert url("/api/World English Bible/books") == "https://www.example.com/api/World%20English%20Bible/books"
    assert url("/a%20b") == "https://www.example.com/a%20b"
    assert url("/100%") == "https://www.example.com/100%25"
    assert url("/x[1]{2}") == "https://www.example.com/x%5B1%5D%7B2%7D"


@pytest.mark.parametrize("host", ["", "$(id)", "a b", "-x", "evil.example/..", "h" * 300])
def test_a_host_that_is_none_is_not_used(host):
    found = reproduce(Request("GET", "/", host))
    assert "https://YOUR-APP.example.com/" in found.command
    assert "host" in found.warnings[-1]


@pytest.mark.parametrize(
    ("method", "path"), [("CONNECT", "/"), ("", "/"), ("GET", ""), ("GET", "http://x/"), ("G;T", "/")]
)
def test_what_is_no_usable_request_gives_no_command(method, path):
    assert reproduce(Request(method, path, HOST)).command == ""


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_any_path_stays_one_argument_of_curl(text):
    made = words(path=f"/{text}")
    assert made[0] == "curl"
    assert made[-1].startswith("https://www.example.com/")
    assert sum(word.startswith("https://") for word in made) == 1
    assert made[-1].isascii()
    assert not set(made[-1]) & set(" \"'`<>\\^{}|[]\n\t")


@given(st.text(alphabet="abcXYZ09 äé☕-_.~", max_size=20))
def test_a_path_can_be_read_back_from_the_url(text):
    assert unquote(urlsplit(url(f"/x {text}")).path) == f"/x {text}"


@pytest.mark.parametrize(
    "payload", ["';touch {0};'", "$(touch {0})", "`touch {0}`", "\ntouch {0}\n", '" & touch {0} & "']
)
def test_a_shell_runs_nothing_but_curl(payload, tmp_path):
    victim = tmp_path / "touched"
    command = reproduce(Request("GET", "/" + payload.format(victim), HOST)).command
    script = f"curl() {{ :; }}\n{command}\n"
    subprocess.run(["sh", "-c", script], check=True, timeout=10)
    assert not victim.exists()

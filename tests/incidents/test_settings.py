"""Settings: what is wrong stops the start with a sentence; Heroku's environment gives the safe values."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from triage import env

ROOT = Path(__file__).resolve().parents[2]
KEY = "k" * 50


def started(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Python with these variables only, settings imported as a server would."""
    environment = {"PATH": os.environ["PATH"], "TRIAGE_DATA_DIR": "/nonexistent", "PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def settings_of(**variables: str) -> dict[str, Any]:
    code = (
        "import json; from triage import settings as s; "
        "print(json.dumps({n: getattr(s, n) for n in dir(s) if n.isupper()}, default=str))"
    )
    done = started(code, **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "shorter than 32"),
        ({"SECRET_KEY": KEY, "DEBUG": "maybe"}, "DEBUG is 'maybe'; write 1 or 0"),
        ({"SECRET_KEY": KEY, "TRIAGE_LEASE_SECONDS": "soon"}, "write a whole number"),
        ({"SECRET_KEY": KEY, "TRIAGE_LEASE_SECONDS": "0"}, "at least 2"),
        ({"SECRET_KEY": KEY, "REDIS_URL": "amqp://example.com"}, "must begin with redis://"),
    ],
)
def test_what_makes_no_sense_stops_the_start(variables: dict[str, str], sentence: str) -> None:
    done = started("import triage.settings", **variables)
    assert done.returncode != 0
    assert sentence in done.stderr


def test_on_heroku_everything_is_encrypted() -> None:
    found = settings_of(
        SECRET_KEY=KEY,
        DYNO="web.1",
        DATABASE_URL="postgres://u:p@db.example.com/x",
        REDIS_URL="rediss://:p@redis.example.com:6379",
    )
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SESSION_COOKIE_SECURE"] is True
    assert found["CSRF_COOKIE_SECURE"] is True
    assert found["DATABASES"]["default"]["OPTIONS"]["sslmode"] == "require"
    assert found["CELERY_BROKER_USE_SSL"]
    assert found["ALLOWED_HOSTS"] == [".herokuapp.com"]


def test_the_embedded_database_waits_for_its_turn(tmp_path: Path) -> None:
    found = settings_of(SECRET_KEY=KEY, TRIAGE_DATA_DIR=str(tmp_path))
    options = found["DATABASES"]["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]
    assert found["DATABASES"]["default"]["NAME"].startswith(str(tmp_path))


def test_the_key_that_bin_run_keeps_is_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text(KEY + "\n")
    assert settings_of(TRIAGE_DATA_DIR=str(tmp_path))["SECRET_KEY"] == KEY


def test_a_bucket_takes_the_segments() -> None:
    found = settings_of(SECRET_KEY=KEY, S3_BUCKET="logs")
    assert found["SEGMENT_STORAGE"] == "segments"
    assert found["STORAGES"]["segments"]["OPTIONS"]["bucket_name"] == "logs"


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://:p@h:1", "rediss://:p@h:1"),
        ("unix:///run/x.sock", "redis+socket:///run/x.sock"),
    ],
)
def test_addresses_of_brokers(given: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", given)
    assert env.broker_url("SOME_URL", "") == broker


def test_lists_and_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_LIST", " a.example.com, ,b.example.com ")
    assert env.words("SOME_LIST") == ["a.example.com", "b.example.com"]
    assert env.text("NO_SUCH_VARIABLE", "x") == "x"
    monkeypatch.setenv("SOME_FLAG", "YES")
    assert env.boolean("SOME_FLAG", default=False) is True
    monkeypatch.setenv("SOME_NUMBER", "x1")
    with pytest.raises(ImproperlyConfigured, match="SOME_NUMBER"):
        env.integer("SOME_NUMBER", 3)


def test_a_deployment_passes_djangos_own_checks() -> None:
    variables = {
        "SECRET_KEY": "".join(chr(65 + number * 7 % 58) for number in range(64)),
        "DYNO": "release.1",
        "REDIS_URL": "rediss://:p@redis.example.com:6379",
        "DATABASE_URL": "postgres://u:p@db.example.com/x",
    }
    environment = {"PATH": os.environ["PATH"]} | variables
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DEBUG": "1", "ALLOWED_HOSTS": "triage.example.com"}, "DEBUG is on"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS holds *"),
        ({"TRIAGE_SIGNUP": "open"}, "anyone could claim any address"),
        ({"TRIAGE_SIGNUP": "everybody"}, "write invitation or open"),
        ({"HTTPS_ONLY": "1", "CSRF_TRUSTED_ORIGINS": "http://triage.example.com"}, "write https://"),
        ({"MAIL_URL": "mail.example.com"}, "MAIL_URL must look like"),
        ({"OIDC_ISSUER": "http://login.example.com"}, "must begin with https://"),
        ({"OIDC_ISSUER": "https://login.example.com"}, "OIDC_CLIENT_ID"),
    ],
)
def test_a_server_does_not_start_unsafely(variables: dict[str, str], sentence: str, tmp_path: Path) -> None:
    done = started("import triage.wsgi", **({"SECRET_KEY": KEY, "TRIAGE_DATA_DIR": str(tmp_path)} | variables))
    assert done.returncode != 0
    assert sentence in done.stderr


def test_a_server_starts_with_safe_settings(tmp_path: Path) -> None:
    variables = {"TRIAGE_SIGNUP": "open", "MAIL_URL": "smtp://u:p%40ss@mail.example.com:587"}
    done = started("import triage.wsgi", SECRET_KEY=KEY, TRIAGE_DATA_DIR=str(tmp_path), **variables)
    assert done.returncode == 0, done.stderr


def test_cookies_are_bound_to_the_host_in_production() -> None:
    found = settings_of(SECRET_KEY=KEY, HTTPS_ONLY="1", TRUST_PROXY="1")
    assert found["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    assert found["SESSION_COOKIE_HTTPONLY"] is True
    assert found["SIGNIN_LINK_OPENS"] is False
    assert found["SESSION_IDLE_SECONDS"] == 12 * 3600
    assert found["ADMIN_IS_ON"] is False


def test_single_sign_on_may_leave_for_its_provider_only() -> None:
    found = settings_of(
        SECRET_KEY=KEY,
        OIDC_ISSUER="https://login.example.com/tenant/",
        OIDC_CLIENT_ID="triage",
        OIDC_CLIENT_SECRET="s" * 20,
    )
    assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"] == ["'self'", "https://login.example.com"]
    assert "allauth.socialaccount.providers.openid_connect" in found["INSTALLED_APPS"]


def test_our_own_log_is_one_record_a_line() -> None:
    import logging

    from triage.logs import JsonFormatter, request_id

    token = request_id.set("request-1")
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "a\nforged: %s", ("\x1b[31m\u2028",), None)
    line = JsonFormatter().format(record)
    request_id.reset(token)
    assert len(line.split("\n")) == 1
    assert "\u2028" not in line
    assert "\x1b" not in line
    assert json.loads(line)["request_id"] == "request-1"

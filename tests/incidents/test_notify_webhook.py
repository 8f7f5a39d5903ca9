"""Webhooks against a real HTTP server: what arrives, what is refused, what is tried again."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from incidents.notify.webhook import NotSent, is_public, parse_target, resolve, send

SECRET = "kept-by-both-sides"
CONTENT = {"schema": "triage/alert@1", "event": "test", "note": "ünïcode"}


class Receiver:
    """A server that answers with ``status`` and keeps what it was sent."""

    def __init__(self) -> None:
        self.status, self.headers = 200, {"Location": "http://192.0.2.1/"}
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"x" * 200_000)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?team=7"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_PRIVATE = True
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()


def test_the_receiver_can_check_who_sent_it(receiver: Receiver) -> None:
    assert send(receiver.url, CONTENT, secret=SECRET, delivery="d-1") == 200
    ((headers, body),) = receiver.got
    assert json.loads(body) == CONTENT
    stamp, _, given = headers["Triage-Signature"].partition(",v1=")
    signed = f"{stamp.removeprefix('t=')}.".encode() + body
    assert hmac.compare_digest(given, hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest())
    assert (headers["Triage-Event"], headers["Triage-Delivery"]) == ("test", "d-1")


@pytest.mark.parametrize(
    ("status", "is_final"), [(302, True), (307, True), (404, True), (410, True), (429, False), (500, False)]
)
def test_other_answers_are_failures_and_redirects_are_not_followed(
    receiver: Receiver, status: int, is_final: bool
) -> None:
    receiver.status = status
    with pytest.raises(NotSent) as problem:
        send(receiver.url, CONTENT, secret=SECRET, delivery="d-1")
    assert (problem.value.status, problem.value.is_final) == (status, is_final)
    assert len(receiver.got) == 1


def test_nobody_there_is_tried_again(receiver: Receiver) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    with pytest.raises(NotSent, match="could not be reached") as problem:
        send(receiver.url, CONTENT, secret=SECRET, delivery="d-1")
    assert not problem.value.is_final


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://192.168.0.1/", "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/", "https://[::1]/", "https://[::]/",
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1]/", "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://2130706433/", "https://0x7f000001/",
        "https://0177.0.0.1/", "https://127.1/", "https://100.64.0.1/", "https://224.0.0.1/", "https://255.255.255.255/",
        "https://192.0.2.1/", "https://240.0.0.1/", "https://LOCALHOST:8443/x", "https://localhost./",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_however_they_are_written(url: str) -> None:
    with pytest.raises(NotSent):
        resolve(parse_target(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "ftp://hooks.example.com/", "https:///x", "https://user:word@hooks.example.com/",
        "https://hooks.example.com@127.0.0.1/", "https://hooks.example.com\\@127.0.0.1/", "//hooks.example.com/", "",
        "https://hooks.example.com/\r\nHost: other", "https://hooks.example.com:99999/", "https://[::1/", "file:///etc/",
        "https://hooks.example.com/ü", "javascript:alert(1)", "https://exa mple.com/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(NotSent) as problem:
        parse_target(url)
    assert problem.value.is_final


def test_public_addresses_pass() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert not is_public("no address")
    assert parse_target("https://hooks.example.com/a/b?c=d").path == "/a/b?c=d"
    assert parse_target("https://münchen.example/").host == "xn--mnchen-3ya.example"


def test_a_name_that_changes_its_address_is_met_where_it_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up once; a second answer, as of a rebinding server, is never asked for."""
    import socket

    real, asked = socket.getaddrinfo, []

    def answer(host: str, *args: Any, **kwargs: Any) -> Any:
        if host == "hooks.example.com":
            asked.append(host)
            return real("127.0.0.1" if len(asked) == 1 else "192.0.2.1", *args, **kwargs)
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    url = receiver.url.replace("127.0.0.1", "hooks.example.com")
    assert send(url, CONTENT, secret=SECRET, delivery="d-2") == 200
    assert asked == ["hooks.example.com"]
    assert receiver.got[0][0]["Host"].startswith("hooks.example.com")

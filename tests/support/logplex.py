"""Logplex, as its published source behaves towards an HTTPS drain, and the frames that it sends.

Three tries per frame of at most five seconds each, with next to no pause; 2xx means delivered, a 4xx but 429 that the
frame is dropped for good. Source: github.com/heroku/logplex (src/logplex_http_drain.erl, logplex_http_client.erl).
"""

from __future__ import annotations

import base64
import http.client
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

TRIES = 3
REQUEST_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 3.0


def frame(message: bytes) -> bytes:
    """A message with its length in front."""
    return b"%d %b" % (len(message), message)


def syslog(
    text: str, *, at: datetime | None = None, origin: str = "app", process: str = "web.1", pri: int = 190
) -> bytes:
    """A message as Logplex writes it, without structured data."""
    stamp = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    return f"<{pri}>1 {stamp} host {origin} {process} - {text}\n".encode()


def body_of(messages: Iterable[bytes]) -> bytes:
    return b"".join(frame(message) for message in messages)


def overflow(count: int) -> bytes:
    """The line that Logplex puts in front after it had to drop some. It has no newline."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    text = f"Error L10 (output buffer overflow): {count} messages dropped since {stamp}."
    return f"<172>1 {stamp} host heroku logplex - {text}".encode()


@dataclass
class Tally:
    """What a sender knows afterwards. ``acknowledged`` are the lines of frames that got a 2xx."""

    acknowledged: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    answers: list[tuple[float, int, float]] = field(default_factory=list)  # (time, status or 0, seconds)
    retries: int = 0


class Logplex:
    """One node that delivers to one drain over one connection, one request at a time."""

    def __init__(self, url: str, token: str, *, name: str = "d.00000000-0000-4000-8000-000000000001") -> None:
        self.host, _, port = url.removeprefix("http://").partition(":")
        self.port = int(port)
        self.name = name
        self.authorization = "Basic " + base64.b64encode(f"drain:{token}".encode()).decode()
        self.tally = Tally()
        self._connection: http.client.HTTPConnection | None = None
        self._lost = 0

    def deliver(self, lines: list[str], body: bytes | None = None, frame_id: str | None = None) -> bool:
        """Send one frame by the rules. False if it was dropped."""
        messages = [syslog(line) for line in lines]
        frame_id = frame_id or secrets.token_hex(16).upper()
        for number in range(TRIES):
            self.tally.retries += number > 0
            notice = [overflow(self._lost)] if self._lost else []
            status = self.post(body or body_of(notice + messages), frame_id, len(messages) + len(notice))
            if 200 <= status < 300:
                self.tally.acknowledged += lines
                self._lost = 0
                return True
            if 400 <= status < 500 and status != 429:
                break
            time.sleep(0.01 * int((2 ** random.random() - 1) / 2))
        self.tally.dropped += lines
        self._lost += len(lines)
        return False

    def post(self, body: bytes, frame_id: str | None, count: int | None = None, **headers: str) -> int:
        """One try. The status, or 0 where nobody answered in time."""
        began = time.monotonic()
        all_headers = {
            "Authorization": self.authorization, "Content-Type": "application/logplex-1",
            "User-Agent": "Logplex/v73", "Logplex-Drain-Token": self.name,
        } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
        if frame_id is not None:
            all_headers["Logplex-Frame-Id"] = frame_id
        if count is not None:
            all_headers["Logplex-Msg-Count"] = str(count)
        status = self._try(body, all_headers)
        self.tally.answers.append((began, status, time.monotonic() - began))
        return status

    def _try(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self.host, self.port, timeout=CONNECT_TIMEOUT_S)
                self._connection.connect()
                self._connection.sock.settimeout(REQUEST_TIMEOUT_S)
            self._connection.request("POST", "/drain/", body, headers)
            answer = self._connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.close()
            return 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Stream(threading.Thread):
    """Logplex at a steady rate until it is told to end: numbered lines, ``lines_per_frame`` at a time."""

    def __init__(
        self,
        node: Logplex,
        *,
        lines_per_s: float,
        lines_per_frame: int,
        label: str = "n",
        make: Callable[[str, int], str] = lambda label, number: f"{label} {number:08} placed an order",
    ) -> None:
        super().__init__(daemon=True, name=f"logplex-{label}")
        self.node = node
        self.label = label
        self.make = make
        self.pause_s = lines_per_frame / lines_per_s
        self.lines_per_frame = lines_per_frame
        self.ends = threading.Event()

    def run(self) -> None:
        number, due_at = 0, time.monotonic()
        while not self.ends.is_set():
            lines = [self.make(self.label, number + row) for row in range(self.lines_per_frame)]
            self.node.deliver(lines)
            number += self.lines_per_frame
            due_at = max(due_at + self.pause_s, time.monotonic() - 1)
            self.ends.wait(max(0.0, due_at - time.monotonic()))

    def finish(self) -> Tally:
        self.ends.set()
        self.join(60)
        self.node.close()
        return self.node.tally

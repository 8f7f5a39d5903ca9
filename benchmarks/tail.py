"""How soon a line stands on the live page: lines through a drain, many viewers that poll as the page's script does.

    python -m benchmarks.tail --lines 500 --viewers 50 --seconds 60

Starts the application by itself, with a broker and a database of its own. A line carries the time at which it was sent;
a viewer notes when it got it. What a viewer did not get counts as lost.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import secrets
import statistics
import tempfile
import threading
import time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from tests.support import environment

environment.prepare()

from tests.support.broker import Broker  # noqa: E402 - only once the environment is our own
from tests.support.logplex import Logplex, body_of, syslog  # noqa: E402
from tests.support.stack import Stack  # noqa: E402

POLL_SECONDS = 0.7
FRAMES_PER_SECOND = 10
_SENT = re.compile(r"sent=(\d+\.\d+) number=(\d+)")


@dataclass
class Viewer:
    """One browser: a session, a cursor, what it has seen."""

    url: str
    path: str
    cookie: str
    delays: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    skipped: int = 0
    bytes: int = 0

    def run(self, ends_at: float) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        cursor = ""
        time.sleep(secrets.randbelow(1000) / 1000 * POLL_SECONDS)
        while time.time() < ends_at:
            began = time.perf_counter()
            try:
                connection.request("GET", f"{self.path}?after={cursor}", headers={"Cookie": self.cookie})
                answer = connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):  # an idle connection was closed; a browser opens another
                connection.close()
                continue
            took = time.perf_counter() - began
            self.answers.append(took)
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            self.bytes += len(data)
            if answer.status == 200:
                page = json.loads(zlib.decompress(data, 31))
                self._note(page, first=not cursor)
                cursor = page["cursor"]
            time.sleep(max(POLL_SECONDS, took))

    def _note(self, page: dict, first: bool) -> None:  # type: ignore[type-arg]
        now = time.time()
        self.skipped += page["skipped"]
        for row in [] if first else page["rows"]:
            found = _SENT.search("".join(text for text, _ in row["p"]))
            if found:
                self.delays.append(now - float(found[1]))


def send(stack: Stack, token: str, per_second: int, ends_at: float) -> int:
    """Lines at a steady rate, in frames. Returns how many were acknowledged."""
    node = Logplex(stack.url, token)
    number = 0
    began = time.time()
    while (now := time.time()) < ends_at:
        due = int((now - began) * per_second) - number
        if due >= per_second // FRAMES_PER_SECOND:
            at = datetime.now(UTC)
            messages = [
                syslog(f"sent={time.time():.3f} number={number + index} GET /orders/{index} took 12 ms", at=at)
                for index in range(due)
            ]
            if node.post(body_of(messages), secrets.token_hex(16), len(messages)) == 204:
                number += due
        time.sleep(0.01)
    return number


def session(stack: Stack) -> str:
    """The cookie of somebody who is signed in."""
    script = (
        "from django.contrib.sessions.backends.db import SessionStore;"
        "from django.contrib.auth import BACKEND_SESSION_KEY as B, HASH_SESSION_KEY as H, SESSION_KEY as S;"
        "from django.conf import settings; from incidents.models import Membership;"
        "u = Membership.objects.first().user; s = SessionStore();"
        "s[S] = str(u.pk); s[B] = settings.AUTHENTICATION_BACKENDS[0]; s[H] = u.get_session_auth_hash(); s.save();"
        "print('COOKIE ' + settings.SESSION_COOKIE_NAME + '=' + s.session_key)"
    )
    return stack.manage("shell", "-c", script).rpartition("COOKIE ")[2].strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=500, help="per second")
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "broker").mkdir()
        with Broker(directory / "broker") as broker, Stack(directory, broker) as stack:
            stack.start()
            stack.signin_link()
            measure(stack, options)


def measure(stack: Stack, options: argparse.Namespace) -> None:
    address = stack.manage("drain_token", "bench-shop").strip()
    token = address.rpartition("//drain:")[2].partition("@")[0]
    ((pk,),) = stack.rows("SELECT id FROM incidents_app")
    path, cookie = f"/apps/{UUID(str(pk))}/tail/lines/", session(stack)
    ends_at = time.time() + options.seconds
    viewers = [Viewer(stack.url, path, cookie) for _ in range(options.viewers)]
    threads = [threading.Thread(target=viewer.run, args=(ends_at,), daemon=True) for viewer in viewers]
    for thread in threads:
        thread.start()
    sent = send(stack, token, options.lines, ends_at)
    for thread in threads:
        thread.join(30)
    delays = sorted(delay for viewer in viewers for delay in viewer.delays)
    answers = sorted(answer for viewer in viewers for answer in viewer.answers)
    statuses: dict[int, int] = {}
    for viewer in viewers:
        for status, count in viewer.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    print(f"sent {sent:,} lines in {options.seconds} s, {options.viewers} viewers, answers by status {statuses}")
    if delays:
        at = {share: delays[int(len(delays) * share)] for share in (0.5, 0.95, 0.99)}
        print(
            "line on the page after: " + ", ".join(f"p{share * 100:.0f} {delay:.2f} s" for share, delay in at.items())
        )
    print(
        f"answers: mean {statistics.mean(answers) * 1000:.0f} ms, p95 {answers[int(len(answers) * 0.95)] * 1000:.0f} ms"
    )
    print(f"load of this machine over the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"skipped for being late: {sum(viewer.skipped for viewer in viewers):,} of {sent * options.viewers:,}")
    print(f"sent to viewers: {sum(viewer.bytes for viewer in viewers) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

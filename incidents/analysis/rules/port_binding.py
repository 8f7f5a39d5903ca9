"""The web process runs, but does not listen on the port and address that Heroku gave it.

What it means
    Heroku picks a port for every dyno start, puts it into ``$PORT``, and waits 60 seconds for a listener on it. A
    server on another port, or on 127.0.0.1, is invisible: the dyno is killed (R10) and requests get H20 or H10.

Why it happens
    The port is written into the code or the command; the development server's default address (127.0.0.1) is used; or
    a second server in the same dyno took the port (EADDRINUSE).

How to tell
    The program says that it listens, and the dyno is killed all the same. A program that says nothing about a port
    and serves no requests is rather a worker (see missing-procfile-or-process-type).

What to do
    Listen on ``0.0.0.0`` and on the port in the environment variable PORT.

References
    https://devcenter.heroku.com/articles/error-codes#r10-boot-timeout
    https://devcenter.heroku.com/articles/runtime-principles#web-servers
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import Event, Run, runs
from incidents.analysis.readers.servers import is_loopback
from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame, blame, coded, proof, story, timed_out
from ._ports import portless, up_and_quiet
from ._texts import by_subject, findings
from .base import Rule, build, hits

SIGNS = {
    "port unset": r"\$\{?PORT\}?['\"]? is not a valid|'?\$PORT'? is not a valid|ERR_SOCKET_BAD_PORT"
    r"|should be (?:>=|>) 0 and < 65536\. Received|strconv\.\w{1,8}: parsing \"\$?PORT\"|invalid port:? ['\"]?\$",
    "port taken": r"EADDRINUSE|\beaddrinuse\b|[Aa]ddress already in use|[Pp]ort \d{2,5} (?:is |was )?(?:already )?in use"
    r"|[Pp]ort is already in use|[Pp]ort (?:is )?already (?:in use|taken|allocated)"
    r"|Only one usage of each socket address|Connection in use: \(",
    "port denied": r"listen EACCES|bind: permission denied|(?:PermissionError|Errno 13).{0,80}(?:bind|port|:80\b)"
    r"|bind\(\) to \S{1,60}:\d{1,5} failed|Permission denied - bind\(2\)|\(13\)Permission denied: AH00072",
}  # fmt: skip
_PORT = (re.compile(r"(?:port |:)(\d{2,5})\b"),)


def check(facts: Facts) -> Iterator[Finding]:
    dead = [run for run in runs(facts) if run.type == "web" and timed_out(run)]
    spoke = [(run, event) for run in dead if (event := _listener(run)) is not None]
    if spoke:
        yield _elsewhere(facts, spoke)
    elif mute := [(run, note) for run in dead if (note := up_and_quiet(facts, run)) is not None]:
        yield portless(facts, mute)
    elif not dead and "H20" in facts.codes:
        yield from _silent(facts)
    for name in SIGNS:
        yield from findings(
            facts, "port-binding", by_subject(hits(facts, name), _PORT), _describe, sure=0.93, needs_harm=True
        )


def _listener(run: Run) -> Event | None:
    """Where the program says it listens, the last time before it was killed."""
    return next((event for event in reversed(run.events) if event.kind == "listen"), None)


def _elsewhere(facts: Facts, spoke: list[tuple[Run, Event]]) -> Finding:
    event = spoke[-1][1]
    host, port = event.detail.get("host"), event.detail.get("port")
    place = f"{host}:{port}" if host else f"port {port}"
    found = blame(facts, [one.note for _, one in spoke])
    ports = {one.detail.get("port") for _, one in spoke}
    fixed = len(ports) == 1 and (
        len(spoke) > 1 or port in (80, 443, 1337, 3000, 3001, 4000, 4200, 5000, 5173, 8000, 8080, 8081, 8888, 9000)
    )
    local = is_loopback(host)
    sure = 0.97 if local and fixed else 0.95 if local or fixed else 0.78
    why = (
        "an address that only the dyno itself can reach"
        if local
        else "not the port in $PORT"
        if fixed
        else "maybe not on $PORT or 0.0.0.0"
    )
    return build(
        facts, "port-binding", f"The app listens on {place}, {why}: {story(facts, found)}.", found.confidence(sure),
        [event.note, *proof(facts, found)], severity=found.severity(), subject=str(port), count=len(spoke),
        span=[run.notes[0] for run, _ in spoke] + [run.notes[-1] for run, _ in spoke], explains=found.explains,
        ruled_out=("the program did start and did not crash by itself",),
    )  # fmt: skip


def _silent(facts: Facts) -> Iterator[Finding]:
    """H20, and the program works without a word about a port: it may serve nothing."""
    waiting = [run for run in runs(facts) if run.type == "web" and not run.was_up and not run.over and run.output()]
    if waiting and not any(_listener(run) or run.crashed for run in waiting):
        run = waiting[-1]
        said = [note for note in run.output() if note.text.strip()]
        codes = coded(facts, "H20")[:1]
        yield build(
            facts, "port-binding",
            "The web process was started and says nothing of a port, while the router waits for one (H20): it does not "
            "listen on $PORT.",
            0.7, [*codes, *said[-2:]], subject="none", explains=("H20", "H10", "boot-timeout"), most=4,
        )  # fmt: skip


def _describe(port: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text
    if re.search(SIGNS["port unset"], text):
        return f"The start command gives the server no number for its port (`{text.strip()[:120]}`)", (
            Remedy("Let a shell expand $PORT: no single quotes around it, and `sh -c` in a container's command."),
        )
    if re.search(SIGNS["port denied"], text):
        return f"The app may not listen on port {port}: ports below 1024 are closed to it", ()
    return f"Port {port or '(unknown)'} is taken already: two servers are started in one dyno", (
        Remedy("Start one server per process type, or give the second one another port."),
    )


RULE = Rule(
    slugs=("port-binding",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `node server.js`
2026-03-14T09:00:03.000000+00:00 app[web.1]: Server listening on port 3000
2026-03-14T09:01:01.000000+00:00 heroku[web.1]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch
2026-03-14T09:01:01.100000+00:00 heroku[web.1]: Stopping process with SIGKILL
2026-03-14T09:01:01.200000+00:00 heroku[web.1]: Process exited with status 137
2026-03-14T09:01:01.300000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `node server.js`
2026-03-14T09:00:03.000000+00:00 app[web.1]: Server listening on port 34512
2026-03-14T09:00:03.300000+00:00 heroku[web.1]: State changed from starting to up
""",
    ),
)

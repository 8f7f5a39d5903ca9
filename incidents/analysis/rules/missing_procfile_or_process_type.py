"""The work runs under the wrong process type, or no web process type is declared at all.

What it means
    Heroku sends requests only to the process type ``web`` and expects it to open a port. A bot or a queue worker
    started as ``web`` is killed after 60 seconds (R10). An app whose Procfile declares no ``web`` gets no web dyno
    (H14).

Why it happens
    There is no Procfile and the buildpack's default applies; the file is named differently (Procfile.txt, procfile)
    or is not in the root folder; or a program that serves no HTTP was declared as ``web``.

How to tell
    The program works and says nothing of a port until it is killed; or a first deploy scales no web process, and
    requests get H14.

What to do
    Declare ``worker: …`` for programs without a port and ``web: …`` for servers, deploy, and scale.

References
    https://devcenter.heroku.com/articles/procfile
    https://devcenter.heroku.com/articles/background-jobs-queueing
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import Run, of, runs
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import coded, timed_out
from .base import Rule, build, hits

SIGNS = {
    "no process type": r"Couldn't find that (?:process type|formation)|Procfile declares types\s+-> \(none\)"
    r"|No Procfile|No web process(?:es)? (?:type )?(?:found|declared)",
}
_BOT = re.compile(
    r"(?i)\bbot\b|\bbot[._/-]|discord|telegram|telethon|pyrogram|slack|twitch|\birc\b|logged (?:in|on) as|polling"
    r"|consumer|\bworker\b|subscrib"
    r"|scheduler|\bcron\b|celery|sidekiq|\bqueue\b|бот|gateway|waiting for (?:messages|jobs)"
    r"|connected to (?:the )?(?:chat|server|gateway)"
)


def check(facts: Facts) -> Iterator[Finding]:
    yield from _no_port(facts)
    yield from _no_web(facts)


def _no_port(facts: Facts) -> Iterator[Finding]:
    dead = [run for run in runs(facts) if run.type == "web" and timed_out(run)]
    if not dead or any(event.kind in ("listen", "server") for run in dead for event in run.events):
        return
    words = [note for run in dead for note in _work(run)]
    bot = [note for note in words if _BOT.search(note.text)] or [
        run.start for run in dead if run.start and _BOT.search(run.command)
    ]
    codes = coded(facts, "R10")
    if bot:
        yield build(
            facts, "missing-procfile-or-process-type",
            f"A program that works without a port (`{bot[0].text.strip()[:100]}`) runs as process type web, and Heroku kills it "
            f"because nothing listens on $PORT ({count(len(dead), 'time')}).",
            0.88, [*codes[:1], *bot[:2], *_exits(dead)], count=len(dead), span=codes or bot,
            explains=("R10", "H20", "H10", "boot-timeout", "port-binding", "unknown"),
            remedies=(Remedy("Rename the process type in the Procfile from web to worker, deploy, and scale.", "heroku ps:scale web=0 worker=1"),),
        )  # fmt: skip
    elif not words and not any(run.start for run in dead) and len(codes) == len(dead):
        yield build(
            facts, "missing-procfile-or-process-type",
            "Nothing listens on $PORT. If the program serves no HTTP (a bot, a queue worker), it must not run as "
            "process type web; "
            "the lines that would tell stand before this excerpt (`heroku logs -n 1500 -d web.1`).",
            0.4, codes[:2], count=len(dead), explains=(),
            remedies=(Remedy("If it serves no HTTP, start it as a worker.", "heroku ps:scale web=0 worker=1"),),
        )  # fmt: skip


def _work(run: Run) -> list[Note]:
    return [
        note
        for note in run.output()
        if note.text.strip() and not note.text.startswith("> ") and "Error waiting for process" not in note.text
    ]


def _exits(dead: list[Run]) -> list[Note]:
    return [run.exit for run in dead[-1:] if run.exit]


def _no_web(facts: Facts) -> Iterator[Finding]:
    lines = coded(facts, "H14")
    said = hits(facts, "no process type")
    if not lines and not said:
        return
    young = any(
        event.kind in ("initial", "logplex") or event.detail.get("version") in ("v1", "v2", "v3")
        for event in of(facts, "initial", "logplex", "release")
    )
    deploys = of(facts, "deploy")
    scaled = [event for event in of(facts, "scale") if event.detail["dynos"].get("web", 0) > 0]
    web = [run for run in runs(facts) if run.type == "web"]
    first = bool(deploys) and young and not scaled and not web
    if first or said:
        evidence = [*said[:1], *lines[:1], *[event.note for event in deploys[:1]]]
        yield build(
            facts, "missing-procfile-or-process-type",
            "The app was deployed, but no web process was started with it: no process type web is declared, so "
            "requests get H14.",
            0.9, evidence, count=len(lines) or 1, span=lines, explains=("H14", "no-web-dynos"),
            remedies=(Remedy("Add `web: …` to a file named Procfile in the root folder, commit, deploy, and check.", "heroku ps"),),
        )  # fmt: skip


RULE = Rule(
    slugs=("missing-procfile-or-process-type",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `python bot.py`
2026-03-14T09:00:03.000000+00:00 app[web.1]: Logged in as helper#0001
2026-03-14T09:01:01.000000+00:00 heroku[web.1]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch
2026-03-14T09:01:01.100000+00:00 heroku[web.1]: Stopping process with SIGKILL
2026-03-14T09:01:01.200000+00:00 heroku[web.1]: Process exited with status 137
2026-03-14T09:01:01.300000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 heroku[worker.1]: Starting process with command `python bot.py`
2026-03-14T09:00:02.000000+00:00 heroku[worker.1]: State changed from starting to up
2026-03-14T09:00:03.000000+00:00 app[worker.1]: Logged in as helper#0001
""",
    ),
)

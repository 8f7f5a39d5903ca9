"""The web process was still busy starting when its 60 seconds were over.

What it means
    A web dyno has to open its port within 60 seconds (90 for some Java builds). If it does not, Heroku kills it (R10,
    exit 137); the router holds requests for 75 seconds and then answers H20, and H10 while the dyno is crashed.

Why it happens
    The start command builds assets or runs migrations, the app loads large models or caches, waits for a database or
    another service, or memory is so short that everything swaps (R14).

How to tell
    An R10 line, or a SIGKILL about 60 seconds after the start while the state is ``starting``. This finding stands
    for the timeout itself: where the log shows why the port did not open, that reason is named before it.

What to do
    Move builds into the build, migrations into the release phase, and large loads behind the opening of the port.

References
    https://devcenter.heroku.com/articles/error-codes#r10-boot-timeout
    https://devcenter.heroku.com/articles/release-phase
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import Run, runs
from incidents.analysis.types import Facts, Finding, Note
from incidents.analysis.wording import clock, count, stamp

from ._blame import coded, timed_out
from .base import Rule, build

_WORK = re.compile(
    r"\b(?:npm run (?:build|heroku-postbuild)|yarn (?:run )?build|webpack|next build|vite build|ng build"
    r"|react-scripts build|tsc\b"
    r"|assets:precompile|collectstatic|db:migrate|manage\.py migrate|alembic upgrade|prisma migrate"
    r"|sequelize db:migrate|knex migrate"
    r"|pip install|npm install|npm ci|yarn install|bundle install|composer install|mvn |gradle)",
    re.IGNORECASE,
)
_DOING = re.compile(
    r"(?i)\bmigrating\b|Applying \w+\.\d{4}_|== \d{14} |Running migrations|Downloading|download(?:ing)? .{0,40}model"
    r"|Loading (?:model|checkpoint|weights|data)"
    r"|Compiling|Building|bundling|epoch \d|Hibernate:|Liquibase|Flyway|warming|Fetching \d+ files|nltk_data"
)


def check(facts: Facts) -> Iterator[Finding]:
    dead = [run for run in runs(facts) if run.type == "web" and timed_out(run)]
    lines = coded(facts, "R10") or [run.exit for run in dead if run.exit]
    router = coded(facts, "H20")
    if not lines and not router:
        return
    doing, what = _busy(dead)
    first = (lines or router)[0]
    parts = [
        f"The web process did not open its port in time ({count(len(lines), 'time')}"
        if lines
        else "No web process came up in time (H20"
    ]
    parts[0] += f", first at {stamp(first.at_us)})" if first.at_us is not None else ")"
    if what:
        parts.append(what)
    if memory := [event.note for run in dead for event in run.codes if event.detail["code"] in ("R14", "R15")]:
        parts.append("it was over its memory quota while starting, and swapping makes a start slower still")
    codes = [(code, facts.codes[code].count) for code in ("H20", "H10") if code in facts.codes]
    if codes:
        parts.append(
            "the router answered " + " and ".join(f"{code} ({count(number, 'request')})" for code, number in codes)
        )
    yield build(
        facts, "boot-timeout", "; ".join(parts) + ".", _confidence(facts, lines, bool(doing)),
        [*lines[:1], *doing[:2], *memory[:2], *_start(dead), *router[:1]], count=len(lines) or len(router),
        span=[*lines, *router],
        explains=("R10", "H20", "H10", "R14", "memory-quota", "unknown"),
    )  # fmt: skip


def _confidence(facts: Facts, lines: list[Note], known: bool) -> float:
    if not lines:
        return 0.62
    return 0.93 if known else 0.86


def _start(dead: list[Run]) -> list[Note]:
    return [run.start for run in dead[-1:] if run.start]


def _busy(dead: list[Run]) -> tuple[list[Note], str]:
    """What the process was doing: work in the start command, or the last thing it said before a long silence."""
    for run in reversed(dead):
        output = [note for note in run.output() if note.text.strip()]
        script = [note for note in output if note.text.startswith("> ") and _WORK.search(note.text)]
        if _WORK.search(run.command):
            return script[
                :1
            ], f"its start command does work that belongs into the build or the release phase (`{run.command}`)"
        if script:
            return script[
                :2
            ], f"its start script does work that belongs into the build (`{script[0].text[2:].strip()}`)"
        doing = [note for note in output if _DOING.search(note.text)]
        if doing:
            at = f" at {clock(doing[-1].at_us)}" if doing[-1].at_us is not None else ""
            return doing[-1:], f"the last it said{at} was `{doing[-1].text.strip()[:100]}`"
    return [], ""


RULE = Rule(
    slugs=("boot-timeout",),
    check=check,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `npm start`
2026-03-14T09:00:03.000000+00:00 app[web.1]: > webpack --mode production && node server.js
2026-03-14T09:01:01.000000+00:00 heroku[web.1]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch
2026-03-14T09:01:01.100000+00:00 heroku[web.1]: Stopping process with SIGKILL
2026-03-14T09:01:01.200000+00:00 heroku[web.1]: Process exited with status 137
2026-03-14T09:01:01.300000+00:00 heroku[web.1]: State changed from starting to crashed
""",
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `java -jar shop.jar`
2026-03-14T09:01:02.100000+00:00 heroku[web.1]: Stopping process with SIGKILL
2026-03-14T09:01:02.200000+00:00 heroku[web.1]: Process exited with status 137
2026-03-14T09:01:02.300000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: State changed from up to starting
2026-03-14T09:00:02.000000+00:00 heroku[web.1]: Stopping all processes with SIGTERM
2026-03-14T09:00:32.000000+00:00 heroku[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM
2026-03-14T09:00:32.100000+00:00 heroku[web.1]: Stopping remaining processes with SIGKILL
2026-03-14T09:00:32.200000+00:00 heroku[web.1]: Process exited with status 137
""",
    ),
)

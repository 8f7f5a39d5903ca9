"""The code asks the database for a table that is not there.

What it means
    The database answers, but does not have the table (or view) that the code uses.

Why it happens
    The migrations were not run on Heroku, ran against another database, or failed half-way; the app was attached to a
    fresh, empty database; or SQLite was used locally, whose file does not exist on a dyno.

How to tell
    ``relation "orders" does not exist``, ``no such table``, ``Table 'x' doesn't exist``, SQLSTATE 42P01, with the
    request or the start that failed right behind.

What to do
    Run the migrations, then restart; and put them into the release phase, so that no deploy can forget them.

References
    https://devcenter.heroku.com/articles/release-phase
    https://devcenter.heroku.com/articles/run-tasks-on-deploy
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "table missing": r"relation \\?\"[^\"]{1,120}\\?\" does not exist|[Nn]o such table"
    r"|Table '[^']{1,120}' doesn't exist|UndefinedTable|Base table or view not found|Could not find table '"
    r"|The table `[^`]{1,120}` does not exist|Unknown table|Invalid object name '|ORA-00942|sql_error_code = 42P01"
    r"|missing table \[|Schema-validation: missing table|Collection .{1,80} does not exist in",
}  # fmt: skip
_NAMES = (
    re.compile(
        r"relation \\?\"([^\"\\]{1,120})|[Nn]o such table:? ?([\w.\"]{1,80})|[Tt]able ['`\[]([^'`\]]{1,120})"
        r"|Could not find table '([^']{1,80})|object name '([^']{1,80})|table \[([^\]]{1,80})"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    groups = by_subject([note for note in hits(facts, *SIGNS) if "already exists" not in note.text], _NAMES)
    tables = {name.split(".")[-1].strip('"'): notes for name, notes in groups.items() if name}
    merged = [note for notes in groups.values() for note in notes]
    if not merged:
        return
    merged.sort(key=lambda note: (note.at_us or 0, note.source, note.line))
    subject = ", ".join(sorted(tables)[:3])
    yield from findings(
        facts, "missing-table", {subject: merged}, _describe, sure=0.96, explains=("app-exception", "migration-failed"),
        extra=lambda notes: _not_run(facts),
    )  # fmt: skip


def _not_run(facts: Facts) -> list[Note]:
    """A migration that could not even start."""
    runs = [event.note for event in of(facts, "run") if "migrat" in event.detail["command"]]
    failed = [event.note for event in of(facts, "code") if event.detail["code"] == "R13"]
    return [*runs[-1:], *failed[:1]] if failed else []


def _describe(names: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = " ".join(note.text for note in found.notes[:20])
    rails = "ActiveRecord" in text or "PG::" in text
    command = "heroku run rails db:migrate" if rails else "heroku run bash"
    what = (
        f"no tables {names}" if "," in names else f"no table {names}" if names else "not the table that the code uses"
    )
    return f"The database has {what}, so its migrations were not run", (
        Remedy("Run the migrations against this database, then restart.", command),
    )


RULE = Rule(
    slugs=("missing-table",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: ActiveRecord::StatementInvalid (PG::UndefinedTable: ERROR:  relation "carts" does not exist
2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=40ms status=500 bytes=141 protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: NOTICE: relation "carts" already exists, skipping
""",
    ),
)

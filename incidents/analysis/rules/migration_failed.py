"""A database migration failed, or the code is ahead of the database's schema.

What it means
    Code and schema belong together. Either the change of the schema stopped with an error, or code was deployed that
    expects columns which no migration has added yet.

Why it happens
    A migration was applied by hand or twice (``already exists``), two branches added conflicting migrations, a change
    log cannot be found or was altered, the data violates the new rule, or nobody ran the migrations after the deploy.

How to tell
    The migration tool's own error (Rails, Django, Alembic, Liquibase, Flyway, Knex, Prisma …), or a column that the
    database does not have.

What to do
    Read which migration failed, correct it or mark it as applied, run the migrations, and restart.

References
    https://devcenter.heroku.com/articles/release-phase
    https://devcenter.heroku.com/articles/running-database-migrations-for-java-apps
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "migration tool": r"this and all later migrations canceled|PendingMigrationError|Migrations are pending"
    r"|IrreversibleMigration|DuplicateMigration|unapplied migration|InconsistentMigrationHistory"
    r"|Conflicting migrations detected"
    r"|NodeNotFoundError: Migration|migrations\.exceptions\.|Can't locate revision identified by"
    r"|Target database is not up to date|Multiple head revisions|alembic\.util\.exc"
    r"|Migration failed for change ?set|liquibase\.exception\.|was removed in Liquibase"
    r"|liquibase.{0,60}(?:could not be found|does not exist|checksum)|Validation Failed:"
    r"|Could not acquire change log lock|Waiting for changelog lock"
    r"|FlywayException|Flyway.{0,80}(?:failed|Validate)|Detected failed migration to version"
    r"|Migration checksum mismatch|Migration \S{1,120} failed|migration failed with error"
    r"|migration directory is corrupt"
    r"|\bP30(?:05|06|08|09|18)\b|failed migrations in the target database|Dirty database version"
    r"|golang-migrate.{0,60}error|MigrationError|Error running migrations|Sequelize.{0,60}migration.{0,40}fail"
    r"|Doctrine\\+Migrations\\+"
    r"|Tasks: TOP => db:(?:migrate|prepare|schema:\w{1,20}|rollback)",
    "migration twice": r"(?:relation|table|column|type|constraint"
    r"|index) [\\`\"']{0,2}[\w.]{1,120}[\\`\"']{0,2}(?: of relation \S{1,80})? already exists|DuplicateTable"
    r"|DuplicateColumn|PG::Duplicate(?:Table|Column|Object)|Duplicate column name",
    "column missing": r"column [\\\"'\w.]{1,120} does not exist|column \S{1,80} of relation \S{1,80} does not exist"
    r"|UndefinedColumn|Unknown column '|no such column|has no column named|sql_error_code = 42703"
    r"|Invalid column name '|UnknownAttributeError|unknown attribute '|MissingAttributeError"
    r"|The column `[^`]{1,120}` does not exist|missing column \[",
    "attribute missing": r"undefined method [`'][\w?=!]{1,80}' for #<[A-Z][\w:]{0,80} \w{1,40}: ",
}  # fmt: skip
_NAMES = (
    re.compile(
        r"(?:relation|table|column|constraint"
        r"|index) [\\`\"']{0,2}([\w.]{1,120}?)[\\`\"']{0,2}(?: of relation \S{1,80})? (?:already exists|does not exist)"
        r"|Unknown column '([^']{1,80})|no such column:? ?([\w.]{1,80})|undefined method [`'](\w{1,60})"
        r"|attribute '(\w{1,60})|changeset ([\w./:-]{1,160})|column name '([^']{1,80})"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    yield from findings(
        facts, "migration-failed", by_subject(hits(facts, "migration tool"), _NAMES), _describe, sure=0.94,
        needs_harm=False, explains=("app-exception", "release-phase-failed"),
    )  # fmt: skip
    twice = [
        note for note in hits(facts, "migration twice") if "skipping" not in note.text and "NOTICE" not in note.text
    ]
    yield from findings(
        facts, "migration-failed", by_subject(twice, _NAMES), _describe, sure=0.92, explains=("app-exception",)
    )
    columns = hits(facts, "column missing")
    yield from findings(
        facts, "migration-failed", by_subject(columns, _NAMES), _describe, sure=0.93, explains=("app-exception",)
    )
    attributes = hits(facts, "attribute missing")
    migrated = any("migrat" in event.detail["command"] for event in of(facts, "start", "run"))
    yield from findings(
        facts,
        "migration-failed",
        by_subject(attributes, _NAMES),
        _attribute,
        sure=0.93 if migrated else 0.86,
        explains=("app-exception",),
    )


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text.strip()
    if re.search(SIGNS["column missing"], text):
        return f"The database has no column `{name}`: its migrations are behind the code", (
            Remedy("Run the migrations, then restart.", "heroku run bash"),
        )
    if "already exists" in text or "Duplicate" in text:
        return f"A migration creates what exists already: `{name or text[:120]}`", (
            Remedy(
                "Mark the migration as applied (Django: `migrate --fake-initial`; Liquibase: `changelogSync`), or "
                "correct it."
            ),
        )
    return f"A migration failed (`{text[:140]}`)", ()


def _attribute(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    return (
        f"The model has no attribute `{name}`: the column was not added by a migration here, or its name is misspelled",
        (
            Remedy(
                "Run the migrations and restart, so that the app reads the columns anew.", "heroku run rails db:migrate"
            ),
        ),
    )


RULE = Rule(
    slugs=("migration-failed",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[release.9811]: Starting process with command `python manage.py migrate`
2026-03-14T09:00:03.000000+00:00 app[release.9811]: django.db.migrations.exceptions.InconsistentMigrationHistory: Migration shop.0002 is applied before its dependency shop.0001
2026-03-14T09:00:03.500000+00:00 heroku[release.9811]: Process exited with status 1
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[release.9811]: Operations to perform: Apply all migrations: admin, auth
2026-03-14T09:00:04.000000+00:00 app[release.9811]: No migrations to apply.
""",
    ),
)

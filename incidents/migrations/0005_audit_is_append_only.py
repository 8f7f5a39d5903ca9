"""The database itself refuses to change what the audit log holds; and a table for rate limits and presence."""

from __future__ import annotations

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "incidents_auditevent"
CACHE_TABLE = "incidents_cache"


def refuse_changes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(
            f"CREATE TRIGGER audit_keeps BEFORE UPDATE ON {TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'The audit log is append-only.'); END"
        )
        return
    editor.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'The audit log is append-only.'; END $$"
    )
    editor.execute(
        f"CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
    )


def allow_changes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TRIGGER IF EXISTS audit_keeps")
        return
    editor.execute(f"DROP TRIGGER IF EXISTS audit_keeps ON {TABLE}")
    editor.execute("DROP FUNCTION IF EXISTS audit_is_append_only()")


def make_cache_table(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    call_command("createcachetable", CACHE_TABLE, database=editor.connection.alias, verbosity=0)


def drop_cache_table(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(f"DROP TABLE IF EXISTS {CACHE_TABLE}")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_teams")]

    operations = [
        migrations.RunPython(refuse_changes, allow_changes),
        migrations.RunPython(make_cache_table, drop_cache_table),
    ]

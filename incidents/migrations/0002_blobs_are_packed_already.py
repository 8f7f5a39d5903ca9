"""On PostgreSQL, keep blobs out of line and as they are: zstd has packed them, and a slice is then read alone."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

COLUMNS = [("incidents_segment", "text"), ("incidents_storedresult", "data"), ("incidents_uploadpart", "data")]


def keep_as_they_are(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table, column in COLUMNS:
            schema_editor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET STORAGE EXTERNAL')


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [migrations.RunPython(keep_as_they_are, migrations.RunPython.noop)]

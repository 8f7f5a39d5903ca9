from __future__ import annotations

import json
from datetime import datetime

import zstandard
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def gather(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """From the documents of incidents that were read before: what `incidents.digest.sightings` writes since."""
    analysis, sighting = apps.get_model("incidents", "Analysis"), apps.get_model("incidents", "Sighting")
    for stored in analysis.objects.select_related("incident").iterator(chunk_size=10):
        document = json.loads(zstandard.ZstdDecompressor().decompress(bytes(stored.document)))
        found = {}
        for code, counted in (document.get("codes") or {}).items():
            found[code] = (counted["count"], counted.get("first_utc"), counted.get("last_utc"))
        for finding in document.get("findings") or []:
            found.setdefault(
                finding["slug"], (finding.get("count") or 1, finding.get("first_utc"), finding.get("last_utc"))
            )
        sighting.objects.bulk_create(
            sighting(
                incident=stored.incident, team_id=stored.incident.team_id, name=name[:60], count=count,
                first_at=first and datetime.fromisoformat(first), last_at=last and datetime.fromisoformat(last),
            )
            for name, (count, first, last) in sorted(found.items(), key=lambda item: (-item[1][0], item[0]))[:200]
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("incidents", "0010_sightings")]

    operations = [migrations.RunPython(gather, migrations.RunPython.noop, elidable=True)]

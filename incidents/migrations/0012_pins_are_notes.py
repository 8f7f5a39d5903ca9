from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0011_gather_sightings"),
    ]

    operations = [
        migrations.DeleteModel(
            name="Pin",
        ),
    ]

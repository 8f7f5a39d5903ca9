"""Notes on the timeline; every edit of a ticket kept, so that it can be undone."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def remember_what_was_seen(apps: Any, schema_editor: Any) -> None:
    """Whoever has looked at the newest suggestion is not offered all of it again."""
    drafts = apps.get_model("incidents", "TicketDraft").objects.filter(based_on=models.F("suggestion_version"))
    for draft in drafts.only("suggestion").iterator():
        draft.seen = draft.suggestion.get("fields") or {}
        draft.save(update_fields=["seen"])


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0005_audit_is_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="ticketdraft",
            name="seen",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="TicketChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.BigIntegerField()),
                ("how", models.CharField(default="edit", max_length=10)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="incidents.ticketdraft"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="incidents.team"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["draft", "-version"], name="changes_of_draft")],
            },
        ),
        migrations.CreateModel(
            name="TimelineNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("text", models.TextField(blank=True)),
                ("source", models.BigIntegerField(null=True)),
                ("line", models.BigIntegerField(null=True)),
                ("quote", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("edited_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("version", models.BigIntegerField(default=1)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "edited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="incidents.incident"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="incidents.team"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["incident", "at"], name="notes_of_incident")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None), ("line__isnull", False)),
                        fields=("incident", "source", "line"),
                        name="one_note_per_pinned_line",
                    )
                ],
            },
        ),
        migrations.RunPython(remember_what_was_seen, migrations.RunPython.noop),
    ]

"""Alerts of apps, whom they were told, and the counts per minute that they are made from."""

from __future__ import annotations

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import incidents.models.alerts


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0007_live"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("cause", models.CharField(max_length=40)),
                ("family", models.CharField(max_length=40)),
                ("sentence", models.CharField(max_length=300)),
                ("began_at", models.DateTimeField()),
                ("noticed_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("became_usual", models.BooleanField(default=False)),
                ("peak_at", models.DateTimeField()),
                ("peak_count", models.BigIntegerField(default=0)),
                ("count", models.BigIntegerField(default=0)),
                ("requests", models.BigIntegerField(default=0)),
                ("usual", models.FloatField(default=0.0)),
                ("proof_source", models.BigIntegerField(null=True)),
                ("proof_line", models.BigIntegerField(null=True)),
                ("proof_text", models.TextField(blank=True)),
                ("withheld", models.CharField(blank=True, max_length=10)),
                ("told_at", models.DateTimeField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="incidents.app"
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="alerts",
                        to="incidents.incident",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="incidents.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AlertPolicy",
            fields=[
                (
                    "app",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="alert_policy",
                        serialize=False,
                        to="incidents.app",
                    ),
                ),
                ("is_on", models.BooleanField(default=True)),
                ("webhook_url", models.CharField(blank=True, max_length=500)),
                ("webhook_key", models.CharField(default=incidents.models.alerts._new_key, max_length=64)),
                ("emails", models.JSONField(default=list)),
                ("quiet_from", models.TimeField(null=True)),
                ("quiet_until", models.TimeField(null=True)),
                ("quiet_zone", models.CharField(default="UTC", max_length=64)),
                ("counts", models.JSONField(default=dict)),
                ("origin", models.CharField(blank=True, max_length=200)),
                ("watched_since", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(null=True)),
                ("rung_at", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="incidents.team"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CauseMute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cause", models.CharField(max_length=40)),
                ("until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mutes", to="incidents.app"
                    ),
                ),
                (
                    "created_by",
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
        ),
        migrations.CreateModel(
            name="ChunkMinutes",
            fields=[
                (
                    "chunk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="minutes",
                        serialize=False,
                        to="incidents.chunk",
                    ),
                ),
                ("first_minute", models.BigIntegerField()),
                ("last_minute", models.BigIntegerField()),
                ("cells", models.JSONField(default=dict)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="incidents.logsource",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="incidents.team",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=10)),
                ("target", models.CharField(max_length=500)),
                ("content", models.JSONField(default=dict)),
                ("state", models.CharField(default="pending", max_length=10)),
                ("status_code", models.BigIntegerField(null=True)),
                ("problem", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("attempts", models.BigIntegerField(default=0)),
                ("lease", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("rung_at", models.DateTimeField(null=True)),
                (
                    "alert",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="incidents.alert",
                    ),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="incidents.app"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="incidents.team"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["app", "-began_at"], name="alert_history"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("app", "cause"), name="one_open_alert_per_cause"
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(fields=("app", "cause", "began_at"), name="one_alert_per_beginning"),
        ),
        migrations.AddIndex(
            model_name="alertpolicy",
            index=models.Index(fields=["checked_at"], name="policy_by_check"),
        ),
        migrations.AddConstraint(
            model_name="causemute",
            constraint=models.UniqueConstraint(fields=("app", "cause"), name="one_mute_per_cause"),
        ),
        migrations.AddIndex(
            model_name="chunkminutes",
            index=models.Index(fields=["source", "last_minute"], name="minutes_of_source"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["due_at"], name="delivery_waiting"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["app", "-created_at"], name="delivery_log"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("alert", "kind", "target"), name="one_delivery_per_alert_and_target"
            ),
        ),
    ]

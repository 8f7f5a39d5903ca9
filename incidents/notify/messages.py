"""What a message says: JSON for programs, a short plain mail for people. Log text in it is masked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from incidents.models import Alert, AlertPolicy, App

SCHEMA = "triage/alert@1"
EVENT_OPENED, EVENT_TEST = "alert.opened", "test"


def webhook_content(alert: Alert, policy: AlertPolicy) -> dict[str, Any]:
    """The body of a webhook."""
    base = base_url(policy)
    incident = alert.incident
    return {
        "schema": SCHEMA,
        "event": EVENT_OPENED,
        "alert": {
            "id": str(alert.pk), "cause": alert.cause, "sentence": alert.sentence,
            "url": base + alert.get_absolute_url(),
            "began_utc": _stamp(alert.began_at), "noticed_utc": _stamp(alert.noticed_at),
            "last_utc": _stamp(alert.last_at), "is_open": alert.is_open, "count": alert.count,
            "peak_per_minute": alert.peak_count, "usual_per_minute": alert.usual,
        },
        "app": {"name": alert.app.name, "url": base + reverse("app-detail", args=[alert.app_id])},
        "incident": {"id": str(incident.pk), "title": incident.heading, "url": base + incident.get_absolute_url()}
        if incident
        else None,
        "proof": {"text": alert.proof_text, "url": base + _line_path(alert)} if alert.proof_text else None,
    }  # fmt: skip


def mail_content(alert: Alert, policy: AlertPolicy) -> dict[str, str]:
    """Subject and text of a mail."""
    base = base_url(policy)
    rows = [alert.sentence, "", f"App:   {alert.app.name}", f"Began: {_stamp(alert.began_at)}"]
    if alert.incident:
        rows.append(f"Incident: {base}{alert.incident.get_absolute_url()}")
    rows.append(f"Alert, mute, acknowledge: {base}{alert.get_absolute_url()}")
    if alert.proof_text:
        rows += ["", "The line that proves it:", f"  {_one_line(alert.proof_text)}", f"  {base}{_line_path(alert)}"]
    rows += ["", "While this lasts you hear nothing more of it."]
    return {"subject": _one_line(f"{alert.app.name}: {alert.sentence}")[:180], "text": "\n".join(rows)}


def test_webhook(app: App, policy: AlertPolicy) -> dict[str, Any]:
    return {
        "schema": SCHEMA, "event": EVENT_TEST, "alert": None, "incident": None, "proof": None,
        "app": {"name": app.name, "url": base_url(policy) + reverse("app-detail", args=[app.pk])},
    }  # fmt: skip


def test_mail(app: App, policy: AlertPolicy) -> dict[str, str]:
    address = base_url(policy) + reverse("app-detail", args=[app.pk])
    return {
        "subject": _one_line(f"{app.name}: a test"),
        "text": f"This is a test. Alerts of {app.name} reach this address.\n\n{address}",
    }


def base_url(policy: AlertPolicy) -> str:
    """Where this site is reached, without a slash at its end; empty where nobody has said so."""
    return settings.PUBLIC_URL or policy.origin


def _line_path(alert: Alert) -> str:
    return reverse("app-alert-line", args=[alert.app_id, alert.pk])


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    """Without anything that would begin another line or header, or hide."""
    return "".join(letter if letter.isprintable() else " " for letter in text)

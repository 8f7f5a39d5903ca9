"""Messages as rows of work: planned once per alert and target, sent under a lease, tried again when due."""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from incidents.digest.leases import Lease, from_now
from incidents.models import Alert, AlertPolicy, App, Delivery, DeliveryState

from . import messages, webhook
from .timing import why_not
from .webhook import NotSent

logger = logging.getLogger(__name__)
PAUSES_SECONDS = (10, 30, 120, 600, 1800)
"""Between one attempt and the next; after the last one the message is given up."""
WEBHOOK, EMAIL = "webhook", "email"


def tell(alert: Alert, policy: AlertPolicy, now: datetime) -> list[UUID]:
    """Plan the messages of an alert, or note why nobody is told. Returns what is to be rung for.

    May be called again and again: there is one row per alert and target, and what was told stays told.
    """
    if alert.told_at is not None:
        return []
    reason = why_not(alert, policy, now)
    if reason:
        if alert.withheld != reason:
            alert.withheld = reason
            alert.save(update_fields=["withheld"])
        return []
    planned = [
        _plan(alert.app, alert, kind, target, content)
        for kind, target, content in _messages(
            policy, messages.webhook_content(alert, policy), messages.mail_content(alert, policy)
        )
    ]
    if not planned:
        return []  # nobody to tell so far
    alert.told_at, alert.withheld = now, ""
    alert.save(update_fields=["told_at", "withheld"])
    return planned


def test(app: App, policy: AlertPolicy) -> list[UUID]:
    """Plan a test message to every target. Returns what is to be rung for."""
    contents = _messages(policy, messages.test_webhook(app, policy), messages.test_mail(app, policy))
    return [_plan(app, None, kind, target, content) for kind, target, content in contents]


def _messages(policy: AlertPolicy, hook: dict[str, Any], mail: dict[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    found: list[tuple[str, str, dict[str, Any]]] = []
    if policy.webhook_url:
        found.append((WEBHOOK, policy.webhook_url, hook))
    return found + [(EMAIL, address, mail) for address in policy.emails]


def _plan(app: App, alert: Alert | None, kind: str, target: str, content: dict[str, Any]) -> UUID:
    columns = {"team_id": app.team_id, "app": app, "content": content}
    if alert is None:
        return Delivery.objects.create(kind=kind, target=target, **columns).pk
    return Delivery.objects.get_or_create(alert=alert, kind=kind, target=target, defaults=columns)[0].pk


def due(batch: int) -> list[UUID]:
    """Messages that should be on their way and are not."""
    free = Q(lease=None) | Q(lease_until__lt=Now())
    unrung = Q(rung_at=None) | Q(rung_at__lt=from_now(-10))
    rows = Delivery.objects.filter(free & unrung, state=DeliveryState.PENDING, due_at__lte=Now())
    return list(rows.order_by("due_at").values_list("pk", flat=True)[:batch])


def deliver(delivery_id: UUID) -> bool:
    """Send one message, if nobody else does. True if it arrived."""
    lease = Lease(Delivery, delivery_id)
    if not lease.claim(Q(state=DeliveryState.PENDING, due_at__lte=Now())):
        return False
    delivery = Delivery.objects.get(pk=delivery_id)
    try:
        with lease:
            status = _send(delivery)
    except NotSent as problem:
        _failed(delivery, lease, problem)
        return False
    except Exception as error:  # a fault of ours is no reason to send without end: attempts are counted
        logger.exception("sending %s failed", delivery_id)
        _failed(delivery, lease, NotSent(f"It could not be sent: {type(error).__name__}."))
        return False
    except BaseException:  # the worker is stopping
        lease.give_back(rung_at=None)
        raise
    return lease.end(state=DeliveryState.SENT, status_code=status, problem="", finished_at=Now())


def _send(delivery: Delivery) -> int | None:
    if delivery.kind == WEBHOOK:
        policy = AlertPolicy.objects.get(app=delivery.app_id)
        return webhook.send(delivery.target, delivery.content, secret=policy.webhook_secret, delivery=str(delivery.pk))
    if settings.EMAIL_BACKEND.endswith("dummy.EmailBackend"):
        raise NotSent("This installation sends no mail: MAIL_URL is not set.", is_final=True)
    mail = EmailMessage(delivery.content["subject"], delivery.content["text"], to=[delivery.target])
    mail.extra_headers["Message-ID"] = f"<{delivery.pk}@triage.invalid>"  # a second copy can be told from the first
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused:
        raise NotSent("The mail server refused the address.", is_final=True) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"The mail server did not take it: {type(error).__name__}.") from None
    return None


def _failed(delivery: Delivery, lease: Lease, problem: NotSent) -> None:
    attempt = delivery.attempts
    columns: dict[str, Any] = {"problem": str(problem)[:300], "status_code": problem.status, "rung_at": None}
    if problem.is_final or attempt > len(PAUSES_SECONDS):
        lease.end(state=DeliveryState.FAILED, finished_at=Now(), **columns)
    else:
        lease.end(due_at=timezone.now() + timedelta(seconds=PAUSES_SECONDS[attempt - 1]), **columns)

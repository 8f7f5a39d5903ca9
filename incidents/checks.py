"""Checks that stop a start, or a deployment, with a sentence."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.compatibility)
def times_are_utc(**kwargs: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE == "UTC" and settings.USE_TZ:
        return []
    return [Error("TIME_ZONE must be UTC and USE_TZ on: every time in the product is UTC.", id="incidents.E001")]


@register(Tags.compatibility)
def leases_outlive_heartbeats(**kwargs: Any) -> list[CheckMessage]:
    if settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < settings.CELERY_VISIBILITY_TIMEOUT:
        return []
    return [
        Error(
            "Celery's soft limit must be under the hard limit, and that under the visibility timeout.",
            hint="A message would else come back while its task still runs.",
            id="incidents.E002",
        )
    ]


@register(Tags.security, deploy=True)
def key_is_set(**kwargs: Any) -> list[CheckMessage]:
    if not settings.SECRET_KEY_IS_TEMPORARY:
        return []
    return [Error("SECRET_KEY is not set: the pages would refuse to start.", id="incidents.E004")]


@register(Tags.security, deploy=True)
def broker_is_named(**kwargs: Any) -> list[CheckMessage]:
    from triage import env

    if env.text("REDIS_URL"):
        return []
    return [
        Error("REDIS_URL is not set: workers and web would look for a broker on this machine.", id="incidents.E003")
    ]

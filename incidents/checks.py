"""Checks that stop a start, or a deployment, with a sentence."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver", ".localhost"})


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


@register(Tags.security)
def debug_stays_home(**kwargs: Any) -> list[CheckMessage]:
    """Tracebacks show settings and log text to whoever makes an error happen."""
    public = [host for host in settings.ALLOWED_HOSTS if host not in LOCAL_HOSTS]
    if not settings.DEBUG or (not settings.HTTPS_ONLY and not public):
        return []
    return [Error(f"DEBUG is on while the site answers to {', '.join(public) or 'https'}.", id="incidents.E010")]


@register(Tags.security)
def hosts_are_named(**kwargs: Any) -> list[CheckMessage]:
    """Links in mails are made from the Host header, which a visitor writes."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error("ALLOWED_HOSTS holds *: name the hosts, since links in mails are made from them.", id="incidents.E011")
    ]


@register(Tags.security)
def open_signup_confirms_addresses(**kwargs: Any) -> list[CheckMessage]:
    if settings.SIGNUP != "open" or settings.MAIL_IS_ON:
        return []
    return [
        Error(
            "TRIAGE_SIGNUP is open, but no mail is sent: anyone could claim any address.",
            hint="Set MAIL_URL, or leave sign-up to invitations.",
            id="incidents.E012",
        )
    ]


@register(Tags.security)
def trusted_origins_are_encrypted(**kwargs: Any) -> list[CheckMessage]:
    plain = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if not origin.startswith("https://")]
    if not plain or not settings.HTTPS_ONLY:
        return []
    return [Error(f"CSRF_TRUSTED_ORIGINS holds {plain[0]}; write https://.", id="incidents.E013")]


@register(Tags.security)
def nothing_runs_inline(**kwargs: Any) -> list[CheckMessage]:
    """The content policy is what stands between log text and the browser, should an escape ever be forgotten."""
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    loose = [
        name
        for name, sources in policy.items()
        if any("unsafe" in one or one in ("*", "https:", "http:") for one in sources)
    ]
    if not loose and policy.get("default-src") == ["'none'"]:
        return []
    return [Error(f"The content security policy is loose: {', '.join(loose) or 'default-src'}.", id="incidents.E014")]


@register(Tags.security, deploy=True)
def deployed_behind_https(**kwargs: Any) -> list[CheckMessage]:
    if settings.HTTPS_ONLY:
        return []
    return [Error("HTTPS_ONLY is off: cookies and logs would travel in the clear.", id="incidents.E015")]

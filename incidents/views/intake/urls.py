"""Addresses to which programs send logs; none of them needs a session."""

from __future__ import annotations

from django.urls import URLPattern, path

from incidents.views.intake import drain, otlp, pipe

urlpatterns: list[URLPattern] = [
    path("drain/", drain.drain, name="drain"),
    path("pipe/", pipe.pipe, name="pipe"),
    path("v1/logs", otlp.logs, name="otlp-logs"),
]

"""Addresses of the pages (design §9). Names that other code relies on: incident-list, incident-new, incident-detail."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []

"""The one root: everything belongs to the incidents application."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("incidents.urls"))]

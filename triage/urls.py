"""The one root: everything belongs to the incidents application."""

from __future__ import annotations

from django.urls import include, path

handler500 = "incidents.views.errors.server_error"
urlpatterns = [path("", include("incidents.urls"))]

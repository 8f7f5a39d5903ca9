"""The one root: everything belongs to the incidents application."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

handler500 = "incidents.views.errors.server_error"
urlpatterns: list[URLPattern | URLResolver] = [path("", include("incidents.urls"))]
if settings.ADMIN_IS_ON:
    from django.contrib import admin

    urlpatterns.insert(0, path("admin/", admin.site.urls))

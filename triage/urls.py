"""The one root: everything belongs to the incidents application."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

handler500 = "incidents.views.errors.server_error"
urlpatterns: list[URLPattern | URLResolver] = [path("", include("incidents.urls"))]
if settings.ADMIN_IS_ON:
    from allauth.account.decorators import secure_admin_login
    from django.contrib import admin

    # Through the one door that knows second factors and slows guessing.
    admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
    urlpatterns.insert(0, path("admin/", admin.site.urls))

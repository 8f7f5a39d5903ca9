"""All addresses: pages in `views.page_urls`; what takes bytes, lets people in or tells about health here."""

from __future__ import annotations

from django.urls import include, path

from incidents.api.site import urls as api_urls
from incidents.views import api_page, health
from incidents.views.intake import uploads
from incidents.views.teams import signin

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("signin/", signin.signin, name="signin"),
    path("signout/", signin.signout, name="signout"),
    path("uploads/", uploads.start, name="upload-start"),
    path("uploads/form/", uploads.form, name="upload-form"),
    path("uploads/paste/", uploads.paste, name="upload-paste"),
    path("uploads/<uuid:pk>/", uploads.status, name="upload-status"),
    path("uploads/<uuid:pk>/parts/<int:number>/", uploads.part, name="upload-part"),
    path("uploads/<uuid:pk>/finish/", uploads.finish, name="upload-finish"),
    path("api/", api_page.api_page, name="api-page"),
    path("api/tokens/", api_page.create, name="api-token-create"),
    path("api/tokens/<int:pk>/revoke/", api_page.revoke, name="api-token-revoke"),
    path("api/v1/", api_urls()),
    path("account/", include("incidents.views.teams.account_urls")),
    path("", include("incidents.views.teams.urls")),
    path("apps/", include("incidents.views.apps.urls")),
    path("", include("incidents.views.intake.urls")),
    path("", include("incidents.views.page_urls")),
]

"""All addresses: pages in `views.page_urls`; what takes bytes, lets people in or tells about health here."""

from __future__ import annotations

from django.urls import include, path

from incidents.views import drain, health, signin, uploads

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("drain/", drain.drain, name="drain"),
    path("signin/", signin.signin, name="signin"),
    path("signout/", signin.signout, name="signout"),
    path("uploads/", uploads.start, name="upload-start"),
    path("uploads/form/", uploads.form, name="upload-form"),
    path("uploads/paste/", uploads.paste, name="upload-paste"),
    path("uploads/<uuid:pk>/", uploads.status, name="upload-status"),
    path("uploads/<uuid:pk>/parts/<int:number>/", uploads.part, name="upload-part"),
    path("uploads/<uuid:pk>/finish/", uploads.finish, name="upload-finish"),
    path("account/", include("allauth.urls")),
    path("", include("incidents.views.team_urls")),
    path("apps/", include("incidents.views.app_urls")),
    path("", include("incidents.views.page_urls")),
]

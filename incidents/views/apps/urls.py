"""Addresses of the pages of apps: ``/apps/…``."""

from __future__ import annotations

from django.urls import URLPattern, path

from incidents.views.apps import actions as app_actions
from incidents.views.apps import alerts, tail
from incidents.views.apps import pages as apps

urlpatterns: list[URLPattern] = [
    path("", apps.app_list, name="app-list"),
    path("new/", apps.app_new, name="app-new"),
    path("<uuid:pk>/", apps.app_detail, name="app-detail"),
    path("<uuid:pk>/tail/", tail.tail_page, name="app-tail"),
    path("<uuid:pk>/tail/lines/", tail.tail_lines, name="app-tail-lines"),
    path("<uuid:pk>/window/", app_actions.open_from_window, name="app-window"),
    path("<uuid:pk>/settings/", app_actions.settings_page, name="app-settings"),
    path("<uuid:pk>/recorder/", app_actions.recorder, name="app-recorder"),
    path("<uuid:pk>/remove/", app_actions.remove, name="app-remove"),
    path("<uuid:pk>/drains/", app_actions.drain_add, name="app-drain-add"),
    path("<uuid:pk>/drains/<int:drain_pk>/rename/", app_actions.drain_rename, name="app-drain-rename"),
    path("<uuid:pk>/drains/<int:drain_pk>/rotate/", app_actions.drain_rotate, name="app-drain-rotate"),
    path("<uuid:pk>/drains/<int:drain_pk>/remove/", app_actions.drain_remove, name="app-drain-remove"),
    path("<uuid:pk>/drains/<int:drain_pk>/restore/", app_actions.drain_restore, name="app-drain-restore"),
    path("<uuid:pk>/alerts/", alerts.alert_list, name="app-alerts"),
    path("<uuid:pk>/alerts/settings/", alerts.alert_settings, name="app-alert-settings"),
    path("<uuid:pk>/alerts/test/", alerts.test_alert, name="app-alert-test"),
    path("<uuid:pk>/alerts/mute/", alerts.mute, name="app-mute"),
    path("<uuid:pk>/alerts/unmute/<slug:cause>/", alerts.unmute, name="app-unmute"),
    path("<uuid:pk>/alerts/<uuid:alert_pk>/", alerts.alert_detail, name="app-alert"),
    path("<uuid:pk>/alerts/<uuid:alert_pk>/line/", alerts.alert_line, name="app-alert-line"),
    path("<uuid:pk>/alerts/<uuid:alert_pk>/acknowledge/", alerts.acknowledge, name="app-alert-acknowledge"),
    path("<uuid:pk>/alerts/<uuid:alert_pk>/incident/", alerts.open_incident, name="app-alert-incident"),
]

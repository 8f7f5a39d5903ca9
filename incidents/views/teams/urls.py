"""Addresses of teams, people, and what they say about an incident."""

from __future__ import annotations

from django.urls import URLPattern, path

from incidents.views import comments, merging
from incidents.views.teams import audit_log, invitations, people
from incidents.views.teams import pages as teams
from incidents.views.teams import settings as team_settings

urlpatterns: list[URLPattern] = [
    path("teams/", teams.team_list, name="team-list"),
    path("teams/new/", teams.team_new, name="team-new"),
    path("teams/switch/", teams.switch, name="team-switch"),
    path("teams/<slug:slug>/", teams.team_detail, name="team-detail"),
    path("teams/<slug:slug>/leave/", teams.leave, name="team-leave"),
    path("teams/<slug:slug>/members/<int:pk>/role/", teams.member_role, name="team-member-role"),
    path("teams/<slug:slug>/members/<int:pk>/remove/", teams.member_remove, name="team-member-remove"),
    path("teams/<slug:slug>/invite/", invitations.invite, name="team-invite"),
    path("teams/<slug:slug>/invitations/<uuid:pk>/revoke/", invitations.revoke, name="team-invitation-revoke"),
    path("teams/<slug:slug>/settings/", team_settings.team_settings, name="team-settings"),
    path("teams/<slug:slug>/audit/", audit_log.audit_log, name="team-audit"),
    path("teams/<slug:slug>/audit.csv", audit_log.audit_csv, name="team-audit-csv"),
    path("join/<str:token>/", invitations.join, name="join"),
    path("you/", people.me, name="people-me"),
    path("i/<uuid:pk>/activity/", comments.activity, name="incident-activity"),
    path("i/<uuid:pk>/comments/", comments.add, name="incident-comment"),
    path("i/<uuid:pk>/comments/<uuid:comment>/edit/", comments.edit, name="incident-comment-edit"),
    path("i/<uuid:pk>/comments/<uuid:comment>/delete/", comments.delete, name="incident-comment-delete"),
    path("i/<uuid:pk>/owner/", people.take, name="incident-owner"),
    path("i/<uuid:pk>/presence/", people.presence, name="incident-presence"),
    path("i/<uuid:pk>/merge/", merging.merge, name="incident-merge"),
    path("i/<uuid:pk>/merges/<uuid:merge>/undo/", merging.undo, name="incident-merge-undo"),
]

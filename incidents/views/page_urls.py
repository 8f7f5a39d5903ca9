"""Addresses of the pages (design §9). Names that other code relies on: incident-list, incident-new, incident-detail."""

from __future__ import annotations

from django.urls import URLPattern, path

from incidents.views import (
    actions,
    charts,
    codes,
    downloads,
    dynos,
    endpoints,
    logs,
    pages,
    palette,
    parts,
    removal,
    styleguide,
    ticket_lines,
    tickets,
)

urlpatterns: list[URLPattern] = [
    path("", pages.incident_list, name="incident-list"),
    path("new/", pages.incident_new, name="incident-new"),
    path("example/", actions.open_example, name="incident-example"),
    path("palette.json", palette.palette, name="palette"),
    path("display/", actions.display, name="display"),
    path("i/<uuid:pk>/", pages.incident_detail, name="incident-detail"),
    path("i/<uuid:pk>/charts.json", charts.charts_json, name="incident-charts"),
    path("i/<uuid:pk>/timeline/", parts.timeline, name="incident-timeline"),
    path("i/<uuid:pk>/timeline.csv", downloads.timeline_csv, name="incident-timeline-csv"),
    path("i/<uuid:pk>/endpoints/", endpoints.endpoints, name="incident-endpoints"),
    path("i/<uuid:pk>/endpoints.csv", downloads.endpoints_csv, name="incident-endpoints-csv"),
    path("i/<uuid:pk>/endpoints/<slug:key>/", endpoints.endpoint, name="incident-endpoint"),
    path("i/<uuid:pk>/dynos/", dynos.dynos, name="incident-dynos"),
    path("i/<uuid:pk>/logs/", logs.log, name="incident-logs"),
    path("i/<uuid:pk>/logs/words.json", logs.words, name="incident-log-words"),
    path("i/<uuid:pk>/l/<int:source>.<int:line>/", log_line.line, name="incident-line"),
    path("i/<uuid:pk>/ticket/", tickets.ticket, name="incident-ticket"),
    path("i/<uuid:pk>/ticket/restart/", tickets.take_suggestion, name="incident-ticket-restart"),
    path("i/<uuid:pk>/ticket/undo/<int:change>/", tickets.undo, name="incident-ticket-undo"),
    path("i/<uuid:pk>/ticket/lines/", ticket_lines.change_lines, name="incident-ticket-lines"),
    path("i/<uuid:pk>/ticket/find/", ticket_lines.find_lines, name="incident-ticket-find"),
    path("i/<uuid:pk>/ticket.md", downloads.ticket_markdown, name="incident-ticket-md"),
    path("i/<uuid:pk>/ticket.zip", downloads.ticket_archive, name="incident-ticket-zip"),
    path("i/<uuid:pk>/name/", actions.rename, name="incident-rename"),
    path("i/<uuid:pk>/state/", actions.set_state, name="incident-state"),
    path("i/<uuid:pk>/archive/", actions.archive, name="incident-archive"),
    path("i/<uuid:pk>/restore/", actions.restore, name="incident-restore"),
    path("i/<uuid:pk>/delete/", removal.delete, name="incident-delete"),
    path("i/<uuid:pk>/undelete/", removal.undelete, name="incident-undelete"),
    path("archive/", removal.archive_many, name="incident-archive-many"),
    path("codes/", codes.code_list, name="code-list"),
    path("codes/<slug:code>/", codes.code_detail, name="code-detail"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]

"""Addresses of the pages (design §9). Names that other code relies on: incident-list, incident-new, incident-detail."""

from __future__ import annotations

from django.urls import URLPattern, path

from incidents.views import actions, codes, pages, palette, removal, shares, styleguide
from incidents.views.charts import dynos
from incidents.views.charts import series as charts
from incidents.views.endpoints import pages as endpoints
from incidents.views.logs import export as log_export
from incidents.views.logs import line as log_line
from incidents.views.logs import pages as logs
from incidents.views.logs import reveal
from incidents.views.tickets import downloads
from incidents.views.tickets import lines as ticket_lines
from incidents.views.tickets import pages as tickets
from incidents.views.timeline import files as timeline_files
from incidents.views.timeline import notes
from incidents.views.timeline import pages as timeline

urlpatterns: list[URLPattern] = [
    path("", pages.incident_list, name="incident-list"),
    path("new/", pages.incident_new, name="incident-new"),
    path("example/", actions.open_example, name="incident-example"),
    path("palette.json", palette.palette, name="palette"),
    path("display/", actions.display, name="display"),
    path("i/<uuid:pk>/", pages.incident_detail, name="incident-detail"),
    path("i/<uuid:pk>/charts.json", charts.charts_json, name="incident-charts"),
    path("i/<uuid:pk>/timeline/", timeline.timeline, name="incident-timeline"),
    path("i/<uuid:pk>/timeline.csv", timeline_files.timeline_csv, name="incident-timeline-csv"),
    path("i/<uuid:pk>/timeline.md", timeline_files.timeline_markdown, name="incident-timeline-md"),
    path("i/<uuid:pk>/timeline.json", timeline_files.timeline_json, name="incident-timeline-json"),
    path("i/<uuid:pk>/timeline/notes/", notes.add, name="incident-notes"),
    path("i/<uuid:pk>/timeline/pin/", notes.pin, name="incident-note-pin"),
    path("i/<uuid:pk>/timeline/notes/<int:number>/", notes.edit, name="incident-note"),
    path("i/<uuid:pk>/timeline/notes/<int:number>/delete/", notes.delete, name="incident-note-delete"),
    path("i/<uuid:pk>/timeline/notes/<int:number>/restore/", notes.restore, name="incident-note-restore"),
    path("i/<uuid:pk>/endpoints/", endpoints.endpoints, name="incident-endpoints"),
    path("i/<uuid:pk>/endpoints.csv", downloads.endpoints_csv, name="incident-endpoints-csv"),
    path("i/<uuid:pk>/endpoints/<slug:key>/", endpoints.endpoint, name="incident-endpoint"),
    path("i/<uuid:pk>/dynos/", dynos.dynos, name="incident-dynos"),
    path("i/<uuid:pk>/logs/", logs.log, name="incident-logs"),
    path("i/<uuid:pk>/log.<str:form>", log_export.export, name="incident-log-export"),
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
    path("i/<uuid:pk>/reveal/", reveal.reveal, name="incident-reveal"),
    path("i/<uuid:pk>/share/", shares.share, name="incident-share"),
    path("i/<uuid:pk>/share/preview/", shares.preview, name="incident-share-preview"),
    path("i/<uuid:pk>/share/<uuid:link>/revoke/", shares.revoke, name="incident-share-revoke"),
    path("s/", shares.open_link, name="share-open"),
    path("s/<uuid:pk>/", shares.shared, name="share-view"),
    path("codes/", codes.code_list, name="code-list"),
    path("codes/<slug:code>/", codes.code_detail, name="code-detail"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]

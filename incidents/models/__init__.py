"""The rows. Whatever can be derived from `Segment` texts can be rebuilt; everything else is the truth.

Every row carries its team, and is looked up through its parent (see `incidents.access`).
"""

from __future__ import annotations

from .alerts import Alert, AlertPolicy, CauseMute, ChunkMinutes, Delivery, DeliveryState, Withheld
from .apps import App, RecordedWindow
from .audit import AppendOnlyError, AuditEvent
from .chunks import Chunk, ChunkState, Segment, StoredResult
from .comments import Activity, ActivityKind, Comment, Mention, Merge
from .details import EndpointDetails
from .drains import Drain, DrainKind, DrainMinute, Form, Frame
from .incidents import Analysis, Incident, IncidentState
from .invitations import Invitation
from .notes import TimelineNote, notes_of
from .shares import ShareLink, SharePart
from .sightings import Sighting
from .sources import LogSource, SourceKind, SourceState, UploadPart
from .teams import Membership, Role, SigninToken, Team
from .tickets import TicketChange, TicketDraft
from .tokens import ApiToken, Scope

__all__ = [
    "Activity",
    "ActivityKind",
    "Alert",
    "AlertPolicy",
    "Analysis",
    "ApiToken",
    "App",
    "AppendOnlyError",
    "AuditEvent",
    "CauseMute",
    "Chunk",
    "ChunkMinutes",
    "ChunkState",
    "Comment",
    "Delivery",
    "DeliveryState",
    "Drain",
    "DrainKind",
    "DrainMinute",
    "EndpointDetails",
    "Form",
    "Frame",
    "Incident",
    "IncidentState",
    "Invitation",
    "LogSource",
    "Membership",
    "Mention",
    "Merge",
    "RecordedWindow",
    "Role",
    "Scope",
    "Segment",
    "ShareLink",
    "SharePart",
    "Sighting",
    "SigninToken",
    "SourceKind",
    "SourceState",
    "StoredResult",
    "Team",
    "TicketChange",
    "TicketDraft",
    "TimelineNote",
    "UploadPart",
    "Withheld",
    "notes_of",
]

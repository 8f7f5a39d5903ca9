"""The rows. Whatever can be derived from `Segment` texts can be rebuilt; everything else is the truth.

Every row carries its team, and is looked up through its parent (see `incidents.access`).
"""

from __future__ import annotations

from .chunks import Chunk, ChunkState, Segment, StoredResult
from .details import EndpointDetails
from .incidents import Analysis, Incident, IncidentState
from .sources import LogSource, SourceKind, SourceState, UploadPart
from .teams import Membership, Role, SigninToken, Team
from .tickets import TicketDraft

__all__ = [
    "Analysis",
    "Chunk",
    "ChunkState",
    "EndpointDetails",
    "Incident",
    "IncidentState",
    "LogSource",
    "Membership",
    "Role",
    "Segment",
    "SigninToken",
    "SourceKind",
    "SourceState",
    "StoredResult",
    "Team",
    "TicketDraft",
    "UploadPart",
]

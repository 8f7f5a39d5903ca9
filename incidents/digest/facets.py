"""What the log viewer offers beside the lines: names with counts and a strip of time, from what the chunks counted."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from incidents import analysis
from incidents.analysis.events import traces
from incidents.analysis.facets import merged
from incidents.models import Chunk, ChunkState, Incident

logger = logging.getLogger(__name__)
STRIP_STEPS = 120
MOST_EXCEPTIONS = 50


def facets_of(incident: Incident, facts: analysis.Facts) -> dict[str, Any]:
    """Facets of all chunks that were read, and the exceptions of stack traces. A fault here costs them alone."""
    try:
        done = Chunk.objects.filter(source__incident=incident, source__position__isnull=False, state=ChunkState.DONE)
        parts = done.order_by("source__position", "number").values_list("summary__facets", "summary__kinds")
        every = [(facets or {}, kinds or {}) for facets, kinds in parts]
        kinds = sum((Counter(kinds) for _, kinds in every), Counter[str]())
        raised = Counter(trace.type for trace in traces(facts) if trace.type)
        return {
            **merged((facets for facets, _ in every), STRIP_STEPS),
            "kinds": dict(kinds.most_common()),
            "exceptions": dict(raised.most_common(MOST_EXCEPTIONS)),
        }
    except Exception:
        logger.exception("counting facets failed")
        return {}

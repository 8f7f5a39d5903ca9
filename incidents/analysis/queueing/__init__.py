"""Who waited for whom: own time and waiting time of every request, from router lines alone.

The router picks dynos at random and knows no queues. A request that arrives behind a slow one waits inside the
dyno, and its ``service=`` counts the wait. Per dyno, with W workers taking requests in order of arrival, a request
starts when a worker is free, so that

    arrival = end - service,   start = max(arrival, first free worker),   wait = start - arrival,   own = end - start.

A request cut by H12 is censored: the dyno works on after the router has answered. Its real end is inferred from the
next request that this worker finishes. Where the model does not explain the data, `Attribution.fits` is false, and
nobody is named. The model is the textbook's queue with W servers in order of arrival (G/G/W, FCFS).
"""

from __future__ import annotations

from .blame import MISFIT_LIMIT, Attribution, Share, attribute
from .model import CUT_MS, SLOW_OWN_MS, WAITED_MS, Job, Run, Typical, replay
from .pairs import Pairs, pairs

__all__ = [
    "CUT_MS", "MISFIT_LIMIT", "SLOW_OWN_MS", "WAITED_MS", "Attribution", "Job", "Pairs", "Run", "Share", "Typical",
    "attribute", "pairs", "replay",
]  # fmt: skip

"""Which lines are worth reading again: everything where a chunk is small, the telling ones under a budget where it is not.

A chunk with at most `SMALL` lines that are neither requests nor metrics keeps all of them. Above that it keeps

- what the platform says (dyno states, releases, builds, log losses), of endless repeats the first and the last;
- output that speaks of trouble or of booting (`TRIGGER`), of each shape the first and the last;
- up to `TRAIL_LINES` lines of the same process behind such a line, within a second: the rest of its trace;
- the first `BOOT_LINES` lines of a process after its start.

Router lines are in the columns already; of them only examples are kept. What is left out is counted, never silent.
"""

from __future__ import annotations

from .types import Kind

SMALL = 4_000
MAX_TEXT = 4_000
"""Longer lines are cut in notes, in characters."""

PLATFORM = frozenset((Kind.OTHER, Kind.DYNO, Kind.API, Kind.LOGPLEX, Kind.BUILD))
OUTPUT = frozenset((Kind.APP, Kind.POSTGRES, Kind.ADDON))
# (first, last): so many from the start of the chunk, so many from its end.
PLATFORM_CAP = (4_000, 2_000)
REPEAT_CAP = (500, 500)
TRIGGER_CAP = (2_000, 1_000)
SHAPE_CAP = (40, 10)
TRAIL_CAP = (3_000, 1_000)
BOOT_CAP = (3_000, 1_000)
TRAIL_LINES, TRAIL_US = 40, 1_000_000
BOOT_LINES = 200
SHAPE_BYTES = 40

CODE_CAP = (50, 10)
PER_CODE_AND_ENDPOINT = 3
PER_STATUS_AND_ENDPOINT = 5
SLOWEST = 20
UNREAD_ROUTER = 50
ROUTER_CAP = 2_000

STARTING = b"Starting process with command"
MEMORY = b"Process running mem="

TRIGGER = (
    rb"(?i:err(?:or|no)|exception|traceback|fatal|panic|fail|refused|time.?out|timed.out|killed|\boom\b|out of memory"
    rb"|denied|cannot|can't|could not|not found|no such|unable|unavailable|unhandled|rejected|undefined|invalid|exceeded"
    rb"|too many|deadlock|abort|crash|critical|terminat|shutting down|listening|boot|starting|running on|duration:)"
    rb"|SIG[A-Z]{3,6}|WORKER"
)
"""What makes a line of output worth keeping. Both `re` and RE2 read it."""

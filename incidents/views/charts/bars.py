"""Where the bars of a swimlane stand: workers above, one row each, and below the queue of those who waited.

Coordinates are those of an SVG 1000 wide, stretched to its place. Times are ms after the lanes' start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from incidents.analysis.swimlanes import COLUMNS, INFERRED, TIMED_OUT

WIDTH = 1000.0
MOST_WORKERS = 12
MOST_QUEUED = 24
WORKER_HEIGHT, QUEUE_HEIGHT, GAP = 13, 6, 2
WAITED_MS = 100
"""A shorter wait is not drawn."""


@dataclass(slots=True)
class Request:
    """One request of the lanes, with what it is called."""

    number: int
    dyno: str
    endpoint: str
    worker: int
    arrival_ms: int
    start_ms: int
    end_ms: int
    finish_ms: int
    timed_out: bool
    inferred: bool
    source: int
    line: int
    path: str
    request_id: str
    behind: list[tuple[int, Request]] = field(default_factory=list)  # for how many ms each held a worker meanwhile

    @property
    def name(self) -> str:
        return f"{self.endpoint.partition(' ')[0]} {self.path}" if self.path else self.endpoint

    @property
    def waited_ms(self) -> int:
        """Until a worker took it, or the client was sent away."""
        return max(0, min(self.start_ms, self.end_ms) - self.arrival_ms)

    @property
    def own_ms(self) -> int:
        return max(0, self.finish_ms - self.start_ms)

    @property
    def late_ms(self) -> int:
        """Work that nobody awaited any more."""
        return max(0, self.finish_ms - max(self.end_ms, self.start_ms)) if self.timed_out else 0


def requests_of(found: dict[str, Any]) -> list[Request]:
    dynos, endpoints, details = found["dynos"], found["endpoints"], found["details"]
    every = []
    for number, values in enumerate(found["rows"]):
        row = dict(zip(COLUMNS, values, strict=True))
        path, request_id = details.get(str(number)) or ("", "")
        every.append(
            Request(
                number, dynos[row["dyno"]], endpoints[row["endpoint"]], row["worker"], row["arrival_ms"],
                row["start_ms"], row["end_ms"], row["finish_ms"], bool(row["flags"] & TIMED_OUT),
                bool(row["flags"] & INFERRED), row["source"], row["line"], path, request_id,
            )
        )  # fmt: skip
    return every


class Scale:
    """Places of the bars of one dyno: workers above, one row each, and the queue in as many rows as it needs."""

    def __init__(self, low: float, length: float, workers: int) -> None:
        self.low, self.length, self.workers = low, length, workers
        self.free: list[float] = []  # when each row of the queue is free again
        self.hidden = 0

    @property
    def queue_y(self) -> int:
        return self.workers * (WORKER_HEIGHT + GAP) + GAP

    @property
    def height(self) -> int:
        return self.queue_y + (len(self.free) * (QUEUE_HEIGHT + 1) + GAP if self.free else 0)

    @property
    def rules(self) -> list[int]:
        return [(worker + 1) * (WORKER_HEIGHT + GAP) for worker in range(self.workers)]

    def x(self, ms: float) -> float:
        return round(min(max(ms - self.low, 0.0), self.length) / self.length * WIDTH, 2)

    def bar(self, one: Request, href: str, is_culprit: bool) -> dict[str, Any]:
        shapes = self._work(one, is_culprit) + self._wait(one)
        return {
            "number": one.number, "shapes": shapes, "title": ", ".join(words(one)), "name": one.name,
            "is_culprit": is_culprit, "request_id": one.request_id, "line": one.line,
            "behind": " ".join(str(other.number) for _, other in one.behind),
            "href": href,
        }  # fmt: skip

    def _work(self, one: Request, is_culprit: bool) -> list[dict[str, Any]]:
        """In the row of its worker: solid while its client waits for it, grey afterwards."""
        if one.finish_ms <= self.low or one.start_ms >= self.low + self.length:
            return []
        y = GAP + min(one.worker, self.workers - 1) * (WORKER_HEIGHT + GAP)
        awaited_until = min(one.finish_ms, max(one.end_ms, one.start_ms)) if one.timed_out else one.finish_ms
        own = "culprit" if is_culprit else "own"
        start, middle, finish = self.x(one.start_ms), self.x(awaited_until), self.x(one.finish_ms)
        shapes = []
        if awaited_until > one.start_ms:
            shapes.append(_shape(own, start, y, max(0.8, middle - start), WORKER_HEIGHT))
        if one.late_ms and finish > middle:
            shapes.append(_shape("tail", middle, y, finish - middle, WORKER_HEIGHT))
        if one.timed_out and one.start_ms < one.end_ms and self._inside(one.end_ms):
            shapes.append(_shape("edge", middle - 1, y, 2.2, WORKER_HEIGHT))
        return shapes

    def _wait(self, one: Request) -> list[dict[str, Any]]:
        """In the queue, from its arrival until a worker took it or its client was sent away."""
        until = one.arrival_ms + one.waited_ms
        if one.waited_ms < WAITED_MS or until <= self.low:
            return []
        row = next((place for place, at in enumerate(self.free) if at <= one.arrival_ms), len(self.free))
        if row >= MOST_QUEUED:
            self.hidden += 1
            return []
        self.free[row : row + 1] = [until]
        y = self.queue_y + row * (QUEUE_HEIGHT + 1)
        start, end = self.x(one.arrival_ms), self.x(until)
        shapes = [_shape("wait", start, y, max(0.8, end - start), QUEUE_HEIGHT)]
        if one.timed_out and one.start_ms >= one.end_ms and self._inside(one.end_ms):
            shapes.append(_shape("edge", end - 1, y, 2.2, QUEUE_HEIGHT))
        return shapes

    def _inside(self, ms: float) -> bool:
        return self.low < ms < self.low + self.length


def _shape(kind: str, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    return {"kind": kind, "x": round(max(x, 0.0), 2), "y": y, "width": round(width, 2), "height": height}


def words(one: Request) -> list[str]:
    """What a bar is, for its title and for screen readers."""
    said = [one.name]
    if one.waited_ms >= WAITED_MS:
        said.append(f"waited {seconds(one.waited_ms)}" + (f" behind {holders(one)}" if one.behind else ""))
    if one.timed_out and one.start_ms >= one.end_ms:
        said.append("cut off at 30 s before any worker had taken it (H12)")
    else:
        said.append(f"own work {seconds(one.own_ms)}{' by estimate' if one.inferred else ''}")
        if one.timed_out:
            said.append("cut off at 30 s (H12)")
    if one.late_ms >= WAITED_MS:
        said.append(f"{seconds(one.late_ms)} of it after the client had gone")
    if one.request_id:
        said.append(f"request {one.request_id}")
    return said


def holders(one: Request) -> str:
    """The endpoints of those ahead, who held the workers the longest first."""
    held: dict[str, int] = {}
    for overlap_ms, other in one.behind:
        held[other.endpoint] = held.get(other.endpoint, 0) + overlap_ms
    first, *others = sorted(held, key=lambda name: (-held[name], name))
    number = sum(other.endpoint == first for _, other in one.behind)
    return (f"{number} × " if number > 1 else "") + first + (" and others" if others else "")


def seconds(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms < 1_000 else f"{ms / 1000:,.1f} s" if ms < 100_000 else f"{ms / 60_000:,.0f} min"

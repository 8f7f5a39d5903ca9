"""The lines of some frames, in order, and what there is to count about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import zstandard
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from incidents.analysis.utc import from_us, parse_iso
from incidents.ingest import logplex, otlp
from incidents.models import Drain, DrainMinute, Form, Frame


class Batch:
    """``text`` holds whole lines, ordered by time where their form names one, else as they came.

    Of equal times the order of arrival counts, then the place in the frame; a line without a time stays behind the one
    before it.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.bytes = sum(frame.bytes for frame in frames)
        self.reads = [_read(frame) for frame in frames]
        lines: list[tuple[bytes, bytes]] = []
        for read in self.reads:
            at = b""
            for line in read.lines:
                at = line.at or at
                lines.append((at, line.text))
        if frames and frames[0].form != Form.TEXT:
            lines.sort(key=lambda line: line[0])
        self.count = len(lines)
        self.text = b"\n".join([text for _, text in lines] + [b""]) if lines else b""

    @property
    def last_line_at(self) -> datetime | None:
        return max((at for read in self.reads if (at := _newest(read))), default=None)


def unpacked(frame: Frame) -> bytes:
    """The body of a frame as it was sent."""
    body = bytes(frame.body)
    return zstandard.ZstdDecompressor().decompress(body) if frame.is_compressed else body


def _read(frame: Frame) -> logplex.Read:
    body = unpacked(frame)
    if frame.form == Form.LOGPLEX:
        read = logplex.read(body)
        if frame.msg_count is not None and frame.msg_count != read.messages and not read.damaged:
            read.damaged = 1
        return read
    if frame.form == Form.TEXT:
        rows = body.removesuffix(b"\n").split(b"\n") if body else []
        return logplex.Read([logplex.Line(b"", row) for row in rows], len(rows))
    return otlp.read(body, is_json=frame.form == Form.OTLP_JSON)


def _newest(read: logplex.Read) -> datetime | None:
    at_us = parse_iso(max((line.at for line in read.lines), default=b"").decode("ascii", "replace"))
    return None if at_us is None else from_us(at_us)


def drain_counts(drain: Drain, batch: Batch, now: datetime) -> None:
    """Add a batch to the drain's minutes. In the transaction that records it, so that nothing counts twice."""
    minutes: dict[datetime, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for frame, read in zip(batch.frames, batch.reads, strict=True):
        counts = minutes[DrainMinute.minute_of(frame.received_at)]
        newest = _newest(read)
        for name, value in (
            ("frames", 1), ("lines", len(read.lines)), ("bytes", frame.bytes), ("overflow_lines", read.overflow),
            ("dropped", frame.dropped), ("lost", frame.lost), ("damaged", bool(read.damaged)),
        ):  # fmt: skip
            counts[name] += value
        counts["lag_ms"] = max(counts["lag_ms"], _ms(frame.received_at - newest) if newest else 0)
        counts["record_ms"] = max(counts["record_ms"], _ms(now - frame.received_at))
    for minute_at, counts in minutes.items():
        _add(drain, minute_at, counts)
    seen = {"last_frame_at": batch.frames[-1].received_at}
    if last := batch.last_line_at:
        seen["last_line_at"] = last
    Drain.objects.filter(pk=drain.pk).update(**seen)


def _add(drain: Drain, minute_at: datetime, counts: dict[str, int]) -> None:
    highest = ("lag_ms", "record_ms")
    changes = {name: Greatest(F(name), value) if name in highest else F(name) + value for name, value in counts.items()}
    rows = DrainMinute.objects.filter(drain=drain, minute_at=minute_at)
    if rows.update(**changes):
        return
    try:
        with transaction.atomic():
            DrainMinute.objects.create(drain=drain, team_id=drain.team_id, minute_at=minute_at, **counts)
    except IntegrityError:  # a web process counted a repetition meanwhile
        rows.update(**changes)


def _ms(duration: timedelta) -> int:
    return max(0, round(duration.total_seconds() * 1000))

"""Work and its results: a chunk is a row that workers lease; a segment is its text; a stored result is what it says."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from .sources import LogSource
from .teams import Team


class ChunkState(models.TextChoices):
    PENDING = "pending", "Waiting"
    RUNNING = "running", "Reading"
    DONE = "done", "Done"
    QUARANTINED = "quarantined", "Set aside"


OPEN = (ChunkState.PENDING, ChunkState.RUNNING)


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def open(self) -> Self:
        """Chunks that still have to be read."""
        return self.filter(state__in=OPEN)

    def done(self) -> Self:
        return self.filter(state=ChunkState.DONE)


class Chunk(models.Model):
    """A slice of whole lines of one source, about 8 MiB of text: what one task digests.

    A worker claims it by a conditional UPDATE that sets ``lease`` (a token) and ``lease_until`` (by the database's
    clock), and raises ``attempts`` before it starts. It writes its result only while the token is still its own.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(LogSource, on_delete=models.CASCADE, related_name="chunks")
    number = models.BigIntegerField()  # from 0 in its source
    first_line = models.BigIntegerField()  # from 1 in its source
    lines = models.BigIntegerField()
    bytes = models.BigIntegerField()  # of text
    state = models.CharField(max_length=12, default=ChunkState.PENDING)  # of ChunkState
    attempts = models.BigIntegerField(default=0)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)  # of the last failed attempt; why it was set aside
    parsed = models.BigIntegerField(default=0)
    summary = models.JSONField(null=True)  # ChunkResult.summary(): window, counts, codes, dynos
    done_at = models.DateTimeField(null=True)

    objects = ChunkQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="one_chunk_per_number")]
        indexes = [
            # What the reaper looks for; finished chunks are not in it.
            models.Index(fields=["state", "rung_at"], name="chunk_open", condition=Q(state__in=["pending", "running"])),
            models.Index(fields=["source", "first_line"], name="chunk_by_line"),
        ]

    def __str__(self) -> str:
        return f"chunk {self.number} of {self.source_id}"

    @property
    def last_line(self) -> int:
        return self.first_line + self.lines - 1


class Segment(models.Model):
    """The text of a chunk as UTF-8, in zstd frames of about 256 KiB; written once, when the chunk is cut.

    ``index`` names each block as ``[first row in the chunk, offset, packed bytes, text bytes]``, so that a page
    reads and opens one or two. ``text`` is empty where the blob lies in storage under ``key``.
    """

    chunk = models.OneToOneField(Chunk, on_delete=models.CASCADE, primary_key=True, related_name="segment")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    index = models.JSONField()
    text = models.BinaryField(default=b"")
    key = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"text of chunk {self.chunk_id}"


class StoredResult(models.Model):
    """``ChunkResult.dump()`` of a chunk, written by replacement under its fence: the same text gives the same bytes."""

    chunk = models.OneToOneField(Chunk, on_delete=models.CASCADE, primary_key=True, related_name="result")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    parser_version = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)  # of the dump
    data = models.BinaryField(default=b"")
    key = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"result of chunk {self.chunk_id}"

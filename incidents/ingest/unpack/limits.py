"""How much an upload may unpack to, and how that is counted while it streams."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MIB = 1024 * 1024


class Refused(ValueError):
    """The upload must not be read on; the message is one sentence for the person who sent it."""


class NotOpened(Refused):
    """This log, or this member of an archive, is packed in a way that is not read here."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one upload. The ratio counts only once ``ratio_after_bytes`` have come out: small logs pack very well."""

    text_bytes: int = 10 * 1024 * MIB
    ratio: int = 200
    ratio_after_bytes: int = 64 * MIB
    members: int = 1000
    cpu_seconds: float = 600.0


class Member(NamedTuple):
    """One log of an upload: a name to show, and its raw bytes."""

    label: str
    blocks: Iterator[bytes]


class Budget:
    """Counts what goes in and comes out of all members of one upload; raises `Refused` at a cap."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.packed_bytes = 0
        self.text_bytes = 0
        self._cpu_started = time.process_time()

    def consumed(self, size: int) -> None:
        self.packed_bytes += size

    def produced(self, size: int) -> None:
        """Count ``size`` bytes of text. Called for each block before it is passed on."""
        self.text_bytes += size
        if self.text_bytes > self.limits.text_bytes:
            cap = self.limits.text_bytes // MIB
            raise Refused(f"Too large when unpacked: more than {cap:,} MiB of text. Split the log and send its parts.")
        if self.text_bytes > self.limits.ratio_after_bytes:
            if self.text_bytes > self.limits.ratio * max(1, self.packed_bytes):
                raise Refused(
                    f"Too large when unpacked: it grows to more than {self.limits.ratio} times its size, "
                    "which no log does. Send the log itself."
                )
            if time.process_time() - self._cpu_started > self.limits.cpu_seconds:
                raise Refused("Unpacking this took longer than ten minutes. Split the log and send its parts.")

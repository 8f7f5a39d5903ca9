"""Zip archives: by their directory where they have one, else along their local headers (a download that was cut)."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from .limits import Budget, Member, Refused
from .streams import BLOCK_BYTES, label_of, unpacked
from .zip_salvage import salvaged

MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
_END = b"PK\x05\x06"


def zip_members(file: BinaryIO, *, name: str, budget: Budget, notes: list[str]) -> Iterator[Member]:
    """The logs of a zip. Folders are passed over; whatever else can't be read is named in ``notes``."""
    directory = _directory(file, budget)
    if directory is None:
        notes.append(
            "The archive is cut: its directory is missing. Every file before the cut was read as far as it goes."
        )
        for label, blocks in salvaged(file, budget, notes):
            yield _member(name, label, blocks, budget, notes)
        return
    with directory:
        entries = [entry for entry in directory.infolist() if not entry.is_dir()]
        _refuse_overlaps(directory, entries)
        for entry in entries:
            reason = _unreadable(entry)
            if reason:
                notes.append(f"{label_of(entry.filename)} was left out: {reason}.")
            elif not _is_clutter(entry.filename):
                yield _member(name, entry.filename, _blocks(directory, entry, budget, notes), budget, notes)


def _member(archive: str, name: str, blocks: Iterator[bytes], budget: Budget, notes: list[str]) -> Member:
    label = label_of(name)
    return Member(f"{label_of(archive)}: {label}"[:255], unpacked(blocks, budget, notes, levels=1, prefix=f"{label}: "))


def _directory(file: BinaryIO, budget: Budget) -> zipfile.ZipFile | None:
    """The opened archive, or None if it is cut. Its directory is measured before the library reads it into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(_END)
    if at >= 0 and len(tail) >= at + 22:
        count = int.from_bytes(tail[at + 10 : at + 12], "little")
        directory_bytes = int.from_bytes(tail[at + 12 : at + 16], "little")
        too_long = directory_bytes > MAX_DIRECTORY_BYTES and directory_bytes != 0xFFFFFFFF
        if too_long or (count > budget.limits.members and count != 0xFFFF) or _is_long_zip64(tail, at, budget):
            raise Refused(f"This zip holds more than {budget.limits.members:,} files. Send only the logs.")
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError):  # also what the library can't read
        file.seek(0)
        return None


def _is_long_zip64(tail: bytes, at: int, budget: Budget) -> bool:
    record = tail.rfind(b"PK\x06\x06", 0, at)
    if record < 0 or len(tail) < record + 48:
        return False
    count = int.from_bytes(tail[record + 32 : record + 40], "little")
    size = int.from_bytes(tail[record + 40 : record + 48], "little")
    return count > budget.limits.members or size > MAX_DIRECTORY_BYTES


def _refuse_overlaps(directory: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Entries that share bytes are how a small zip unpacks to terabytes (CVE-2024-0450); no packer makes them."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise Refused("This zip names the same bytes as several files, which no packer does. Pack the logs again.")
        end = entry.header_offset + 30 + len(entry.filename.encode("utf-8", "replace")) + entry.compress_size
    if end > directory.start_dir:
        raise Refused("This zip claims more bytes than it has. Pack the logs again.")


def _unreadable(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 0x1:
        return "it is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"it is packed by method {entry.compress_type}, and only stored and deflated files are read"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "it is a link or a device, not a file"
    return ""


def _is_clutter(name: str) -> bool:
    """What macOS and Windows add beside the files that people packed."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _blocks(directory: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget, notes: list[str]) -> Iterator[bytes]:
    label = label_of(entry.filename)
    try:
        with directory.open(entry) as packed:
            budget.consumed(entry.compress_size)  # entries don't overlap, so that these add up to the file at most
            while block := packed.read(BLOCK_BYTES):
                budget.produced(len(block))
                yield block
    except Refused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        # The library says NotImplementedError of patched entries and of strong encryption.
        notes.append(f"{label}: damaged in the archive ({str(error)[:80]}); what stands before the damage was read.")

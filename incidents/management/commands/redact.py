"""``manage.py redact FILE``: the log with its secrets masked, line by line, in bounded memory, without a database."""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandParser

from incidents.analysis.redact import KINDS, Scrubber

UNREADABLE = 2
_PIECE = 1 << 20
_LONGEST_LINE = 8 << 20  # a longer one is masked in pieces of this size, so that memory stays bounded
_COMPRESSED = {b"\x1f\x8b": "gzip -dc", b"\x28\xb5\x2f\xfd": "zstd -dc", b"PK\x03\x04": "unzip -p"}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Command(BaseCommand):
    help = (
        "Prints a log with credentials and personal data masked. Reads plain text line by line; - is standard input. "
        "What was masked has been in a log: rotate it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="a log, or - for standard input")
        parser.add_argument(
            "--jsonl", action="store_true", help='one JSON object {"text": …} a line in, one {"text": …} a line out'
        )
        group = parser.add_mutually_exclusive_group()
        group.add_argument(
            "--personal", action="store_true", default=True, dest="personal",
            help="mask e-mail addresses, public IP addresses and card numbers too (the default)",
        )  # fmt: skip
        group.add_argument("--no-personal", action="store_false", dest="personal", help="mask credentials only")
        parser.add_argument(
            "--counts", action="store_true", help="afterwards, tell on standard error how many of each kind were masked"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scrubber = Scrubber(personal=options["personal"])
        try:
            with _opened(options["file"]) as source:
                lines = (
                    _json_lines(source, options["personal"], scrubber) if options["jsonl"] else _text(source, scrubber)
                )
                for piece in lines:
                    sys.stdout.buffer.write(piece)
                    sys.stdout.buffer.flush()
        except Unreadable as problem:
            self.stderr.write(self.style.ERROR(f"redact: {problem}"))
            sys.exit(UNREADABLE)
        except BrokenPipeError:  # `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if options["counts"]:
            self.stderr.write(_told(scrubber))


class Unreadable(Exception):
    """The input cannot be read; the message is one sentence."""


def _opened(name: str) -> BinaryIO:
    if name == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return open(name, "rb")
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror or error}.") from None


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    """UTF-8 bytes as they arrive, so that a tailed log is masked as it flows. UTF-16 with its mark is decoded."""
    decoder = None
    first = True
    while True:
        try:
            piece = source.read1(_PIECE)  # type: ignore[attr-defined]
        except OSError as error:
            raise Unreadable(f"{source.name} cannot be read: {error.strerror or error}.") from None
        if first:
            first = False
            for magic, command in _COMPRESSED.items():
                if piece.startswith(magic):
                    raise Unreadable(
                        f"The input is compressed; unpack it on the way: {command} FILE | manage.py redact -"
                    )
            if piece[:2] in _UTF16:
                decoder = codecs.getincrementaldecoder(_UTF16[piece[:2]])("replace")
        if not piece:
            return
        yield decoder.decode(piece).encode() if decoder else piece


def _whole_lines(source: BinaryIO) -> Iterator[bytes]:
    """Runs of whole lines, each ending in ``\\n`` but perhaps the last."""
    waiting: list[bytes] = []
    held = 0
    for piece in _pieces(source):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield b"".join([*waiting, piece[:cut]])
            waiting, held = [], 0
        waiting.append(piece[cut:])
        held += len(piece) - cut
        if held >= _LONGEST_LINE:
            yield b"".join(waiting)
            waiting, held = [], 0
    if held:
        yield b"".join(waiting)


def _text(source: BinaryIO, scrubber: Scrubber) -> Iterator[bytes]:
    for block in _whole_lines(source):
        end = b"\n" if block.endswith(b"\n") else b""
        yield scrubber.feed_bytes(block[: len(block) - len(end)]) + end


def _json_lines(source: BinaryIO, personal: bool, totals: Scrubber) -> Iterator[bytes]:
    """Each object stands for itself: nothing is carried from one to the next."""
    number = 0
    for block in _whole_lines(source):
        out: list[str] = []
        for line in block.split(b"\n"):
            number += 1
            if not line.strip():
                continue
            one = Scrubber(personal=personal)
            out.append(json.dumps({"text": one.feed(_text_of(line, number))}))
            totals.counts.update(one.counts)
        number -= block.endswith(b"\n")
        if out:
            yield ("\n".join(out) + "\n").encode()


def _text_of(line: bytes, number: int) -> str:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise Unreadable(f"Line {number} is not JSON: {error}.") from None
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str):
        raise Unreadable(f'Line {number} is not an object with a text, such as {{"text": "…"}}.')
    return text


def _told(scrubber: Scrubber) -> str:
    counts = scrubber.counts
    if not counts:
        return "redact: nothing was masked"
    kinds = ", ".join(f"{count} {KINDS[kind]}" for kind, count in counts.most_common())
    return f"redact: {sum(counts.values())} masked: {kinds}. What was masked has been in a log: rotate it."

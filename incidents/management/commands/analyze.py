"""``manage.py analyze FILE…``: the whole analysis in one process, without a database."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandParser

from incidents import analysis
from incidents.analysis.render_text import render
from incidents.digest.reading import read_member
from incidents.ingest.unpack import Limits, NotOpened, Refused, members

UNREADABLE = 2
MAX_WIDTH = 120
_ZIP = b"PK\x03\x04"


class Command(BaseCommand):
    help = (
        "Analyses logs and prints what broke, when and why. Several files are one incident. "
        "Reads plain text, .gz, .zst and .zip; - is standard input."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a log, or - for standard input")
        parser.add_argument("--each", action="store_true", help="one document per file, each on one line")
        parser.add_argument(
            "--format", choices=["text", "json", "markdown"], help="default: text in a terminal, else json"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = options["format"] or ("text" if sys.stdout.isatty() else "json")
        groups = [[name] for name in options["files"]] if options["each"] else [options["files"]]
        problems = []
        for group in groups:
            try:
                document = document_of(group)
            except Unreadable as problem:
                problems.append(str(problem))
                self.stderr.write(self.style.ERROR(f"analyze: {problem}"))
                continue
            self._print(document, chosen, on_one_line=options["each"])
        if problems:
            sys.exit(UNREADABLE)

    def _print(self, document: dict[str, Any], chosen: str, *, on_one_line: bool) -> None:
        if chosen == "json":
            # ASCII, so that no reader takes a character of a log line for the end of a line of output.
            indent = None if on_one_line or not sys.stdout.isatty() else 2
            text = json.dumps(document, ensure_ascii=True, indent=indent)
        elif chosen == "markdown":
            text = document["ticket"]["markdown"]
        else:
            text = _for_terminal(document)
        try:
            self.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:  # `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _for_terminal(document: dict[str, Any]) -> str:
    encoding = (sys.stdout.encoding or "ascii").lower()
    return render(
        document,
        color=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        width=min(shutil.get_terminal_size().columns, MAX_WIDTH),
        ascii_only=not encoding.startswith("utf"),
    )


class Unreadable(Exception):
    """A file could not be read; the message is one sentence."""


def document_of(names: list[str]) -> dict[str, Any]:
    """The analysis of these files as one incident."""
    reading = _Reading(names)
    sources = reading.sources()
    try:
        first = next(sources)
        facts = analysis.merge([first] if reading.is_alone else itertools.chain([first], sources))
        next(sources, None)  # past the only log, to what there was to tell about it
    except OSError as error:
        raise Unreadable(f"Cannot read {reading.name}: {error.strerror or error}.") from None
    except Refused as refused:
        raise Unreadable(f"Cannot read {reading.name}: {refused}") from None
    finally:
        sources.close()
    for note in reading.notes:
        sys.stderr.write(f"analyze: {note}\n")
    return analysis.analyse(facts)


class _Reading:
    """Files as they are read: each log is read through before the next is opened, and none is held in memory.

    ``name`` is the file at hand. ``is_alone`` says that the first log is the only one, so that its lines need not be
    compared with those of others.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.name = ""
        self.is_alone = False
        self.notes: list[str] = []

    def sources(self) -> Generator[analysis.SourceInput, None, None]:
        for name in self.names:
            self.name = name
            with _opened(name) as file:
                self.is_alone = len(self.names) == 1 and not file.read(len(_ZIP)).startswith(_ZIP)
                file.seek(0)
                yield from self._members(file)

    def _members(self, file: BinaryIO) -> Iterator[analysis.SourceInput]:
        label = "standard input" if self.name == "-" else Path(self.name).name
        notes: list[str] = []
        problem, found = "", False
        for member in members(file, name=label, limits=Limits(), notes=notes):
            try:
                source = read_member(member, received_at=_received_at(file))
            except (NotOpened, analysis.NotALog) as error:
                problem = problem or str(error)
                notes.append(f"{member.label} was left out: {error}")
                continue
            found = True
            source.chunks = _until_damaged(source.chunks, source.name, notes)
            yield source
        if not found:
            raise Unreadable(f"Cannot read {self.name}: {problem or 'there is no log in it.'}")
        self.notes += (f"{label}: {note}" for note in notes)


def _until_damaged(
    chunks: Iterable[analysis.ChunkResult], name: str, notes: list[str]
) -> Iterator[analysis.ChunkResult]:
    try:
        yield from chunks
    except NotOpened as error:
        notes.append(f"{name} was read only in part: {error}")


def _opened(name: str) -> BinaryIO:
    """The file, seekable: pipes are copied to a temporary file, since archives are recognised and read by seeking."""
    file = cast(BinaryIO, sys.stdin.buffer) if name == "-" else Path(name).open("rb")  # noqa: SIM115
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(file, copy, 1024 * 1024)
    copy.seek(0)
    return cast(BinaryIO, copy)


def _received_at(file: BinaryIO) -> datetime:
    """When the file was last written: what its years are guessed from where it prints none."""
    return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)

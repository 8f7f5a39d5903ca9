"""``manage.py analyze FILE…``: the whole analysis in one process, without a database."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
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
    sources: list[analysis.SourceInput] = []
    for name in names:
        try:
            with _opened(name) as file:
                sources += _sources(name, file)
        except OSError as error:
            raise Unreadable(f"Cannot read {name}: {error.strerror or error}.") from None
        except Refused as refused:
            raise Unreadable(f"Cannot read {name}: {refused}") from None
    return analysis.analyse(analysis.merge(sources))


def _sources(name: str, file: BinaryIO) -> Iterator[analysis.SourceInput]:
    notes: list[str] = []
    problem = ""
    found = []
    label = "standard input" if name == "-" else Path(name).name
    for member in members(file, name=label, limits=Limits(), notes=notes):
        try:
            found.append(read_member(member, received_at=_received_at(file)))
        except (NotOpened, analysis.NotALog) as error:
            problem = problem or str(error)
            notes.append(f"{member.label} was left out: {error}")
    if not found:
        raise Unreadable(f"Cannot read {name}: {problem or 'there is no log in it.'}")
    for note in notes:
        sys.stderr.write(f"analyze: {label}: {note}\n")
    return iter(found)


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

"""``manage.py pipe``: an incident of a log that is still written, from a growing file or from standard input."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents import tasks
from incidents.digest.recorder.reading import last_lines
from incidents.ingest import pipes
from incidents.ingest.accept import Rejected
from incidents.models import LogSource, Team

LOOK_SECONDS = 0.25
BLOCK_BYTES = 64 * 1024


class Command(BaseCommand):
    help = (
        "Follows a file, as tail -F does, or reads standard input (-), into an incident that can be read meanwhile. "
        "Prints the incident's path first. Ctrl-C ends it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a log that grows, or - for standard input")
        parser.add_argument("--title", default="", help="title of the incident")
        parser.add_argument("--app", default="", help="name of the Heroku app")
        parser.add_argument("--resume", default="", metavar="KEY", help="take up the pipe of this key")
        parser.add_argument("--no-follow", action="store_true", help="stop at the end of the file")

    def handle(self, *args: Any, **options: Any) -> str:
        name = options["file"]
        if name != "-" and not Path(name).is_file():
            raise CommandError(f"Cannot read {name}: there is no such file.")
        try:
            source = pipes.open_pipe(
                team=Team.objects.get_default(), user=None, title=options["title"] or ("" if name == "-" else name),
                app_name=options["app"], key=options["resume"],
            )  # fmt: skip
        except Rejected as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(source.incident.get_absolute_url())
        self.stdout.flush()
        blocks = _of_stdin() if name == "-" else _of_file(Path(name), follow=not options["no_follow"])
        return _run(source, blocks)


def _run(source: LogSource, blocks: Iterator[bytes]) -> str:
    """Write until the blocks end. An empty block means that nothing has come for a moment."""
    overlap = pipes.Overlap(last_lines(source, pipes.TAIL_LINES)) if source.lines else None
    writer = pipes.PipeWriter(source, _ring(), overlap)
    if rest := pipes.take_rest(source):
        writer.write(rest if not overlap else b"")
    try:
        for block in blocks:
            if block:
                writer.write(block)
            writer.tick()
    except KeyboardInterrupt:
        pass
    except pipes.Stopped as stopped:
        raise CommandError(str(stopped)) from None
    finally:
        writer.close(was_cut=False)
    return f"{writer.lines:,} lines"


def _ring() -> Callable[[Any], object]:
    return lambda source_id: tasks.ring(tasks.record_source, source_id)


def _of_stdin() -> Iterator[bytes]:
    import select

    descriptor = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([descriptor], [], [], LOOK_SECONDS)
        if not ready:
            yield b""
        elif block := os.read(descriptor, BLOCK_BYTES):
            yield block
        else:
            return


def _of_file(path: Path, *, follow: bool) -> Iterator[bytes]:
    """The file from its beginning, and what is appended; begins again when it is truncated or replaced."""
    file = path.open("rb")
    try:
        while True:
            while block := file.read(BLOCK_BYTES):
                yield block
            if not follow:
                return
            yield b""
            time.sleep(LOOK_SECONDS)
            if _is_another(path, file):
                yield from iter(lambda: file.read(BLOCK_BYTES), b"")  # noqa: B023 - the end of the old one
                file.close()
                file = path.open("rb")
            elif path.stat().st_size < file.tell():
                file.seek(0)
    finally:
        file.close()


def _is_another(path: Path, file: BinaryIO) -> bool:
    """Whether the name belongs to another file now, as after a rotation."""
    try:
        return path.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:  # for a moment there is none
        return False

"""``manage.py import_log``: makes an incident of files on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents import tasks
from incidents.ingest import accept
from incidents.ingest.accept import Rejected
from incidents.models import SourceState, Team

BLOCK_BYTES = 1024 * 1024


class Command(BaseCommand):
    help = "Makes one incident of these logs and prints its path. Workers read it; this returns at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="plain text, .gz, .zst or .zip")
        parser.add_argument("--title", default="", help="title of the incident")
        parser.add_argument("--app", default="", help="name of the Heroku app")

    def handle(self, *args: Any, **options: Any) -> str:
        for path in options["files"]:
            if not path.is_file():
                raise CommandError(f"Cannot read {path}: there is no such file.")
        team = Team.objects.get_default()
        incident = accept.new_incident(team=team, user=None, title=options["title"], app_name=options["app"])
        for path in options["files"]:
            try:
                with path.open("rb") as file:
                    source = accept.accept_upload(incident=incident, name=path.name, blocks=_blocks(file))
            except (OSError, Rejected) as error:
                incident.delete_later()
                reason = error.strerror if isinstance(error, OSError) else error
                raise CommandError(f"Cannot read {path}: {reason}") from None
            if source.state == SourceState.SPLITTING:
                tasks.ring(tasks.split_source, source.pk)
        return incident.get_absolute_url()


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block

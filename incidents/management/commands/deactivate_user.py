"""``manage.py deactivate_user NAME``: switches an account off, everywhere and at once; ``--undo`` on again."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.membership import deactivate


class Command(BaseCommand):
    help = "Switches an account off: its sessions, sign-in links, API tokens and share links end at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name or address of the user")
        parser.add_argument("--undo", action="store_true", help="switch it on again; what has ended stays ended")

    def handle(self, *args: Any, **options: Any) -> str:
        name = options["name"]
        user = User.objects.filter(username=name).first() or User.objects.filter(email__iexact=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        deactivate(user, active=options["undo"])
        return f"{user.username} is {'active again' if options['undo'] else 'deactivated'}."

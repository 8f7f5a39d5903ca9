"""``manage.py signin_link``: prints an address that signs its first visitor in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Membership, Role, SigninToken, Team


class Command(BaseCommand):
    help = "Prints a link that signs its first visitor in, once, within a day. Makes the user and the team if needed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--base", default="http://127.0.0.1:8000", help="address of the site (default: %(default)s)"
        )
        parser.add_argument("--next", default="/", dest="next_path", help="path to open afterwards, such as /i/<id>/")
        parser.add_argument("--user", default="owner", help="name of the user (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> str:
        base, next_path = options["base"].rstrip("/"), options["next_path"]
        if urlsplit(base).scheme not in ("http", "https"):
            raise CommandError(f"--base must begin with http:// or https://, not {base!r}.")
        if not next_path.startswith("/") or next_path.startswith("//"):
            raise CommandError(f"--next must be a path of this site, such as /new/, not {next_path!r}.")
        user, is_new = User.objects.get_or_create(username=options["user"])
        if is_new:
            user.set_unusable_password()
            user.save()
        if not user.is_active:
            raise CommandError(f"{user.username} has been deactivated.")
        if not Membership.objects.filter(user=user).exists():
            Membership.objects.create(team=Team.objects.get_default(), user=user, role=Role.OWNER)
        token = SigninToken.objects.issue(user, next_path=next_path)
        return f"{base}/signin/?{urlencode({'token': token})}"

"""``manage.py drain_token``: an address to give to ``heroku drains:add``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.ingest.accept import Rejected
from incidents.ingest.apps import add_drain, create_app
from incidents.models import App, DrainKind, Team


class Command(BaseCommand):
    help = (
        "Prints the address of a drain: a new one of this app (which is made if there is none), or with --rotate a new "
        "token of the one that is there. The token is shown this once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("app", help="name of the app")
        parser.add_argument("--drain", default="main", help="name of the drain; default: main")
        parser.add_argument("--team", default="default", help="slug of the team; default: default")
        parser.add_argument("--kind", choices=DrainKind.values, default=DrainKind.LOGPLEX)
        parser.add_argument("--rotate", action="store_true", help="a new token; the old one works for another day")
        parser.add_argument("--base", default="https://localhost", help="where this site is reached")

    def handle(self, *args: Any, **options: Any) -> str:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None and options["team"] != "default":
            raise CommandError(f"There is no team {options['team']}.")
        team = team or Team.objects.get_default()
        app = App.objects.filter(team=team, name=options["app"]).first()
        if options["rotate"]:
            drain = app.drains.filter(name=options["drain"]).first() if app else None
            if drain is None:
                raise CommandError(f"{options['app']} has no drain called {options['drain']}.")
            token, kind = drain.rotate(), drain.kind
        else:
            try:
                app = app or create_app(team=team, name=options["app"], user=None)
                drain, token = add_drain(app=app, user=None, name=options["drain"], kind=options["kind"])
            except Rejected as problem:
                raise CommandError(str(problem)) from None
            kind = drain.kind
        scheme, _, host = options["base"].rstrip("/").partition("://")
        path = "/drain/" if kind == DrainKind.LOGPLEX else "/v1/logs"
        return f"{scheme}://drain:{token}@{host}{path}"

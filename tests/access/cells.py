"""One cell of the matrix: a method at an address, by somebody, about objects of someone. What should it answer, and
what does it?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from incidents.access import rank_of
from tests.access.matrix import MATRIX, Row
from tests.access.world import CANARY, ROLES, World

ALLAUTH = ("account_", "mfa_", "usersessions_")
METHODS = ("GET", "POST", "PUT", "DELETE")
SIGNED_IN = frozenset({"outsider", "viewer", "member", "admin", "owner", "removed"})
SOME = frozenset({"anonymous", "outsider", "owner", "share-own", "token-other"})
"""Who tries the methods that an address does not have."""
OF_B = frozenset({"outsider", "token-other", "drain"})
OWNERS = {"own": "member", "foreign": "outsider"}
"""To whom the objects belong that belong to a person."""
_WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
_NOT_COUNTED = {"django_session", "incidents_cache", "usersessions_usersession"}
_CHANGING = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}|value=\"[A-Za-z0-9]{64}\"|X-CSRFToken\": \"\w+\"")


@dataclass(frozen=True)
class Cell:
    name: str
    method: str
    role: str
    whose: tuple[tuple[str, str], ...]  # kind → own, foreign, deleted or missing

    def __str__(self) -> str:
        objects = ", ".join(f"{kind}={one}" for kind, one in self.whose)
        return f"{self.method} {self.name} by {self.role} ({objects})"


def names(patterns: Any = None, route: str = "", space: str = "") -> Iterator[str]:
    """The name of every address; its route where its name is not its own."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from names(entry.url_patterns, here, space or entry.namespace or "")
        elif isinstance(entry, URLPattern):
            yield here if space else entry.name or here


def routes(patterns: Any) -> Iterator[tuple[str, str]]:
    """Names of addresses, each with the module of its view."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns)
        elif isinstance(entry, URLPattern):
            yield entry.name or "", entry.callback.__module__


def address_of(name: str, kwargs: dict[str, Any]) -> str:
    """Raises AssertionError where the row does not fit the address."""
    if "/" in name:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(kwargs[found[1]]), name)
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch as error:
        raise AssertionError(f"{name}: the row does not fit the address: {error}") from None


def cells(world: World, only: Callable[[str], bool] = lambda name: True) -> Iterator[Cell]:
    """All of them: every method that is named, with objects of everybody and mixed ones; others with own objects."""
    for name, row in MATRIX.items():
        if not only(name):
            continue
        kinds = sorted({*row.objects.values(), *row.body.values()})
        choices = [tuple(world.ids[kind]) for kind in kinds]
        for method, role in product(METHODS, ROLES):
            if method not in row.methods:
                if role not in SOME:
                    continue
                yield Cell(name, method, role, tuple((kind, "own") for kind in kinds))
                continue
            for chosen in product(*choices):
                yield Cell(name, method, role, tuple(zip(kinds, chosen, strict=True)))


def expected(world: World, cell: Cell) -> str:
    """allow, signin, hidden, forbidden, denied (hidden or forbidden) or closed (no such method)."""
    row = MATRIX[cell.name]
    needs = row.methods.get(cell.method)
    whose = {one for _, one in cell.whose} - {"none"}
    if needs is None:
        return "closed"
    if needs == "all":
        return "allow"
    if needs == "share":
        return "allow" if cell.role == "share-own" and whose == {"own"} else "hidden"
    if needs == "token":
        return _by_token(cell.role, whose)
    if needs == "drain":
        return "allow" if cell.role == "drain" else "signin"
    if cell.role not in SIGNED_IN:
        return "signin"
    if needs == "signed-in":
        return "allow"
    if needs == "self" and not {"incident"} & {kind for kind, _ in cell.whose}:
        return "allow" if OWNERS.get(next(iter(whose))) == cell.role else "hidden"
    if len(whose) > 1:
        return "denied"
    team = next(iter(whose)) if whose else "own" if (cell.role, "own") in world.ranks else "foreign"
    rank = world.ranks.get((cell.role, team))
    if team == "missing" or team == "deleted" or rank is None:
        return "hidden"
    return _by_rank(cell, needs, rank, team)


def _by_token(role: str, whose: set[str]) -> str:
    """The token is one of team B; sessions count for nothing."""
    if role != "token-other":
        return "signin"
    return "allow" if whose <= {"foreign"} else "hidden" if len(whose) == 1 else "denied"


def _by_rank(cell: Cell, needs: str, rank: str, team: str) -> str:
    if needs.startswith("self"):
        is_theirs = OWNERS[team] == cell.role
        may = is_theirs or (needs == "self-or-admin" and rank_of(rank) >= rank_of("admin"))
        return "allow" if may else "forbidden"
    return "allow" if rank_of(rank) >= rank_of(needs) else "forbidden"


@contextmanager
def undone() -> Iterator[list[str]]:
    """Whatever is written meanwhile is listed (by table), and undone."""
    written: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = _WRITE.match(sql)
        if found and found[2] not in _NOT_COUNTED:
            written.append(found[2])
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(watch):
        yield written
        transaction.set_rollback(True)


def knock(world: World, cell: Cell) -> tuple[HttpResponse, list[str], bytes]:
    """The answer, the tables that were written, and the body. Nothing of it lasts."""
    row = MATRIX[cell.name]
    whose = dict(cell.whose)
    kwargs = row.fixed | {key: world.ids[kind][whose[kind]] for key, kind in row.objects.items()}
    address = address_of(cell.name, kwargs)
    form: Any = row.form | {key: str(world.ids[kind][whose[kind]]) for key, kind in row.body.items()}
    client = world.clients[cell.role]
    cookies = copy(client.cookies)
    with undone() as written:
        call = getattr(client, cell.method.lower())
        kind = {"content_type": "application/json"} if row.json else {}
        answer = call(address, form, **kind) if cell.method == "POST" else call(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    client.cookies = cookies
    return answer, written, body


def complaint(world: World, cell: Cell) -> str:
    """What is wrong with the answer to this cell; empty if nothing is."""
    row, wanted = MATRIX[cell.name], expected(world, cell)
    answer, written, body = knock(world, cell)
    status = answer.status_code
    if status >= 500:
        return f"{cell}: {status}"
    if CANARY.encode() in body and cell.role not in OF_B:
        return f"{cell}: tells something of team B"
    is_signin = status == 302 and answer.headers["Location"].startswith("/signin/")
    if wanted == "allow":
        fine = (200 <= status < 400 and (not is_signin or row.methods[cell.method] in ("all", "signed-in"))) or (
            status in row.also
        )
        return "" if fine else f"{cell}: {status}, but they may"
    if written:
        return f"{cell}: wrote {sorted(set(written))}, but they may not ({status})"
    if wanted == "closed" and cell.name.startswith(ALLAUTH):
        return ""  # its forms take PUT for POST, and show themselves to other methods
    if not _is_refused(row, wanted, status, is_signin):
        return f"{cell}: {status}, expected {wanted}"
    return ""


def _is_refused(row: Row, wanted: str, status: int, is_signin: bool) -> bool:
    if wanted == "signin":
        return status in row.closed if row.closed else is_signin
    if row.lenient and wanted in ("hidden", "denied", "forbidden"):
        return status in (302, 403, 404)
    statuses = {"hidden": (404,), "forbidden": (403,), "denied": (403, 404), "closed": (401, 403, 404, 405)}[wanted]
    return status in statuses or (wanted == "closed" and is_signin)


def normalised(body: bytes) -> bytes:
    """Without what differs from answer to answer: tokens and identifiers."""
    return _CHANGING.sub(b"", body)

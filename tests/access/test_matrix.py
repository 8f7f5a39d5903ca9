"""Every address × method × role × whose objects: nobody gets more than the matrix says, or reads what is others'."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.access.cells import Cell, cells, complaint, expected, knock, names, normalised
from tests.access.matrix import MATRIX
from tests.access.world import World

pytestmark = pytest.mark.django_db
LEAST_CELLS = 8_000


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    known = set(names())
    assert sorted(known - MATRIX.keys()) == [], "say in tests/access/matrix.py who may do what there"
    assert sorted(MATRIX.keys() - known) == [], "there is no such address"


def test_nobody_gets_more_or_less_than_the_matrix_says(world: World) -> None:
    """Nor does anybody but team B ever read a canary, which stands in every text of its rows."""
    counted: Counter[str] = Counter()
    complaints = []
    for cell in cells(world):
        counted[expected(world, cell)] += 1
        if found := complaint(world, cell):
            complaints.append(found)
    print(f"{counted.total()} cells: {dict(counted)}; unexpected {len(complaints)}")
    assert not complaints, "\n".join(complaints[:60])
    assert counted.total() >= LEAST_CELLS


def test_what_is_others_looks_as_if_it_were_not_there(world: World) -> None:
    """Byte for byte, but for tokens and identifiers: an answer must not tell that something exists."""
    world.draws_errors = True
    tried = 0
    for name, row in MATRIX.items():
        for method in row.methods:
            kinds = sorted({*row.objects.values(), *row.body.values()})
            if len(kinds) != 1 or name == "join":
                continue
            answers = []
            for whose in ("foreign", "missing"):
                cell = Cell(name, method, "viewer", ((kinds[0], whose),))
                answer, _, body = knock(world, cell)
                named = f"/{world.ids[kinds[0]][whose]}/"
                where = answer.headers.get("Location", "").replace(named, "it")
                answers.append((answer.status_code, where, normalised(body.replace(named.encode(), b"it"))))
            assert answers[0] == answers[1], (name, method)
            tried += 1
    world.draws_errors = False
    assert tried > 50


def test_no_form_is_taken_without_its_token(world: World) -> None:
    """A POST from another site bears the cookie of the session, and not the token of the form."""
    owner = world.clients["owner"]
    owner.handler.enforce_csrf_checks = True
    try:
        for name, row in MATRIX.items():
            # Machines send no cookies, so that there is nothing to forge with.
            if "POST" not in row.methods or row.methods["POST"] in ("token", "drain") or name.startswith("api/"):
                continue
            kinds = sorted({*row.objects.values(), *row.body.values()})
            answer, written, _ = knock(world, Cell(name, "POST", "owner", tuple((kind, "own") for kind in kinds)))
            assert answer.status_code == 403, name
            assert not written, name
    finally:
        owner.handler.enforce_csrf_checks = False

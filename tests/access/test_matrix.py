"""Every address × method × role × whose objects: nobody gets more than the matrix says."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.access.cells import cells, complaint, expected, names
from tests.access.matrix import MATRIX
from tests.access.world import World

pytestmark = pytest.mark.django_db
LEAST_CELLS = 8_000


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    known = set(names())
    assert sorted(known - MATRIX.keys()) == [], "say in tests/access/matrix.py who may do what there"
    assert sorted(MATRIX.keys() - known) == [], "there is no such address"


def test_nobody_gets_more_or_less_than_the_matrix_says(world: World) -> None:
    counted: Counter[str] = Counter()
    complaints = []
    for cell in cells(world):
        counted[expected(world, cell)] += 1
        if found := complaint(world, cell):
            complaints.append(found)
    print(f"{counted.total()} cells: {dict(counted)}; unexpected {len(complaints)}")
    assert not complaints, "\n".join(complaints[:60])
    assert counted.total() >= LEAST_CELLS

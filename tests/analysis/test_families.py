"""Whole diagnoses against incidents whose cause is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from incidents.analysis import analyse
from tests.analysis.test_queueing import facts_of
from tests.families import FAMILIES, Case


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_cause_comes_first(family: Callable[[int], Case], seed: int) -> None:
    text, truth = family(seed)
    document = analyse(facts_of(text))
    if truth == "healthy":
        assert document["verdict"]["status"] == "healthy"
    else:
        assert [finding["slug"] for finding in document["findings"]][:1] == [truth]
        assert document["findings"][0]["evidence"]
        assert document["onset"]["utc"] is not None

from __future__ import annotations

import pytest

from incidents.analysis import connections, whatif
from tests import simulator
from tests.analysis.test_queueing import EXPORT, FAST, facts_of
from tests.simulator import Scenario, stamp


@pytest.fixture(scope="module")
def replayed() -> whatif.WhatIf:
    """An app whose two dynos are held by one export."""
    scenario = Scenario((*FAST, EXPORT), 11, dynos=2, workers=2, load=0.75, seconds=500)
    found = whatif.replay(facts_of(simulator.write_log(scenario, simulator.simulate(scenario))))
    assert found is not None
    return found


def test_options_come_in_the_order_of_the_truth(replayed: whatif.WhatIf) -> None:
    """Ending the slow work helps most, and a dyno more helps least; so say longer simulations of each change."""
    ratio = {option.key: option.ratio for option in replayed.options}
    assert ratio["moved"] < ratio["capped"] < ratio["dyno"] < 1
    assert ratio["worker"] < 1


def test_every_ratio_lies_in_its_band(replayed: whatif.WhatIf) -> None:
    assert all(option.low <= option.ratio <= option.high for option in replayed.options)


def test_nothing_is_replayed_where_nothing_timed_out() -> None:
    scenario = Scenario(FAST, 1, load=0.3, seconds=60)
    assert whatif.replay(facts_of(simulator.write_log(scenario, simulator.simulate(scenario)))) is None


def test_the_budget_multiplies_what_the_log_tells_and_marks_what_it_assumes() -> None:
    text = (
        f"{stamp(0)} app[api]: Scaled to web@3:Basic by user ana@example.com\n"
        f"{stamp(1)} app[web.1]: [2] * Process workers: 2\n"
        f"{stamp(1)} app[web.1]: [2] * Max threads: 5\n"
        f"{stamp(2)} app[heroku-postgres]: source=DATABASE addon=postgresql-flat-02648 sample#active-connections=19 "
        "sample#max-connections=20\n"
    )
    budget = connections.budget(facts_of(text))
    assert (budget.need, budget.seen, budget.limit, budget.over) == (30, 19, 20, True)
    assert [term.assumed for term in budget.terms[:3]] == [False, False, False]

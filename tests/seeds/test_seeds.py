"""A hundred simulated hours in which most things go wrong that can, and no promise is broken (profile `realistic`)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.sim.profiles import draw
from holdfast.wiring.simulation import simulate

SEEDS_PER_CASE = 5
HOURS = 100


@pytest.mark.parametrize("first", range(0, HOURS, SEEDS_PER_CASE))
def test_every_promise_holds_in_a_realistic_hour(first: int) -> None:
    """Each with 60 intents or more, 20 faults or more, and three kills."""
    found = {seed: simulate(draw(seed, "realistic", Decimal(1))) for seed in range(first, first + SEEDS_PER_CASE)}
    assert {seed: outcome.violations for seed, outcome in found.items() if not outcome.clean} == {}
    assert all(outcome.counts["intents"] >= 60 and sum(outcome.faults.values()) >= 20 for outcome in found.values())
    assert all(outcome.counts["lives"] >= 3 for outcome in found.values())

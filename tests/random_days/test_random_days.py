"""Random days are without fault: core, encoders, exchange and checker together, over the facts nobody could verify."""

from __future__ import annotations

import pytest

from tests.random_days.day import Day
from tests.random_days.venue import FACTS

SEEDS_PER_CASE = 4


@pytest.mark.parametrize("facts", FACTS)
@pytest.mark.parametrize("kills", [False, True], ids=["one process", "killed"])
def test_rules_14_every_promise_holds_under_every_fact(facts, kills):
    """No violation, everything at rest and alike on both sides at the end, and able to trade again."""
    first = 1_000 * list(FACTS).index(facts) + 100 * kills
    found = {seed: Day(seed, facts, kills=kills).live() for seed in range(first, first + SEEDS_PER_CASE)}
    assert {seed: sentences for seed, sentences in found.items() if sentences} == {}

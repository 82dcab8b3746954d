"""Cutting a failing scenario down, with a failure that is a rule and needs no run."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from holdfast.sim.roads import Climate
from holdfast.sim.scenario import Act, Policies, Scenario
from holdfast.sim.shrink import shrink

HOUR_MS = 3_600_000
MANY = Scenario(
    duration_ms=HOUR_MS,
    loop_seed=7,
    climate=Climate(latency_us=5_000),
    sync_ms=(1, 30),
    drift_ppm=20,
    facts={"gte_gtc": "-1115", "second_close_position": "accept"},
    policies=Policies(on_foreign="adopt"),
    acts=tuple(Act(at_ms=minute * 60_000, do="intent", seed=minute) for minute in range(1, 60)),
)


def needs(*seeds: int):
    """A failure that takes exactly these acts."""
    return lambda scenario: set(seeds) <= {act.seed for act in scenario.acts}


def test_only_the_acts_that_matter_stay() -> None:
    """Two of 59."""
    small = shrink(MANY, needs(5, 31), 300)
    assert [act.seed for act in small.acts] == [5, 31]


def test_it_ends_soon_after_the_last_act_that_matters() -> None:
    """The rest of the hour is left out."""
    assert shrink(MANY, needs(5), 300).duration_ms < 6 * 60_000


def test_everything_else_becomes_plain() -> None:
    """Network, disk, clock, loop, policies and facts, where they do not matter."""
    small = shrink(MANY, needs(1), 300)
    assert small == Scenario(duration_ms=small.duration_ms, acts=small.acts)


def test_a_fact_that_matters_stays() -> None:
    """The others go."""
    small = shrink(MANY, lambda scenario: scenario.facts.get("gte_gtc") == "-1115", 300)
    assert small.facts == {"gte_gtc": "-1115"}
    assert small.acts == ()


def test_it_keeps_to_its_budget() -> None:
    """A run costs seconds."""
    runs: list[Scenario] = []

    def fails(scenario: Scenario) -> bool:
        runs.append(scenario)
        return needs(5, 31)(scenario)

    shrink(MANY, fails, 25)
    assert len(runs) == 25


@given(st.sets(st.integers(1, 59), min_size=1, max_size=6), st.integers(0, 400))
def test_what_is_left_still_fails(seeds: set[int], most: int) -> None:
    """Whatever the failure needs, and however little time there is."""
    assert needs(*seeds)(shrink(MANY, needs(*seeds), most))


def test_a_scenario_without_acts_is_left_as_it_is() -> None:
    """Apart from its length."""
    bare = Scenario(duration_ms=60_000)
    assert msgspec.structs.replace(shrink(bare, lambda _: True, 50), duration_ms=60_000) == bare

"""Whole simulated runs: judged, repeatable, and able to fail."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.service.runner import Runner
from holdfast.sim.profiles import PROFILES, draw
from holdfast.sim.roads import Climate
from holdfast.sim.scenario import Act, Scenario
from holdfast.wiring.simulation import digest, granted, judged, played, simulate, unanswered, written

QUARTER = Decimal("0.25")


def test_a_calm_quarter_of_an_hour_keeps_every_promise() -> None:
    """Trades are opened and closed, nothing is found."""
    outcome = simulate(draw(1, "calm", QUARTER))
    assert outcome.violations == []
    assert outcome.counts["trades_opened"] > 3
    assert outcome.simulated_hours == QUARTER


def test_one_seed_is_one_run() -> None:
    """Bit for bit, also after other runs in the same process."""
    scenario = draw(5, "hell", Decimal("0.1"))
    first, _, again = (played(each).world for each in (scenario, draw(6, "hell", Decimal("0.05")), scenario))
    assert digest(first, written(first)) == digest(again, written(again))


def test_another_seed_is_another_run() -> None:
    """The digest tells them apart."""
    assert simulate(draw(1, "calm", Decimal("0.02"))).digest != simulate(draw(2, "calm", Decimal("0.02"))).digest


def test_faults_are_counted_by_name() -> None:
    """Acts, and what really happened on the network."""
    acts = (Act(at_ms=9_000, do="net.lose", seed=1), Act(at_ms=9_500, do="repeat", seed=1))
    assert simulate(Scenario(duration_ms=30_000, acts=acts)).faults["net.lose"] == 1


def test_an_engine_that_ends_by_an_error_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the records say."""

    def fail(self: Runner) -> None:
        raise ValueError("of this test")

    monkeypatch.setattr(Runner, "_take_one", fail)
    outcome = simulate(Scenario(duration_ms=5_000))
    assert any("of this test" in violation for violation in outcome.violations)


SLOW = Climate(latency_us=2_000, jitter_us=1_500, spike_every=50, spike_us=300)


def story_of_the_longest_second(slow_us: int, drift_ppm: int) -> int:
    """When a venue that told of a position at 0 receives the close of an engine that used all of its second, µs."""
    heard_us = slow_us  # The evidence travels as long as anything does.
    second_us = 1_000_000 + drift_ppm  # A clock that loses time makes a longer second.
    return heard_us + second_us + slow_us  # The close travels as long.


@pytest.mark.parametrize("drift_ppm", [0, *(abs(ppm) for profile in PROFILES.values() for ppm in profile.drifts_ppm)])
def test_rules_15_the_bound_grants_the_way_there_and_back_and_nothing_more(drift_ppm: int) -> None:
    """The checker counts from the moment in which the venue sent the evidence to that in which it received the close:
    each travels once. A bound with one of the two accuses an engine that kept its second; two milliseconds beyond what
    is granted are the engine's own."""
    slow_us = SLOW.latency_us + SLOW.jitter_us + SLOW.spike_us
    longest_us = story_of_the_longest_second(slow_us, drift_ppm)
    assert longest_us <= granted(SLOW).naked_ms * 1_000 < longest_us + 3_000
    assert 1_000_000 + slow_us < longest_us


def test_rules_15_without_a_network_the_bound_is_the_promise() -> None:
    """A second, and a millisecond for the clock; the watch's five."""
    assert granted(Climate(latency_us=0, jitter_us=0)) == (1_001, 1_000, 5_000)


def test_a_record_that_was_changed_is_found() -> None:
    """The verdict is on the records, not on the run."""
    run = played(Scenario(duration_ms=10_000))
    records = run.world.platter.content.records
    records[1] = records[1]._replace(body=records[1].body + b" ")
    assert [violation.split(":")[0] for violation in judged(run).violations] == ["records", "I18"]


def test_a_question_that_hangs_at_the_venue_is_nobodys_fault_until_it_is_given_up() -> None:
    """Three seconds, like one that the network swallowed; writes have classes of their own."""
    fault = {"k": "fault", "us": 5, "verb": "resp.drop", "method": "GET /fapi/v1/userTrades"}
    others = [{**fault, "method": "order.place"}, {**fault, "verb": "503-unknown"}, {"k": "req", "us": 5}]
    assert unanswered([fault, *others, {"k": "fault", "us": 6, "verb": "clear"}]) == [(5, 3_000_005)]


def test_a_delayed_answer_excuses_nobody_longer_than_it_took() -> None:
    """A question answered after 200 ms hides nothing afterwards."""
    fault = {"k": "fault", "us": 5, "verb": "delay", "ms": 200, "method": "GET /fapi/v1/algoOrder"}
    assert unanswered([fault]) == [(5, 200_005)]

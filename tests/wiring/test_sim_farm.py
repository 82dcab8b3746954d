"""Farms of simulated runs: totals, digests, processes, and a failing seed cut down to a file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from holdfast.sim.scenario import Act, Scenario, load
from holdfast.wiring import sim_farm
from holdfast.wiring.sim_farm import Harvest, Order, as_json, cut_down, harvest, keep, total_digest
from holdfast.wiring.simulation import Outcome

SHORT = Decimal("0.02")


def outcome(seed: int, violations: list[str] | None = None) -> Outcome:
    """What a run could have come to."""
    return Outcome(
        seed=seed,
        profile="calm",
        simulated_hours=Decimal(1),
        violations=violations or [],
        faults={"kill": 2, "pause": 1},
        counts={"intents": 7},
        digest=f"d{seed}",
        points=10,
    )


def test_totals_add_up() -> None:
    """Hours, faults by verb, counts."""
    totals = harvest([outcome(1), outcome(2)], Order(profile="calm", seeds=2, first_seed=1, hours=Decimal(1), jobs=1))
    assert (totals.seeds, totals.simulated_hours, totals.faults) == (2, 2, 6)
    assert totals.by_verb == {"kill": 4, "pause": 2}
    assert totals.counts == {"intents": 14}


def test_the_digest_does_not_depend_on_which_run_ended_first() -> None:
    """It is of all seeds in order."""
    order = Order(profile="calm", seeds=2, first_seed=1, hours=Decimal(1), jobs=1)
    assert harvest([outcome(1), outcome(2)], order).digest == harvest([outcome(2), outcome(1)], order).digest
    assert total_digest({1: "a"}) != total_digest({1: "b"})


def test_a_failing_seed_is_named_with_the_line_that_repeats_it() -> None:
    """Somebody else can look."""
    gathered = Harvest("calm", 1, Decimal("0.5"))
    gathered.add(outcome(4, ["I3: naked"]))
    assert gathered.all().violations[0].repeat == ("holdfast sim --profile calm --first-seed 4 --seeds 1 --hours 0.5")


def test_json_has_numbers() -> None:
    """A program reads hours and seconds without parsing texts."""
    gathered = Harvest("calm", 1, Decimal(1))
    gathered.add(outcome(1))
    body = as_json(gathered.all())
    assert (body["simulated_hours"], body["faults"], body["violations"]) == (1.0, 3, [])
    assert isinstance(body["seconds"], float)


def test_processes_give_the_same_runs_as_this_one() -> None:
    """Fresh interpreters, same digests."""
    one = Order(profile="realistic", seeds=2, first_seed=11, hours=SHORT, jobs=1)
    two = Order(profile="realistic", seeds=2, first_seed=11, hours=SHORT, jobs=2)
    assert harvest(sim_farm.run(one), one).digest == harvest(sim_farm.run(two), two).digest


def test_a_failing_scenario_is_cut_down_and_kept(monkeypatch, tmp_path: Path) -> None:
    """Only what still breaks the same thing stays; the file replays."""

    def judged(scenario: Scenario) -> Outcome:
        return outcome(9, ["I3: naked"] if any(act.do == "kill" for act in scenario.acts) else ["I5: an orphan"])

    monkeypatch.setattr(sim_farm, "simulate", judged)
    acts = (Act(at_ms=9_000, do="intent", seed=1), Act(at_ms=10_000, do="kill", seed=2))
    scenario = Scenario(duration_ms=60_000, seed=9, profile="calm", acts=acts)
    small = cut_down(scenario, judged(scenario).violations)
    assert [act.do for act in small.acts] == ["kill"]
    path = keep(small, tmp_path / "kept")
    assert path.name == "scenario-calm-9.json"
    assert load(path) == small

"""Simulated hours per hour of one core: the real engine, the exchange, faults, kills, and the judgement at the end."""

from __future__ import annotations

import time
from decimal import Decimal

from benchmarks.results import CannotRun, Cell, Goal, Result
from benchmarks.settings import Settings
from benchmarks.stats import measured
from holdfast.sim.profiles import PROFILES, draw
from holdfast.wiring.simulation import Outcome, simulate

NAME = "simulator"
TITLE = "Simulator: simulated hours per hour of one core, judged"
FIRST_SEED = 500
HOUR_S = 3_600


def run(settings: Settings) -> Result:
    """The same seeds of each profile, an hour each."""
    seeds, hours = (2, Decimal("0.1")) if settings.quick else (12, Decimal(1))
    result = Result(name=NAME, title=TITLE)
    for profile in PROFILES:
        outcomes, speeds = _run(profile, seeds, hours)
        speed = measured(speeds)
        result.rows.append({"profile": profile, "unit": "h/h", "value": speed, **_contents(outcomes)})
        if profile == "realistic":
            result.goals = [Goal(what="realistic hours per core-hour", reached=speed.mid, unit="h/h", at_least=2_000)]
    result.notes.append(
        f"{seeds} seeds of {hours} h each from {FIRST_SEED} on, in this process; CPU time, the end in peace (4 minutes"
        " that are not counted) and the checker included; the contents are means per simulated hour"
    )
    return result


def _run(profile: str, seeds: int, hours: Decimal) -> tuple[list[Outcome], list[float]]:
    simulate(draw(FIRST_SEED - 1, profile, Decimal("0.02")))  # Imports and caches are not what is measured.
    outcomes: list[Outcome] = []
    speeds: list[float] = []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        began = time.process_time()
        outcome = simulate(draw(seed, profile, hours))
        speeds.append(float(hours) * HOUR_S / (time.process_time() - began))
        outcomes.append(outcome)
        if not outcome.digest:
            raise CannotRun("a run without a digest is none")
    return outcomes, speeds


def _contents(outcomes: list[Outcome]) -> dict[str, Cell]:
    """What an hour held: an empty one would be quick."""
    hours = sum(float(outcome.simulated_hours) for outcome in outcomes)

    def mean(total: int) -> str:
        return f"{total / hours:.0f}"

    return {
        "intents": mean(sum(outcome.counts.get("intents", 0) for outcome in outcomes)),
        "fills": mean(sum(outcome.counts.get("fills", 0) for outcome in outcomes)),
        "faults": mean(sum(sum(outcome.faults.values()) for outcome in outcomes)),
        "processes": mean(sum(outcome.counts.get("lives", 0) for outcome in outcomes)),
        "broken": str(sum(not outcome.clean for outcome in outcomes)),
    }

"""Many simulated runs, side by side in processes: a farm of seeds, and the totals of what they showed."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from holdfast.sim.profiles import draw
from holdfast.sim.scenario import Scenario, encode
from holdfast.sim.shrink import shrink
from holdfast.wiring.simulation import Outcome, simulate

SHRINK_RUNS: Final = 200


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: so many seeds from the first on, each for so many simulated hours."""

    profile: str
    seeds: int
    first_seed: int
    hours: Decimal
    jobs: int

    def all_seeds(self) -> range:
        """The seeds in order."""
        return range(self.first_seed, self.first_seed + self.seeds)


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A seed whose run broke something, with the line that repeats it."""

    seed: int
    violations: list[str]
    repeat: str
    scenario: str = ""
    """The file with the cut-down scenario, if one was written."""


class Totals(msgspec.Struct, kw_only=True):
    """What a farm came to; `digest` is of all runs, in the order of their seeds."""

    profile: str
    first_seed: int
    seeds: int = 0
    simulated_hours: Decimal = Decimal(0)
    faults: int = 0
    violations: list[Failed] = []
    digest: str = ""
    seconds: Decimal = Decimal(0)
    by_verb: dict[str, int] = {}
    counts: dict[str, int] = {}


def run(order: Order) -> Iterator[Outcome]:
    """Every run's outcome, in the order in which they end. One job runs in this process."""
    tasks = [(order.profile, seed, order.hours) for seed in order.all_seeds()]
    if order.jobs == 1:
        yield from map(_one, tasks)
        return
    # A fresh interpreter per worker, so that nothing of this process is in the runs.
    with multiprocessing.get_context("spawn").Pool(order.jobs, _leave_interrupts_to_the_parent) as pool:
        yield from pool.imap_unordered(_one, tasks)


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches every process of a terminal; one of them answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one(task: tuple[str, int, Decimal]) -> Outcome:
    profile, seed, hours = task
    return simulate(draw(seed, profile, hours))


def repeat_line(profile: str, seed: int, hours: Decimal) -> str:
    """The command that repeats one run."""
    return f"holdfast sim --profile {profile} --first-seed {seed} --seeds 1 --hours {hours}"


class Harvest:
    """Adds up outcomes as they come."""

    def __init__(self, profile: str, first_seed: int, hours: Decimal) -> None:
        self.totals = Totals(profile=profile, first_seed=first_seed)
        self._hours = hours
        self._digests: dict[int, str] = {}
        self._began_s = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        """One more run has ended."""
        totals = self.totals
        totals.seeds += 1
        totals.simulated_hours += outcome.simulated_hours
        totals.faults += sum(outcome.faults.values())
        totals.by_verb = dict(sorted((Counter(totals.by_verb) + Counter(outcome.faults)).items()))
        totals.counts = dict(sorted((Counter(totals.counts) + Counter(outcome.counts)).items()))
        self._digests[outcome.seed] = outcome.digest
        if not outcome.clean:
            line = repeat_line(outcome.profile, outcome.seed, self._hours)
            totals.violations.append(Failed(seed=outcome.seed, violations=outcome.violations, repeat=line))

    def all(self) -> Totals:
        """The totals so far."""
        totals = self.totals
        totals.seconds = Decimal(round((time.monotonic() - self._began_s) * 10)) / 10
        totals.digest = total_digest(self._digests)
        totals.violations = sorted(totals.violations, key=lambda failed: failed.seed)
        return totals

    def digests(self) -> dict[int, str]:
        """Each seed's own digest."""
        return dict(sorted(self._digests.items()))


def total_digest(digests: dict[int, str]) -> str:
    """One digest of all runs, in the order of their seeds."""
    lines = "\n".join(f"{seed} {digest}" for seed, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def broken_by(violations: Iterable[str]) -> frozenset[str]:
    """What was broken, by the first word of each sentence."""
    return frozenset(violation.partition(":")[0] for violation in violations)


def cut_down(scenario: Scenario, violations: Iterable[str], most: int = SHRINK_RUNS) -> Scenario:
    """A smaller scenario that breaks one of the same things."""
    broken = broken_by(violations)

    def fails(candidate: Scenario) -> bool:
        return bool(broken & broken_by(simulate(candidate).violations))

    return shrink(scenario, fails, most)


def keep(scenario: Scenario, folder: Path) -> Path:
    """Write a scenario into a folder, under a name that says where it comes from. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scenario-{scenario.profile or 'by-hand'}-{scenario.seed}.json"
    path.write_bytes(encode(scenario))
    return path


def harvest(outcomes: Iterable[Outcome], order: Order) -> Totals:
    """The totals of all outcomes."""
    gathered = Harvest(order.profile, order.first_seed, order.hours)
    for outcome in outcomes:
        gathered.add(outcome)
    return gathered.all()


def as_json(totals: Totals) -> dict[str, Any]:
    """For `--json`: numbers as numbers."""
    body: dict[str, Any] = msgspec.to_builtins(totals)
    return {**body, "simulated_hours": float(totals.simulated_hours), "seconds": float(totals.seconds)}

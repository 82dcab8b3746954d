"""Looks for a bug: seed after seed, until one shows it and the same seed without the bug is clean."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from holdfast.sim.lives import Strike, Variant
from holdfast.sim.profiles import draw
from holdfast.wiring.simulation import simulate
from tests.random_days.day import Day
from tests.seeded_bugs.bug import Bug, NoSuchTarget
from tests.seeded_bugs.catalogue import BUGS

Findings = list[str]


def live_a_day(seed: int, **given: Any) -> Findings:
    """One random day of the core and the paper exchange; what stops the engine is a finding too."""
    try:
        return Day(seed, **given).live()
    except Exception as error:  # noqa: BLE001 - a seeded bug may raise anything, and an engine that stops is caught
        return [f"stopped: {type(error).__name__} {error}"]


def live_an_hour(seed: int, *, profile: str, hours: str, strikes: int = 0, sync_ms: tuple[int, ...] = ()) -> Findings:
    """A simulated part of an hour of the whole engine; killed at so many effect points, each time with the last commit
    lost, and on a slower disk, if that is given."""
    scenario = draw(seed, profile, Decimal(hours))
    if strikes:
        points = sorted(random.Random(f"strikes of {seed}").sample(range(150, 150 + 60 * strikes), strikes))
        struck = tuple(Strike(point=point, variant=Variant.LOST) for point in points)
        scenario = msgspec.structs.replace(scenario, strikes=struck)
    if sync_ms:
        scenario = msgspec.structs.replace(scenario, sync_ms=sync_ms)
    try:
        return simulate(scenario).violations
    except Exception as error:  # noqa: BLE001 - as above
        return [f"stopped: {type(error).__name__} {error}"]


VEHICLES: Final[dict[str, Callable[..., Findings]]] = {"day": live_a_day, "hour": live_an_hour}

_clean: dict[tuple[str, int, str], bool] = {}


def is_clean(bug: Bug, seed: int) -> bool:
    """Whether the engine without the bug has nothing to answer for in this seed."""
    key = (bug.vehicle, seed, repr(sorted(bug.given.items())))
    if key not in _clean:
        _clean[key] = not VEHICLES[bug.vehicle](seed, **bug.given)
    return _clean[key]


@dataclass(frozen=True)
class Hunt:
    """What came of it. `seed` is None when the bug escaped."""

    bug: Bug
    seed: int | None
    findings: Findings

    @property
    def by(self) -> list[str]:
        """What caught it: the invariants, in the order found."""
        return list(dict.fromkeys(text.partition(":")[0] for text in self.findings))


def hunt(bug: Bug, told: Callable[[int], None] = lambda seed: None) -> Hunt:
    """Live through the bug's seeds until one catches it."""
    for seed in range(bug.seeds):
        told(seed)
        with bug.applied():
            findings = VEHICLES[bug.vehicle](seed, **bug.given)
        if findings and is_clean(bug, seed):
            return Hunt(bug, seed, findings)
        if seed % 50 == 49:
            gc.collect()
    return Hunt(bug, None, [])


def by_name(name: str) -> Hunt:
    """Hunt one bug. One whose target is gone has escaped, and says why. It stands here, not beside the command: a
    spawned process cannot find what a package's `__main__` defines."""
    try:
        return hunt(BUGS[name])
    except NoSuchTarget as error:
        return Hunt(BUGS[name], None, [f"no target: {error}"])

"""Cuts a failing scenario down: what can be left out without the failure going away is left out.

Pure: whoever calls it says, by running, whether a scenario still fails. It is a search with a budget, so its answer is
small and not proved to be the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from holdfast.sim.roads import Climate
from holdfast.sim.scenario import Act, Policies, Scenario

MARGIN_MS: Final = 20_000
"""Time that the last act may need to show its effect."""

Fails = Callable[[Scenario], bool]


class Budget:
    """Counts the runs of a search."""

    def __init__(self, fails: Fails, most: int) -> None:
        self._fails = fails
        self.left = most

    def fails(self, scenario: Scenario) -> bool:
        """Whether it still fails; False once the budget is used up."""
        if self.left <= 0:
            return False
        self.left -= 1
        return self._fails(scenario)


def shrink(scenario: Scenario, fails: Fails, most: int) -> Scenario:
    """A smaller scenario for which `fails` holds, after at most `most` runs. `scenario` itself is taken to fail."""
    budget = Budget(fails, most)
    scenario = _shorter(scenario, budget)
    scenario = _fewer_acts(scenario, budget)
    scenario = _plainer(scenario, budget)
    return _shorter(scenario, budget)


def _shorter(scenario: Scenario, budget: Budget) -> Scenario:
    """End it earlier: the duration by bisection, acts behind it dropped."""
    low, high = 0, scenario.duration_ms
    while high - low > MARGIN_MS and budget.left:
        middle = (low + high) // 2
        if budget.fails(_ended_at(scenario, middle)):
            high = middle
        else:
            low = middle
    return _ended_at(scenario, high)


def _ended_at(scenario: Scenario, duration_ms: int) -> Scenario:
    acts = tuple(act for act in scenario.acts if act.at_ms < duration_ms)
    return msgspec.structs.replace(scenario, duration_ms=duration_ms, acts=acts)


def _fewer_acts(scenario: Scenario, budget: Budget) -> Scenario:
    """Leave out parts of the acts, halves first, then ever smaller ones (delta debugging)."""
    acts: Sequence[Act] = scenario.acts
    size = (len(acts) + 1) // 2
    while size and acts and budget.left:
        start, shrunk = 0, False
        while start < len(acts) and budget.left:
            rest = [*acts[:start], *acts[start + size :]]
            if budget.fails(msgspec.structs.replace(scenario, acts=tuple(rest))):
                acts, shrunk = rest, True
            else:
                start += size
        if not shrunk or size > len(acts):
            size = size // 2
    return msgspec.structs.replace(scenario, acts=tuple(acts))


def _plainer(scenario: Scenario, budget: Budget) -> Scenario:
    """Everything else as plain as it may be."""
    for plainer in _simplifications(scenario):
        candidate = msgspec.structs.replace(scenario, **plainer)
        if candidate != scenario and budget.fails(candidate):
            scenario = candidate
    for name in list(scenario.facts):
        rest = {key: value for key, value in scenario.facts.items() if key != name}
        candidate = msgspec.structs.replace(scenario, facts=rest)
        if budget.fails(candidate):
            scenario = candidate
    return scenario


def _simplifications(scenario: Scenario) -> Iterator[dict[str, object]]:
    yield {"climate": Climate()}
    yield {"sync_ms": (1,)}
    yield {"drift_ppm": 0}
    yield {"loop_seed": None}
    yield {"policies": Policies()}
    yield {"facts": {}}

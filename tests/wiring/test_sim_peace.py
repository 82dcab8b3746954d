"""The end of a simulated run: faults end, everything closes, and the engine can trade again."""

from __future__ import annotations

from typing import Any

from holdfast.sim import loop as loops
from holdfast.sim.scenario import Act, Scenario
from holdfast.wiring.sim_peace import Peace
from holdfast.wiring.sim_world import Simulation


def ended(scenario: Scenario, **order: str) -> tuple[Simulation, list[str]]:
    """Live through, let a human trade, come to peace; answers the world and what was found."""
    loop = loops.VirtualLoop()

    async def main() -> Any:
        world = Simulation(scenario, loop)
        await world.play()
        if order:
            assert world.control(do="human.trade", type="MARKET", **order)["ok"]
        peace = Peace(world)
        await peace.come()
        world.end()
        return world, peace.found

    return loops.run(main, loop=loop)  # type: ignore[no-any-return]


def test_it_trades_once_more_and_closes_that() -> None:
    """One entry per symbol, and nothing is left of it."""
    world, found = ended(Scenario(duration_ms=15_000))
    assert found == []
    fills = [line for line in world.log if line["k"] == "trade"]
    assert len(fills) == 4


def test_what_was_broken_works_again() -> None:
    """A disk, a partition and an armed fault do not outlive the scenario."""
    acts = tuple(Act(at_ms=14_000, do=name, seed=1) for name in ("disk.break", "net.hold", "venue.write", "kill"))
    assert ended(Scenario(duration_ms=15_000, acts=acts))[1] == []


def test_a_position_of_somebody_else_that_stays_is_named() -> None:
    """The engine was told to leave it alone until somebody closes it; `flatten` is that."""
    world, found = ended(Scenario(duration_ms=15_000), symbol="BTCUSDT", side="BUY", quantity="0.010")
    assert found == []
    assert not [row for row in world.control(do="state")["accounts"][0]["positions"] if row["amt"] != "0"]

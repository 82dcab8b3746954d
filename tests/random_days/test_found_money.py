"""What random days found about fills and their owners, each as the smallest story that shows it (I6, I8, I26)."""

from __future__ import annotations

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from tests.random_days.test_found import MARKET_BUY, ended, of, started
from tests.random_days.world import World

SECOND = 1_000
MARKET_SELL = MARKET_BUY | {"side": "SELL"}


def flatten(world: World, symbol: str = "BTCUSDT") -> None:
    """An operator closes a symbol."""
    world.give(inp.Command(now_ms=0, what="flatten", by="operator", symbol=symbol))


def causes(world: World) -> list[str]:
    """Who made the executions that were booked, in order."""
    return [event.cause for event in of(world, ev.FillBooked)]


def test_i26_what_happens_in_the_first_millisecond_of_the_journal_is_booked():
    """A person traded in the moment of the first start: his execution was never booked."""
    world = World()
    world.start()
    world.human("human.trade", **MARKET_BUY)
    world.run(10 * SECOND)
    assert causes(world) == ["EXTERNAL"]
    assert of(world, ev.PositionSeen) == []
    flatten(world)
    assert ended(world) == []


def test_i8_a_close_whose_fill_was_lost_with_no_trade_around_is_booked():
    """A stranger's fill and the one of the flatten that closed it were both lost: the books said 0, nobody asked."""
    world = started()
    world.fault("ws.silence", ms=2 * SECOND)
    world.human("human.trade", **MARKET_SELL)
    world.run(500)
    flatten(world)
    world.run(90 * SECOND)
    assert sorted(causes(world)) == ["EXTERNAL", "OURS"]
    assert ended(world) == []


def test_i26_what_a_stranger_did_and_undid_while_nobody_lived_is_attributed():
    """He bought and sold: no position ever differed. The venue's income record names his executions."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.close("i2")
    world.run(15 * SECOND)
    world.kill(rest_ms=5 * SECOND)
    world.run(1 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.human("human.trade", **MARKET_SELL)
    world.run(30 * SECOND)
    assert causes(world) == ["OURS", "OURS", "EXTERNAL", "EXTERNAL"]
    assert ended(world) == []

"""What random days found about fills and their owners, each as the smallest story that shows it (I6, I8, I26)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.reasons import ResultStatus
from tests.random_days.test_found import MARKET_BUY, ended, of, result, started
from tests.random_days.world import START_US, Network, World

SECOND = 1_000
OURS, HIS = Decimal("0.05"), Decimal("0.02")
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


class Slow(Network):
    """Our requests take a while when it is told so."""

    pause_ms = 0

    def out_ms(self) -> int:
        """From us to the venue."""
        return self.pause_ms


def meet_a_stranger(quantity: str, *, policy: str = "halt", facts: str = "accept", heard: bool = True) -> World:
    """A person sells so much while our purchase of 0.05 is on its way: the venue nets ours against his."""
    pct = Decimal(1) if policy == "adopt" else None
    network = Slow()
    world = World(network=network, facts={"stop_without_position": facts}, on_foreign=policy, adopt_stop_pct=pct)
    world.start()
    world.run(3 * SECOND)
    if not heard:
        world.fault("ws.silence", ms=4 * SECOND)
    network.pause_ms = 300
    world.open("i1")
    world.run(50)
    world.human("human.trade", **MARKET_SELL | {"quantity": quantity})
    world.run(10)
    network.pause_ms = 0
    world.run(5 * SECOND)
    return world


def told(world: World) -> list[tuple[Decimal, Decimal]]:
    """Quantity of each closed trade, and what of it met somebody else's."""
    closed = [event.result for event in of(world, ev.TradeClosed)]
    return [(trade.quantity, trade.foreign_quantity) for trade in closed]


@pytest.mark.parametrize("facts", ["accept", "-4509"])
@pytest.mark.parametrize("policy", ["halt", "ignore", "adopt"])
@pytest.mark.parametrize("quantity", ["0.05", "0.10"])
def test_rules_5_a_trade_that_was_netted_away_ends(quantity: str, policy: str, facts: str):
    """Nothing of ours is left, so there is nothing to protect: its stop goes and it ends. It stayed open, or in
    `flattening` for ever."""
    world = meet_a_stranger(quantity, policy=policy, facts=facts)
    assert told(world)[0] == (OURS, OURS)
    reason = of(world, ev.TradeClosed)[0].result.exit_reason
    covered = facts == "accept"  # Its stop was armed with it, so it was protected when its fill was told.
    assert result(world, "i1") is (ResultStatus.PROTECTED if covered else ResultStatus.FLATTENED)
    assert reason == "netted against a foreign position"
    left = Decimal("0.05") - Decimal(quantity)
    assert world.desk.position() == left
    assert ended(world) == []


@pytest.mark.parametrize("facts", ["accept", "-4509"])
@pytest.mark.parametrize("policy", ["halt", "ignore", "adopt"])
def test_rules_5_what_the_netting_leaves_of_a_trade_goes_on(policy: str, facts: str):
    """Ours 0.05 against his 0.02: 0.03 are ours, and covered; its end says that 0.02 of it met somebody else's."""
    world = meet_a_stranger("0.02", policy=policy, facts=facts)
    assert result(world, "i1") is ResultStatus.PROTECTED
    assert world.process.engine.state.foreign == {}
    world.close("i2")
    world.run(10 * SECOND)
    assert told(world) == [(OURS, HIS)]
    assert ended(world) == []


@pytest.mark.parametrize("quantity", ["0.02", "0.05", "0.10"])
def test_rules_15_a_netted_trade_is_honest_although_nobody_told_of_the_stranger(quantity: str):
    """The stream is silent while both execute; the executions are read in any order."""
    world = meet_a_stranger(quantity, heard=False)
    assert ended(world) == []
    assert told(world) == [(OURS, min(OURS, Decimal(quantity)))]


def test_rules_4_a_foreign_position_is_adopted_when_our_trade_has_ended_beside_it():
    """It was known by then, and a known amount was never looked at again."""
    world = meet_a_stranger("0.10", policy="adopt")
    (adopted,) = of(world, ev.TradeAdopted)
    assert (adopted.plan.direction.value, adopted.plan.quantity) == ("short", Decimal("0.05"))
    assert ended(world) == []


def test_rules_7_a_close_that_takes_a_strangers_position_only_is_not_our_trades():
    """Random day 20492: the entry never arrived; the flatten closed what a person had bought, as if it were ours."""
    world = started()
    world.fault("req.drop", on="order.place")
    world.open("i1")
    world.run(100)
    world.human("human.trade", **MARKET_BUY)
    world.run(1 * SECOND)
    flatten(world)
    world.run(20 * SECOND)
    assert result(world, "i1") is ResultStatus.NEVER_PLACED
    assert [(event.cause, event.trade_id) for event in of(world, ev.FillBooked)] == [("EXTERNAL", ""), ("OURS", "")]
    assert ended(world) == []


def test_rules_7_a_flatten_closes_ours_and_then_his_and_each_is_told_apart():
    """Ours first, as the trade's exit; what is left is nobody's of ours and burdens no trade."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.run(3 * SECOND)
    flatten(world)
    world.run(20 * SECOND)
    assert told(world) == [(OURS, 0)]
    assert [bool(event.trade_id) for event in of(world, ev.FillBooked)] == [True, False, True, False]
    assert ended(world) == []


def test_rules_15_a_stop_that_takes_ours_and_his_at_once_says_so():
    """The venue tells one profit and one fee for both; the result names how much of it was somebody else's."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.run(3 * SECOND)
    world.quote("BTCUSDT", Decimal("79500.0"))
    world.run(20 * SECOND)
    assert told(world) == [(OURS, HIS)]
    assert ended(world) == []


def test_rules_12_executions_that_could_not_be_read_are_asked_for_again():
    """A person came and went while no process lived: the record of income names his executions, no position is left to
    tell of them, and the questions for them failed (I26)."""
    world = started()
    world.kill()
    world.human("human.trade", **MARKET_BUY)
    world.human("human.trade", **MARKET_BUY | {"side": "SELL"})
    world.fault("reset", on="userTrades", count=8)
    world.run(20 * SECOND)
    assert [event.cause for event in of(world, ev.FillBooked)] == ["EXTERNAL", "EXTERNAL"]
    assert ended(world) == []


class Ahead(Network):
    """Our clock is ahead of the venue's."""

    def skew_ms(self) -> int:
        """By less than what would stop entries."""
        return 200


def test_rules_15_funding_belongs_to_a_trade_that_our_clock_dates_after_it():
    """Accepted and filled before the hour by the venue's time, and after it by ours (I7)."""
    world = World(begin_us=START_US + 46 * 60 * 1_000_000, network=Ahead())
    world.funding_ms = (world.agenda.now_ms // 3_600_000 + 1) * 3_600_000
    world.start()
    world.run(world.funding_ms - world.agenda.now_ms - 100)
    world.open("i1")
    world.run(40 * SECOND)
    (trade,) = world.process.engine.state.trades.values()
    assert trade.accepted_ms > world.funding_ms
    assert trade.funding
    assert ended(world) == []

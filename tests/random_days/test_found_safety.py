"""More of what random days found: entries and cover, each as the smallest story that shows it."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model import events as ev
from holdfast.model.intent import Entry
from holdfast.model.reasons import ResultStatus
from tests.random_days.test_found import MARKET_BUY, SECOND, ended, leveraged, of, result, started
from tests.random_days.world import Network


class Road(Network):
    """A network on which the next requests take as long as the story wants."""

    def __init__(self) -> None:
        self.delays_ms: list[int] = []

    def out_ms(self) -> int:
        """From us to the venue."""
        return self.delays_ms.pop(0) if self.delays_ms else 0


def test_rules_4_a_stranger_who_comes_while_settings_change_stops_the_entry():
    """His execution was booked, but the second look before the send asked only what a position read had declared: the
    entry went out and flipped his position."""
    world = started()
    world.fault("delay", on="positionRisk", ms=500)
    world.intend(leveraged("i1", "short", stop="80400"))
    world.human("human.trade", **MARKET_BUY)
    world.run(3 * SECOND)
    assert result(world, "i1") is ResultStatus.REJECTED
    assert ended(world) == []


def test_rules_13_settings_are_read_although_their_change_was_throttled_and_given_up():
    """The change waited for its rate window when a flatten ended its trade; nobody asked any more, and the symbol
    stayed "not read" until a restart."""
    world = started()
    world.fault("throttle", on="leverage", code=-1015)
    world.intend(leveraged("i1"))
    world.run(1 * SECOND)
    world.close("i2")
    world.run(30 * SECOND)
    world.intend(leveraged("i3"))
    world.run(3 * SECOND)
    assert result(world, "i3") is ResultStatus.PROTECTED
    assert ended(world) == []


def test_rules_12_a_stop_that_a_list_did_not_show_is_placed_again_when_no_question_is_answered():
    """It was young when the list came, so it was asked for by name; three resets later the next list was still seconds
    away, and the position was naked all the while (I3)."""
    world = started()
    world.run(1_900)
    world.fault("algo.vanish")
    world.fault("reset", on="algoOrder.status", count=3)
    world.open("i1")
    world.run(10 * SECOND)
    gone, back = (line["us"] for line in world.desk.records("algo")[1:3])
    assert back - gone < 1_000_000
    assert ended(world) == []


def test_rules_4_a_strangers_position_is_not_closed_for_an_entry_that_never_filled():
    """He sold while our expired entry was being wound up; what the venue showed was taken for ours and closed, and the
    trade of an intent that had expired got a fill (I21)."""
    world = started(on_foreign="ignore")
    world.fault("ws.silence", ms=3_000)
    world.open("i1", entry=Entry(type="limit", price=Decimal("79700"), time_in_force="IOC"))
    world.human("human.trade", **MARKET_BUY | {"side": "SELL"})
    world.run(10 * SECOND)
    assert result(world, "i1") is ResultStatus.EXPIRED
    assert world.desk.position() == Decimal("-0.02")
    assert world.process.engine.state.live_trades == {}
    assert ended(world) == []


def test_rules_5_a_stop_that_lives_again_after_its_cancel_is_cancelled_again():
    """Its repeat was overtaken by the cancel, and placed it anew; it had been cancelled once, so it stayed for ever,
    and its trade with it."""
    network = Road()
    world = started(network=network)
    world.fault("-1007", on="algoOrder.place", executed=True)
    world.fault("delay", on="positionRisk", ms=1 * SECOND)
    network.delays_ms = [0, 0, 300]
    world.open("i1", entry=Entry(type="limit", price=Decimal("79700"), time_in_force="FOK"))
    world.run(10 * SECOND)
    assert world.desk.control("state")["accounts"][0]["algos"] == []
    assert world.process.engine.state.live_trades == {}
    assert ended(world) == []


def test_rules_12_a_stop_that_is_gone_before_its_entry_fills_is_placed_again():
    """It was asked for by name and shown absent, and that was taken for no matter, because nothing was open yet; the
    entry filled naked a second later, and the next list came seconds after that."""
    world = started()
    world.run(1_900)
    world.fault("algo.vanish")
    world.open("i1", entry=Entry(type="limit", price=Decimal("79990"), time_in_force="GTD", ttl_ms=20_000))
    world.run(1_000)
    world.desk.trade("79990", "0.05", symbol="BTCUSDT", seller_aggressive=True)
    world.run(1)
    assert [line["status"] for line in world.desk.records("algo")] == ["NEW", "EXPIRED", "NEW"]
    assert ended(world) == []


def test_rules_12_a_stop_that_a_list_did_not_show_before_its_answer_came_is_looked_for():
    """A list that overtook the stop's answer lacked it, and meant nothing while it was on its way; it had vanished, and
    the next list came seconds later."""
    world = started()
    world.run(1_900)
    world.fault("algo.vanish")
    world.fault("delay", on="algoOrder.place", ms=400)
    world.fault("ws.drop", kinds=["ALGO_UPDATE"])
    world.open("i1")
    world.run(10 * SECOND)
    gone, back = (line["us"] for line in world.desk.records("algo")[1:3])
    assert back - gone < 1_000_000
    assert ended(world) == []


def test_rules_4_a_position_that_only_the_account_event_tells_of_stops_the_entry():
    """The stranger's order events were lost; his position was pushed, and looked into 1.5 s later. Until then entries
    went out against it."""
    world = started()
    world.fault("ws.drop", kinds=["ORDER_TRADE_UPDATE", "TRADE_LITE"], count=3)
    world.human("human.trade", **MARKET_BUY)
    world.run(100)
    world.open("i1", "short", stop="80400")
    world.run(3 * SECOND)
    assert result(world, "i1") is ResultStatus.DENIED
    assert ended(world) == []


def test_rules_2_what_exists_under_a_stops_name_is_compared_with_it():
    """A process that could not write adopted a position and armed its stop; the next one adopted it again at a higher
    price, was told that the name exists, and took the looser stop for its own."""
    world = started(on_foreign="adopt", adopt_stop_pct=Decimal(1))
    world.process.break_disk()
    world.human("human.trade", **MARKET_BUY)
    world.run(5 * SECOND)
    world.quote("BTCUSDT", Decimal("80800.0"))
    world.kill()
    world.run(10 * SECOND)
    triggers = [Decimal(algo["triggerPrice"]) for algo in world.desk.control("state")["accounts"][0]["algos"]]
    assert triggers == [Decimal("79200.0"), Decimal("79992.0")]
    assert ended(world) == []


def test_rules_4_a_stranger_is_seen_with_the_balances():
    """All events of his trade were lost, and the idle watch looks once a minute; the account is read every half, and
    its positions were thrown away. An entry flipped what he held."""
    world = started()
    world.fault("ws.drop", count=4)
    world.human("human.trade", **MARKET_BUY)
    world.run(35 * SECOND)
    assert [event.symbol for event in of(world, ev.ForeignSeen)] == ["BTCUSDT"]
    assert ended(world) == []

"""What random days found, each as the smallest story that shows it."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Literal

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.intent import Distance, Intent, Size
from holdfast.model.reasons import DenyCode, ResultStatus
from tests.random_days.faults import unstick
from tests.random_days.world import START_US, World

SECOND = 1_000
LIMIT_FAR = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1",
             "price": "79000"}  # fmt: skip


def started(**options: object) -> World:
    """A world in which the engine has come up."""
    world = World(**options)  # type: ignore[arg-type]
    world.start()
    world.run(3 * SECOND)
    return world


def ended(world: World) -> list[str]:
    """Give it time, close what is open, and judge."""
    world.calm()
    world.run(30 * SECOND)
    for symbol in world.markets:
        world.close(f"end-{symbol}", symbol=symbol)
    world.run(90 * SECOND)
    return world.findings()


def of(world: World, kind: type) -> list[ev.AnyEvent]:
    """The journal's records of one kind."""
    return [event for event in world.journal if type(event) is kind]


def result(world: World, intent_id: str) -> ResultStatus | None:
    """What an intent came to."""
    found = world.process.engine.state.intents[intent_id].result
    return found.status if found is not None else None


def test_a_process_begins_its_records_with_its_start():
    """Symbol rules and clock come before it; what they change was written under the dead process's name."""
    world = started()
    world.kill()
    world.run(5 * SECOND)
    kinds = [type(event) for event in world.journal]
    second = kinds.index(ev.EngineStarted, 1)
    assert kinds[0] is ev.EngineStarted
    assert ev.EffectiveChanged not in kinds[second - 1 : second]


def leveraged(intent_id: str, side: Literal["long", "short"] = "long", stop: str = "79600") -> Intent:
    """An intent for which the symbol's leverage must be changed."""
    return Intent(id=intent_id, source="s", symbol="BTCUSDT", action="open", side=side, leverage=7,
                  size=Size(quantity=Decimal("0.05")), stop_loss=Distance(price=Decimal(stop)))  # fmt: skip


def with_leverage(world: World, intent_id: str) -> None:
    """Such an intent, and time for its settings and its fill."""
    world.intend(leveraged(intent_id))
    world.run(3 * SECOND)


def test_rules_13_settings_stay_while_somebody_has_an_order():
    """It was counted at the start only: one placed later was overlooked, and the leverage changed under it."""
    world = started()
    world.human("human.trade", **LIMIT_FAR)
    world.run(1 * SECOND)
    with_leverage(world, "i1")
    assert result(world, "i1") is ResultStatus.DENIED
    assert ended(world) == []


def test_rules_13_settings_may_change_when_his_order_is_gone():
    """One that was there at the start was counted for ever: no entry with another leverage until a restart."""
    world = World()
    order = world.human("human.trade", **LIMIT_FAR)["order"]
    world.start()
    world.run(3 * SECOND)
    world.human("human.cancel", symbol="BTCUSDT", orderId=str(order["orderId"]))
    world.run(1 * SECOND)
    with_leverage(world, "i1")
    assert result(world, "i1") is ResultStatus.PROTECTED
    assert ended(world) == []


def test_rules_13_the_end_of_his_order_is_found_without_its_event():
    """The list is read again now and then while somebody has orders."""
    world = World()
    order = world.human("human.trade", **LIMIT_FAR)["order"]
    world.start()
    world.run(3 * SECOND)
    world.fault("ws.drop")
    world.human("human.cancel", symbol="BTCUSDT", orderId=str(order["orderId"]))
    world.run(31 * SECOND)
    with_leverage(world, "i1")
    assert result(world, "i1") is ResultStatus.PROTECTED


def test_rules_4_a_stranger_on_the_other_side_denies_even_when_ignored():
    """The venue nets both: the entry flipped his position, and our part could never be closed for what it was."""
    world = World(on_foreign="ignore")
    world.human("human.trade", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.02")
    world.start()
    world.run(8 * SECOND)
    world.open("i1")
    world.run(3 * SECOND)
    assert result(world, "i1") is ResultStatus.DENIED
    assert of(world, ev.IntentDenied)[0].code is DenyCode.FOREIGN_POSITION
    world.open("i2", "short", stop="80400")
    world.run(3 * SECOND)
    assert result(world, "i2") is ResultStatus.PROTECTED


def test_rules_12_a_stop_that_vanishes_at_once_is_missed_at_once():
    """The list that did not show it was asked for in its first half second, which proves nothing; the next list came
    five seconds later. Now it is asked for by name as soon as its absence means something."""
    world = started()
    world.run(1_900)
    world.fault("algo.vanish")
    world.open("i1")
    world.run(10 * SECOND)
    assert len(of(world, ev.StopLost)) == 1
    assert ended(world) == []


def test_rules_5_a_lost_cancel_is_repeated_before_its_answer_is_overdue():
    """Its request never arrived; the stop stayed on a flat symbol until the answer was given up after three seconds."""
    world = started()
    world.open("i1")
    world.run(5 * SECOND)
    world.fault("req.drop", on="algoOrder.cancel")
    world.close("i2")
    world.run(10 * SECOND)
    flat_us = world.desk.records("position")[-1]["us"]
    gone_us = world.desk.records("algo")[-1]["us"]
    assert gone_us - flat_us < 2_500_000
    assert ended(world) == []


def test_rules_13_settings_that_could_not_be_read_are_asked_for_again():
    """The change ended in silence and so did the questions; the symbol was refused as "not read" until a restart."""
    world = started()
    world.fault("resp.drop", on="leverage")
    world.fault("resp.drop", on="symbolConfig", count=8)
    with_leverage(world, "i1")
    world.run(30 * SECOND)
    assert result(world, "i1") is ResultStatus.REJECTED
    with_leverage(world, "i2")
    assert result(world, "i2") is ResultStatus.PROTECTED
    assert ended(world) == []


MARKET_BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.02"}


def test_rules_12_what_others_did_while_no_process_lived_is_attributed():
    """The position was taken at the venue's word and the executions behind it were never read (I6, I26)."""
    world = started()
    world.open("i1", symbol="ETHUSDT", quantity="1", stop="3980")
    world.run(3 * SECOND)
    world.kill(rest_ms=5 * SECOND)
    world.run(1 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.run(70 * SECOND)
    assert [event.cause for event in of(world, ev.FillBooked)][-1] == "EXTERNAL"
    assert of(world, ev.PositionSeen) == []
    assert ended(world) == []


def test_rules_9_funding_is_booked_although_nothing_told_of_it():
    """Paid on somebody's position while the user stream was silent: no trade of ours would ever ask for it (I7)."""
    world = World(begin_us=START_US + 46 * 60 * 1_000_000)
    world.funding_ms = 1_790_002_800_000
    world.start()
    world.run(3 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.run(5 * SECOND)
    world.fault("ws.silence", ms=40_000)
    world.run(120 * SECOND)
    assert [event.row.type for event in of(world, ev.IncomeBooked)] == ["FUNDING_FEE"]
    assert ended(world) == []


def test_rules_4_nobody_takes_from_a_trade_that_holds_nothing():
    """A person sold while our entry was unknown; it was booked as our trade's exit, and our entry was never placed."""
    world = started()
    world.fault("req.drop", on="order.place")
    world.open("i1")
    world.run(4 * SECOND)
    world.human("human.trade", **MARKET_BUY | {"side": "SELL"})
    world.run(20 * SECOND)
    assert result(world, "i1") is ResultStatus.NEVER_PLACED
    assert [event.trade_id for event in of(world, ev.FillBooked)] == [""]
    assert ended(world) == []


def test_rules_13_settings_are_read_back_although_their_trade_has_ended():
    """An operator's flatten ended it while the change was on its way; the symbol stayed "not read" until a restart."""
    world = started()
    world.fault("delay", on="leverage", ms=500)
    world.intend(leveraged("i1"))
    world.close("i2")
    world.run(5 * SECOND)
    with_leverage(world, "i3")
    assert result(world, "i3") is ResultStatus.PROTECTED
    assert ended(world) == []


def test_rules_4_a_stranger_who_comes_and_goes_takes_nothing_from_our_trade():
    """He bought and sold while nobody lived; his sale was booked as our exit, and our stop was cancelled under us."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.human("human.trade", **MARKET_BUY | {"side": "SELL"})
    world.run(20 * SECOND)
    assert [event.trade_id for event in of(world, ev.FillBooked) if event.cause == "EXTERNAL"] == ["", ""]
    assert list(world.process.engine.state.live_trades) == ["BTCUSDT"]
    assert ended(world) == []


def test_rules_4_a_sale_that_is_larger_than_his_own_takes_the_rest_from_us():
    """Ours 0.05, his 0.02, he sells 0.04: 0.03 of ours are left, and stay covered; all of it was booked as our exit."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.human("human.trade", **MARKET_BUY)
    world.run(3 * SECOND)
    world.human("human.trade", **MARKET_BUY | {"side": "SELL", "quantity": "0.04"})
    world.run(10 * SECOND)
    (trade_id,) = world.process.engine.state.live_trades.values()
    assert world.process.engine.state.trades[trade_id].exit_filled == Decimal("0.02")
    assert ended(world) == []


def test_rules_15_the_fee_of_a_strangers_execution_is_fetched():
    """Its early word was booked and its full one lost; no trade of ours would ever have asked (I7)."""
    world = started()
    world.open("i1", symbol="ETHUSDT", quantity="1", stop="3980")
    world.run(3 * SECOND)
    world.fault("ws.drop", kinds=["ORDER_TRADE_UPDATE"], count=2)
    world.human("human.trade", **MARKET_BUY)
    world.run(40 * SECOND)
    assert world.process.engine.state.incomplete == {}
    assert ended(world) == []


def test_rules_2_a_young_stop_that_no_question_shows_is_not_gone():
    """Its cancel was refused and the question after it did not see it yet: it was taken for cancelled, and lived on."""
    world = started()
    world.open("i1")
    world.run(100)
    world.fault("query.lag", ms=3 * SECOND)
    world.fault("code", on="algoOrder.cancel", code=-1021, status=400, count=2)
    world.close("i2")
    world.run(30 * SECOND)
    assert world.desk.control("state")["accounts"][0]["algos"] == []
    assert ended(world) == []


def test_rules_8_two_orders_of_one_name_are_told_apart():
    """Closes left while the disk was broken; the next process used their names again, and the executions of the first
    ones were asked about every second for ever, because their name already had an order."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.quote("BTCUSDT", depth=Decimal("0.01"))
    world.close("i2")
    world.run(100)
    world.process.break_disk()
    world.run(2 * SECOND)
    world.kill()
    world.run(10 * SECOND)
    world.give(inp.Command(now_ms=0, what="adopt", by="operator", reason="the disk was full"))
    world.run(60 * SECOND)
    names = [line["client_id"] for line in world.desk.records("order") if line["x"] == "NEW"]
    assert len(names) > len(dict.fromkeys(names))
    assert result(world, "i2") is ResultStatus.CLOSED
    assert ended(world) == []


def test_rules_6_a_trigger_that_stuck_while_nobody_lived_gets_no_second_grace():
    """Its two seconds began at the venue; a new process gave it two more, counted from when it heard of it."""
    world = started()
    world.open("i1")
    world.run(3 * SECOND)
    world.fault("algo.stuck")
    world.kill(rest_ms=4 * SECOND)
    world.quote("BTCUSDT", Decimal("79500.0"))
    world.run(10 * SECOND)
    assert world.desk.position() == 0
    unstick(world, Random(1))
    assert ended(world) == []

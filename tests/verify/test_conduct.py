"""The entry's remainder and its time, take profits, and orders that the venue cannot read (RULES 2, 5, 10, 11; I16)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.ids import Role, client_order_id
from holdfast.model.orders import OrderSpec, OrderStatus, OrderType, Side, TimeInForce
from holdfast.model.reasons import Outcome, TradePhase, TradingState
from holdfast.model.reports import Channel, Fill
from holdfast.model.settings import EngineSettings, Venue
from holdfast.verify import Window
from tests.verify.builders import ACCOUNT, SYMBOL, D, Story, change, entry_spec, is_a, open_trade, stop_spec


def target(quantity: str, n: int = 1, price: str = "110", **fields: Any) -> OrderSpec:
    """A long's take profit."""
    return OrderSpec(
        client_id=client_order_id(ACCOUNT, "i1", Role.TARGET, n), role=Role.TARGET, symbol=SYMBOL,
        side=fields.pop("side", Side.SELL), type=OrderType.LIMIT, quantity=D(quantity), price=D(price),
        time_in_force=TimeInForce.GTC, reduce_only=True, **fields,
    )  # fmt: skip


def resting(quantity: str = "2") -> OrderSpec:
    """A long's entry that stays in the book."""
    return msgspec.structs.replace(entry_spec(quantity=quantity), time_in_force=TimeInForce.GTC)


def test_rules_11_targets_of_what_filled_are_fine():
    """All of it, in two parts."""
    story, _ = open_trade()
    story.plan(target("1"))
    story.plan(target("1", 2, "120"), n=2)
    assert story.verdict().violations == []


@pytest.mark.parametrize("outcome", [None, Outcome.UNKNOWN, Outcome.REJECTED])
def test_rules_2_an_unknown_target_counts_as_live(outcome):
    """Only a proved refusal makes room for another one."""
    story, _ = open_trade()
    story.plan(target("2"))
    if outcome is not None:
        story.answer(target("2").client_id, outcome, code=-2022)
    story.plan(target("1", 2), n=2)
    assert story.verdict().broken() == ([] if outcome is Outcome.REJECTED else ["RULES 11"])


@pytest.mark.parametrize(("tries", "broken"), [(4, []), (5, ["RULES 2"])])
def test_rules_2_a_target_is_derived_anew_three_times(tries, broken):
    """Then a human is told."""
    story, _ = open_trade()
    for n in range(1, tries + 1):
        story.plan(target("2", n), n=n)
        story.answer(target("2", n).client_id, Outcome.REJECTED, code=-2022)
    assert story.verdict().broken() == broken


@pytest.mark.parametrize("spec", [target("2", side=Side.BUY), stop_spec(n=2, side=Side.BUY)])
def test_what_reduces_is_not_on_the_entrys_side(spec):
    """I4, before anything is sent."""
    story, _ = open_trade()
    story.plan(spec, n=2)
    assert story.verdict().broken() == ["I4"]


def half_filled() -> Story:
    """An entry in the book, half of it filled."""
    story = Story().begin().wait(1_000)
    story.accept()
    story.plan(resting())
    request = story.send(resting())
    story.order(resting(), 1001, "NEW")
    story.reply(request)
    story.answer(resting().client_id)
    story.trade(resting(), 1001, "1", "100")
    story.order(resting(), 1001, "PARTIALLY_FILLED", "1")
    story.report(resting(), 1001, OrderStatus.PARTLY_FILLED, "1")
    return story


@pytest.mark.parametrize(("cancelled_after_ms", "found"), [(0, False), (5, True)])
def test_rules_5_the_remainder_is_cancelled_in_the_step_in_which_the_exit_begins(cancelled_after_ms, found):
    """Not in a later one."""
    story = half_filled()
    story.event(ev.PhaseChanged, trade_id=story.plans["i1"].trade_id, phase=TradePhase.FLATTENING, reason="close by s")
    story.wait(cancelled_after_ms).event(ev.CancelPlanned, client_id=resting().client_id, reason="close by s")
    story.wait(5).event(ev.Reconciled)
    assert ("RULES 5" in story.verdict().broken()) is found


@pytest.mark.parametrize(("after_ms", "found"), [(11_000, False), (20_000, True)])
def test_rules_10_an_entry_is_cancelled_when_its_time_is_over(after_ms, found):
    """Ten seconds here, and a moment for the way."""
    story = half_filled()
    story.wait(after_ms).event(ev.CancelPlanned, client_id=resting().client_id, reason="time to live is over")
    assert ("RULES 10" in story.verdict().broken()) is found


def test_rules_10_an_entry_that_a_dead_process_cancelled_was_not_left_working():
    """The record of its cancel was lost with the process; the venue knows when it ended."""
    story = half_filled()
    story.wait(9_000).order(resting(), 1001, "CANCELED", "1")
    story.wait(20_000).event(ev.Reconciled)
    assert "RULES 10" not in story.verdict().broken()


def test_rules_10_a_process_that_has_not_written_its_start_cancels_nothing():
    """It asked the venue first, and the venue took its time."""
    story = half_filled()
    start_us = story.lines[0].us
    story.wait(5_000).die()
    asked_us = (story.ms + 100) * 1_000
    story.wait(15_000).start_engine(conn=2)
    story.event(ev.CancelPlanned, client_id=resting().client_id, reason="time to live is over")
    live = (Window(start_us=start_us, end_us=asked_us - 100_000), Window(start_us=asked_us))
    assert "RULES 10" not in story.verdict(live=live).broken()


def test_rules_10_a_process_that_was_stopped_cancels_nothing():
    """The caller knows that it stood still while the entry's time ran out."""
    story = half_filled()
    start_us = story.lines[0].us
    stopped_us = (story.ms + 5_000) * 1_000
    story.wait(20_000).event(ev.CancelPlanned, client_id=resting().client_id, reason="time to live is over")
    live = (Window(start_us=start_us, end_us=stopped_us), Window(start_us=story.ms * 1_000 - 10_000))
    assert "RULES 10" not in story.verdict(live=live).broken()


@pytest.mark.parametrize(("fault", "broken"), [(None, ["I16"]), ("code", [])])
def test_an_order_of_a_wrong_form_is_found(fault, broken):
    """Unless the refusal was injected."""
    story, _ = open_trade()
    story.plan(target("2"))
    story.reply(story.send(target("2")), status=400, code=-1111, msg="precision", fault=fault)
    story.answer(target("2").client_id, Outcome.REJECTED, code=-1111)
    assert story.verdict().broken() == broken


@pytest.mark.parametrize(("fact", "broken"), [("accept", ["I16"]), ("-1106", [])])
def test_rules_14_a_venue_that_takes_no_reduce_only_stop_says_so_in_its_own_way(fact, broken):
    """The log tells of the switch; elsewhere the refusal is the engine's fault."""
    story, _ = open_trade()
    story.lines[0] = msgspec.structs.replace(story.lines[0], facts={"algo_reduce_only": fact})
    second = stop_spec(n=2, quantity="2")
    story.plan(second)
    story.reply(story.send(second), status=400, code=-1106)
    story.answer(second.client_id, Outcome.REJECTED, code=-1106)
    assert story.verdict().broken() == broken


def test_rules_9_leaving_active_cancels_every_entry_in_the_same_step():
    """A halt that leaves one in the book is none."""
    story = half_filled()
    story.event(ev.StateCommanded, state=TradingState.HALTED, by="ops", reason="")
    story.wait(5).event(ev.Reconciled)
    assert "RULES 9" in story.verdict().broken()


@pytest.mark.parametrize(("restarted", "found"), [(False, True), (True, False)])
def test_what_is_not_covered_in_time_is_flattened(restarted, found):
    """However often it is tried; a new process begins to count when it looks."""
    story = half_filled()
    trade_id = story.plans["i1"].trade_id
    settings = EngineSettings(account=ACCOUNT, venue=Venue.PAPER)
    change(story.events, is_a(ev.EngineStarted), settings=settings)
    story.event(ev.PhaseChanged, trade_id=trade_id, phase=TradePhase.PROTECTING)
    story.wait(5_000)
    if restarted:
        story.start_engine(2)
    story.event(ev.PhaseChanged, trade_id=trade_id, phase=TradePhase.OPEN)
    assert ("RULES 5" in story.verdict().broken()) is found


@pytest.mark.parametrize(("stood_ms", "found"), [(4_500, False), (1_000, True)])
def test_rules_15_a_process_that_stood_still_could_not_flatten(stood_ms, found):
    """It had no time of its own; what it lived of the five seconds counts."""
    story = half_filled()
    settings = EngineSettings(account=ACCOUNT, venue=Venue.PAPER)
    change(story.events, is_a(ev.EngineStarted), settings=settings)
    story.event(ev.PhaseChanged, trade_id=story.plans["i1"].trade_id, phase=TradePhase.PROTECTING)
    stood = Window(start_us=(story.ms + 100) * 1_000, end_us=(story.ms + 100 + stood_ms) * 1_000)
    story.wait(5_000).event(ev.PhaseChanged, trade_id=story.plans["i1"].trade_id, phase=TradePhase.OPEN)
    report = story.verdict(live=(Window(start_us=story.lines[0].us),), unreachable=(stood,))
    assert ("RULES 5" in report.broken()) is found


@pytest.mark.parametrize(("filled", "found"), [("0", False), ("1", True)])
def test_a_position_that_was_a_strangers_needs_no_cover(filled, found):
    """The entry is unknown, a position shows, and then the execution of somebody else that explains it."""
    story = Story().begin()
    settings = EngineSettings(account=ACCOUNT, venue=Venue.PAPER)
    change(story.events, is_a(ev.EngineStarted), settings=settings)
    story.accept()
    story.plan(resting())
    trade_id = story.plans["i1"].trade_id
    if filled != "0":
        story.report(resting(), 1001, OrderStatus.PARTLY_FILLED, filled)
    story.event(ev.PhaseChanged, trade_id=trade_id, phase=TradePhase.PROTECTING)
    fill = Fill(
        channel=Channel.LIST, symbol=SYMBOL, order_id=77, trade_id=78, side=Side.BUY, price=D(100), quantity=D(1),
        fee=D(0), fee_asset="USDT", realized=D(0), maker=False, venue_ms=story.ms,
    )  # fmt: skip
    story.event(ev.FillBooked, fill=fill, client_id="web_1", trade_id="", cause="EXTERNAL")
    story.wait(5_000).event(ev.PhaseChanged, trade_id=trade_id, phase=TradePhase.OPEN)
    assert ("RULES 5" in story.verdict().broken()) is found


def test_nothing_works_after_it_has_ended():
    """I10: an older word that comes later must not win."""
    story = half_filled()
    story.order(resting(), 1001, "CANCELED", "1")
    story.report(resting(), 1001, OrderStatus.CANCELLED, "1")
    assert "I10" not in story.verdict().broken()
    story.report(resting(), 1001, OrderStatus.WORKING, "1")
    assert "I10" in story.verdict().broken()


def test_rules_10_a_process_that_could_not_reach_the_venue_cancels_nothing():
    """Out of reach, or standing still, while the entry's time ran out."""
    story = half_filled()
    start_us = story.lines[0].us
    cut = Window(start_us=(story.ms + 1_000) * 1_000, end_us=(story.ms + 19_900) * 1_000)
    story.wait(20_000).event(ev.CancelPlanned, client_id=resting().client_id, reason="time to live is over")
    live = (Window(start_us=start_us),)
    assert "RULES 10" in story.verdict(live=live).broken()
    assert "RULES 10" not in story.verdict(live=live, unreachable=(cut,)).broken()

"""I4 and I5: reducing orders cannot flip, and none outlives its position."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from holdfast.model import events as ev
from holdfast.model.orders import OrderStatus, Side
from holdfast.verify import Window
from holdfast.verify.records import AlgoLine, FaultLine, OrderLine, PushLine
from tests.verify.builders import (
    D,
    Story,
    change,
    close_spec,
    drop,
    entry_spec,
    is_a,
    open_trade,
    stop_spec,
    whole_trade,
)


def test_a_close_that_is_not_reduce_only_is_found():
    """It could open the other way."""
    story, _ = open_trade()
    story.close("2", "99")
    change(story.lines, is_a(OrderLine, status="NEW", client_id=close_spec().client_id), reduce_only=False)
    assert "I4" in story.verdict().broken()


def test_a_stop_that_is_not_reduce_only_is_found():
    """A quantity stop on a flat account would open."""
    story = whole_trade()
    change(story.lines, is_a(AlgoLine, status="NEW"), close_position=False)
    assert "I4" in story.verdict().broken()


def test_a_position_taken_through_zero_is_found():
    """A close of more than there is."""
    story, _ = open_trade()
    story.close("3", "99")
    assert "I4" in story.verdict().broken()


def test_a_close_that_increases_is_found():
    """A close on the wrong side."""
    story, _ = open_trade()
    spec = replace(close_spec(), side=Side.BUY)
    story.order(spec, 4_000, "NEW")
    story.trade(spec, 4_000, "1", "100")
    assert "I4" in story.verdict().broken()


def test_an_entry_against_a_position_is_found():
    """Only a journalled intent may turn a position, and none can in this version."""
    story, _ = open_trade()
    spec = replace(entry_spec("i2"), side=Side.SELL)
    story.order(spec, 4_000, "NEW", qty=D(3))
    story.trade(spec, 4_000, "3", "100", book=False)
    assert "I4" in story.verdict().broken()


def left_behind() -> Story:
    """The position is closed, its stop is still there."""
    story, _ = open_trade()
    story.close("2", "99")
    return story


def test_an_orphan_is_found():
    """Three seconds after the position is flat and the engine knows."""
    story = left_behind()
    story.wait(3_200).read("GET /fapi/v1/time")
    report = story.verdict()
    assert report.broken() == ["I5"]
    assert "stayed on BTCUSDT" in report.violations[0].sentence


def test_a_stop_that_is_cancelled_in_time_is_no_orphan():
    """The sweep has two seconds, and the venue its lag."""
    story = left_behind()
    story.wait(1_900).cancel_stop(stop_spec())
    assert story.verdict(complete=False).violations == []


def test_cancels_that_arrive_hold_the_clock():
    """The engine asks; that the venue does not obey is not its fault."""
    story = left_behind()
    for _ in range(4):
        story.wait(2_000).event(ev.CancelPlanned, client_id=stop_spec().client_id, reason="test")
        story.reply(story.request("algoOrder.cancel", clientAlgoId=stop_spec().client_id), status=503)
    assert story.verdict().violations == []


def test_rules_5_an_armed_stop_waits_for_its_entry():
    """Before the entry is settled by the journal, its stop is no orphan."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.plan(entry_spec())
    story.arm_stop()
    story.wait(9_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_rules_5_when_the_entry_ends_its_stop_must_go():
    """Expired without a fill: the stop is cancelled at once."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.plan(entry_spec())
    story.send(entry_spec())
    story.arm_stop()
    story.report(entry_spec(), 500, OrderStatus.EXPIRED, "0")
    story.order(entry_spec(), 500, "NEW")
    story.order(entry_spec(), 500, "EXPIRED")
    story.push("ORDER_TRADE_UPDATE", entry_spec().client_id)
    story.wait(3_100).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I5"]


def test_an_entry_that_works_at_the_venue_keeps_its_stop():
    """Whatever the journal thinks."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.arm_stop()
    story.order(entry_spec(), 500, "NEW")
    story.wait(9_000).read("GET /fapi/v1/time")
    assert "I5" not in story.verdict().broken()


@pytest.mark.parametrize("ms", [2_900, 9_000])
def test_orphans_of_a_dead_engine_wait_for_the_next(ms):
    """Nobody was there to cancel."""
    story = left_behind()
    story.die()
    story.wait(ms).start_engine(conn=2)
    story.wait(1_000).cancel_stop(stop_spec())
    assert story.verdict().violations == []


def test_rules_15_a_throttled_cancel_is_its_own_class():
    """The venue turned it away; the engine waits for the window."""
    story = left_behind()
    story.event(ev.CancelPlanned, client_id=stop_spec().client_id, reason="test")
    story.reply(story.request("algoOrder.cancel", clientAlgoId=stop_spec().client_id), status=429, code=-1003)
    story.wait(9_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_a_stop_that_arrives_after_a_throttled_cancel_waits_with_it():
    """It left before the throttle and landed behind it; the cancel has to wait for the window all the same."""
    story = Story().begin()
    story.wait(1_000).accept()
    spec = stop_spec()
    story.plan(spec)
    story.event(ev.CancelPlanned, client_id=spec.client_id, reason="test")
    story.reply(story.request("algoOrder.cancel", clientAlgoId=spec.client_id), status=429, code=-1003)
    request = story.wait(20).send(spec)
    story.algo(spec, "NEW")
    story.push("ALGO_UPDATE", spec.client_id)
    story.reply(request)
    story.wait(13_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


@pytest.mark.parametrize(("method", "broken"), [("algoOrder.cancel", []), ("algoOrder.status", ["I5"])])
def test_rules_15_a_cancel_that_never_arrived_is_its_own_class(method, broken):
    """The engine asked, the network lost it; its time-out is the next it hears. A lost question is no cancel."""
    story = left_behind()
    story.event(ev.CancelPlanned, client_id=stop_spec().client_id, reason="test")
    story.line(FaultLine, verb="req.drop", method=method, client_id=stop_spec().client_id)
    story.wait(3_500).cancel_stop(stop_spec())
    assert story.verdict().broken() == broken


def test_rules_8_a_stop_whose_record_died_is_a_humans_to_remove():
    """It left while the journal could not be written; the next process may not cancel a name that it does not know."""
    story, stop = open_trade()
    lost = stop_spec(n=2, quantity="2")
    story.reply(story.send(lost))
    story.algo(lost, "NEW")
    story.die()
    story.wait(3_000).start_engine(2)
    story.close("2", "99")
    story.cancel_stop(stop)
    story.wait(20_000).read("GET /fapi/v3/positionRisk")
    report = story.verdict()
    assert report.broken() == []
    assert report.counts["unjournalled"] == 1
    assert any(entry.what == f"I5 for {lost.client_id}" for entry in report.not_checked)


def entry_against(after_ms: int, *, told: bool = True) -> Story:
    """Somebody sells 1, and an event tells of it or is lost; so much later an entry of ours buys 2."""
    story = Story().begin()
    theirs = replace(entry_spec("i9", "1"), client_id="web_1", side=Side.SELL)
    story.trade(theirs, 900, "1", "100", book=False)
    if not told:
        drop(story.lines, is_a(PushLine))
    story.wait(after_ms).accept()
    story.fill_entry()
    return story


@pytest.mark.parametrize(("after_ms", "told"), [(1_000, True), (20_000, False), (59_000, False)])
def test_rules_4_an_entry_may_meet_a_stranger_of_whom_nobody_can_have_known(after_ms, told):
    """An entry is denied while foreign quantity is *known*; what no event told of, the idle watch finds in a minute."""
    assert "I4" not in entry_against(after_ms, told=told).verdict().broken()


@pytest.mark.parametrize(("after_ms", "told"), [(2_000, True), (20_000, True), (70_000, False)])
def test_rules_4_an_entry_against_a_stranger_who_has_been_there_is_found(after_ms, told):
    """There was time to know of him."""
    assert "I4" in entry_against(after_ms, told=told).verdict().broken()


def test_rules_15_a_flat_position_that_nobody_told_of_is_no_evidence():
    """An event about something else on the symbol came; that of the close was lost. The watch has its five seconds."""
    story, stop = open_trade()
    story.close("2", "99")
    drop(story.lines, is_a(PushLine))
    story.wait(10).push("ORDER_TRADE_UPDATE", entry_spec().client_id)
    story.wait(4_000).cancel_stop(stop)
    assert story.verdict().broken() == []


@pytest.mark.parametrize("used_again", [False, True])
def test_rules_8_a_stop_left_by_a_close_without_record_waits_for_a_human(used_again):
    """The next process does not know the close, so for its books the position is open: the stop stays."""
    story, _ = open_trade()
    close = close_spec()
    story.reply(story.send(close))
    story.order(close, 3_001, "NEW")
    story.trade(close, 3_001, "2", "99", book=False)
    story.order(close, 3_001, "FILLED", "2", x="TRADE")
    story.die()
    story.wait(3_000).start_engine(2)
    story.wait(20_000).read("GET /fapi/v3/positionRisk")
    if used_again:
        story.plan(close)
    report = story.verdict()
    assert "I5" not in report.broken()
    assert any(entry.what == f"I5 for {stop_spec().client_id}" for entry in report.not_checked)


def test_rules_15_a_throttled_question_holds_cancels_back_as_well():
    """Weight is counted per address: what one request is refused for, the next would be too."""
    story = left_behind()
    story.reply(story.request("GET /fapi/v1/openOrders", via="rest", conn=None), status=429, code=-1003)
    story.wait(9_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


@pytest.mark.parametrize(("status", "code"), [(400, -2011), (200, 0)])
def test_rules_15_a_cancel_that_was_on_its_way_does_not_end_a_throttle(status, code):
    """Two left together; one was refused for weight, whatever became of the other. The next waits all the same."""
    story = left_behind()
    spec = stop_spec()
    story.event(ev.CancelPlanned, client_id=spec.client_id, reason="test")
    first = story.request("algoOrder.cancel", clientAlgoId=spec.client_id)
    story.reply(first, status=429, code=-1003)
    second = story.request("order.cancel", origClientOrderId="hf-t1-of-another-trade")
    story.reply(second, status=status, code=code)
    story.wait(9_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_rules_15_a_placement_that_is_taken_does_not_end_a_throttle():
    """It weighs nothing; a cancel weighs one and waits for the window. The late stop itself was such a placement."""
    story = left_behind()
    spec = stop_spec()
    story.event(ev.CancelPlanned, client_id=spec.client_id, reason="test")
    first = story.request("algoOrder.cancel", clientAlgoId=spec.client_id)
    placed = story.request("order.place", newClientOrderId="by-hand")
    story.reply(first, status=429, code=-1003)
    story.reply(placed)
    late = stop_spec(n=2)
    story.plan(late)
    story.send(late)
    story.algo(late, "NEW")
    story.push("ALGO_UPDATE", late.client_id)
    story.wait(9_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_rules_15_a_process_that_is_out_of_reach_from_its_beginning_hears_of_a_throttle_itself():
    """Its first questions were refused for weight before the network let anything through: it waits for the window."""
    story = left_behind()
    base_us = story.lines[0].us
    died_us = story.ms * 1_000 + 100_000
    story.wait(1_000).die()
    story.wait(1_000)
    story.reply(story.request("GET /fapi/v3/positionRisk", via="rest", conn=None), status=429, code=-1003)
    born_us = story.ms * 1_000
    story.wait(20_000).read("GET /fapi/v1/time")
    live = (Window(start_us=base_us, end_us=died_us), Window(start_us=born_us))
    troubles = (Window(start_us=born_us - 1_000, end_us=born_us + 3_000_000),)
    assert story.verdict(live=live, unreachable=troubles).violations == []
    later = (live[0], Window(start_us=born_us + 1_000))
    assert story.verdict(live=later, unreachable=troubles).broken() == ["I5"], (
        "what its predecessor was told is no excuse"
    )

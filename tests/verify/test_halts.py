"""I15: while trading is not active, no entry is planned, sent, or left working (RULES 9)."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.reasons import TradingState
from tests.verify.builders import Story, entry_spec, open_trade, whole_trade


def halt(story: Story, state: TradingState = TradingState.HALTED) -> None:
    """An operator leaves `active`; the cancels of entries are planned with it."""
    story.event(ev.StateCommanded, state=state, by="test", reason="test")
    for event in [event for event in story.events if isinstance(event, ev.OrderPlanned)]:
        if event.spec.role is Role.ENTRY:
            story.event(ev.CancelPlanned, client_id=event.spec.client_id, reason="test")


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_rules_9_an_entry_planned_after_a_halt_is_found(state):
    """By the order of the journal, not by a clock."""
    story, _ = open_trade()
    halt(story, state)
    story.wait(10).accept("i2", symbol="ETHUSDT")
    story.plan(entry_spec("i2"), "i2")
    assert "I15" in story.verdict().broken()


def test_rules_9_an_entry_on_its_way_may_arrive_within_its_window():
    """It left before the halt and cannot act later than recvWindow."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.plan(entry_spec())
    planned_ms = story.ms
    halt(story)
    story.wait(1_400).reply(story.send(entry_spec(), timestamp=str(planned_ms)), status=400)
    assert story.verdict().violations == []
    story.lines.pop()
    story.wait(600).reply(story.send(entry_spec(), timestamp=str(planned_ms)), status=400)
    assert "I15" not in story.verdict().broken(), "the venue turned away what the network had held up"
    story.lines.pop()
    story.order(entry_spec(), 500, "NEW")
    assert "I15" in story.verdict().broken()


def working() -> Story:
    """An entry that rests."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.plan(entry_spec())
    story.reply(story.send(entry_spec()))
    story.order(entry_spec(), 500, "NEW")
    return story


def resting() -> Story:
    """An entry that rests while trading is halted."""
    story = working()
    halt(story)
    return story


def test_rules_9_a_working_entry_must_be_cancelled():
    """In the same step, and until it is gone."""
    story = resting()
    story.wait(3_100).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I15"]


def test_rules_9_a_working_entry_that_is_cancelled_is_fine():
    """The cancel arrives, the venue takes its time."""
    story = resting()
    story.event(ev.CancelPlanned, client_id=entry_spec().client_id, reason="halt")
    story.wait(100).request("order.cancel", origClientOrderId=entry_spec().client_id, symbol="BTCUSDT")
    story.wait(2_900).order(entry_spec(), 500, "CANCELED")
    assert story.verdict().violations == []


@pytest.mark.parametrize(("code", "broken"), [(-1003, []), (-1000, ["I15"])])
def test_rules_15_a_cancel_that_was_turned_away_for_its_rate_waits(code, broken):
    """RULES 2, row cancel; an answer that says nothing of rates explains no pause (random day 170709)."""
    story = resting()
    story.event(ev.CancelPlanned, client_id=entry_spec().client_id, reason="halt")
    asked = story.wait(100).request("order.cancel", origClientOrderId=entry_spec().client_id, symbol="BTCUSDT")
    story.reply(asked, status=429 if code == -1003 else 400, code=code)
    story.wait(12_000).order(entry_spec(), 500, "CANCELED")
    assert story.verdict().broken() == broken


@pytest.mark.parametrize(("code", "broken"), [(-1003, []), (-1000, ["I15"])])
def test_rules_15_a_cancel_that_was_turned_away_before_the_halt_waits_as_well(code, broken):
    """Its time to live had ended just before; the venue had said until when nothing more is taken."""
    story = working()
    story.event(ev.CancelPlanned, client_id=entry_spec().client_id, reason="time to live is over")
    asked = story.wait(100).request("order.cancel", origClientOrderId=entry_spec().client_id, symbol="BTCUSDT")
    story.reply(asked, status=429 if code == -1003 else 400, code=code)
    story.wait(1_000)
    halt(story)
    story.wait(12_000).order(entry_spec(), 500, "CANCELED")
    assert story.verdict().broken() == broken


@pytest.mark.parametrize("taken", [False, True])
def test_rules_15_a_throttled_cancel_of_another_order_holds_cancels_back(taken):
    """Simulated hour 1001875: weight is counted for the address. A cancel that is taken later ends the wait."""
    story = working()
    other = story.request("algoOrder.cancel", clientAlgoId="hf-s1-other", symbol="ETHUSDT")
    story.reply(other, status=429, code=-1003)
    story.wait(10_000)
    if taken:
        story.reply(story.request("order.cancel", origClientOrderId="hf-t1-other", symbol="ETHUSDT"))
    story.wait(10)
    halt(story)
    story.wait(30_000).order(entry_spec(), 500, "CANCELED")
    assert ("I15" in story.verdict().broken()) is taken


def test_rules_9_a_resume_lets_entries_in_again():
    """Until the next halt."""
    story = whole_trade()
    halt(story)
    story.wait(11_000).resume()
    story.wait(10).accept("i2")
    story.fill_entry("i2")
    story.arm_stop("i2")
    assert story.verdict().violations == []


def test_rules_9_a_clock_that_is_ahead_resumes_late_by_the_venues_time():
    """The entry was planned after the resume, by the order of the journal; the venue's clock says it came before it."""
    story = whole_trade()
    halt(story)
    spec = entry_spec("i2")
    story.wait(5_000).reply(story.send(spec, timestamp=str(story.ms + 100)), status=400)
    story.wait(100)
    story.resume()
    story.accept("i2")
    story.plan(spec, "i2")
    assert "I15" not in story.verdict().broken()


def test_rules_9_an_entry_that_works_on_after_a_resume_is_measured_up_to_it():
    """What came into force again ends the duty to cancel; its length until then is judged."""
    story = resting()
    story.wait(1_000)
    story.resume()
    story.wait(20_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []
    late = resting()
    late.wait(4_000)
    late.resume()
    late.wait(1_000).read("GET /fapi/v1/time")
    assert late.verdict().broken() == ["I15"]

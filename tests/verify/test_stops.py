"""I16 and I17: stops on the right side, never looser, never gone by our own hand."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from holdfast.model.orders import AlgoSpec, Direction, Side
from holdfast.verify.records import MarkLine
from holdfast.verify.stops import full_cover_at, is_looser
from holdfast.verify.venue_state import VenueAlgo
from tests.verify.builders import D, Story, open_trade, stop_spec, whole_trade


def test_looser_means_losing_more():
    """Lower for a long, higher for a short."""
    assert is_looser(Direction.LONG, D(94), D(95))
    assert not is_looser(Direction.LONG, D(95), D(95))
    assert is_looser(Direction.SHORT, D(96), D(95))


def test_full_cover_is_where_the_whole_is_closed():
    """The nearest stops first, until they add up."""
    story = Story().begin()
    story.accept()
    for n, (trigger, quantity) in enumerate([("95", "1"), ("97", "1"), ("90", None)], start=1):
        story.arm_stop(n=n, trigger=trigger, quantity=quantity)
    algos = [VenueAlgo(line) for line in story.algo_lines.values()]
    assert full_cover_at(algos, D(2)) == 95
    assert full_cover_at(algos, D(3)) == 90
    assert full_cover_at(algos[:1], D(2)) is None
    assert full_cover_at(algos, D(-1)) is None


@pytest.mark.parametrize(("mark", "broken"), [("96", []), ("95", ["I16"]), ("94", ["I16"])])
def test_a_stop_beyond_the_mark_is_found(mark, broken):
    """A long's stop lies below the mark when it is accepted."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    story.line(MarkLine, symbol="BTCUSDT", mark=D(mark))
    story.arm_stop()
    assert story.verdict().broken() == broken


@pytest.mark.parametrize("price", [{"mark": D(95)}, {"arrival_mid": D(94)}, {"cap_price": D(90)}])
def test_rules_11_a_plan_with_a_stop_on_the_wrong_side_is_found(price):
    """It must hold from the touch to the cap, and at the mark."""
    story = Story().begin()
    story.wait(1_000).accept(**price)
    assert story.verdict().broken() == ["I16"]


def test_a_stop_that_would_open_more_is_found():
    """A long is protected by a sell."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    story.arm_stop(side=Side.BUY)
    assert "I16" in story.verdict().broken()


def test_rules_5_a_stop_looser_than_planned_is_found():
    """Never widened to get it accepted."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    story.arm_stop(trigger="94.9")
    assert story.verdict().broken() == ["I17"]


def test_rules_8_a_stop_that_stood_before_its_record_had_another_plan():
    """A process that could not write armed it; the next one planned the same name anew, at a higher price."""
    story = Story().begin()
    spec = stop_spec(trigger="90")
    story.reply(story.send(spec))
    story.algo(spec, "NEW")
    story.die()
    story.wait(3_000).start_engine(2)
    story.accept()
    story.plan(stop_spec(trigger="95"))
    assert "I17" not in story.verdict().broken()


def test_rules_5_a_tighter_stop_may_replace_the_quantity_stop():
    """The new one is live before the old one goes; the backstop stays."""
    story, _ = open_trade()
    second = story.arm_stop(n=2, trigger="96", quantity="2")
    story.arm_stop(n=3, trigger="97", quantity="2")
    story.cancel_stop(second)
    assert story.verdict().violations == []


def test_rules_5_cancelling_the_tighter_stop_loosens():
    """What remains closes later than what was promised."""
    story, _ = open_trade()
    second = story.arm_stop(n=2, trigger="96", quantity="2")
    story.cancel_stop(second)
    report = story.verdict()
    assert report.broken() == ["I17"]
    assert "from 96 to 95" in report.violations[0].sentence


def test_rules_5_cancelling_the_only_stop_is_found():
    """Never while the position is open and nothing else covers it."""
    story, stop = open_trade()
    story.cancel_stop(stop)
    assert "nothing else covers it" in story.verdict().violations[0].sentence


def test_rules_12_a_stop_that_was_replaced_by_one_that_silently_vanished_is_no_deed_of_ours():
    """The larger one stood when the smaller one's cancel was planned, and nothing told that it had gone meanwhile."""
    story, _, second, third = two_more()
    story.algo(third, "EXPIRED")
    story.cancel_stop(second)
    assert "I17" not in story.verdict().broken()


@pytest.mark.parametrize("told", ["event", "list", "absent"])
def test_rules_5_a_stop_must_stay_once_it_was_told_that_its_replacement_is_gone(told):
    """By an event, by a list without it, or by the venue that does not know it."""
    story, _, second, third = two_more()
    story.algo(third, "EXPIRED")
    if told == "list":
        story.read("GET /fapi/v1/openAlgoOrders", symbol="BTCUSDT")
    elif told == "absent":
        asked = story.request("GET /fapi/v1/algoOrder", via="rest", conn=None, clientAlgoId=third.client_id)
        story.reply(asked, 400, code=-2013)
    else:
        story.push("ALGO_UPDATE", third.client_id)
    story.wait(1_001)
    story.cancel_stop(second)
    assert "I17" in story.verdict().broken()


def two_more() -> tuple[Story, AlgoSpec, AlgoSpec, AlgoSpec]:
    """A long whose first stop is gone by somebody's hand, and the smaller and the larger one that came after it."""
    story, first = open_trade()
    story.algo(first, "CANCELED")
    story.push("ALGO_UPDATE", first.client_id)
    return story, first, story.arm_stop(n=2, quantity="2"), story.arm_stop(n=3, quantity="2")


def test_a_stop_cancelled_on_a_flat_position_is_fine():
    """That is what the sweep is for."""
    story, stop = open_trade()
    story.close("2", "99")
    story.cancel_stop(stop)
    assert "I17" not in story.verdict().broken()


def test_what_others_cancel_is_not_our_loosening():
    """An operator's cancel-all has no record of ours; the cover is measured, not blamed."""
    story, stop = open_trade()
    story.algo(stop, "CANCELED")
    assert "I17" not in story.verdict().broken()


def test_what_others_cancelled_is_not_ours_by_a_later_cancel():
    """The stop is placed again under its name; that one day we cancel that one says nothing about the first."""
    story, stop = open_trade()
    story.algo(stop, "CANCELED")
    story.next_algo += 1
    again = story.arm_stop(n=2)
    story.close("2", "99")
    story.cancel_stop(again)
    story.event(ev.CancelPlanned, client_id=stop.client_id, reason="swept")
    assert "I17" not in story.verdict().broken()


def test_marks_are_forgotten_when_nobody_needs_them():
    """They are logged only while a position or a stop is there; an old one proves nothing."""
    story = whole_trade()
    story.lines.insert(5, MarkLine(n=900, us=story.lines[4].us, symbol="BTCUSDT", mark=D(100)))
    story.wait(10_010).accept("i2", stop="150", mark=D(200), arrival_mid=D(200), cap_price=D(201))
    story.fill_entry("i2", price="200")
    story.arm_stop("i2", trigger="150")
    report = story.verdict()
    assert report.violations == []
    assert report.counts["stops_without_mark"] == 1


def test_a_stop_without_a_plan_is_counted():
    """Covering a position that nobody planned has nothing to compare with."""
    story, _ = open_trade()
    story.send(stop_spec("x"))
    story.algo(stop_spec("x"), "NEW")
    assert story.verdict().counts["stops_without_plan"] == 1

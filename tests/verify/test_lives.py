"""I10: orders go forward only, and end the same way on both sides."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from holdfast.model.orders import OrderStatus
from holdfast.verify.records import OrderLine
from tests.verify.builders import D, change, close_spec, drop, entry_spec, is_a, last_index, open_trade, whole_trade


def test_nothing_follows_an_end():
    """A filled order cannot be cancelled."""
    story = whole_trade()
    story.order(entry_spec(), 1001, "CANCELED", "2")
    assert "I10" in story.verdict().broken()


def test_executed_quantity_never_falls():
    """Cumulative means cumulative."""
    story, _ = open_trade()
    story.order(close_spec(), 4_000, "PARTIALLY_FILLED", "1")
    story.order(close_spec(), 4_000, "PARTIALLY_FILLED", "0.5")
    assert "I10" in story.verdict().broken()


@pytest.mark.parametrize("status", ["NEW", "TRIGGERED", "FINISHED"])
def test_a_cancelled_stop_stays_cancelled(status):
    """The table of conditional orders has its own ends."""
    story, stop = open_trade()
    story.close("2", "99")
    story.cancel_stop(stop)
    story.algo(stop, status)
    assert "I10" in story.verdict().broken()


def test_a_stop_cannot_finish_before_it_triggers():
    """Every step of the life is seen."""
    story, stop = open_trade()
    story.algo(stop, "FINISHED")
    assert "I10" in story.verdict().broken()


def test_both_sides_tell_the_same_end():
    """Filled is not cancelled."""
    story = whole_trade()
    index = last_index(story.events, is_a(ev.OrderUpdated))
    spec_report = story.events[index].report  # type: ignore[attr-defined]
    assert spec_report.status is OrderStatus.FILLED
    story.report(entry_spec(), 1001, OrderStatus.CANCELLED, "2")
    assert "I10" in story.verdict().broken()


def test_an_end_that_the_venue_does_not_know_is_found():
    """The journal tells of an order that never was."""
    story = whole_trade()
    story.report(entry_spec(), 9_999, OrderStatus.EXPIRED, "0")
    assert "I10" in story.verdict().broken()


def test_an_order_that_still_works_has_not_ended():
    """The journal buried it too early."""
    story = whole_trade()
    drop(story.lines, is_a(OrderLine, status="FILLED"))
    assert "I10" in story.verdict().broken()


def test_an_end_with_less_than_was_seen_is_found():
    """What was executed stays executed."""
    story = whole_trade()
    story.report(entry_spec(), 1001, OrderStatus.FILLED, "1")
    assert "I10" in story.verdict().broken()


def test_a_late_fill_after_a_cancel_is_legal():
    """The later end counts; the executed quantity grew."""
    story = whole_trade()
    change(story.events, is_a(ev.OrderUpdated), report=_cancelled_first(story))
    report = _filled(story)
    story.event(ev.OrderUpdated, report=report)
    assert story.verdict(complete=True).violations == []


def _cancelled_first(story):
    from msgspec.structs import replace

    report = story.events[last_index(story.events, is_a(ev.OrderUpdated))].report
    return replace(report, status=OrderStatus.CANCELLED, executed=D(0))


def _filled(story):
    from msgspec.structs import replace

    report = story.events[last_index(story.events, is_a(ev.OrderUpdated))].report
    return replace(report, status=OrderStatus.FILLED, executed=D(2))

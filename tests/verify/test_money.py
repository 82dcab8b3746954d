"""I7: money to the last digit, per row, per fill, per trade, per wallet."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.reasons import ResultStatus
from holdfast.model.reports import BalanceReport
from holdfast.verify.records import IncomeLine, Start
from tests.verify.builders import D, Story, change, drop, is_a, last_index, open_trade, whole_trade

DIGIT = Decimal("0.00000001")


def bend_closing(story: Story, **fields) -> None:
    """Change what was published about the closed trade."""
    index = last_index(story.events, is_a(ev.TradeClosed))
    closed = story.events[index]
    assert isinstance(closed, ev.TradeClosed)
    story.events[index] = msgspec.structs.replace(closed, result=msgspec.structs.replace(closed.result, **fields))


def funded_trade() -> Story:
    """A whole trade that was charged funding."""
    story, stop = open_trade()
    story.income("FUNDING_FEE", D("-0.0123"), booked_for="i1")
    story.stop_out(stop)
    story.closed()
    return story


def test_funding_is_part_of_the_trade():
    """Net is gross, less fees, plus funding."""
    assert funded_trade().verdict(complete=True).violations == []


@pytest.mark.parametrize("field", ["gross", "fees", "funding", "net"])
def test_a_wrong_digit_in_a_trade_is_found(field):
    """Each of the four, per asset."""
    story = funded_trade()
    right = getattr(story.events[-1].result, field)["USDT"]  # type: ignore[attr-defined]
    bend_closing(story, **{field: {"USDT": right + DIGIT}})
    report = story.verdict()
    assert report.broken() == ["I7"]
    assert field in report.violations[0].sentence


def test_money_in_another_asset_is_found():
    """Nothing is converted, nothing moves between assets."""
    story = whole_trade()
    bend_closing(story, fees={"BNB": D("0.194")})
    assert "I7" in story.verdict().broken()


def test_a_wrong_number_of_fills_is_found():
    """A trade says how many executions it had."""
    story = whole_trade()
    bend_closing(story, fills=3)
    assert story.verdict().broken() == ["I7"]


def test_funding_that_is_not_booked_is_found_at_the_end():
    """In a cut run it may be on its way."""
    story, _ = open_trade()
    story.income("FUNDING_FEE", D("-0.5"))
    assert story.verdict().counts["income_pending"] == 1
    assert "I7" in story.verdict(complete=True).broken()


def test_funding_booked_with_a_wrong_digit_is_found():
    """Row by row, by the venue's key."""
    story = funded_trade()
    index = last_index(story.events, is_a(ev.IncomeBooked))
    booked = story.events[index]
    assert isinstance(booked, ev.IncomeBooked)
    story.events[index] = msgspec.structs.replace(booked, row=msgspec.structs.replace(booked.row, amount=D("-0.0124")))
    assert "I7" in story.verdict().broken()


def test_rules_15_funding_belongs_to_the_trade_that_held_the_position():
    """It is part of what that trade earned, and its closing record must have it."""
    story, stop = open_trade()
    story.income("FUNDING_FEE", D("-0.0123"), booked_for="i1")
    change(story.events, is_a(ev.IncomeBooked), trade_id="")
    story.funding = D(0)
    story.stop_out(stop)
    story.closed()
    assert story.verdict().broken() == ["I7"]


def test_income_booked_twice_is_found():
    """One row, one booking."""
    story = funded_trade()
    story.events.append(story.events[last_index(story.events, is_a(ev.IncomeBooked))])
    assert "I7" in story.verdict().broken()


def test_income_that_never_was_is_found():
    """The venue's record is the measure."""
    story = funded_trade()
    drop(story.lines, is_a(IncomeLine, type="FUNDING_FEE"))
    assert "I7" in story.verdict().broken()


def test_deposits_need_no_booking():
    """They are no trade's money."""
    story = whole_trade()
    story.income("TRANSFER", D(500))
    report = story.verdict(complete=True)
    assert report.violations == []
    assert report.counts["transfers"] == 1


def test_the_venues_own_rows_must_agree():
    """If trade and income differ, no ledger could equal both."""
    story = whole_trade()
    change(story.lines, is_a(IncomeLine, type="COMMISSION"), amount=D("-0.0941"))
    assert "differ by" in story.verdict().violations[0].sentence


def test_a_balance_that_the_wallet_had_is_fine():
    """Before, between or after the rows of a fill."""
    story = whole_trade()
    story.event(ev.BalanceSeen, balances=(BalanceReport(asset="USDT", wallet=D("9999.9")),), reason="read")
    assert story.verdict().violations == []


def test_a_balance_that_the_wallet_never_had_is_found():
    """The income record adds up to every balance that is read."""
    story = whole_trade()
    story.event(ev.BalanceSeen, balances=(BalanceReport(asset="USDT", wallet=D("9999.91")),), reason="read")
    assert story.verdict().broken() == ["I7"]


def test_without_a_first_balance_nothing_is_said_of_wallets():
    """Not checked is not passed."""
    story = whole_trade()
    change(story.lines, is_a(Start), balance={})
    story.lines = [line for line in story.lines if not isinstance(line, IncomeLine)]
    assert "I7 wallet balances" in {entry.what for entry in story.verdict().not_checked}


def test_a_result_says_what_filled():
    """The published quantity is the venue's."""
    story, _ = open_trade()
    index = last_index(story.events, is_a(ev.ResultPublished))
    published = story.events[index]
    assert isinstance(published, ev.ResultPublished)
    story.events[index] = msgspec.structs.replace(
        published, result=msgspec.structs.replace(published.result, filled=D("1.9"))
    )
    assert story.verdict().broken() == ["I9"]


def test_a_corrected_result_stands_as_published():
    """RULES 15: a correction is a new event naming it."""
    story, _ = open_trade()
    story.event(ev.ResultCorrected, trade_id="t-i1", reason="late fill")
    story.events = [
        msgspec.structs.replace(e, result=msgspec.structs.replace(e.result, filled=D(1)))
        if isinstance(e, ev.ResultPublished)
        else e
        for e in story.events
    ]
    assert story.verdict().violations == []


@pytest.mark.parametrize(("price", "broken"), [("100", []), ("100.01", ["I7"])])
def test_an_average_price_is_the_mean_of_the_fills(price, broken):
    """Up to the rounding of a quotient."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    story.arm_stop()
    story.result(ResultStatus.PROTECTED, average_price=D(price))
    assert story.verdict().broken() == broken


def test_a_closed_trade_whose_fills_leave_something_says_whose_it_was():
    """It closes on evidence (RULES 5): what its fills did not close must have met somebody else's position."""
    story, _ = open_trade()
    story.close("1.5", "99")
    story.closed()
    assert story.verdict().broken() == ["I6"]
    bend_closing(story, foreign_quantity=D("0.5"))
    assert story.verdict().broken() == []


def test_what_an_adopted_trade_held_before_counts():
    """Its first fills were not ours, and what they opened is closed with the rest."""
    story, _ = open_trade()
    story.close("2", "99")
    story.closed()
    drop(story.events, is_a(ev.IntentAccepted))
    story.events.insert(2, ev.TradeAdopted(at_ms=story.ms, plan=story.plans["i1"], cause="adopted"))
    assert "I6" in story.verdict().broken()

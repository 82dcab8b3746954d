"""I6, I8, I9 and I26: every fill once, complete, and owned."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.orders import OrderStatus
from holdfast.model.reasons import TradingState
from holdfast.verify.records import OrderLine, PositionLine, Start, TradeLine
from tests.verify.builders import (
    D,
    Story,
    change,
    close_spec,
    drop,
    entry_spec,
    is_a,
    last_index,
    open_trade,
    whole_trade,
)


def bend_fill(story: Story, **fields) -> None:
    """Change the last booked fill."""
    index = last_index(story.events, is_a(ev.FillBooked))
    booked = story.events[index]
    assert isinstance(booked, ev.FillBooked)
    story.events[index] = msgspec.structs.replace(booked, fill=msgspec.structs.replace(booked.fill, **fields))


def test_a_missing_fill_is_found():
    """A fill of ours that the ledger lacks, once there was time to book it."""
    story = whole_trade()
    drop(story.events, is_a(ev.FillBooked))
    assert "I8" in story.verdict(complete=True).broken()


def test_a_young_fill_may_still_be_on_its_way():
    """A run that was cut just after it proves nothing yet."""
    story, stop = open_trade()
    story.algo(stop, "TRIGGERING")
    story.order(stop, 1_500, "NEW", qty=D(2))
    story.trade(stop, 1_500, "2", "94", book=False)
    story.order(stop, 1_500, "FILLED", "2", qty=D(2))
    story.algo(stop, "TRIGGERED")
    report = story.verdict()
    assert report.violations == []
    assert report.counts["fills_pending"] == 1
    story.wait(61_000).event(ev.Reconciled)
    assert story.verdict().broken() == ["I8"]


def test_a_fill_booked_twice_is_found():
    """The same execution from two channels."""
    story = whole_trade()
    story.events.append(story.events[last_index(story.events, is_a(ev.FillBooked))])
    report = story.verdict()
    assert report.broken() == ["I8"]
    assert len(report.violations[0].seqs) == 2


def test_a_fill_that_never_was_is_found():
    """Invented by the ledger."""
    story = whole_trade()
    bend_fill(story, trade_id=777)
    assert "I8" in story.verdict().broken()


@pytest.mark.parametrize(
    ("field", "value", "invariant"),
    [
        ("price", Decimal("94.1"), "I8"),
        ("quantity", Decimal("1.9"), "I8"),
        ("fee", Decimal("0.09400000001"), "I7"),
        ("fee_asset", "BNB", "I7"),
        ("realized", Decimal("-12.00000001"), "I7"),
        ("maker", True, "I8"),
    ],
)
def test_every_field_of_a_fill_is_compared(field, value, invariant):
    """To the last digit."""
    story = whole_trade()
    bend_fill(story, **{field: value})
    assert invariant in story.verdict().broken()


def test_a_fee_that_came_later_counts():
    """TRADE_LITE first, the fee from the trade list."""
    story = whole_trade()
    index = last_index(story.events, is_a(ev.FillBooked))
    fill = story.events[index].fill  # type: ignore[attr-defined]
    bend_fill(story, fee=None, fee_asset="", realized=D(0), maker=True)
    assert story.verdict(complete=True).broken() == ["I7"]
    story.event(
        ev.FillCompleted, symbol=fill.symbol, order_id=fill.order_id, trade_id=fill.trade_id, fee=fill.fee,
        fee_asset=fill.fee_asset, realized=fill.realized, maker=fill.maker,
    )  # fmt: skip
    assert story.verdict(complete=True).violations == []


def test_a_fee_for_no_fill_is_found():
    """A completion needs its fill."""
    story = whole_trade()
    story.event(
        ev.FillCompleted,
        symbol="BTCUSDT",
        order_id=1,
        trade_id=1,
        fee=D(1),
        fee_asset="USDT",
        realized=D(0),
        maker=True,
    )
    assert story.verdict().broken() == ["I8"]


def test_rules_15_the_same_trade_id_on_another_order_is_another_fill():
    """Symbol, order and trade make a fill."""
    story = whole_trade()
    bend_fill(story, order_id=1)
    assert "I8" in story.verdict(complete=True).broken()


def test_trades_and_position_must_agree():
    """The venue's own log is checked as well, at every quiet moment."""
    story = whole_trade()
    change(story.lines, is_a(PositionLine), amt=D("0.5"))
    assert story.verdict().broken() == ["I6"]


def test_the_ledgers_sum_is_the_position():
    """At the end of a complete run."""
    story = whole_trade()
    drop(story.events, is_a(ev.FillBooked))
    assert "I6" in story.verdict(complete=True).broken()


def test_an_order_that_executed_more_than_its_trades_is_found():
    """The venue's word against its own trades."""
    story = whole_trade()
    change(story.lines, is_a(OrderLine, status="FILLED"), executed=D(3))
    assert "I9" in story.verdict().broken()


def test_an_execution_that_is_known_must_be_booked():
    """The journal saw an order end with more than its fills say."""
    story = whole_trade()
    story.report(entry_spec(), 1001, OrderStatus.FILLED, "2.5")
    assert "I9" in story.verdict(complete=True).broken()


def test_rules_4_fills_of_others_are_attributed():
    """Liquidation, ADL, settlement, operator or external, by the order's id."""
    story, _ = open_trade()
    spec = msgspec.structs.replace(close_spec(), client_id="autoclose-1")
    story.order(spec, 4_000, "NEW")
    story.trade(spec, 4_000, "2", "80")
    story.order(spec, 4_000, "FILLED", "2")
    assert "I26" in story.verdict().broken()
    change(story.events, is_a(ev.FillBooked), cause="LIQUIDATION")
    assert "I26" not in story.verdict().broken()


@pytest.mark.parametrize("changed", [{"cause": "EXTERNAL"}, {"trade_id": ""}, {"trade_id": "t-x"}, {"cause": "LUCK"}])
def test_a_fill_of_ours_has_its_trade(changed):
    """Ours, by an order that we planned, for a trade that we opened."""
    story = whole_trade()
    change(story.events, is_a(ev.FillBooked), **changed)
    assert "I26" in story.verdict().broken()


def test_rules_7_closing_what_was_foreign_belongs_to_no_trade():
    """A close that was planned for no trade, because no intent of ours had opened what it closes."""
    story, _ = open_trade()
    story.close("2", "99")
    change(story.events, is_a(ev.FillBooked, client_id=close_spec().client_id), trade_id="")
    assert "I26" in story.verdict().broken()
    change(story.events, is_a(ev.OrderPlanned, spec=close_spec()), trade_id="")
    assert "I26" not in story.verdict().broken()


def test_rules_7_a_close_on_the_other_side_belongs_to_no_trade():
    """A flatten of the symbol meets a stranger's short while our long is being wound up."""
    story, _ = open_trade()
    story.close("2", "99")
    change(story.events, is_a(ev.FillBooked, client_id=close_spec().client_id), trade_id="")
    change(story.lines, is_a(TradeLine, client_id=close_spec().client_id), side="BUY")
    assert "I26" not in story.verdict().broken()


def test_fills_of_others_on_other_symbols_are_counted_only():
    """We never traded there."""
    story = whole_trade()
    line = story.lines[last_index(story.lines, is_a(TradeLine))]
    story.lines.append(msgspec.structs.replace(line, n=500, symbol="ETHUSDT", client_id="web", order_id=9))
    moved = story.lines[last_index(story.lines, is_a(PositionLine))]
    story.lines.append(msgspec.structs.replace(moved, n=501, us=line.us, symbol="ETHUSDT", amt=D(-2)))
    story.lines[-2:] = [msgspec.structs.replace(entry, us=story.ms * 1000) for entry in story.lines[-2:]]
    report = story.verdict()
    assert report.counts["foreign_fills"] == 1
    assert "I26" not in report.broken()


def test_rules_7_a_close_of_what_is_left_when_ours_is_gone_belongs_to_no_trade():
    """Its first fill took all of ours; the second took somebody else's."""
    story, _ = open_trade()
    theirs = msgspec.structs.replace(entry_spec("i9"), client_id="web_1")
    story.trade(theirs, 900, "1", "100", book=False)
    story.close("2", "99")
    story.close("1", "99", n=2)
    assert "I26" not in story.verdict().broken()
    second = close_spec("i1", "1", 2).client_id
    change(story.events, is_a(ev.FillBooked, client_id=second), trade_id="")
    assert "I26" not in story.verdict().broken()
    change(story.events, is_a(ev.FillBooked, client_id=close_spec().client_id), trade_id="")
    assert "I26" in story.verdict().broken()


def test_i26_what_others_did_before_the_journal_began_need_not_be_in_it():
    """The first process took the position at the venue's word; what it closes of that is in the ledger."""
    story = Story()
    web = msgspec.structs.replace(entry_spec("i9"), client_id="web_1")
    story.line(Start, format=1, engine="holdfast-paper", account="main", balance={"USDT": D("10000")})
    story.trade(web, 900, "2", "100", book=False)
    story.order(web, 900, "FILLED", "2")
    story.wait(1).start_engine()
    story.event(ev.StateCommanded, state=TradingState.ACTIVE, by="test", reason="start")
    story.wait(1_000).accept()
    story.plan(entry_spec())
    story.close("2", "99")
    change(story.events, is_a(ev.FillBooked), trade_id="")
    report = story.verdict(complete=True)
    assert {"I6", "I26"} & set(report.broken()) == set()
    assert report.counts["fills_before_journal"] == 1


def test_rules_8_what_a_process_closed_that_could_never_write_need_not_be_in_the_journal():
    """Its disk was broken from the start; the next one begins the journal."""
    story = Story()
    web = msgspec.structs.replace(entry_spec("i9"), client_id="web_1")
    story.line(Start, format=1, engine="holdfast-paper", account="main", balance={"USDT": D("10000")})
    story.trade(web, 900, "2", "100", book=False)
    story.send(close_spec())
    story.order(close_spec(), 901, "NEW")
    story.trade(close_spec(), 901, "2", "99", book=False)
    story.wait(5_000).start_engine()
    story.wait(1_000).accept()
    report = story.verdict(complete=False)
    assert {"I2", "I6", "I8", "I26"} & set(report.broken()) == set()
    assert (report.counts["fills_before_journal"], report.counts["unjournalled"]) == (2, 1)

"""RULES 15, measures and results: once each, and to the cent."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.reports import IncomeRow
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import rejected, silence, unknown, without_fee

D = Decimal


def test_rules_15_same_id_and_content_get_the_same_answer_and_nothing_happens():
    """Redelivered after a minute, after a restart: once."""
    bench = Bench().open_trade()
    events = len(bench.events)
    bench.intent()
    assert len(bench.events) == events
    bench.restart()
    bench.intent()
    assert len(bench.places(Role.ENTRY)) == 1
    assert len(bench.of(ev.IntentAccepted)) == 1


def test_rules_15_same_id_with_other_content_is_denied():
    """The first intent's record stands; no second result is published for the id."""
    bench = Bench().open_trade()
    bench.intent(quantity="0.2")
    assert bench.of(ev.IntentDenied)[-1].code == "OTHER_CONTENT"
    assert bench.result().status == "protected"
    assert bench.state.intents["i1"].denied is None


def test_rules_15_a_denied_id_stays_denied():
    """Even when what stood in its way is gone."""
    bench = Bench()
    bench.command("halt")
    bench.intent()
    bench.command("resume_prepare")
    bench.command("resume_confirm", token=bench.of(ev.ResumePrepared)[-1].token)
    bench.intent()
    assert bench.result().status == "denied"
    assert bench.places(Role.ENTRY) == []


@pytest.mark.parametrize("status", ["denied", "rejected", "expired", "never_placed", "protected", "flattened"])
def test_rules_15_every_terminal_status_is_published_once(status):
    """One result per intent, also after a restart and a minute."""
    bench = Bench()
    if status == "denied":
        bench.command("halt")
    elif status == "rejected":
        bench.script(Role.ENTRY, rejected(-2019))
    elif status == "expired":
        bench.fills_entries = False
    elif status == "never_placed":
        bench.script(Role.ENTRY, unknown())
    elif status == "flattened":
        bench.script(Role.STOP, rejected(-2021))
    bench.intent()
    bench.advance(20_000)
    bench.restart()
    bench.advance(20_000)
    published = [event.result.status.value for event in bench.of(ev.ResultPublished)]
    assert published == [status]


def test_rules_15_part_filled_and_covered_is_protected():
    """Whole or part."""
    bench = Bench()
    bench.entry_part = D("0.03")
    bench.intent()
    assert (bench.result().status, bench.result().filled) == ("protected", D("0.03"))


def test_rules_15_the_result_names_every_order_with_its_ids():
    """Entry and stop, with the venue's ids."""
    result = Bench().open_trade().result()
    assert [(ref.role, ref.venue_id is not None) for ref in result.orders] == [("entry", True), ("stop", True)]


def test_rules_15_a_trade_is_closed_once_and_to_the_cent():
    """Gross, fees and net equal the venue's own record, to the last digit."""
    bench = Bench().open_trade(targets=[("50500", "0.5"), ("51000", "0.5")])
    bench.market(mark="50500")
    bench.fill(bench.orders(Role.TARGET)[0].client_id)
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    bench.advance(5_000)
    closed = bench.closed[0]
    fees = sum((fill.fee for fill in bench.venue.trades), D(0))
    profit = sum((fill.realized for fill in bench.venue.trades), D(0))
    assert (closed.fees, closed.gross) == ({"USDT": fees}, {"USDT": profit})
    assert closed.net == {"USDT": profit - fees}
    assert closed.fills == 3
    assert len(bench.closed) == 1


def test_rules_15_a_fill_is_booked_once_whatever_tells_of_it():
    """TRADE_LITE, ORDER_TRADE_UPDATE twice, userTrades."""
    bench = Bench().open_trade()
    fill = bench.venue.trades[0]
    bench.give(inp.FillSeen, fill=without_fee(fill))
    bench.give(inp.OrderSeen, report=bench.venue.report(bench.venue.orders[fill.client_id][-1], fill.channel),
               fill=fill)  # fmt: skip
    bench.restart()
    assert len(bench.of(ev.FillBooked)) == 1
    assert bench.trade.entry_filled == D("0.100")


def test_rules_15_fees_that_the_stream_did_not_carry_are_fetched_not_estimated():
    """Only TRADE_LITE came: the close waits for userTrades."""
    bench = Bench()
    bench.silent_stream = True
    bench.intent()
    fill = bench.venue.trades[0]
    bench.give(inp.FillSeen, fill=without_fee(fill))
    bench.advance(3_000)
    assert bench.trade.fees == {"USDT": fill.fee}
    assert bench.trade.incomplete_fills == 0


def test_rules_15_a_trade_does_not_close_while_its_books_are_incomplete():
    """The fee of its last fill is still missing."""
    bench = Bench().open_trade()
    bench.failing_reads = {ReadKind.TRADES}
    bench.silent_stream = True
    bench.intent("c1", "close", side=None)
    fill = bench.venue.trades[-1]
    bench.give(inp.FillSeen, fill=without_fee(fill))
    bench.advance(5_000)
    assert bench.closed == []
    bench.failing_reads.clear()
    bench.advance(5_000)
    assert bench.closed[0].fees == {"USDT": sum((f.fee for f in bench.venue.trades), D(0))}


def test_rules_15_funding_belongs_to_the_trade_that_was_open():
    """Fetched from the income record, booked once, part of net."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.venue.incomes.append(IncomeRow(type="FUNDING_FEE", tran_id=7, asset="USDT", amount=D("-0.51"),
                                         symbol=SYMBOL, venue_ms=bench.now))  # fmt: skip
    bench.give(inp.AccountSeen, reason="FUNDING_FEE", balances=bench.venue.balances())
    bench.give(inp.AccountSeen, reason="FUNDING_FEE", balances=bench.venue.balances())
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.closed[0].funding == {"USDT": D("-0.51")}
    assert bench.closed[0].net["USDT"] == bench.closed[0].gross["USDT"] - bench.closed[0].fees["USDT"] - D("0.51")


def test_rules_15_funding_is_asked_for_at_the_end_of_a_trade_that_spanned_an_hour():
    """A settlement may lie inside its life."""
    bench = Bench().open_trade()
    bench.now += 3_600_000
    bench.advance(2_000)
    bench.venue.incomes.append(IncomeRow(type="FUNDING_FEE", tran_id=8, asset="USDT", amount=D("0.4"),
                                         symbol=SYMBOL, venue_ms=bench.now - 60_000))  # fmt: skip
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert bench.closed[0].funding == {"USDT": D("0.4")}


def test_rules_15_naked_time_is_from_the_first_evidence_to_the_confirmed_stop():
    """By our own clock: 120 ms."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.script(Role.STOP, silence(landed=True))
    bench.fill(bench.entry().client_id)
    bench.advance(120)
    bench.tell_algo(bench.venue.algos[bench.stop().client_id][-1])
    assert bench.result().naked_ms == 120


def test_rules_15_a_late_fill_of_a_closed_trade_is_a_correction_that_names_it():
    """Nothing published is rewritten."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    published = [(e.result.trade_id, e.result.fills) for e in bench.of(ev.TradeClosed)]
    held = bench.venue.orders[bench.orders(Role.CLOSE)[0].client_id][-1]
    bench.venue.fill(held, D("0.001"), D("50000"), bench.now)
    bench.venue.amounts[SYMBOL] = D(0)
    bench.give(inp.FillSeen, fill=bench.venue.trades[-1])
    assert [event.trade_id for event in bench.of(ev.ResultCorrected)] == [bench.closed[0].trade_id]
    assert [(e.result.trade_id, e.result.fills) for e in bench.of(ev.TradeClosed)] == published


@pytest.mark.parametrize("kind", ["close", "flatten"])
def test_rules_15_close_and_flatten_end_closed_or_nothing_open(kind):
    """Once each."""
    bench = Bench().open_trade()
    bench.intent("c1", kind, side=None)
    bench.advance(5_000)
    bench.intent("c2", kind, side=None)
    bench.advance(5_000)
    assert [bench.result(name).status for name in ("c1", "c2")] == ["closed", "nothing_open"]


def test_rules_15_uncovered_time_after_the_first_evidence_is_bounded():
    """Whatever the stop's answers: within a second a covering or closing request is on its way."""
    for replies in ([rejected(-4509)] * 9, [silence()] * 9, [rejected(-1111)] * 9):
        bench = Bench()
        bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
        bench.script(Role.STOP, *replies)
        bench.fill(bench.entry().client_id)
        bench.advance(1_000)
        times = sorted([*bench.place_times(Role.STOP), *bench.place_times(Role.CLOSE)])
        gaps = [later - earlier for earlier, later in zip(times, [*times[1:], 1_000], strict=True)]
        assert max(gaps) <= 1_000
        bench.advance(5_000)
        assert bench.trade.phase == "open" or bench.venue.amounts[SYMBOL] == 0

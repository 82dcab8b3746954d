"""The income record: read when it may hold something new, each row once (RULES 9, 15)."""

from __future__ import annotations

import pytest

from holdfast.core import income
from holdfast.core.income import HOUR_MS, LONGEST_MS, OVERLAP_MS, SETTLED_MS
from holdfast.model import events as ev
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import Side
from holdfast.model.reports import IncomeRow
from tests.core.bench import START_MS, Bench
from tests.core.gate_samples import D
from tests.core.replies import stranger_order, unknown


def row(kind: str = "FUNDING_FEE", *, tran_id: int = 1, venue_ms: int = START_MS, symbol: str = "BTCUSDT",
        trade_id: str = "") -> IncomeRow:  # fmt: skip
    """A row of the record."""
    return IncomeRow(type=kind, tran_id=tran_id, asset="USDT", amount=D("-0.5"), symbol=symbol, venue_ms=venue_ms,
                     trade_id=trade_id)  # fmt: skip


def reads(bench: Bench) -> list[Read]:
    """Every read of the account's record so far."""
    return [read for read in bench.done(Read) if read.kind is ReadKind.INCOME and not read.symbol]


def booked(bench: Bench) -> list[int]:
    """The booked rows' ids."""
    return [event.row.tran_id for event in bench.of(ev.IncomeBooked)]


def to_next_hour(bench: Bench, plus_ms: int) -> None:
    """Let time pass until so long after the next full hour."""
    bench.advance(HOUR_MS - bench.now % HOUR_MS + plus_ms)


def test_a_first_start_begins_with_itself():
    """What the account earned before is nobody's business here."""
    bench = Bench()
    assert [read.since_ms for read in reads(bench)] == [START_MS] * len(reads(bench))


def test_rules_9_what_was_paid_while_no_process_lived_is_booked_at_the_next_start():
    """Funding of a position that somebody else holds: no event and no trade of ours would ever tell of it."""
    bench = Bench()
    bench.advance(2 * OVERLAP_MS)
    bench.venue.incomes.append(row(venue_ms=bench.now + 60_000))
    bench.restart(after_ms=120_000)
    bench.advance(5_000)
    assert booked(bench) == [1]


def test_rules_15_what_a_liquidation_cost_is_fetched_soon_after_it():
    """The venue's charge comes with no execution and no event: it stood in no book until the next full hour."""
    bench = Bench().open_trade()
    bench.venue.take(stranger_order("autoclose-1", "0.1", side=Side.SELL), bench.now)
    bench.fill("autoclose-1")
    bench.venue.incomes.append(row("INSURANCE_CLEAR", venue_ms=bench.now))
    bench.advance(31_000)
    assert booked(bench) == [1]


def test_rules_15_a_reading_of_the_record_that_failed_is_repeated():
    """Throttled half a minute after a liquidation, it was not asked for again before the next full hour."""
    bench = Bench()
    bench.failing_reads = {ReadKind.INCOME}
    bench.venue.take(stranger_order("autoclose-1", "0.1"), bench.now)
    bench.fill("autoclose-1")
    bench.venue.incomes.append(row("INSURANCE_CLEAR", venue_ms=bench.now))
    bench.advance(35_000)
    bench.failing_reads.clear()
    bench.advance(10_000)
    assert booked(bench) == [1]


def test_a_later_start_reads_from_the_last_reconciliation_on():
    """With an overlap, and never further back than a week."""
    bench = Bench()
    bench.restart(after_ms=2 * OVERLAP_MS)
    bench.advance(5_000)
    known_ms, before = bench.engine.state.reconciled_ms, len(reads(bench))
    assert known_ms > START_MS + OVERLAP_MS
    bench.restart(after_ms=HOUR_MS)
    assert reads(bench)[before].since_ms == known_ms - OVERLAP_MS
    before = len(reads(bench))
    bench.restart(after_ms=2 * LONGEST_MS)
    assert reads(bench)[before].since_ms == bench.now - LONGEST_MS


def test_rules_15_funding_whose_event_was_lost_is_found_after_the_hour():
    """The record is read once after each full hour."""
    bench = Bench()
    to_next_hour(bench, 0)
    bench.venue.incomes.append(row(venue_ms=bench.now))
    before = len(reads(bench))
    bench.advance(SETTLED_MS - 1_000)
    assert len(reads(bench)) == before
    bench.advance(60_000)
    assert booked(bench) == [1]
    assert len(reads(bench)) == before + 1


def stranger(bench: Bench, name: str) -> None:
    """Somebody buys by hand."""
    bench.venue.take(stranger_order(name, "0.1"), bench.now)
    bench.fill(name)


def test_rules_15_a_trade_whose_entry_waits_pays_no_funding_for_a_stranger():
    """It was booked on our trade, which held nothing (a random day with many humans)."""
    bench = Bench(on_foreign="ignore")
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=2 * HOUR_MS), stop="49000")
    stranger(bench, "web_1")
    to_next_hour(bench, 0)
    bench.venue.incomes.append(row(venue_ms=bench.now))
    bench.advance(2 * SETTLED_MS)
    assert [event.trade_id for event in bench.of(ev.IncomeBooked)] == [""]


def test_rules_15_funding_waits_until_an_entry_without_an_answer_is_cleared_up():
    """Random day 150624: the entry had filled unheard just before, and the row was booked for nobody."""
    bench = Bench()
    bench.hold_reads = set(ReadKind)
    bench.script(Role.ENTRY, unknown(landed=True))
    bench.intent()
    ctx = bench.context()
    paid = row(venue_ms=bench.now + 1_000)
    income.book(ctx, paid)
    assert ctx.events == []
    entry = bench.entry().client_id
    bench.hold_reads = set()
    bench.fill(entry)
    bench.advance(SETTLED_MS + 2_000)
    assert [event.trade_id for event in bench.of(ev.IncomeBooked)] == [bench.trade.plan.trade_id]


def test_rules_15_funding_waits_for_what_was_executed_while_no_process_lived():
    """Random day 41458: the trade had ended before the hour, and its executions were read after the income."""
    bench = Bench().open_trade()
    bench.engine.around.reconciled = False
    ctx = bench.context()
    income.book(ctx, row(venue_ms=bench.now + 1_000))
    assert ctx.events == []
    bench.advance(SETTLED_MS + 2_000)
    assert bench.of(ev.IncomeBooked) == []
    bench.engine.around.reconciled = True
    bench.advance(2_000)
    assert [event.trade_id for event in bench.of(ev.IncomeBooked)] == [bench.trade.plan.trade_id]


def test_rules_15_a_trade_that_closes_before_the_engine_has_reconciled_takes_its_funding_with_it():
    """Random day 160210: all of the trade was known, and what it had been paid was booked for nobody."""
    bench = Bench().open_trade()
    to_next_hour(bench, 1_000)
    hour = bench.now - 1_000
    bench.intent("c1", "close", side=None)
    bench.venue.incomes.append(row(venue_ms=hour))
    bench.engine.around.reconciled = False
    bench.advance(SETTLED_MS + 10_000)
    assert bench.closed[0].funding == {"USDT": D("-0.5")}


def test_funding_that_waits_for_nobody_is_booked_for_nobody():
    """The entry was never placed: what the account paid was somebody else's."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    ctx = bench.context()
    income.book(ctx, row(venue_ms=bench.now + 1_000))
    assert ctx.events == []
    bench.advance(60_000)
    assert [event.trade_id for event in bench.of(ev.IncomeBooked)] == [""]
    assert bench.engine.around.unplaced_funding == {}


@pytest.mark.parametrize(
    ("paid_after_ms", "owned"), [(-100_000, False), (5_000, True), (30_000, True), (30_001, False), (60_000, False)]
)
def test_rules_15_funding_belongs_to_the_trade_while_it_holds_something(paid_after_ms, owned):
    """Not before its first execution, and not after its last."""
    bench = Bench().open_trade()
    filled = bench.now
    bench.advance(30_000)
    bench.fills_closes = True
    bench.intent("c1", "close", side=None)
    ctx = bench.context()
    income.book(ctx, row(venue_ms=filled + paid_after_ms), all_told=True)
    booked_for = [event.trade_id for event in ctx.events if isinstance(event, ev.IncomeBooked)]
    assert [bool(trade_id) for trade_id in booked_for] == [owned]


def test_rules_15_a_trade_that_ends_just_after_the_hour_waits_for_its_funding():
    """The venue writes it some seconds after it was paid: what a first reading did not show was never the trade's."""
    bench = Bench().open_trade()
    to_next_hour(bench, 1_000)
    hour = bench.now - 1_000
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert bench.result("c1").status == "closed"
    bench.venue.incomes.append(row(venue_ms=hour))
    bench.advance(5_000)
    assert bench.closed == []
    bench.advance(SETTLED_MS)
    assert bench.closed[0].funding == {"USDT": D("-0.5")}


def test_rules_15_a_trade_that_ends_just_before_our_hour_may_have_paid_at_the_venues():
    """Simulated hour 1300126: our clock was 3 ms behind, funding and stop fell on the hour's first millisecond."""
    bench = Bench().open_trade()
    to_next_hour(bench, -900)
    bench.venue.incomes.append(row(venue_ms=bench.now))
    bench.intent("c1", "close", side=None)
    bench.advance(800)
    assert (bench.result("c1").status, bench.closed) == ("closed", [])
    bench.advance(SETTLED_MS + 2_000)
    assert bench.closed[0].funding == {"USDT": D("-0.5")}


@pytest.mark.parametrize(("kind", "trade_id", "expected"), [
    ("INSURANCE_CLEAR", "", [1]),
    ("COMMISSION", "7", []),
    ("REALIZED_PNL", "7", []),
    ("DELIVERED_SETTELMENT", "7", []),
    ("COMMISSION", "", [1]),
])  # fmt: skip
def test_what_executions_made_comes_with_them(kind, trade_id, expected):
    """Their rows would double the journal and add nothing. They name the execution: a commission that names none is a
    charge of its own, such as that of a liquidation."""
    bench = Bench()
    to_next_hour(bench, 0)
    bench.venue.incomes.append(row(kind, venue_ms=bench.now, trade_id=trade_id))
    bench.advance(2 * SETTLED_MS + 30_000)
    assert booked(bench) == expected


def test_a_row_is_booked_once():
    """However often it is read."""
    bench = Bench()
    to_next_hour(bench, 0)
    bench.venue.incomes.append(row(venue_ms=bench.now))
    bench.advance(60_000)
    bench.restart(after_ms=1_000)
    bench.advance(5_000)
    assert booked(bench) == [1]

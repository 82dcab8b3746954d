"""The picture the gate sees: everything counted as filled, unknown numbers left unknown."""

from decimal import Decimal

import pytest

from holdfast.core import view
from holdfast.core.basis import gather
from holdfast.core.gate_view import Exposures, LiveTrade
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import Direction
from holdfast.model.reasons import TradingState
from holdfast.model.reports import BalanceReport, PositionReport
from tests.core.bench import MARK, START_MS, Bench
from tests.core.replies import SYMBOL, rejected, unknown

D = Decimal
LIMIT = Entry(type="limit", price=D(49_900))


def seen(bench: Bench, symbol: str = SYMBOL, **more):
    """The picture of a symbol now."""
    return view.of_symbol(gather(bench.context(), symbol), "test", **more)


def test_a_healthy_idle_account():
    """Everything is known, nothing is in the way."""
    found = seen(Bench())
    assert (found.mark, found.bid, found.ask, found.mark_age_ms, found.touch_age_ms) == (
        MARK, MARK - D("0.1"), MARK + D("0.1"), 0, 0,
    )  # fmt: skip
    assert (found.equity, found.wallet, found.available) == (10_000, 10_000, 10_000)
    assert (found.effective, found.reconciled, found.modes_ok, found.stream_ok, found.journal_ok) == (
        TradingState.ACTIVE, True, True, True, True,
    )  # fmt: skip
    assert (found.exposures, found.live_trade, found.open_orders_total, found.orders_owed) == (Exposures(), None, 0, 0)
    assert not found.symbol_in_use


def test_what_was_never_told_stays_unknown():
    """RULES 5: missing risk data denies; a missing number is never 0."""
    found = seen(Bench(start=False))
    unknowns = ("instrument", "mark", "mark_age_ms", "bid", "ask", "touch_age_ms", "mark_low_1m", "equity", "available",
                "account_age_ms", "modes_ok", "symbol_config", "watch_age_ms")  # fmt: skip
    assert {name: getattr(found, name) for name in unknowns} == dict.fromkeys(unknowns)
    assert (found.commanded, found.effective) == (TradingState.HALTED, TradingState.HALTED)


@pytest.mark.parametrize(("side", "sign"), [("long", 1), ("short", -1)])
def test_an_open_trade_is_an_exposure(side, sign):
    """Valued at the newest mark, not at its entry."""
    bench = Bench().open_trade(side=side)
    bench.market(mark=D(50_100))
    found, direction = seen(bench), Direction(side)
    others = found.exposures
    assert (others.count, others.margin, others.either) == (1, D(1_002), 0)
    assert (others.here_notional, others.here_quantity) == (D(5_010), D("0.1"))
    sides = [(others.longs, others.held_longs), (others.shorts, others.held_shorts)]
    assert sides[:: int(sign)] == [(D(5_010), D(5_010)), (0, 0)]
    assert found.live_trade == LiveTrade(direction, bench.trade.plan.trade_id)
    assert (found.symbol_in_use, found.live_trades, found.open_positions, found.conditionals_used) == (True, 1, 1, 2)
    assert found.equity == found.wallet + 10 * sign


@pytest.mark.parametrize(
    "reply", [pytest.param(None, id="working"), pytest.param(unknown(), id="unknown")],
)  # fmt: skip
def test_rules_3_a_working_or_unknown_entry_counts_as_filled(reply):
    """With all its margin reserved: nobody can say that it will not fill."""
    bench = Bench()
    if reply is not None:
        bench.script(Role.ENTRY, reply)
    bench.intent(entry=LIMIT)
    found = seen(bench).exposures
    assert (found.here_quantity, found.held_longs) == (D("0.1"), 0)
    assert found.reserved == found.margin == 1_000


def test_a_partly_filled_entry_counts_whole():
    """What is held and what may still come."""
    bench = Bench()
    bench.intent(entry=LIMIT)
    bench.fill(bench.entry().client_id, "0.04")
    found = seen(bench).exposures
    assert (found.here_quantity, found.held_longs) == (D("0.1"), D(2_000))


def test_a_refused_entry_leaves_nothing():
    """Its trade is over."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected())
    bench.intent()
    assert seen(bench).exposures == Exposures()
    assert (seen(bench).recent_rejects, seen(bench, "ETHUSDT").recent_rejects) == (1, 0)
    bench.advance(61_000)
    assert seen(bench).recent_rejects == 0


def test_an_entry_that_waits_for_its_settings_counts():
    """What was accepted is reserved, although nothing has been sent."""
    bench = Bench()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=7)
    assert bench.places(Role.ENTRY) == []
    assert seen(bench).exposures.here_quantity == D("0.1")


def test_a_closed_trade_counts_no_more():
    """Its money is free again; the symbol settles first (RULES 4)."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert seen(bench).exposures == Exposures()
    assert seen(bench).quarantine_until_ms is not None


def test_a_second_look_leaves_the_trade_itself_out():
    """So that it does not stand in its own way."""
    bench = Bench().open_trade()
    found = view.of_trade(gather(bench.context(), bench.trade.symbol), bench.trade)
    assert (found.exposures, found.live_trade, found.live_trades, found.conditionals_used) == (Exposures(), None, 0, 0)


def test_an_unknown_entry_is_named():
    """RULES 3: no other entry on the symbol until it is resolved."""
    bench = Bench()
    bench.hold_reads = set(ReadKind)
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    assert seen(bench).unresolved_ids == (bench.entry().client_id,)
    assert seen(bench, "ETHUSDT").unresolved_ids == ()


def test_orders_owed_are_stop_replacement_and_targets():
    """RULES 12: an admitted entry keeps room for what must follow it; once sent, it is no longer owed."""
    bench = Bench()
    bench.intent(entry=LIMIT, targets=[("51000", "0.5"), ("52000", "0.5")])
    assert seen(bench).orders_owed == 4
    bench.fill(bench.entry().client_id)
    assert seen(bench).orders_owed == 0


def test_open_orders_are_counted_by_symbol_and_in_total():
    """Ours by our books, others by the last list."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT"))
    bench.open_trade()
    bench.engine.around.foreign_orders["ETHUSDT"] = {1: None, 2: None, 3: None}
    assert (seen(bench).open_orders_symbol, seen(bench).open_orders_total) == (1, 4)
    assert seen(bench, "ETHUSDT").open_orders_symbol == 3
    assert seen(bench, "ETHUSDT").symbol_in_use


@pytest.mark.parametrize(("price", "notional"), [(D(40_000), D(8_000)), (None, D(500_001))])
def test_rules_4_a_foreign_position_counts_and_without_a_price_fills_every_limit(price, notional):
    """At the entry price of its row where no mark is known; unknown is never 0."""
    bench = Bench()
    bench.state.foreign["XRPUSDT"] = D("-0.2")
    if price is not None:
        row = PositionReport(symbol="XRPUSDT", amount=D("-0.2"), entry_price=price)
        bench.engine.around.venue_positions["XRPUSDT"] = (row, bench.now)
    found = seen(bench, "XRPUSDT").exposures
    assert (found.here_quantity, found.here_notional, found.either) == (D("0.2"), notional, notional)
    assert (found.margin, found.longs, found.shorts) == (notional, 0, 0)


def test_a_difference_that_is_being_looked_into_is_foreign_already():
    """Before anybody knows whose it is, no entry goes on top of it."""
    bench = Bench()
    around = bench.engine.around
    around.venue_positions[SYMBOL] = (PositionReport(symbol=SYMBOL, amount=D("0.3"), entry_price=MARK), bench.now)
    around.executed_ms[SYMBOL] = bench.now
    assert seen(bench).foreign_amount == 0
    around.mismatch[SYMBOL] = (bench.now, D("0.3"))
    assert seen(bench).foreign_amount == D("0.3")


def test_rules_4_a_difference_that_an_execution_has_explained_is_foreign_still():
    """A stranger's fill was found, and no row has been read since: books and venue differ by nothing, and what both
    show is not ours. An entry was let through against it."""
    bench = Bench()
    around = bench.engine.around
    around.venue_positions[SYMBOL] = (PositionReport(symbol=SYMBOL, amount=D("-0.3"), entry_price=MARK), bench.now)
    around.mismatch[SYMBOL] = (bench.now, D("-0.3"))
    around.executed_ms[SYMBOL] = bench.now
    bench.state.positions[SYMBOL] = D("-0.3")
    assert seen(bench).foreign_amount == D("-0.3")


def test_rules_4_the_venues_newest_word_on_a_position_is_foreign_at_once():
    """Read or pushed, after the last execution that we heard of."""
    bench = Bench()
    bench.engine.around.pushed_positions[SYMBOL] = (D("-0.3"), bench.now)
    assert seen(bench).foreign_amount == D("-0.3")
    bench.engine.around.executed_ms[SYMBOL] = bench.now + 1
    assert seen(bench).foreign_amount == 0


def test_ages_are_measured_now():
    """An old price is known to be old."""
    bench = Bench()
    bench.timers.clear()
    bench.due.clear()
    bench.now += 4_000
    found = seen(bench)
    assert (found.now_ms, found.mark_age_ms, found.touch_age_ms) == (START_MS + 4_000, 4_000, 4_000)
    assert (found.account_age_ms, found.watch_age_ms) == (4_000, 4_000)


def test_the_minute_has_its_low_and_high():
    """P3 looks at how far the mark went, not only at where it is."""
    bench = Bench()
    for price in (49_000, 51_000, 50_500):
        bench.advance(1_000)
        bench.market(mark=D(price))
    bench.advance(1_000)
    assert (seen(bench).mark_low_1m, seen(bench).mark_high_1m) == (49_000, 51_000)


def test_another_symbols_exposure_counts_for_the_account_only():
    """It is not on the symbol in question."""
    found = seen(Bench(symbols=(SYMBOL, "ETHUSDT")).open_trade(), "ETHUSDT").exposures
    assert (found.count, found.longs, found.here_notional, found.here_quantity) == (1, 5_000, 0, 0)


def test_the_newest_mark_counts_in_the_minute_at_once():
    """A jump within the second is a jump."""
    bench = Bench()
    bench.advance(1_000)
    bench.now += 500
    bench.market(mark=D(40_000))
    assert (seen(bench).mark_low_1m, seen(bench).mark_high_1m) == (40_000, MARK)


@pytest.mark.parametrize(
    ("hedge", "multi", "ok"), [(False, False, True), (True, False, False), (False, True, False), (None, False, None)]
)
def test_rules_13_modes_are_right_wrong_or_unknown(hedge, multi, ok):
    """Unknown is not right."""
    bench = Bench()
    bench.engine.around.hedge_mode, bench.engine.around.multi_assets = hedge, multi
    assert seen(bench).modes_ok is ok


def test_a_missing_available_balance_stays_missing():
    """The user stream tells wallets only."""
    bench = Bench()
    bench.state.balances["USDT"] = BalanceReport(asset="USDT", wallet=D(5))
    assert (seen(bench).wallet, seen(bench).available) == (5, None)


def test_a_source_that_may_not_trade_has_no_policy():
    """The gate denies it by that."""
    bench = Bench(any_source=False)
    assert seen(bench).source is None


def test_a_clock_that_is_unsure_is_seen():
    """With the offset it last had."""
    bench = Bench()
    bench.give(inp.ClockChecked, ok=False)
    assert not seen(bench).clock_ok

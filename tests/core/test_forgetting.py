"""What the state forgets, and what it may not: a fill is applied once, however late it comes again."""

from decimal import Decimal

from holdfast.core.evolve import evolve
from holdfast.core.state import EngineState
from holdfast.core.surroundings import FOREIGN_IDS_KEPT
from holdfast.model import events as ev
from holdfast.model.orders import Pending, Side
from holdfast.model.reports import IncomeRow
from tests.core.bench import START_MS, SYMBOL, Bench
from tests.core.replies import stranger_order

D = Decimal
DAY = 86_400_000


def day_starts(bench: Bench, days: int) -> EngineState:
    """Midnight passes so many days later."""
    evolve(bench.state, ev.DayStarted(at_ms=START_MS + days * DAY, day=f"d{days}", equity=bench.venue.wallet))
    return bench.state


def stranger(bench: Bench, name: str, side: Side = Side.BUY) -> None:
    """Somebody trades by hand."""
    bench.venue.take(stranger_order(name, "0.1", side), bench.now)
    bench.fill(name)
    bench.advance(10)


def flat_stranger() -> Bench:
    """Somebody bought and sold by hand; nothing of ours was there."""
    bench = Bench()
    stranger(bench, "web_1")
    stranger(bench, "web_2", Side.SELL)
    return bench


def test_executions_of_others_are_forgotten_after_two_days():
    """They stayed for ever: on an account where a human trades too, state and snapshots grew without bound."""
    bench = flat_stranger()
    assert len(day_starts(bench, 1).fills) == 2
    assert day_starts(bench, 3).fills == {}


def test_rules_15_what_a_live_trade_may_ask_for_again_is_remembered():
    """The executions of its symbol are read from its acceptance on; theirs came after it."""
    bench = Bench().open_trade()
    stranger(bench, "web_1")
    assert len(day_starts(bench, 30).fills) == 2


def test_what_came_before_a_live_trade_is_not():
    """Nobody reads that far back."""
    bench = flat_stranger()
    bench.advance(60_000)
    bench.open_trade()
    assert [fill.client_id for fill in day_starts(bench, 30).fills.values()] == [bench.entry().client_id]


def test_rules_3_what_an_unknown_order_may_ask_for_again_is_remembered():
    """Its resolution reads the executions since it was sent, as long as it takes."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(12_000)
    stranger(bench, "web_1")
    bench.state.plain[bench.entry().client_id].pending = Pending.PLACE_UNKNOWN
    assert "web_1" in {fill.client_id for fill in day_starts(bench, 3).fills.values()}


def test_an_execution_without_its_fee_is_kept_until_it_is_told():
    """It is still asked for."""
    bench = flat_stranger()
    key = next(iter(bench.state.fills))
    bench.state.incomplete[key] = START_MS
    assert list(day_starts(bench, 3).fills) == [key]


def test_closes_of_what_was_foreign_are_forgotten_with_their_executions():
    """A flatten without a trade has orders of its own."""
    bench = Bench()
    stranger(bench, "web_1")
    bench.intent("c1", "close", side=None)
    bench.advance(15_000)
    assert len(bench.state.plain) == 1
    state = day_starts(bench, 3)
    assert (state.plain, state.by_order_id, state.fills) == ({}, {}, {})


def test_a_close_that_a_quarantine_waits_for_is_kept():
    """Its end must still be proved."""
    bench = Bench()
    stranger(bench, "web_1")
    bench.intent("c1", "close", side=None)
    bench.advance(2_000)
    assert SYMBOL in bench.state.quarantines
    assert len(day_starts(bench, 3).plain) == 1


def test_income_rows_are_forgotten_when_no_reading_reaches_them():
    """A week is read back, and for a live trade as far as its acceptance."""
    row = IncomeRow(type="FUNDING_FEE", tran_id=1, asset="USDT", amount=D(1), symbol=SYMBOL, venue_ms=START_MS)
    for bench, left in ((Bench(), 0), (Bench().open_trade(), 1)):
        evolve(bench.state, ev.IncomeBooked(at_ms=START_MS, row=row, trade_id=""))
        assert len(day_starts(bench, 7).incomes) == 1
        assert len(day_starts(bench, 9).incomes) == left


def test_whose_an_order_is_is_remembered_for_the_newest_only():
    """The others can be asked for again."""
    around = Bench().engine.around
    for number in range(FOREIGN_IDS_KEPT + 5):
        around.remember_foreign(f"{SYMBOL}:{number}", "web")
    assert len(around.foreign_ids) == FOREIGN_IDS_KEPT
    assert f"{SYMBOL}:4" not in around.foreign_ids

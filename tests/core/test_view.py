"""The picture that the gate sees: missing numbers stay missing, everything that may fill counts."""

from decimal import Decimal

import pytest

from holdfast.core import view
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import unknown

D = Decimal


def seen(bench: Bench, symbol: str = "ETHUSDT") -> object:
    """The picture of a symbol now."""
    return view.of_symbol(bench.context(), symbol, "test")


def two() -> Bench:
    """Two symbols, nothing open."""
    return Bench(symbols=("BTCUSDT", "ETHUSDT"))


def test_what_is_unknown_stays_unknown():
    """Nothing becomes 0."""
    bench = Bench(start=False)
    picture = view.of_symbol(bench.context(), "NOSUCH", "test")
    missing = (picture.instrument, picture.mark, picture.bid, picture.ask, picture.equity, picture.available,
               picture.account_age_ms, picture.watch_age_ms, picture.modes_ok, picture.symbol_config)  # fmt: skip
    assert set(missing) == {None}
    assert picture.rates == ()


def test_an_open_position_counts_at_the_mark():
    """0.1 at 50 000, leverage 5."""
    bench = two().open_trade()
    exposure = seen(bench).exposures[0]
    assert (exposure.quantity, exposure.notional, exposure.initial_margin) == (D("0.1"), D("5000"), D("1000"))
    assert exposure.held_notional == D("5000")


@pytest.mark.parametrize("filled", ["0", "0.04"])
def test_a_resting_entry_counts_as_filled(filled):
    """Whatever part of it has filled so far."""
    bench = two()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    if filled != "0":
        bench.fill(bench.entry().client_id, filled)
    exposure = seen(bench).exposures[0]
    assert (exposure.quantity, exposure.held_notional) == (D("0.1"), D(filled) * 50_000)


def test_an_unknown_entry_counts_as_filled():
    """RULES 2."""
    bench = two()
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    assert seen(bench).exposures[0].quantity == D("0.1")
    assert seen(bench, SYMBOL).unresolved_ids == (bench.entry().client_id,)


def test_an_entry_that_waits_for_its_settings_counts():
    """Accepted is reserved."""
    bench = two()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=7)
    assert seen(bench).exposures[0].quantity == D("0.1")


def test_a_closed_trade_counts_no_more():
    """Its money is free again."""
    bench = two().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert seen(bench).exposures == ()
    assert seen(bench, SYMBOL).quarantine_until_ms is not None


def test_a_trade_does_not_stand_in_its_own_way():
    """The second look does not count it."""
    bench = two().open_trade()
    picture = view.of_trade(bench.context(), bench.trade)
    assert (picture.exposures, picture.live_trade, picture.live_trades) == ((), None, 0)


def test_open_profit_moves_the_equity():
    """Wallet + unrealised at the newest mark."""
    bench = two().open_trade()
    bench.market(mark="50300")
    picture = seen(bench)
    assert picture.equity == picture.wallet + D("30")


def test_two_conditional_slots_are_reserved_per_trade():
    """The stop and its replacement (RULES 5)."""
    assert seen(two().open_trade()).conditionals_used == 2


def test_orders_that_a_trade_still_owes_take_their_room():
    """Stop, replacement, targets of an entry that has not filled yet."""
    bench = two()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000",
                 targets=[("50500", "0.5"), ("51000", "0.5")])  # fmt: skip
    assert seen(bench).orders_owed == 4
    bench.fill(bench.entry().client_id)
    assert seen(bench).orders_owed == 0


@pytest.mark.parametrize(("kind", "field"), [("hedge_mode", False), ("multi_assets", False)])
def test_a_mode_that_differs_is_not_ok(kind, field):
    """RULES 13."""
    bench = two()
    assert seen(bench).modes_ok is True
    setattr(bench.venue, kind, True)
    bench.restart()
    assert seen(bench).modes_ok is field

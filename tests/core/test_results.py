"""What is published, and with which numbers."""

from decimal import Decimal

import pytest

from holdfast.core import results
from holdfast.model.ids import Role
from tests.core.bench import Bench

D = Decimal


def test_an_average_of_nothing_is_unknown():
    """Not 0."""
    assert results.average(D(0), D(0)) is None
    assert results.average(D("150"), D("3")) == D("50")


@pytest.mark.parametrize(("side", "price", "paid"), [
    ("long", "50025", "5.00"), ("long", "49975", "-5.00"), ("short", "49975", "5.00"), ("short", "50025", "-5.00"),
])  # fmt: skip
def test_slippage_is_positive_when_it_was_paid(side, price, paid):
    """Against the arrival mid of 50 000."""
    bench = Bench().open_trade(side=side)
    bench.trade.entry_value = bench.trade.entry_filled * D(price)
    assert results.slippage_bps(bench.trade) == D(paid)


def test_an_adopted_trade_has_no_slippage():
    """No decision of ours led to it."""
    bench = Bench().open_trade()
    bench.trade.intent = False
    assert results.slippage_bps(bench.trade) is None


def test_orders_that_were_only_planned_are_not_named():
    """The pre-authorised close never left."""
    result = Bench().open_trade().result()
    assert [ref.role for ref in result.orders] == ["entry", "stop"]


@pytest.mark.parametrize("exit_", ["stop", "target", "close"])
def test_the_exit_reason_is_what_filled(exit_):
    """Stop, target, or the close and who asked for it."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    if exit_ == "stop":
        bench.market(mark="49500")
        bench.trigger(bench.stop().client_id)
    elif exit_ == "target":
        bench.market(mark="50500")
        bench.fill(bench.orders(Role.TARGET)[0].client_id)
    else:
        bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert bench.closed[0].exit_reason == {"close": "close by test"}.get(exit_, exit_)


def test_the_result_of_a_close_has_its_price_and_quantity():
    """From fills."""
    bench = Bench().open_trade()
    bench.market(mark="50200")
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    result = bench.result("c1")
    assert (result.filled, result.average_price, result.trade_id) == (D("0.100"), D("50200"), bench.closed[0].trade_id)


def test_venue_and_version_stand_in_every_result():
    """Paper and live are never confused."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert {(r.venue, r.version) for r in (bench.result(), bench.result("c1"), bench.closed[0])} == {("paper", "test")}


def test_money_is_given_per_asset():
    """Net = gross − fees + funding, asset by asset, nothing converted."""
    bench = Bench().open_trade()
    trade = bench.trade
    trade.gross, trade.fees, trade.funding = {"USDT": D(9)}, {"USDT": D(2), "BNB": D("0.01")}, {"USDT": D("-0.5")}
    ctx = bench.context()
    results.publish_trade(ctx, trade)
    assert ctx.events[0].result.net == {"USDT": D("6.5"), "BNB": D("-0.01")}

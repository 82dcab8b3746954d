"""Positions and histories of an account."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.account import Account, Leg
from holdfast.paper.config import AccountConfig
from tests.paper.desk import Desk


def test_the_entry_is_the_mean_of_opening_fills_and_keeps_while_closing() -> None:
    """Adding averages, reducing does not touch the entry, a flat position has none."""
    leg = Leg("BOTH")
    assert leg.trade(Decimal(1), Decimal(100)) == 0
    assert leg.trade(Decimal(3), Decimal(200)) == 0
    assert leg.entry == 175
    assert leg.trade(Decimal(-2), Decimal(180)) == 10
    assert (leg.entry, leg.amt) == (175, 2)
    assert leg.trade(Decimal(-2), Decimal(170)) == -10
    assert (leg.entry, leg.amt, leg.realized) == (0, 0, 0)


def test_a_short_earns_when_the_price_falls() -> None:
    """Profit has the sign of the position."""
    leg = Leg("BOTH")
    leg.trade(Decimal(-2), Decimal(100))
    assert leg.trade(Decimal(2), Decimal(90)) == 20


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 2000)), min_size=1, max_size=30))
def test_profit_is_what_the_trades_brought_in(trades: list[tuple[int, int]]) -> None:
    """Realised + open profit at any price = cash received: money neither appears nor disappears."""
    leg = Leg("BOTH")
    cash = realized = Decimal(0)
    for quantity, price in trades:
        realized += leg.trade(Decimal(quantity), Decimal(price))
        cash -= Decimal(quantity) * price
    mark = Decimal(777)
    open_profit = (mark - leg.entry) * leg.amt
    assert abs((realized + open_profit) - (cash + leg.amt * mark)) < Decimal("0.000001")


def test_the_oldest_closed_order_is_forgotten_beyond_the_limit() -> None:
    """History is bounded; open orders never go."""
    desk = Desk(history_limit=2)
    resting = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    ids = [desk.order().body["orderId"] for _ in range(3)]
    rows = desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT").body
    assert [row["orderId"] for row in rows] == [resting, *ids[1:]]
    for _ in range(3):
        desk.algo(clientAlgoId="s", quantity="0.010")
        desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="s")
    assert len(desk.call("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT").body) == 2


@pytest.mark.parametrize(("hedge", "sides"), [(False, ("BOTH",)), (True, ("LONG", "SHORT"))])
def test_position_sides_follow_the_mode(hedge: bool, sides: tuple[str, ...]) -> None:
    """One-way has one position per symbol, hedge has two."""
    config = AccountConfig(name="a", api_key="k", hedge_mode=hedge)
    assert Account(config, default_leverage=20, history_limit=1).open_sides() == sides

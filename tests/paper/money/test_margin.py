"""Margin, tiers and the liquidation price, against worked examples."""

from decimal import Decimal
from itertools import pairwise

import pytest

from holdfast.paper.config import AccountConfig
from holdfast.paper.market.default_symbols import build_brackets
from holdfast.paper.money import margin
from tests.paper.desk import KEY, SECRET, Desk
from tests.paper.test_orders import order as new_order

TIERS = build_brackets(
    ((100, "100000", "0.005"), (50, "500000", "0.01"), (25, "2000000", "0.02"), (10, "10000000", "0.05"))
)


def test_the_cumulated_amounts_join_the_tiers_without_a_step() -> None:
    """cum grows by floor × (rate − rate before): maintenance is continuous at each border."""
    assert [tier.cum for tier in TIERS] == [0, 500, 5500, 65500]
    for lower, upper in pairwise(TIERS):
        border = upper.notionalFloor
        assert border * lower.maintMarginRatio - lower.cum == border * upper.maintMarginRatio - upper.cum


@pytest.mark.parametrize(("notional", "leverage"), [("99999", 100), ("100000", 50), ("2000000", 10), ("99000000", 10)])
def test_the_tier_of_a_notional(notional: str, leverage: int) -> None:
    """A border belongs to the upper tier; beyond the last it is the last."""
    assert margin.tier(TIERS, Decimal(notional)).initialLeverage == leverage


@pytest.mark.parametrize(
    ("leverage", "cap"), [(100, "100000"), (51, "100000"), (50, "500000"), (1, "10000000"), (101, "0")]
)
def test_the_largest_position_at_a_leverage(leverage: int, cap: str) -> None:
    """The highest tier that still allows the leverage."""
    assert margin.notional_cap(TIERS, leverage) == Decimal(cap)


def test_the_documented_short_has_its_liquidation_price() -> None:
    """Short 1 BTC at 80,000 with 9,580 behind it: (9580 + 80000) ÷ 1.005 = 89,134.33."""
    account = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances={"USDT": Decimal(9620)})
    desk = Desk(accounts=[account], brackets={"BTCUSDT": TIERS}, taker_fee=Decimal("0.0005"))
    desk.order(side="SELL", quantity="1")
    assert desk.wallet() == 9580
    [row] = desk.call("GET", "/fapi/v3/positionRisk").body
    assert Decimal(row["liquidationPrice"]).quantize(Decimal("0.01")) == Decimal("89134.33")


def test_a_position_that_cannot_be_liquidated_has_none() -> None:
    """A small long with much money behind it."""
    desk = Desk()
    desk.order()
    assert desk.call("GET", "/fapi/v3/positionRisk").body[0]["liquidationPrice"] == "0"


def test_open_orders_take_margin_and_give_it_back() -> None:
    """Buys and sells are netted: only the larger side counts."""
    desk = Desk()

    def free() -> Decimal:
        return Decimal(desk.call("GET", "/fapi/v3/account").body["availableBalance"])

    before = free()
    buy = desk.order(type="LIMIT", price="79000.0", quantity="1").body["orderId"]
    assert before - free() == Decimal("3950")
    desk.order(type="LIMIT", side="SELL", price="81000.0", quantity="0.500")
    assert before - free() == Decimal("3950")
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=buy)
    assert before - free() == Decimal("2025")


def test_reducing_needs_no_margin() -> None:
    """A position larger than the rest of the money can still be closed."""
    desk = Desk()
    desk.levels({"80000.0": "50"}, {"80000.1": "50"})
    desk.order(quantity="24")
    assert desk.order(quantity="24").code == -2019
    assert desk.order(side="SELL", quantity="24").status == 200


def test_break_even_is_one_fee_away() -> None:
    """Above the entry of a long."""
    desk = Desk()
    desk.order()
    assert desk.call("GET", "/fapi/v3/positionRisk").body[0]["breakEvenPrice"] == "80040.10005"


def test_a_market_purchase_is_costed_a_little_above_the_ask() -> None:
    """1 BTC at ask × 1.0005 = 80,040.10005: a twentieth of it, and the loss to the mark at 80,000."""
    desk = Desk()
    account, market = desk.venue.exchange.accounts["paper"], desk.venue.exchange.markets["BTCUSDT"]
    exposure = account.exposure("BTCUSDT")
    order = new_order("BUY", "BOTH")
    order.qty = Decimal(1)
    cost, worst = margin.order_cost(market, exposure, exposure.leg("BOTH"), order)
    assert (cost, worst) == (Decimal("4042.1050525"), Decimal("80040.10005"))

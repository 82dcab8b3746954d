"""What the venue refuses, and with which code: one row per filter edge."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.errors import VenueError
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.symbols import load_symbols
from holdfast.paper.trading import checks
from tests.paper.desk import Desk

BTC = load_symbols(default_exchange_info())[0]["BTCUSDT"]

LIMIT: dict[str, Any] = {"type": "LIMIT", "price": "79000.0", "quantity": "0.010"}
REFUSALS: list[tuple[int, dict[str, Any]]] = [
    (-1102, {"symbol": ""}),
    (-1121, {"symbol": "NOPEUSDT"}),
    (-1102, {"side": ""}),
    (-1117, {"side": "LONG"}),
    (-1102, {"type": ""}),
    (-1116, {"type": "ICEBERG"}),
    (-4120, {"type": "STOP_MARKET"}),
    (-4120, {"type": "TRAILING_STOP_MARKET"}),
    (-1102, {"quantity": ""}),
    (-1102, {"quantity": "much"}),
    (-1102, {"quantity": "NaN"}),
    (-1102, {"quantity": "1e309"}),
    (-4003, {"quantity": "0"}),
    (-4003, {"quantity": "-1"}),
    (-1111, {"quantity": "0.0105"}),
    (-4005, {"quantity": "121"}),
    (-1106, {"price": "79000"}),
    (-1106, {"timeInForce": "GTC"}),
    (-1102, {**LIMIT, "timeInForce": ""}),
    (-1115, {**LIMIT, "timeInForce": "DAY"}),
    (-1102, {**LIMIT, "price": ""}),
    (-4001, {**LIMIT, "price": "-5"}),
    (-1111, {**LIMIT, "price": "79000.001"}),
    (-4014, {**LIMIT, "price": "79000.05"}),
    (-4013, {**LIMIT, "price": "500.0"}),
    (-4002, {**LIMIT, "price": "5000000.0"}),
    (-4005, {**LIMIT, "quantity": "1001"}),
    (-4016, {**LIMIT, "price": "84000.1"}),
    (-4024, {**LIMIT, "price": "75999.9", "side": "SELL"}),
    (-4164, {**LIMIT, "price": "40000.0", "quantity": "0.001"}),
    (-4015, {"newClientOrderId": "no spaces"}),
    (-4015, {"newClientOrderId": "x" * 37}),
    (-4061, {"positionSide": "LONG"}),
    (-4060, {"positionSide": "UP"}),
    (-2022, {"reduceOnly": "true"}),
    (-1130, {"reduceOnly": "maybe"}),
    (-1136, {"newOrderRespType": "FULL"}),
    (-5039, {"selfTradePreventionMode": "NEVER"}),
    (-5037, {**LIMIT, "price": "", "priceMatch": "BEST"}),
    (-5038, {"priceMatch": "QUEUE"}),
    (-5041, {**LIMIT, "price": "", "priceMatch": "QUEUE_5"}),
    (-1102, {**LIMIT, "timeInForce": "GTD"}),
    (-5040, {**LIMIT, "timeInForce": "GTD", "goodTillDate": "1790000000001"}),
    (-2019, {"quantity": "30"}),
    (-2027, {"quantity": "10"}),
    (-5022, {**LIMIT, "timeInForce": "GTX", "price": "80000.1"}),
    (-5021, {**LIMIT, "timeInForce": "FOK", "price": "80000.1", "quantity": "2.001"}),
]


@pytest.mark.parametrize(("code", "params"), REFUSALS)
def test_a_bad_order_is_refused_with_its_code(code: int, params: dict[str, Any]) -> None:
    """Refused with status 400, and nothing of it is left: no order, no event, no id taken."""
    desk = Desk()
    if code == -2027:
        desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    reply = desk.order(**params)
    assert (reply.status, reply.code) == (400, code)
    assert desk.records("order") == []


def test_a_symbol_that_does_not_trade_is_refused() -> None:
    """Settling contracts answer -1122."""
    desk = Desk()
    market = desk.venue.exchange.markets["ETHUSDT"]
    closed = {**market.row, "status": "SETTLING"}
    market.symbol = load_symbols({"symbols": [closed]})[0]["ETHUSDT"]
    assert desk.order(symbol="ETHUSDT").code == -1122


def test_the_id_of_an_open_order_is_taken_and_that_of_a_filled_one_is_free() -> None:
    """-4116 protects an order only while it is open: the reason why an unknown entry is never resent."""
    desk = Desk()
    assert desk.order(**LIMIT, newClientOrderId="rest").status == 200
    assert desk.order(**LIMIT, newClientOrderId="rest").code == -4116
    assert desk.order(newClientOrderId="done").status == 200
    assert desk.order(newClientOrderId="done").status == 200
    assert desk.position() == Decimal("0.020")


def test_rules_14_the_code_of_a_duplicate_and_the_reuse_of_ids_are_switches() -> None:
    """A venue may answer -4115, and may refuse the id of a filled order as well."""
    desk = Desk({"duplicate_client_id": "-4115", "reuse_filled_client_id": "-4116"})
    assert desk.order(newClientOrderId="done").status == 200
    assert desk.order(newClientOrderId="done").code == -4115


def test_closing_needs_no_minimum_notional() -> None:
    """A remainder below the minimum can always be closed reduce-only."""
    desk = Desk()
    desk.order(quantity="0.002")
    desk.mark("20000")
    desk.book("20000.0", "20000.1")
    assert desk.order(side="SELL", quantity="0.001").code == -4164
    assert desk.order(side="SELL", quantity="0.001", reduceOnly="true").status == 200


def test_the_number_of_open_orders_is_limited_per_symbol() -> None:
    """The 201st resting order is refused with -2025."""
    desk = Desk()
    desk.control("fund", amount="1000000")
    statuses = {desk.order(**LIMIT).status for _ in range(200)}
    assert statuses == {200}
    assert desk.order(**LIMIT).code == -2025


@pytest.mark.parametrize(("fact", "expected"), [("clip", 200), ("reject", -2022)])
def test_rules_14_an_oversized_reduce_only_order_is_clipped_or_refused(fact: str, expected: int) -> None:
    """Whichever the venue does, the position never turns over."""
    desk = Desk({"reduce_only_over_size": fact})
    desk.order(quantity="0.010")
    assert desk.order(side="SELL", quantity="0.030", reduceOnly="true").code == expected
    assert desk.position() == (0 if fact == "clip" else Decimal("0.010"))


@given(st.decimals(min_value=Decimal("-10"), max_value=Decimal(6_000_000), places=3, allow_nan=False))
def test_a_price_passes_exactly_when_it_is_on_the_grid_and_inside(price: Decimal) -> None:
    """The price filter as a law: bounds, and a grid that counts from the minimum."""
    inside = BTC.minimum_price <= price <= BTC.maximum_price
    on_grid = (price - BTC.minimum_price) % BTC.tick == 0
    try:
        checks.check_price(BTC, price)
        passed = True
    except VenueError:
        passed = False
    assert passed == (inside and on_grid)


@given(st.decimals(min_value=Decimal("-1"), max_value=Decimal(1500), places=4, allow_nan=False), st.booleans())
def test_a_quantity_passes_exactly_when_it_is_on_the_grid_and_inside(quantity: Decimal, market_order: bool) -> None:
    """The lot filters as a law; market orders have a filter of their own."""
    rule = BTC.market_lot if market_order else BTC.lot
    expected = rule.minimum <= quantity <= rule.maximum and (quantity - rule.minimum) % rule.step == 0
    try:
        checks.check_quantity(BTC, quantity, market_order=market_order)
        passed = True
    except VenueError:
        passed = False
    assert passed == expected

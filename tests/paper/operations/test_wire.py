"""Replies about orders: fields, and the JSON types of them."""

from tests.paper.desk import Desk

NUMBERS = {"orderId", "goodTillDate", "updateTime", "time", "algoId", "createTime", "triggerTime"}
FLAGS = {"reduceOnly", "closePosition", "priceProtect"}


def check_types(body: dict[str, object], *, empty: tuple[str, ...] = ()) -> None:
    """Numbers, booleans and texts where the venue has them."""
    for key, value in body.items():
        kind = int if key in NUMBERS else bool if key in FLAGS else str
        assert type(value) is kind or (key in empty and value is None), key


def test_a_placement_has_no_averages_and_a_query_has_them() -> None:
    """Since July 2026."""
    desk = Desk()
    placed = desk.order().body
    check_types(placed)
    assert {"avgPrice", "cumQuote"}.isdisjoint(placed)
    asked = desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=placed["orderId"]).body
    check_types(asked)
    assert (asked["avgPrice"], asked["cumQuote"], asked["status"]) == ("80000.10", "800.00100", "FILLED")


def test_rules_14_the_averages_can_be_brought_back() -> None:
    """A venue fact of older times."""
    desk = Desk({"legacy_place_fields": True})
    body = desk.order(newOrderRespType="RESULT").body
    assert (body["avgPrice"], body["cumQuote"]) == ("80000.10", "800.00100")
    assert desk.order().body["avgPrice"] == "0.00"


def test_a_conditional_order_calls_its_type_order_type() -> None:
    """Its order id is a text, empty until there is one."""
    desk = Desk()
    placed = desk.algo().body
    check_types(placed, empty=("icebergQuantity",))
    assert (placed["orderType"], placed["quantity"], placed["triggerPrice"]) == ("STOP_MARKET", "0.000", "79000.00")
    [waiting] = desk.call("GET", "/fapi/v1/openAlgoOrders").body
    check_types(waiting, empty=("icebergQuantity",))
    assert waiting["actualOrderId"] == ""

"""Reading an order from its parameters."""

from decimal import Decimal

import pytest

from tests.paper.desk import START_US, Desk


@pytest.mark.parametrize(
    ("match", "side", "price"),
    [
        ("OPPONENT", "BUY", "101.0"),
        ("QUEUE", "BUY", "100.0"),
        ("QUEUE_5", "SELL", "105.0"),
        ("OPPONENT_5", "SELL", "96.0"),
    ],
)
def test_price_match_takes_the_price_from_the_book(match: str, side: str, price: str) -> None:
    """OPPONENT looks at the other side, QUEUE at the own; a number counts levels."""
    desk = Desk()
    desk.mark("100")
    desk.levels(
        {str(100 - n): "9" for n in range(6)},
        {str(101 + n): "9" for n in range(6)},
        symbol="ETHUSDT",
    )
    reply = desk.order(symbol="ETHUSDT", type="LIMIT", side=side, quantity="1", priceMatch=match)
    assert Decimal(reply.body["price"]) == Decimal(price)


def test_good_till_is_cut_to_whole_seconds_and_then_expires() -> None:
    """A GTD order ends by itself, as EXPIRED."""
    desk = Desk()
    until_ms = START_US // 1000 + 700_999
    placed = desk.order(type="LIMIT", price="79000.0", timeInForce="GTD", goodTillDate=until_ms)
    assert placed.body["goodTillDate"] == until_ms - 999
    desk.wait(699_999_000)
    assert len(desk.call("GET", "/fapi/v1/openOrders").body) == 1
    desk.wait(1_000_000)
    assert (
        desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=placed.body["orderId"]).body["status"] == "EXPIRED"
    )


def test_parameter_names_match_in_any_case_and_unknown_ones_are_ignored() -> None:
    """Real clients send lower-case names and leak extras."""
    desk = Desk()
    reply = desk.call(
        "POST", "/fapi/v1/order", symbol="btcusdt", side="buy", type="market", QUANTITY="0.010", stopLossPrice="1"
    )
    assert (reply.status, reply.body["symbol"]) == (200, "BTCUSDT")


def test_a_client_id_is_made_when_none_was_sent() -> None:
    """22 letters and digits, different each time."""
    desk = Desk()
    first, second = (desk.order().body["clientOrderId"] for _ in range(2))
    assert len(first) == 22
    assert first.isalnum()
    assert first != second


def test_an_order_is_found_by_either_id_and_the_order_id_wins() -> None:
    """The newest order answers to a client id that was used twice."""
    desk = Desk()
    first = desk.order(newClientOrderId="twice").body["orderId"]
    second = desk.order(newClientOrderId="twice").body["orderId"]

    def find(**ids: object) -> object:
        return desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", **ids).body["orderId"]

    assert find(origClientOrderId="twice") == second
    assert find(orderId=first, origClientOrderId="twice") == first
    assert desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT").code == -1102


def test_cancelling_what_is_gone_is_refused() -> None:
    """-2011 for a filled order and for one that never was."""
    desk = Desk()
    filled = desk.order().body["orderId"]
    for ids in ({"orderId": filled}, {"origClientOrderId": "never"}):
        assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", **ids).code == -2011

"""Batches (protocol notes C.5) and the test endpoint (C.2)."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from holdfast.paper.config import RateLimits
from tests.paper.desk import Desk, sign

PATH = "/fapi/v1/batchOrders"
BID = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}


def bids(*prices: str) -> str:
    """A batch of bids named after their prices."""
    return json.dumps([{**BID, "price": price, "newClientOrderId": f"c{price}"} for price in prices])


def codes(rows: list[dict[str, Any]]) -> list[Any]:
    """The status of each order, or its error code."""
    return [row.get("code", row.get("status")) for row in rows]


def test_c5_each_element_succeeds_or_fails_by_itself() -> None:
    """Protocol notes C.5: HTTP 200, in request order, error objects between orders."""
    desk = Desk()
    reply = desk.call("POST", PATH, batchOrders=bids("79000.0", "79000.05", "78000.0"))
    assert (reply.status, codes(reply.body)) == (200, ["NEW", -4014, "NEW"])
    assert reply.body[1].keys() == {"code", "msg"}


def test_c5_amending_and_cancelling_in_batches() -> None:
    """Protocol notes C.5: amendments by object, cancels by a list of ids."""
    desk = Desk()
    rows = desk.call("POST", PATH, batchOrders=bids("79000.0", "78000.0", "77000.0")).body
    changes = [
        {"symbol": "BTCUSDT", "side": "BUY", "orderId": row["orderId"], "quantity": "0.020", "price": "76000.0"}
        for row in rows[:2]
    ]
    changes.append({**changes[0], "orderId": 1})
    assert codes(desk.call("PUT", PATH, batchOrders=json.dumps(changes)).body) == ["NEW", "NEW", -2013]
    by_id = json.dumps([rows[0]["orderId"], 5])
    assert codes(desk.call("DELETE", PATH, symbol="BTCUSDT", orderIdList=by_id).body) == ["CANCELED", -2011]
    by_name = json.dumps(["c78000.0", "c77000.0"])
    reply = desk.call("DELETE", PATH, symbol="BTCUSDT", origClientOrderIdList=by_name)
    assert codes(reply.body) == ["CANCELED", "CANCELED"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("POST", {"batchOrders": bids(*["79000.0"] * 6)}, -4082),
        ("POST", {"batchOrders": "[]"}, -4082),
        ("PUT", {"batchOrders": bids(*["79000.0"] * 6)}, -4082),
        ("POST", {"batchOrders": "[{"}, -1102),
        ("POST", {"batchOrders": "{}"}, -1102),
        ("POST", {}, -1102),
        ("DELETE", {"symbol": "BTCUSDT", "orderIdList": json.dumps([1] * 11)}, -4032),
        ("DELETE", {"symbol": "BTCUSDT", "orderIdList": "1,2"}, -1102),
        ("DELETE", {"symbol": "BTCUSDT"}, -1102),
        ("DELETE", {"orderIdList": "[1]"}, -1102),
    ],
)
def test_c5_bad_batches(method: str, params: dict[str, Any], code: int) -> None:
    """Protocol notes C.5: too many, none at all, or no list."""
    assert Desk().call(method, PATH, **params).code == code


@pytest.mark.parametrize("raw", [True, False])
def test_c5_a_batch_in_the_body(raw: bool) -> None:
    """Protocol notes C.5: bodies arrive percent-encoded and raw; numbers instead of texts do no harm."""
    desk = Desk()
    text = json.dumps([{**BID, "price": 79000.0, "quantity": 0.01}], separators=(",", ":"))
    form = f"batchOrders={text if raw else quote(text)}&timestamp={desk.now_us // 1000}"
    reply = desk.raw("POST", PATH, body=f"{form}&signature={sign(form)}")
    assert codes(reply.body) == ["NEW"]


def test_c5_a_batch_counts_five_in_ten_seconds_and_one_in_a_minute() -> None:
    """Protocol notes C.5: and costs five of weight; cancelling counts no order."""
    desk = Desk(limits=RateLimits())
    headers = desk.call("POST", PATH, batchOrders=bids("79000.0")).headers
    counts = [headers[f"X-MBX-{name}"] for name in ("USED-WEIGHT-1M", "ORDER-COUNT-10S", "ORDER-COUNT-1M")]
    assert counts == ["5", "5", "1"]
    headers = desk.call("DELETE", PATH, symbol="BTCUSDT", orderIdList="[1]").headers
    assert (headers["X-MBX-USED-WEIGHT-1M"], "X-MBX-ORDER-COUNT-10S" in headers) == ("6", False)


def test_c2_the_test_endpoint_checks_and_places_nothing() -> None:
    """Protocol notes C.2: the reply looks like an order; nothing rests, nothing is logged."""
    desk = Desk()
    test = {**BID, "price": "79000.0"}
    body = desk.call("POST", "/fapi/v1/order/test", **test).body
    assert (body["status"], body["orderId"], body["price"]) == ("NEW", 0, "79000.00")
    assert desk.call("POST", "/fapi/v1/order/test", **{**test, "quantity": "900"}).code == -2019
    assert desk.call("POST", "/fapi/v1/order/test", **{**test, "price": "80000.1", "timeInForce": "GTX"}).code == -5022
    assert desk.call("GET", "/fapi/v1/openOrders").body == []
    assert desk.records("order") == []
    assert desk.order(newClientOrderId="x").body["orderId"] == desk.order().body["orderId"] - 1


@pytest.mark.parametrize(("fact", "status"), [("-4120", 400), ("accept", 200)])
def test_rules_14_the_test_endpoint_and_conditional_types(fact: str, status: int) -> None:
    """Protocol notes M.3: refused like everywhere, or still taken."""
    desk = Desk({"order_test_conditional": fact})
    params = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "stopPrice": "79000"}
    reply = desk.call("POST", "/fapi/v1/order/test", **params)
    assert reply.status == status
    assert reply.body.get("type", "STOP_MARKET") == "STOP_MARKET"

"""The rows of protocol notes L.1 that concern orders and conditional orders: events in order, and the reply."""

from typing import Any

import pytest

from tests.paper.desk import Desk

FILL = ["TRADE_LITE", "ACCOUNT ORDER"]
BID = {"type": "LIMIT", "price": "79000.0", "newClientOrderId": "bid"}
ONE = {"symbol": "BTCUSDT", "origClientOrderId": "bid"}


def listening(*, position: str = "") -> Desk:
    """A desk with an open user stream, and perhaps a long position."""
    desk = Desk()
    if position:
        desk.order(quantity=position)
    desk.listen()
    return desk


def er(events: list[Any]) -> str:
    """The reason the last order event gives."""
    return str(events[-1]["o"]["er"])


def test_l1_resting_limit() -> None:
    """NEW/NEW, and the reply says NEW."""
    desk = listening()
    assert desk.order(**BID).body["status"] == "NEW"
    assert desk.story() == ["ORDER NEW/NEW"]


@pytest.mark.parametrize(("kind", "status"), [("ACK", "NEW"), ("RESULT", "FILLED")])
def test_l1_market_full(kind: str, status: str) -> None:
    """NEW, then per fill TRADE_LITE, ACCOUNT_UPDATE, TRADE."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.004", "80000.2": "1"})
    assert desk.order(newOrderRespType=kind).body["status"] == status
    assert desk.story() == ["ORDER NEW/NEW", *FILL, "ORDER TRADE/PARTIALLY_FILLED", *FILL, "ORDER TRADE/FILLED"]


def test_l1_crossing_limit_gtc() -> None:
    """NEW, TRADE, and the rest stays."""
    desk = listening()
    desk.order(type="LIMIT", price="80000.1", quantity="2.500")
    assert desk.story() == ["ORDER NEW/NEW", *FILL, "ORDER TRADE/PARTIALLY_FILLED"]
    assert desk.call("GET", "/fapi/v1/openOrders").body[0]["executedQty"] == "2.000"


@pytest.mark.parametrize(
    ("params", "reason"),
    [({"type": "LIMIT", "timeInForce": "IOC", "price": "80000.1"}, "2"), ({}, "9")],
    ids=["ioc", "market"],
)
def test_l1_leftover(params: dict[str, str], reason: str) -> None:
    """What an IOC or MARKET order leaves expires, with the reason of its kind; RESULT shows what executed."""
    desk = listening()
    body = desk.order(**params, quantity="2.500", newOrderRespType="RESULT").body
    assert (body["status"], body["executedQty"]) == ("EXPIRED", "2.000")
    events = desk.sent()
    assert [event["o"]["x"] for event in events if "o" in event] == ["NEW", "TRADE", "EXPIRED"]
    assert er(events) == reason


@pytest.mark.parametrize(
    ("tif", "quantity", "code"), [("FOK", "2.500", -5021), ("GTX", "0.010", -5022), ("RPI", "0.010", -5022)]
)
def test_l1_fok_and_gtx_refused(tif: str, quantity: str, code: int) -> None:
    """No event, an error as reply, and no such order afterwards."""
    desk = listening()
    params = {**BID, "price": "80000.1", "timeInForce": tif, "quantity": quantity}
    assert desk.order(**params).code == code
    assert desk.story() == []
    assert desk.call("GET", "/fapi/v1/order", **ONE).code == -2013


def test_l1_cancel() -> None:
    """CANCELED once; the second cancel finds nothing."""
    desk = listening()
    desk.order(**BID)
    assert desk.call("DELETE", "/fapi/v1/order", **ONE).body["status"] == "CANCELED"
    assert desk.story() == ["ORDER NEW/NEW", "ORDER CANCELED/CANCELED"]
    assert desk.call("DELETE", "/fapi/v1/order", **ONE).code == -2011


def test_l1_cancel_all_and_countdown() -> None:
    """One CANCELED an order; the reply is code 200 as a number."""
    desk = listening()
    for _ in range(2):
        desk.order(type="LIMIT", price="79000.0")
    desk.sent()
    assert desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT").body["code"] == 200
    assert desk.story() == ["ORDER CANCELED/CANCELED"] * 2
    desk.order(**BID)
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=1000)
    desk.sent()
    desk.wait(1_000_000)
    assert desk.story() == ["ORDER CANCELED/CANCELED"]


@pytest.mark.parametrize(("tif", "reason"), [("GTC", "1"), ("IOC", "3")])
def test_l1_stp(tif: str, reason: str) -> None:
    """The victim is EXPIRED_IN_MATCH: 1, and 3 for an IOC order."""
    desk = listening()
    desk.order(side="SELL", type="LIMIT", price="80000.1", quantity="0.010")
    desk.book("80000.0", "80001.0")
    desk.sent()
    desk.order(type="LIMIT", timeInForce=tif, price="80000.5", selfTradePreventionMode="EXPIRE_TAKER")
    events = desk.sent()
    assert (events[-1]["o"]["X"], er(events)) == ("EXPIRED_IN_MATCH", reason)
    desk.order(type="LIMIT", price="80000.5", selfTradePreventionMode="EXPIRE_MAKER")
    events = desk.sent()
    assert ([event["o"]["X"] for event in events], er(events)) == (["NEW", "EXPIRED_IN_MATCH"], "1")


def test_l1_reduce_only_displaced_after_the_position_shrinks() -> None:
    """Of two targets that both fitted, the farther one ends with reason 4."""
    desk = listening(position="0.020")
    for price, name in (("81000.0", "near"), ("82000.0", "far")):
        desk.order(side="SELL", type="LIMIT", price=price, reduceOnly="true", newClientOrderId=name)
    desk.sent()
    desk.order(side="SELL", quantity="0.010")
    events = desk.sent()
    assert (events[-1]["o"]["c"], events[-1]["o"]["x"], er(events)) == ("far", "EXPIRED", "4")
    assert [row["clientOrderId"] for row in desk.call("GET", "/fapi/v1/openOrders").body] == ["near"]


def test_l1_algo_place_and_cancel() -> None:
    """ALGO_UPDATE NEW, then CANCELED; the code of the reply is a text."""
    desk = listening()
    algo_id = desk.algo().body["algoId"]
    assert desk.call("DELETE", "/fapi/v1/algoOrder", algoId=algo_id).body["code"] == "200"
    assert desk.story() == ["ALGO NEW", "ALGO CANCELED"]


def test_l1_algo_trigger() -> None:
    """Protocol notes D.6: the fill is told before the conditional order is called triggered."""
    desk = listening(position="0.010")
    desk.algo()
    desk.mark("79000")
    before = ["ALGO NEW", "ALGO TRIGGERING", "ORDER NEW/NEW"]
    assert desk.story() == [*before, *FILL, "ORDER TRADE/FILLED", "ALGO TRIGGERED", "ALGO FINISHED"]

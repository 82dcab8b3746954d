"""The event sequences of the protocol notes L.1, a test for each row that needs no other part's switches."""

from decimal import Decimal

import pytest

from tests.paper.desk import SECOND, Desk

FILL = ["TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]
PART = ["TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE/PARTIALLY_FILLED"]


def listening() -> Desk:
    """A desk with its user stream open."""
    desk = Desk()
    desk.listen()
    return desk


def test_l1_resting_limit() -> None:
    """NEW/NEW, and no ACCOUNT_UPDATE (protocol notes L.1, E.4)."""
    desk = listening()
    assert desk.order(type="LIMIT", price="79000.0").body["status"] == "NEW"
    assert desk.story() == ["ORDER NEW/NEW"]


def test_l1_market_full() -> None:
    """NEW, then three events for each fill (protocol notes L.1)."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010", "80000.2": "1"})
    assert desk.order(quantity="0.030").body["status"] == "NEW"
    assert desk.story() == ["ORDER NEW/NEW", *PART, *FILL]
    assert desk.order(quantity="0.010", newOrderRespType="RESULT").body["status"] == "FILLED"


def test_l1_crossing_limit_gtc() -> None:
    """NEW, then trades; the rest stays (protocol notes L.1)."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010"})
    desk.order(type="LIMIT", price="80000.1", quantity="0.030")
    assert desk.story() == ["ORDER NEW/NEW", *PART]
    [order] = desk.call("GET", "/fapi/v1/openOrders", symbol="BTCUSDT").body
    assert order["executedQty"] == "0.010"


def test_l1_ioc_leftover() -> None:
    """Ends EXPIRED with reason 2 and what was executed (protocol notes L.1)."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010"})
    reply = desk.order(type="LIMIT", price="80000.1", quantity="0.030", timeInForce="IOC", newOrderRespType="RESULT")
    assert (reply.body["status"], reply.body["executedQty"]) == ("EXPIRED", "0.010")
    last = desk.sent()[-1]["o"]
    assert (last["x"], last["X"], last["er"]) == ("EXPIRED", "EXPIRED", "2")


def test_l1_market_leftover() -> None:
    """Ends EXPIRED with reason 9 (protocol notes L.1)."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010"})
    desk.order(quantity="0.030")
    last = desk.sent()[-1]["o"]
    assert (last["x"], last["X"], last["er"], last["z"]) == ("EXPIRED", "EXPIRED", "9", "0.010")


@pytest.mark.parametrize(("tif", "price", "code"), [("FOK", "80000.1", -5021), ("GTX", "80000.1", -5022)])
def test_l1_fok_gtx_refused(tif: str, price: str, code: int) -> None:
    """No event, and the order never existed (protocol notes L.1)."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010"})
    params = {"type": "LIMIT", "price": price, "quantity": "0.030", "timeInForce": tif, "newClientOrderId": "gone"}
    assert desk.order(**params).code == code
    assert desk.story() == []
    assert desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="gone").code == -2013


def test_l1_cancel() -> None:
    """CANCELED/CANCELED; the second one -2011 (protocol notes L.1)."""
    desk = listening()
    ident = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    desk.sent()
    assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=ident).body["status"] == "CANCELED"
    assert desk.story() == ["ORDER CANCELED/CANCELED"]
    assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=ident).code == -2011


def test_l1_cancel_all_and_countdown() -> None:
    """One CANCELED for each order; the reply says 200 (protocol notes L.1)."""
    desk = listening()
    for price in ("79000.0", "78000.0"):
        desk.order(type="LIMIT", price=price)
    desk.sent()
    assert desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT").body["code"] == 200
    assert desk.story() == ["ORDER CANCELED/CANCELED"] * 2
    desk.order(type="LIMIT", price="79000.0")
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=5000)
    desk.wait(5 * SECOND)
    assert desk.story() == ["ORDER NEW/NEW", "ORDER CANCELED/CANCELED"]


def test_l1_stp() -> None:
    """The victim ends EXPIRED/EXPIRED_IN_MATCH with reason 1 (protocol notes L.1)."""
    desk = listening()
    desk.levels({"80000.0": "1"}, {"80005.0": "1"})
    desk.order(type="LIMIT", side="SELL", price="80001.0")
    desk.sent()
    desk.order(type="LIMIT", side="BUY", price="80001.0", selfTradePreventionMode="EXPIRE_MAKER")
    ends = [event["o"] for event in desk.sent() if event["o"]["x"] == "EXPIRED"]
    assert [(order["S"], order["X"], order["er"]) for order in ends] == [("SELL", "EXPIRED_IN_MATCH", "1")]


def test_l1_ro_displaced_after_position_shrinks() -> None:
    """A reduce-only order without a position left to reduce ends EXPIRED with reason 4 (protocol notes L.1)."""
    desk = listening()
    desk.order()
    desk.order(type="LIMIT", side="SELL", price="81000.0", reduceOnly="true")
    desk.sent()
    desk.order(side="SELL")
    ends = [event["o"] for event in desk.sent() if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "EXPIRED"]
    assert [(order["X"], order["er"]) for order in ends] == [("EXPIRED", "4")]


def test_l1_algo_place_and_cancel() -> None:
    """ALGO_UPDATE NEW, then CANCELED (protocol notes L.1)."""
    desk = listening()
    desk.order()
    desk.sent()
    ident = desk.algo().body["algoId"]
    desk.call("DELETE", "/fapi/v1/algoOrder", algoId=ident)
    assert desk.story() == ["ALGO NEW", "ALGO CANCELED"]


def test_l1_leverage_and_multi_assets_change() -> None:
    """ACCOUNT_CONFIG_UPDATE (protocol notes L.1, E.5)."""
    desk = listening()
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5)
    desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    assert desk.story() == ["ACCOUNT_CONFIG_UPDATE"] * 2


def test_l1_funding() -> None:
    """ACCOUNT_UPDATE FUNDING_FEE: the balance with its change, no position row when crossed (notes L.1, E.4)."""
    desk = listening()
    desk.order()
    due_ms = desk.now_us // 1000 + 10_000
    desk.mark("80000", next_funding_ms=due_ms)
    desk.sent()
    desk.wait(10 * SECOND)
    [event] = desk.sent()
    body = event["a"]
    assert (body["m"], body["S"], body["P"]) == ("FUNDING_FEE", "BTCUSDT", [])
    assert Decimal(body["B"][0]["bc"]) == Decimal("-0.08")

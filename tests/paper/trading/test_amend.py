"""Amending orders (protocol notes C.3)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.paper.desk import Desk, Reply

BID = {"type": "LIMIT", "price": "79000.0", "quantity": "0.100", "newClientOrderId": "bid"}


def change(desk: Desk, **params: Any) -> Reply:
    """Amend the bid; by default to 0.2 at 79,100."""
    base = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "origClientOrderId": "bid",
        "quantity": "0.200",
        "price": "79100.0",
    }
    merged = {**base, **params}
    return desk.call("PUT", "/fapi/v1/order", **{name: value for name, value in merged.items() if value != ""})


def test_l1_amend() -> None:
    """One AMENDMENT event with the caller's id as text; the reply is the order with pair and modifyId."""
    desk = Desk()
    desk.order(**BID)
    desk.listen()
    body = change(desk, modifyId=42).body
    assert (body["price"], body["origQty"], body["status"]) == ("79100.00", "0.200", "NEW")
    assert (body["pair"], body["modifyId"]) == ("BTCUSDT", 42)
    assert not {"avgPrice", "cumBase", "cumQuote"} & body.keys()
    [event] = desk.sent()
    assert (event["o"]["x"], event["o"]["X"], event["o"]["M"]) == ("AMENDMENT", "NEW", "42")


REFUSALS: list[tuple[int, dict[str, Any]]] = [
    (-1102, {"quantity": ""}),
    (-1102, {"price": ""}),
    (-1102, {"origClientOrderId": ""}),
    (-1106, {"priceMatch": "QUEUE"}),
    (-5037, {"price": "", "priceMatch": "OPPONENT_10"}),
    (-1117, {"side": "SELL"}),
    (-2013, {"origClientOrderId": "nobody"}),
    (-5027, {"price": "79000.0", "quantity": "0.100"}),
    (-5029, {"quantity": "0.001", "price": "40000.0"}),
    (-5047, {"reduceOnly": "true"}),
    (-4014, {"price": "79000.05"}),
    (-1111, {"quantity": "0.1001"}),
    (-4016, {"price": "90000.0"}),
    (-2019, {"quantity": "900"}),
]


@pytest.mark.parametrize(("code", "params"), REFUSALS)
def test_c3_a_refused_amendment_leaves_the_order_as_it_was(code: int, params: dict[str, Any]) -> None:
    """Protocol notes C.3: the order stays."""
    desk = Desk()
    desk.order(**BID)
    before = desk.call("GET", "/fapi/v1/openOrders").body
    assert change(desk, **params).code == code
    assert desk.call("GET", "/fapi/v1/openOrders").body == before


def test_c3_only_limit_orders_are_amended() -> None:
    """Protocol notes C.3: -5025 for a market order."""
    desk = Desk()
    desk.order(newClientOrderId="bid")
    assert change(desk).code == -5025


def test_c3_an_amended_order_goes_to_the_back_of_the_queue() -> None:
    """Protocol notes C.3: always, even when only the quantity fell."""
    desk = Desk()
    desk.order(**BID)
    desk.order(**{**BID, "newClientOrderId": "second"})
    change(desk, price="79000.0", quantity="0.090")
    desk.trade("79000.0", "0.050", seller_aggressive=True)
    assert [trade["client_id"] for trade in desk.records("trade")] == ["second"]


def test_c3_an_amendment_may_take() -> None:
    """A bid moved to the ask fills there, as taker."""
    desk = Desk()
    desk.order(**BID)
    assert change(desk, price="80000.1", quantity="0.100").body["status"] == "FILLED"
    [trade] = desk.records("trade")
    assert (trade["price"], trade["maker"]) == ("80000.1", False)


def partly_filled(desk: Desk) -> None:
    """The bid, executed for 0.04."""
    desk.order(**{**BID, "price": "79999.0"})
    desk.trade("79999.0", "0.040", seller_aggressive=True)


def test_l1_amend_that_kills_a_partly_filled_order() -> None:
    """A quantity that is executed already cancels the rest."""
    desk = Desk()
    partly_filled(desk)
    desk.listen()
    body = change(desk, price="79990.0", quantity="0.040").body
    assert (body["status"], body["executedQty"]) == ("CANCELED", "0.040")
    assert desk.story() == ["ORDER CANCELED/CANCELED"]


def test_c3_an_amended_order_keeps_what_it_executed() -> None:
    """The new quantity counts from the first fill on."""
    desk = Desk()
    partly_filled(desk)
    assert change(desk, price="79990.0", quantity="0.050").body["status"] == "PARTIALLY_FILLED"
    desk.trade("79980.0", "1", seller_aggressive=True)
    assert [trade["qty"] for trade in desk.records("trade")] == ["0.040", "0.010"]


@pytest.mark.parametrize("fact", ["CANCELED", "-5022"])
def test_l1_amend_that_kills_a_post_only_order(fact: str) -> None:
    """It would take at its new price: it is cancelled, and the reply is the order or an error."""
    desk = Desk({"amend_kill": fact})
    desk.order(**BID, timeInForce="GTX")
    reply = change(desk, price="80000.1")
    assert fact == (reply.body["status"] if reply.status == 200 else str(reply.code))
    assert desk.records("order")[-1]["x"] == "CANCELED"
    assert desk.call("GET", "/fapi/v1/openOrders").body == []


def test_c3_reduce_only_lifts_the_notional_check_and_changes_nothing() -> None:
    """Protocol notes C.3: on a reduce-only order the flag is a validation flag."""
    desk = Desk()
    desk.order(side="SELL", quantity="0.100")
    desk.order(**BID, reduceOnly="true")
    small = {"quantity": "0.001", "price": "49000.0"}
    assert change(desk, **small).code == -5029
    assert change(desk, **small, reduceOnly="true").body["reduceOnly"] is True


def test_c3_an_order_is_amended_only_so_often() -> None:
    """Protocol notes C.3: -5026 beyond the symbol's maxMoveOrderLimit."""
    desk = Desk()
    desk.order(**BID)
    market = desk.venue.exchange.markets["BTCUSDT"]
    order = next(iter(desk.venue.exchange.accounts["paper"].open_orders.values()))
    order.amendments = market.symbol.maximum_amendments - 1
    assert change(desk).status == 200
    assert change(desk, quantity="0.300").code == -5026


def test_rules_14_a_pending_amendment() -> None:
    """-5043 while the venue is said to be busy with the last one."""
    desk = Desk({"amend_pending_ms": 50})
    desk.order(**BID)
    assert change(desk).status == 200
    assert change(desk, quantity="0.300").code == -5043
    desk.wait(50_000)
    assert change(desk, quantity="0.300").status == 200


@pytest.mark.parametrize(("keeps", "mode"), [(True, "EXPIRE_TAKER"), (False, "NONE")])
def test_rules_14_an_amendment_and_the_self_trade_mode(keeps: bool, mode: str) -> None:
    """Protocol notes M.4: kept or lost."""
    desk = Desk({"amend_keeps_stp": keeps})
    desk.order(**BID, selfTradePreventionMode="EXPIRE_TAKER")
    assert change(desk).body["selfTradePreventionMode"] == mode


def test_rules_14_the_code_for_amending_what_is_gone() -> None:
    """-2013 or -2011."""
    assert change(Desk({"amend_gone": "-2011"})).code == -2011


def test_c3_no_amendment_while_the_symbol_does_not_trade() -> None:
    """Protocol notes C.3: -5024."""
    desk = Desk()
    desk.order(**BID)
    desk.control("symbol", symbol="BTCUSDT", status="SETTLING")
    assert change(desk).code == -5024


def test_c7_the_history_of_amendments() -> None:
    """Protocol notes C.7: before and after, counted, with the caller's id where there was one."""
    desk = Desk()
    order_id = desk.order(**BID).body["orderId"]
    change(desk, modifyId=7)
    change(desk, price="79200.0")
    ask = {"symbol": "BTCUSDT"}
    first, second = desk.call("GET", "/fapi/v1/orderAmendment", **ask).body
    assert first["amendment"] == {
        "price": {"before": "79000", "after": "79100"},
        "origQty": {"before": "0.100", "after": "0.200"},
        "count": 1,
        "modifyId": 7,
    }
    assert (second["amendment"]["count"], "modifyId" in second["amendment"]) == (2, False)
    assert (first["orderId"], first["clientOrderId"], first["pair"]) == (order_id, "bid", "BTCUSDT")
    assert second["amendmentId"] > first["amendmentId"]
    assert len(desk.call("GET", "/fapi/v1/orderAmendment", **ask, limit=1).body) == 1
    assert desk.call("GET", "/fapi/v1/orderAmendment", **ask, orderId=1).body == []
    assert len(desk.call("GET", "/fapi/v1/orderAmendment", **ask, origClientOrderId="bid").body) == 2
    desk.wait(91 * 86_400_000_000)
    assert desk.call("GET", "/fapi/v1/orderAmendment", **ask).body == []


def test_a_refused_amendment_leaves_the_margin_as_it_was() -> None:
    """The order's claim is set aside for the check only."""
    desk = Desk()
    desk.order(**BID)
    leg = desk.venue.exchange.accounts["paper"].leg("BTCUSDT", "BOTH")
    assert change(desk, quantity="900").code == -2019
    assert leg.bids == Decimal("7900.0")
    change(desk)
    assert leg.bids == Decimal("15820.0")

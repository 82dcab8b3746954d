"""Queries and mass cancels."""

from typing import Any

import pytest

from tests.paper.desk import START_US, Desk

NOW_MS = START_US // 1000


def ids(rows: list[dict[str, Any]], name: str = "orderId") -> list[Any]:
    """One field of every row."""
    return [row[name] for row in rows]


def test_cancel_all_spares_conditional_orders() -> None:
    """Stops survive, unless the venue fact says otherwise; the reply's code is a number."""
    for touches, left in ((False, 1), (True, 0)):
        desk = Desk({"cancel_all_touches_algos": touches})
        desk.order(type="LIMIT", price="79000.0")
        desk.algo()
        assert desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT").body["code"] == 200
        assert desk.call("GET", "/fapi/v1/openOrders").body == []
        assert len(desk.call("GET", "/fapi/v1/openAlgoOrders").body) == left


@pytest.mark.parametrize("touches", [False, True])
def test_rules_14_the_dead_man_switch(touches: bool) -> None:
    """It cancels orders when it runs out; re-arming postpones it, 0 disarms it."""
    desk = Desk({"countdown_touches_algos": touches})
    desk.order(type="LIMIT", price="79000.0")
    desk.algo()

    def arm(ms: int) -> Any:
        return desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=ms).body

    assert arm(1000) == {"symbol": "BTCUSDT", "countdownTime": "1000"}
    desk.wait(900_000)
    arm(1000)
    desk.wait(900_000)
    assert len(desk.call("GET", "/fapi/v1/openOrders").body) == 1
    arm(0)
    desk.wait(900_000)
    assert len(desk.call("GET", "/fapi/v1/openOrders").body) == 1
    arm(1000)
    desk.wait(1_000_000)
    assert desk.call("GET", "/fapi/v1/openOrders").body == []
    assert len(desk.call("GET", "/fapi/v1/openAlgoOrders").body) == (0 if touches else 1)
    assert desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT").code == -1102


def test_open_orders_by_symbol_and_one_by_one() -> None:
    """A closed order is no longer an open one."""
    desk = Desk()
    order_id = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    assert ids(desk.call("GET", "/fapi/v1/openOrders", symbol="BTCUSDT").body) == [order_id]
    assert desk.call("GET", "/fapi/v1/openOrders", symbol="ETHUSDT").body == []
    one = {"symbol": "BTCUSDT", "orderId": order_id}
    assert desk.call("GET", "/fapi/v1/openOrder", **one).body["status"] == "NEW"
    desk.call("DELETE", "/fapi/v1/order", **one)
    assert desk.call("GET", "/fapi/v1/openOrder", **one).code == -2013
    assert desk.call("GET", "/fapi/v1/order", **one).body["status"] == "CANCELED"


def test_all_orders_by_id_time_and_limit() -> None:
    """From an id on, in a window, the newest of many; oldest first in each."""
    desk = Desk()
    orders = []
    for _ in range(4):
        orders.append(desk.order().body["orderId"])
        desk.wait(1_000_000)

    def ask(**params: Any) -> list[Any]:
        return ids(desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT", **params).body)

    assert ask() == orders
    assert ask(limit=2) == orders[-2:]
    assert ask(orderId=orders[1], limit=2) == orders[1:3]
    assert ask(startTime=NOW_MS + 1000, endTime=NOW_MS + 2000) == orders[1:3]
    assert ids(desk.call("GET", "/fapi/v1/allOrders").body) == orders


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"startTime": NOW_MS, "endTime": NOW_MS - 1}, -1023),
        ({"startTime": NOW_MS - 8 * 86_400_000, "endTime": NOW_MS}, -4165),
        ({"limit": 0}, -1130),
        ({"limit": "many"}, -1102),
    ],
)
def test_bad_windows_are_refused(params: dict[str, Any], code: int) -> None:
    """Backwards, longer than a week, or no limit at all."""
    assert Desk().call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", **params).code == code


def test_user_trades_by_order_id_and_from_id() -> None:
    """They join to orders by order id: there is no client id in them."""
    desk = Desk()
    desk.levels({"80000.0": "9"}, {"80000.1": "0.010", "80000.2": "9"})
    first = desk.order(quantity="0.020").body["orderId"]
    second = desk.order(quantity="0.010").body["orderId"]
    trades = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT").body
    assert ids(trades) == [first, first, second]
    assert ids(desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=first).body, "price") == [
        "80000.10",
        "80000.20",
    ]
    after = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=trades[1]["id"], limit=1).body
    assert ids(after, "id") == [trades[1]["id"]]
    assert "clientOrderId" not in trades[0]


def test_algo_lists_by_id_and_time() -> None:
    """Open ones and all of them."""
    desk = Desk()
    made = [desk.algo(quantity="0.010", triggerPrice=f"7{n}000.0").body["algoId"] for n in range(6, 9)]
    assert ids(desk.call("GET", "/fapi/v1/openAlgoOrders", symbol="BTCUSDT", algoId=made[1]).body, "algoId") == [
        made[1]
    ]
    every = desk.call("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT", algoId=made[1]).body
    assert ids(every, "algoId") == made[1:]
    window = {"symbol": "BTCUSDT", "startTime": NOW_MS, "endTime": NOW_MS}
    assert ids(desk.call("GET", "/fapi/v1/allAlgoOrders", **window, limit=2).body, "algoId") == made[:2]
    assert ids(desk.call("GET", "/fapi/v1/allAlgoOrders", symbol="ETHUSDT").body) == []

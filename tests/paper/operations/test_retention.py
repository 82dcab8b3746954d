"""The venue forgets by age (protocol notes C.7, C.8, D.2)."""

from typing import Any

import pytest

from tests.paper.desk import START_US, Desk

DAY = 86_400_000_000


def shown(desk: Desk, path: str, **params: Any) -> int:
    """How many rows a list query shows, looking from the first day on."""
    return len(desk.call("GET", path, symbol="BTCUSDT", startTime=START_US // 1000, **params).body)


@pytest.mark.parametrize(("days", "cancelled", "filled"), [(2, 1, 1), (4, 0, 1), (91, 0, 0)])
def test_c7_orders_without_a_fill_vanish_after_three_days(days: int, cancelled: int, filled: int) -> None:
    """Protocol notes C.7: filled ones 90 days after their creation; single queries forget them too."""
    desk = Desk()
    order_id = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    one = {"symbol": "BTCUSDT", "orderId": order_id}
    desk.call("DELETE", "/fapi/v1/order", **one)
    desk.order()
    desk.wait(days * DAY)
    assert shown(desk, "/fapi/v1/allOrders") == cancelled + filled
    assert desk.call("GET", "/fapi/v1/order", **one).code == (200 if cancelled else -2013)
    assert shown(desk, "/fapi/v1/userTrades") == filled


def test_c7_an_open_order_stays_listed_among_the_open_ones() -> None:
    """However old it is."""
    desk = Desk()
    desk.order(type="LIMIT", price="79000.0")
    desk.wait(100 * DAY)
    assert len(desk.call("GET", "/fapi/v1/openOrders").body) == 1


@pytest.mark.parametrize(("days", "cancelled", "fired"), [(2, 1, 1), (4, 0, 1), (91, 0, 0)])
def test_d2_conditional_orders_are_kept_like_orders(days: int, cancelled: int, fired: int) -> None:
    """Protocol notes D.2: three days without a fill, 90 with one, for ever while they wait."""
    desk = Desk()
    desk.order()
    desk.algo(clientAlgoId="waits", triggerPrice="60000.0", quantity="0.010")
    desk.algo(clientAlgoId="fires", quantity="0.010")
    desk.algo(clientAlgoId="ends", triggerPrice="70000.0", quantity="0.010")
    desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="ends")
    desk.mark("79000")
    desk.wait(days * DAY)
    assert shown(desk, "/fapi/v1/allAlgoOrders") == cancelled + fired + 1


def test_c7_amendments_backwards_in_time() -> None:
    """A window that ends before it starts is refused."""
    desk = Desk()
    now_ms = START_US // 1000
    window = {"symbol": "BTCUSDT", "startTime": now_ms, "endTime": now_ms - 1}
    assert desk.call("GET", "/fapi/v1/orderAmendment", **window).code == -1023

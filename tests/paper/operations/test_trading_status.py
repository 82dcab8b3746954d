"""GET apiTradingStatus (protocol notes C.9)."""

from tests.paper.desk import Desk


def test_the_indicators_are_counted_over_recent_orders() -> None:
    """Half of two orders cancelled without a fill; nothing is locked; the account's own row is there."""
    desk = Desk()
    desk.order()
    order_id = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id)
    body = desk.call("GET", "/fapi/v1/apiTradingStatus", symbol="BTCUSDT").body
    rows = {row["indicator"]: row for row in body["indicators"]["BTCUSDT"]}
    assert list(rows) == ["UFR", "IFER", "GCR", "DR"]
    assert [float(row["value"]) for row in rows.values()] == [0.5, 0.0, 0.5, 0.0]
    assert not any(row["isLocked"] for row in rows.values())
    assert [row["indicator"] for row in body["indicators"]["ACCOUNT"]] == ["TMV"]


def test_old_orders_no_longer_count() -> None:
    """After ten minutes."""
    desk = Desk()
    desk.order(type="LIMIT", price="79000.0")
    desk.wait(601_000_000)
    body = desk.call("GET", "/fapi/v1/apiTradingStatus").body
    assert [float(row["value"]) for row in body["indicators"]["BTCUSDT"]] == [0, 0, 0, 0]

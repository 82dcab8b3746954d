"""GET forceOrders (protocol notes C.7)."""

from tests.paper.desk import Desk
from tests.paper.trading.test_liquidation import thin_desk, two_accounts


def test_liquidations_are_listed() -> None:
    """An immediate-or-cancel limit order, by symbol and cause."""
    desk = thin_desk()
    desk.mark("75300")
    [row] = desk.call("GET", "/fapi/v1/forceOrders").body
    assert (row["symbol"], row["type"], row["timeInForce"], row["status"]) == ("BTCUSDT", "LIMIT", "IOC", "FILLED")
    assert row["clientOrderId"].startswith("autoclose-")
    assert len(desk.call("GET", "/fapi/v1/forceOrders", symbol="BTCUSDT", autoCloseType="LIQUIDATION").body) == 1
    assert desk.call("GET", "/fapi/v1/forceOrders", autoCloseType="ADL").body == []
    assert desk.call("GET", "/fapi/v1/forceOrders", autoCloseType="FUN").code == -1130


def test_auto_deleveraging_is_listed_where_it_struck() -> None:
    """In the account that lost its position to it."""
    desk: Desk = two_accounts("10")
    desk.book("50000.0", "50000.1")
    desk.mark("50000")
    assert [row.kind for row in desk.venue.exchange.accounts["b"].forced] == ["ADL"]

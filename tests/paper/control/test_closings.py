"""Closings that the venue forces, by the control door."""

from __future__ import annotations

from decimal import Decimal

from tests.paper.control.test_contracts import HOUR_MS, row
from tests.paper.desk import START_US, Desk


def test_a_liquidation_on_demand_closes_the_account() -> None:
    """D6: `autoclose-` although the margin is good."""
    desk = Desk()
    desk.order()
    desk.order(type="LIMIT", price="79000.0")
    assert desk.control("liq")["ok"]
    assert desk.position() == 0
    assert desk.call("GET", "/fapi/v1/openOrders").body == []
    assert desk.records("trade")[-1]["client_id"].startswith("autoclose-")


def test_a_deleveraging_on_demand_closes_a_part() -> None:
    """D7: `adl_autoclose` at the mark."""
    desk = Desk()
    desk.order()
    assert desk.control("adl", symbol="BTCUSDT", quantity="0.004")["closed"] == "0.004"
    assert desk.position() == Decimal("0.006")
    assert desk.records("trade")[-1]["client_id"] == "adl_autoclose"


def test_a_flat_account_cannot_be_deleveraged() -> None:
    """The refusal says so."""
    assert "no position" in Desk().control("adl", symbol="BTCUSDT")["error"]


def test_a_settled_contract_expires_orders_with_reason_7_and_closes_positions_at_the_mark() -> None:
    """D5, protocol notes E.3: `er` 7 and `settlement_autoclose-`."""
    desk = Desk()
    desk.order()
    desk.order(type="LIMIT", price="79000.0")
    desk.algo()
    desk.mark("80500")
    assert desk.control("settle", symbol="BTCUSDT")["closed"] == 1
    assert desk.position() == 0
    last = desk.records("trade")[-1]
    assert (last["client_id"][:21], Decimal(last["price"])) == ("settlement_autoclose-", Decimal(80500))
    assert [one["expiry_reason"] for one in desk.records("order") if "expiry_reason" in one] == ["7"]
    assert desk.records("algo")[-1]["status"] == "EXPIRED"
    assert row(desk)["status"] == "SETTLING"


def test_a_delisting_shows_ahead_and_comes_in_time() -> None:
    """Protocol notes B.2: first an earlier deliveryDate, then SETTLING."""
    desk = Desk()
    desk.order()
    due_ms = START_US // 1000 + HOUR_MS
    assert desk.control("delist", symbol="BTCUSDT", in_ms=HOUR_MS)["deliveryDate"] == due_ms
    assert (row(desk)["deliveryDate"], row(desk)["status"]) == (due_ms, "TRADING")
    desk.wait(HOUR_MS * 1000)
    assert row(desk)["status"] == "SETTLING"
    assert desk.position() == 0

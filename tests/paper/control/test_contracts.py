"""Contracts that change while the exchange runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.desk import START_US, Desk

HOUR_MS = 3_600_000


def row(desk: Desk) -> dict[str, Any]:
    """BTCUSDT in exchangeInfo."""
    rows = desk.raw("GET", "/fapi/v1/exchangeInfo").body["symbols"]
    found: dict[str, Any] = next(row for row in rows if row["symbol"] == "BTCUSDT")
    return found


def test_a_filter_changes_between_check_and_send() -> None:
    """D3: the next order meets the new minimum; a resting one stays."""
    desk = Desk()
    desk.order(type="LIMIT", price="79000.0", quantity="0.001")
    assert desk.control("filters.set", symbol="BTCUSDT", filters={"MIN_NOTIONAL": {"notional": "100"}})["ok"]
    assert desk.order(type="LIMIT", price="79000.0", quantity="0.001").code == -4164
    assert len(desk.call("GET", "/fapi/v1/openOrders").body) == 1


def test_tiers_change_and_leverage_follows() -> None:
    """D2: brackets as the venue lists them."""
    desk = Desk()
    tier = {"bracket": 1, "initialLeverage": 10, "notionalCap": 1000, "notionalFloor": 0}
    assert desk.control("bracket.set", symbol="BTCUSDT", brackets=[{**tier, "maintMarginRatio": "0.05", "cum": 0}])[
        "ok"
    ]
    assert desk.call("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT").body[0]["brackets"][0]["notionalCap"] == 1000
    assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=20).code == -4028


def test_tiers_with_a_gap_are_refused() -> None:
    """The reason names what is wrong."""
    tier = {"bracket": 1, "initialLeverage": 10, "notionalCap": 1000, "maintMarginRatio": "0.05", "cum": 0}
    answer = Desk().control("bracket.set", symbol="BTCUSDT", brackets=[{**tier, "notionalFloor": 5}])
    assert "starts at 5" in answer["error"]


@pytest.mark.parametrize("status", ["BREAK", "PRE_SETTLE", "SETTLING", "CLOSE"])
def test_a_halted_contract_takes_no_order(status: str) -> None:
    """D4: and takes them again afterwards."""
    desk = Desk()
    desk.control("status.set", symbol="BTCUSDT", status=status)
    assert row(desk)["status"] == status
    assert desk.order().status == 400
    desk.control("status.set", symbol="BTCUSDT", status="TRADING")
    assert desk.order().status == 200


def test_another_funding_interval_moves_the_next_instant() -> None:
    """I.4: from eight hours to one; the market's own announcement no longer counts."""
    desk = Desk()
    eight = (START_US // 1000 // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
    one = (START_US // 1000 // HOUR_MS + 1) * HOUR_MS
    desk.mark("80000", next_funding_ms=eight)
    desk.order()
    assert desk.control("funding", symbol="BTCUSDT", hours=1)["next_funding_ms"] == one
    desk.mark("80000", next_funding_ms=eight)
    assert desk.raw("GET", "/fapi/v1/premiumIndex?symbol=BTCUSDT").body["nextFundingTime"] == one
    desk.wait((one - START_US // 1000) * 1000)
    assert [one["type"] for one in desk.records("income")][-1] == "FUNDING_FEE"


@pytest.mark.parametrize(
    ("verb", "request_", "words"),
    [
        ("funding", {"hours": 3}, ("hours", "1, 2, 4, 8", "would pass")),
        ("status.set", {"status": "ASLEEP"}, ("status", "SETTLING")),
        ("funding", {"colour": "red"}, ("unknown field", "colour")),
    ],
)
def test_a_refusal_names_field_rule_and_what_passes(
    verb: str, request_: dict[str, Any], words: tuple[str, ...]
) -> None:
    """Nobody has to look it up."""
    error = Desk().control(verb, symbol="BTCUSDT", **request_)["error"]
    assert all(word in error for word in words)

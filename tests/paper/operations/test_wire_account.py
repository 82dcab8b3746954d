"""Replies about positions and balances."""

from decimal import Decimal

import pytest

from tests.paper.desk import Desk


def test_version_three_shows_only_what_is_open() -> None:
    """A position or an open order; version two shows every symbol."""
    desk = Desk()
    assert desk.call("GET", "/fapi/v3/positionRisk").body == []
    desk.order(type="LIMIT", price="79000.0")
    [row] = desk.call("GET", "/fapi/v3/positionRisk").body
    assert (row["positionAmt"], row["openOrderInitialMargin"], row["bidNotional"]) == ("0.000", "39.50000000", "790")
    assert len(desk.call("GET", "/fapi/v2/positionRisk").body) == 5


def test_the_versions_spell_things_differently() -> None:
    """Leverage as text, margin type in lower case, profit with a capital R."""
    desk = Desk()
    desk.order()
    [old] = desk.call("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT").body
    assert (old["leverage"], old["marginType"], old["isAutoAddMargin"]) == ("20", "cross", "false")
    [new] = desk.call("GET", "/fapi/v3/positionRisk").body
    assert {"leverage", "marginType"}.isdisjoint(new)
    assert new["unRealizedProfit"] == "-0.00100000"
    assert desk.call("GET", "/fapi/v3/account").body["positions"][0]["unrealizedProfit"] == "-0.00100000"
    assert desk.call("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT").body[0]["marginType"] == "CROSSED"


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_account_adds_up(version: str) -> None:
    """Margin balance = wallet + open profit; available = that − initial margin."""
    desk = Desk()
    desk.order(quantity="1")
    desk.mark("80500")
    body = desk.call("GET", f"/fapi/{version}/account").body
    wallet, profit = Decimal(body["totalWalletBalance"]), Decimal(body["totalUnrealizedProfit"])
    assert (wallet, profit) == (Decimal("99959.99995"), Decimal("499.9"))
    assert Decimal(body["totalMarginBalance"]) == wallet + profit
    assert Decimal(body["availableBalance"]) == wallet + profit - Decimal(body["totalInitialMargin"])
    assert Decimal(body["totalInitialMargin"]) == 4025
    assert ("canTrade" in body) == (version == "v2")


def test_balances_are_rows_per_asset() -> None:
    """Money has eight decimals."""
    [row] = Desk().call("GET", "/fapi/v2/balance").body
    assert (row["asset"], row["balance"], row["availableBalance"]) == ("USDT", "100000.00000000", "100000.00000000")

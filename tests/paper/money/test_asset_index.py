"""One margin asset, as the read and the stream show it (protocol notes B.1)."""

from __future__ import annotations

from holdfast.paper.money.asset_index import asset_row
from tests.paper.desk import Desk


def test_an_asset_without_a_market_is_worth_a_dollar() -> None:
    """USDT is the unit in which the others are counted; bids are 5 % below, asks 5 % above, forced exchange 2.5 %."""
    row = asset_row(Desk().venue.exchange, "USDT")
    shown = [row[name] for name in ("symbol", "index", "bidRate", "askRate", "autoExchangeBidRate")]
    assert shown == ["USDTUSD", "1.00000000", "0.95000000", "1.05000000", "0.97500000"]

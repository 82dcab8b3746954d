"""Reads about what stands behind the contracts: indices, insurance, ADL risk, trading hours (protocol notes B.1).

A paper exchange has no index provider and no insurance pool of strangers; where it does not know a
number it shows a plain one that never changes, so that clients which read it go on.
"""

from __future__ import annotations

from typing import Any

from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.market.markets import Market
from holdfast.paper.money import money
from holdfast.paper.money.asset_index import asset_row
from holdfast.paper.operations.reads import needed_market, one_or_all

_FUND = "100000000.00000000"
_SESSION_MARKETS = ("EQUITY", "COMMODITY", "KR_EQUITY", "HK_EQUITY", "CN_EQUITY", "FX")


def index_info(call: Call) -> Any:
    """Composite indices: one component, the contract's own asset, since nothing more is known of them."""
    rows = [
        _index_row(call, market)
        for market in call.exchange.markets.values()
        if market.row.get("underlyingType") == "INDEX"
    ]
    if call.params.has("symbol"):
        name = call.exchange.market(call.params.get("symbol")).symbol.name
        return [row for row in rows if row["symbol"] == name]
    return rows


def _index_row(call: Call, market: Market) -> dict[str, Any]:
    return {
        "symbol": market.symbol.name,
        "time": call.exchange.now_ms,
        "component": "baseAsset",
        "baseAssetList": [
            {
                "baseAsset": market.symbol.base_asset,
                "quoteAsset": market.symbol.quote_asset,
                "weightInQuantity": "1.00000000",
                "weightInPercentage": "1.00000000",
            }
        ],
    }


def asset_index(call: Call) -> Any:
    """What each margin asset is worth in dollars, with the buffers of multi-assets mode."""
    rows = {
        f"{entry['asset']}USD": asset_row(call.exchange, entry["asset"])
        for entry in call.exchange.info.get("assets", [])
    }
    if not call.params.has("symbol"):
        return list(rows.values())
    row = rows.get(call.params.get("symbol").upper())
    if row is None:
        raise VenueError(-1121)
    return row


def constituents(call: Call) -> Any:
    """What an index is made of: here one source, the market that this exchange plays."""
    market = needed_market(call)
    reference = market.index if market.index is not None else market.reference()
    shown = "-1" if reference is None else money.text(reference)
    source = {"exchange": "paper", "symbol": market.symbol.name, "price": shown, "weight": "1.00000000"}
    return {"symbol": market.symbol.name, "time": call.exchange.now_ms, "constituents": [source]}


def insurance_balance(call: Call) -> Any:
    """One fund for each margin asset, shared by all contracts that settle in it."""
    funds: dict[str, list[str]] = {}
    for market in call.exchange.markets.values():
        funds.setdefault(market.symbol.margin_asset, []).append(market.symbol.name)
    if not call.params.has("symbol"):
        return [_fund_row(call, asset, names) for asset, names in funds.items()]
    asset = call.exchange.market(call.params.get("symbol")).symbol.margin_asset
    return _fund_row(call, asset, funds[asset])


def _fund_row(call: Call, asset: str, names: list[str]) -> dict[str, Any]:
    fund = {"asset": asset, "marginBalance": _FUND, "updateTime": call.exchange.now_ms}
    return {"symbols": sorted(names), "assets": [fund]}


def adl_risk(call: Call) -> Any:
    """The rating of each contract, renewed every half hour: always low."""
    return one_or_all(call, _risk_row, lambda market: market.symbol.status == "TRADING")


def _risk_row(call: Call, market: Market) -> dict[str, Any]:
    half_hour = 1_800_000
    return {
        "symbol": market.symbol.name,
        "adlRisk": "low",
        "updateTime": call.exchange.now_ms // half_hour * half_hour,
    }


def trading_schedule(call: Call) -> Any:
    """The sessions of markets that close: none is planned here."""
    return {
        "updateTime": call.exchange.now_ms,
        "marketSchedules": {name: {"sessions": []} for name in _SESSION_MARKETS},
    }

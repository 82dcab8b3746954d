"""Replies about positions, balances and settings (protocol notes C.10, C.11).

`unRealizedProfit` in positionRisk and `unrealizedProfit` in account are both right, and so are the
several spellings of the margin type: the venue is like that.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from holdfast.model.num import ZERO
from holdfast.paper import margin, money
from holdfast.paper.account import Account, Exposure, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.markets import Market

_ALIAS = "SgsRFzfW"


def legs(exchange: Exchange, account: Account, symbol: str, *, every: bool) -> Iterator[tuple[Market, Exposure, Leg]]:
    """The positions to show: of one symbol or of all, and with `every` also flat ones without orders."""
    names = [symbol] if symbol else (list(exchange.markets) if every else list(account.exposures))
    ordered = {name for name, _ in account.open_orders}
    for name in names:
        market = exchange.markets[name]
        exposure = account.exposure(name) if name in account.exposures or symbol else Exposure(account.default_leverage)
        for side in account.open_sides():
            leg = exposure.leg(side)
            if every or leg.amt or name in ordered:
                yield market, exposure, leg


def position_risk_v3(exchange: Exchange, account: Account, symbol: str) -> list[dict[str, Any]]:
    """positionRisk v3: positions and symbols with open orders only."""
    rows: list[dict[str, Any]] = []
    for market, exposure, leg in legs(exchange, account, symbol, every=False):
        held = margin.leg_margin(market, exposure, leg)
        rows.append(
            {
                **_risk_head(exchange, account, market, leg, held),
                "isolatedMargin": "0",
                "notional": money.text(leg.amt * (market.reference() or leg.entry)),
                "marginAsset": market.symbol.margin_asset,
                "isolatedWallet": "0",
                "initialMargin": money.text(held.initial),
                "maintMargin": money.text(held.maintenance),
                "positionInitialMargin": money.text(held.position_initial),
                "openOrderInitialMargin": money.text(held.order_initial),
                "adl": 2 if leg.amt else 0,
                "bidNotional": money.trim(leg.bids),
                "askNotional": money.trim(leg.asks),
                "updateTime": leg.updated_us // 1000,
            }
        )
    return rows


def position_risk_v2(exchange: Exchange, account: Account, symbol: str) -> list[dict[str, Any]]:
    """positionRisk v2: every symbol."""
    rows: list[dict[str, Any]] = []
    for market, exposure, leg in legs(exchange, account, symbol, every=True):
        held = margin.leg_margin(market, exposure, leg)
        rows.append(
            {
                **_risk_head(exchange, account, market, leg, held),
                "leverage": str(exposure.leverage),
                "maxNotionalValue": money.trim(margin.notional_cap(market.brackets, exposure.leverage)),
                "marginType": "isolated" if exposure.margin_type == "ISOLATED" else "cross",
                "isolatedMargin": "0.00000000",
                "isAutoAddMargin": "false",
                "notional": money.text(leg.amt * (market.reference() or leg.entry)),
                "isolatedWallet": "0",
                "updateTime": leg.updated_us // 1000,
            }
        )
    return rows


def _risk_head(exchange: Exchange, account: Account, market: Market, leg: Leg, held: margin.Margin) -> dict[str, Any]:
    liquidation = ZERO
    if leg.amt:
        liquidation = margin.liquidation_price(exchange.markets, account, market)
    mark = market.reference()
    return {
        "symbol": market.symbol.name,
        "positionSide": leg.side,
        "positionAmt": market.symbol.quantity_text(leg.amt),
        "entryPrice": money.trim(leg.entry),
        "breakEvenPrice": money.trim(margin.break_even(leg, exchange.config.taker_fee)),
        "markPrice": money.text(mark if mark is not None else ZERO),
        "unRealizedProfit": money.text(held.unrealized),
        "liquidationPrice": money.trim(money.cut(liquidation)),
    }


def balances(exchange: Exchange, account: Account) -> list[dict[str, Any]]:
    """balance v2 and v3: one row per asset."""
    rows: list[dict[str, Any]] = []
    for asset, wallet in account.wallets.items():
        held = margin.asset_margin(exchange.markets, account, asset)
        free = money.text(margin.available(wallet, held))
        rows.append(
            {
                "accountAlias": _ALIAS,
                "asset": asset,
                "balance": money.text(wallet),
                "crossWalletBalance": money.text(wallet),
                "crossUnPnl": money.text(held.unrealized),
                "availableBalance": free,
                "maxWithdrawAmount": free,
                "marginAvailable": True,
                "updateTime": exchange.now_ms,
            }
        )
    return rows


def _asset_row(exchange: Exchange, asset: str, wallet: Decimal, held: margin.Margin) -> dict[str, Any]:
    free = money.text(margin.available(wallet, held))
    return {
        "asset": asset,
        "walletBalance": money.text(wallet),
        "unrealizedProfit": money.text(held.unrealized),
        "marginBalance": money.text(wallet + held.unrealized),
        "maintMargin": money.text(held.maintenance),
        "initialMargin": money.text(held.initial),
        "positionInitialMargin": money.text(held.position_initial),
        "openOrderInitialMargin": money.text(held.order_initial),
        "crossWalletBalance": money.text(wallet),
        "crossUnPnl": money.text(held.unrealized),
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "updateTime": exchange.now_ms,
    }


def account_v3(exchange: Exchange, account: Account) -> dict[str, Any]:
    """account v3: totals, assets, and positions that are open or have orders."""
    body = _totals_and_assets(exchange, account)
    body["positions"] = [
        {
            "symbol": market.symbol.name,
            "positionSide": leg.side,
            "positionAmt": market.symbol.quantity_text(leg.amt),
            **_position_money(market, exposure, leg),
        }
        for market, exposure, leg in legs(exchange, account, "", every=False)
    ]
    return body


def account_v2(exchange: Exchange, account: Account) -> dict[str, Any]:
    """account v2: permissions, totals, assets, and a position row of every symbol."""
    body: dict[str, Any] = {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": account.config.can_withdraw,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": account.config.trade_group_id,
        **_totals_and_assets(exchange, account),
    }
    body["positions"] = [
        {
            "symbol": market.symbol.name,
            "positionSide": leg.side,
            "positionAmt": market.symbol.quantity_text(leg.amt),
            "leverage": str(exposure.leverage),
            "isolated": exposure.margin_type == "ISOLATED",
            "entryPrice": money.trim(leg.entry),
            "breakEvenPrice": money.trim(margin.break_even(leg, exchange.config.taker_fee)),
            "maxNotional": money.trim(margin.notional_cap(market.brackets, exposure.leverage)),
            "bidNotional": money.trim(leg.bids),
            "askNotional": money.trim(leg.asks),
            **_position_money(market, exposure, leg),
        }
        for market, exposure, leg in legs(exchange, account, "", every=True)
    ]
    return body


def _position_money(market: Market, exposure: Exposure, leg: Leg) -> dict[str, Any]:
    held = margin.leg_margin(market, exposure, leg)
    return {
        "unrealizedProfit": money.text(held.unrealized),
        "isolatedMargin": "0",
        "notional": money.text(leg.amt * (market.reference() or leg.entry)),
        "isolatedWallet": "0",
        "initialMargin": money.text(held.initial),
        "positionInitialMargin": money.text(held.position_initial),
        "openOrderInitialMargin": money.text(held.order_initial),
        "maintMargin": money.text(held.maintenance),
        "updateTime": leg.updated_us // 1000,
    }


def _totals_and_assets(exchange: Exchange, account: Account) -> dict[str, Any]:
    total = margin.Margin()
    wallets = ZERO
    rows: list[dict[str, Any]] = []
    for asset, wallet in account.wallets.items():
        held = margin.asset_margin(exchange.markets, account, asset)
        rows.append(_asset_row(exchange, asset, wallet, held))
        wallets += wallet
        total.position_initial += held.position_initial
        total.order_initial += held.order_initial
        total.maintenance += held.maintenance
        total.unrealized += held.unrealized
    free = money.text(margin.available(wallets, total))
    return {
        "totalInitialMargin": money.text(total.initial),
        "totalMaintMargin": money.text(total.maintenance),
        "totalWalletBalance": money.text(wallets),
        "totalUnrealizedProfit": money.text(total.unrealized),
        "totalMarginBalance": money.text(wallets + total.unrealized),
        "totalPositionInitialMargin": money.text(total.position_initial),
        "totalOpenOrderInitialMargin": money.text(total.order_initial),
        "totalCrossWalletBalance": money.text(wallets),
        "totalCrossUnPnl": money.text(total.unrealized),
        "availableBalance": free,
        "maxWithdrawAmount": free,
        "assets": rows,
    }


def symbol_config(account: Account, market: Market) -> dict[str, Any]:
    """One row of symbolConfig."""
    name = market.symbol.name
    exposure = account.exposures.get(name) or Exposure(account.default_leverage)
    return {
        "symbol": name,
        "marginType": exposure.margin_type,
        "isAutoAddMargin": False,
        "leverage": exposure.leverage,
        "maxNotionalValue": money.trim(margin.notional_cap(market.brackets, exposure.leverage)),
    }


def account_config(account: Account) -> dict[str, Any]:
    """accountConfig: flags of the account."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": account.config.can_withdraw,
        "dualSidePosition": account.hedge,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": account.config.trade_group_id,
    }

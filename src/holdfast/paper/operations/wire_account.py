"""Replies about positions, balances and settings (protocol notes C.10, C.11).

`unRealizedProfit` in positionRisk and `unrealizedProfit` in account are both right, and so are the
several spellings of the margin type: the venue is like that.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from holdfast.model.num import ONE, ZERO
from holdfast.paper.account import Account, Exposure, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import adl, margin, money
from holdfast.paper.money.fees import dollars
from holdfast.paper.money.liquidation_price import liquidation_price

_ALIAS = "SgsRFzfW"

_Row = tuple[Market, Exposure, Leg]


def live(exchange: Exchange, account: Account, symbol: str) -> Iterator[_Row]:
    """The positions that are not flat or have open orders, of one symbol or of all (version 3)."""
    ordered = {(order.symbol, order.position_side) for order in account.open_orders.values()}
    for name, exposure in list(account.exposures.items()):
        if symbol in ("", name):
            for side in account.open_sides():
                leg = exposure.leg(side)
                if leg.amt or (name, side) in ordered:
                    yield exchange.markets[name], exposure, leg


def every(exchange: Exchange, account: Account, symbol: str) -> Iterator[_Row]:
    """All positions of one symbol or of all symbols, flat ones too (version 2)."""
    both_modes = account.hedge and exchange.facts.v2_hedge_rows == "three"
    sides = ("BOTH", "LONG", "SHORT") if both_modes else account.open_sides()
    for name in [symbol] if symbol else list(exchange.markets):
        exposure = account.exposures.get(name) or Exposure(account.default_leverage)
        for side in sides:
            yield exchange.markets[name], exposure, exposure.legs.get(side) or Leg(side)


def _amount(value: Decimal) -> str:
    """Eight decimals, but a plain 0 for nothing."""
    return money.text(value) if value else "0"


def _notional(market: Market, leg: Leg) -> Decimal:
    return leg.amt * (market.reference() or leg.entry)


def _isolated_margin(leg: Leg, held: margin.Margin, exposure: Exposure) -> Decimal:
    return leg.isolated + held.unrealized if exposure.margin_type == "ISOLATED" and leg.amt else ZERO


def position_risk_v3(exchange: Exchange, account: Account, symbol: str) -> list[dict[str, Any]]:
    """positionRisk v3: positions and symbols with open orders only."""
    rows: list[dict[str, Any]] = []
    for market, exposure, leg in live(exchange, account, symbol):
        held = margin.leg_margin(market, exposure, leg, netted=margin.nets(exchange.facts))
        rows.append(
            {
                **_risk_head(exchange, account, market, leg, held),
                "isolatedMargin": _amount(_isolated_margin(leg, held, exposure)),
                "notional": _amount(_notional(market, leg)),
                "marginAsset": market.symbol.margin_asset,
                "isolatedWallet": _amount(leg.isolated),
                "initialMargin": _amount(held.initial),
                "maintMargin": _amount(held.maintenance),
                "positionInitialMargin": _amount(held.position_initial),
                "openOrderInitialMargin": _amount(held.order_initial),
                "adl": adl.quantile(exchange, account, market, leg),
                "bidNotional": money.trim(leg.bids),
                "askNotional": money.trim(leg.asks),
                "updateTime": leg.updated_us // 1000,
            }
        )
    return rows


def position_risk_v2(exchange: Exchange, account: Account, symbol: str) -> list[dict[str, Any]]:
    """positionRisk v2: every symbol."""
    rows: list[dict[str, Any]] = []
    for market, exposure, leg in every(exchange, account, symbol):
        held = margin.leg_margin(market, exposure, leg, netted=margin.nets(exchange.facts))
        rows.append(
            {
                **_risk_head(exchange, account, market, leg, held),
                "leverage": str(exposure.leverage),
                "maxNotionalValue": money.trim(margin.notional_cap(market.brackets, exposure.leverage)),
                "marginType": "isolated" if exposure.margin_type == "ISOLATED" else "cross",
                "isolatedMargin": money.text(_isolated_margin(leg, held, exposure)),
                "isAutoAddMargin": "false",
                "notional": _amount(_notional(market, leg)),
                "isolatedWallet": _amount(leg.isolated),
                "updateTime": leg.updated_us // 1000,
            }
        )
    return rows


def _risk_head(exchange: Exchange, account: Account, market: Market, leg: Leg, held: margin.Margin) -> dict[str, Any]:
    mark = market.reference()
    return {
        "symbol": market.symbol.name,
        "positionSide": leg.side,
        "positionAmt": market.symbol.quantity_text(leg.amt),
        "entryPrice": money.trim(leg.entry),
        "breakEvenPrice": money.trim(margin.break_even(leg, exchange.facts)),
        "markPrice": money.text(mark if mark is not None else ZERO),
        "unRealizedProfit": money.text(held.unrealized),
        "liquidationPrice": money.trim(money.cut(liquidation_price(exchange, account, market, leg))),
    }


def balances(exchange: Exchange, account: Account) -> list[dict[str, Any]]:
    """balance v2 and v3: one row per asset."""
    return [
        {
            "accountAlias": _ALIAS,
            "asset": asset,
            "balance": money.text(wallet),
            "crossWalletBalance": money.text(account.cross_wallet(asset)),
            "crossUnPnl": money.text(margin.cross_margin(exchange, account, asset).unrealized),
            "availableBalance": money.text(margin.free(exchange, account, asset)),
            "maxWithdrawAmount": money.text(margin.withdrawable(exchange, account, asset)),
            "marginAvailable": True,
            "updateTime": exchange.now_ms,
        }
        for asset, wallet in account.wallets.items()
    ]


def _asset_row(exchange: Exchange, account: Account, asset: str, held: margin.Margin) -> dict[str, Any]:
    wallet = account.wallets[asset]
    return {
        "asset": asset,
        "walletBalance": money.text(wallet),
        "unrealizedProfit": money.text(held.unrealized),
        "marginBalance": money.text(wallet + held.unrealized),
        "maintMargin": money.text(held.maintenance),
        "initialMargin": money.text(held.initial),
        "positionInitialMargin": money.text(held.position_initial),
        "openOrderInitialMargin": money.text(held.order_initial),
        "crossWalletBalance": money.text(account.cross_wallet(asset)),
        "crossUnPnl": money.text(margin.cross_margin(exchange, account, asset).unrealized),
        "availableBalance": money.text(margin.free(exchange, account, asset)),
        "maxWithdrawAmount": money.text(margin.withdrawable(exchange, account, asset)),
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
            **_position_money(exchange, market, exposure, leg),
            "updateTime": leg.updated_us // 1000,
        }
        for market, exposure, leg in live(exchange, account, "")
    ]
    return body


def account_v2(exchange: Exchange, account: Account) -> dict[str, Any]:
    """account v2: permissions, totals, assets, and a position row of every symbol."""
    body: dict[str, Any] = {
        "feeTier": 0,
        "feeBurn": account.fee_burn,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": account.config.can_withdraw,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": account.config.trade_group_id,
        **_totals_and_assets(exchange, account),
    }
    body["positions"] = [_position_v2(exchange, *row) for row in every(exchange, account, "")]
    return body


def _position_v2(exchange: Exchange, market: Market, exposure: Exposure, leg: Leg) -> dict[str, Any]:
    held = margin.leg_margin(market, exposure, leg, netted=margin.nets(exchange.facts))
    return {
        "symbol": market.symbol.name,
        "positionSide": leg.side,
        "positionAmt": market.symbol.quantity_text(leg.amt),
        "leverage": str(exposure.leverage),
        "isolated": exposure.margin_type == "ISOLATED",
        "entryPrice": money.trim(leg.entry),
        "breakEvenPrice": money.trim(margin.break_even(leg, exchange.facts)),
        "maxNotional": money.trim(margin.notional_cap(market.brackets, exposure.leverage)),
        "bidNotional": money.trim(leg.bids),
        "askNotional": money.trim(leg.asks),
        **_position_money(exchange, market, exposure, leg),
        "positionInitialMargin": _amount(held.position_initial),
        "openOrderInitialMargin": _amount(held.order_initial),
        "updateTime": leg.updated_us // 1000,
    }


def _position_money(exchange: Exchange, market: Market, exposure: Exposure, leg: Leg) -> dict[str, Any]:
    held = margin.leg_margin(market, exposure, leg, netted=margin.nets(exchange.facts))
    return {
        "unrealizedProfit": money.text(held.unrealized),
        "isolatedMargin": _amount(_isolated_margin(leg, held, exposure)),
        "notional": _amount(_notional(market, leg)),
        "isolatedWallet": _amount(leg.isolated),
        "initialMargin": _amount(held.initial),
        "maintMargin": _amount(held.maintenance),
    }


def _totals_and_assets(exchange: Exchange, account: Account) -> dict[str, Any]:
    """Totals are in dollars in multi-assets mode; otherwise they are those of the assets with a market, as they are."""
    total, cross = margin.Margin(), margin.Margin()
    wallets, cross_wallets, free, withdrawable = ZERO, ZERO, ZERO, ZERO
    rows: list[dict[str, Any]] = []
    traded = {market.symbol.margin_asset for market in exchange.markets.values()}
    for asset, wallet in account.wallets.items():
        held = margin.asset_margin(exchange, account, asset)
        rows.append(_asset_row(exchange, account, asset, held))
        if not account.multi_assets and asset not in traded:
            continue
        rate = dollars(exchange, asset) if account.multi_assets else ONE
        wallets += wallet * rate
        cross_wallets += account.cross_wallet(asset) * rate
        total.add(held, rate=rate)
        cross.add(margin.cross_margin(exchange, account, asset), rate=rate)
        free += margin.free(exchange, account, asset) * rate
        withdrawable += margin.withdrawable(exchange, account, asset) * rate
    if account.multi_assets:
        free = margin.available(cross_wallets, cross, floored=exchange.facts.available_floor)
        withdrawable = max(free - max(cross.unrealized, ZERO), ZERO)
    return {
        "totalInitialMargin": money.text(total.initial),
        "totalMaintMargin": money.text(total.maintenance),
        "totalWalletBalance": money.text(wallets),
        "totalUnrealizedProfit": money.text(total.unrealized),
        "totalMarginBalance": money.text(wallets + total.unrealized),
        "totalPositionInitialMargin": money.text(total.position_initial),
        "totalOpenOrderInitialMargin": money.text(total.order_initial),
        "totalCrossWalletBalance": money.text(cross_wallets),
        "totalCrossUnPnl": money.text(cross.unrealized),
        "availableBalance": money.text(free),
        "maxWithdrawAmount": money.text(withdrawable),
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

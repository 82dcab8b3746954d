"""What the venue does to accounts by itself: funding, and liquidation of an account (notes I.3, I.4)."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from holdfast.model.num import ZERO
from holdfast.paper import margin, matching, money
from holdfast.paper.account import Account, Leg
from holdfast.paper.events import account_event, order_event
from holdfast.paper.exchange import Exchange
from holdfast.paper.market import Mark
from holdfast.paper.markets import Market
from holdfast.paper.orders import LIQUIDATED, Order


def on_funding(exchange: Exchange, market: Market, event: Mark) -> None:
    """A mark event: settle funding when it reports that the next funding time has passed.

    The instant comes either from the recording (the announced time moves on) or from venue time
    (a timer set when the announced time is still ahead); each instant is settled once.
    """
    before = market.next_funding_ms
    if before and event.next_funding_ms > before:
        settle_funding(exchange, market, before)
    market.funding_rate = event.rate
    if event.next_funding_ms == before:
        return
    market.next_funding_ms = event.next_funding_ms
    if event.next_funding_ms * 1000 > exchange.now_us:
        due = event.next_funding_ms

        def settle(_now_us: int) -> None:
            settle_funding(exchange, market, due)

        exchange.timers.at(due * 1000, settle)


def settle_funding(exchange: Exchange, market: Market, instant_ms: int) -> None:
    """Charge or pay every position at one funding instant: positive rates are paid by longs."""
    if instant_ms <= market.funded_ms or market.mark is None:
        return
    market.funded_ms = instant_ms
    if market.history is not None:
        market.history.on_funding(instant_ms, market.funding_rate, market.mark)
    asset = market.symbol.margin_asset
    for account in list(market.holders.values()):
        total = ZERO
        for leg in account.exposure(market.symbol.name).legs.values():
            amount = money.cut(-leg.amt * market.mark * market.funding_rate)
            if amount:
                exchange.add_income(account, "FUNDING_FEE", asset, amount, symbol=market.symbol.name)
                total += amount
        if total:
            account_event(exchange, account, "FUNDING_FEE", assets=(asset,), change=total, symbol=market.symbol.name)


def on_mark(exchange: Exchange, market: Market) -> None:
    """Liquidate the accounts whose margin balance no longer covers maintenance at the new mark."""
    asset = market.symbol.margin_asset
    for account in list(market.holders.values()):
        held = margin.asset_margin(exchange.markets, account, asset)
        balance = account.wallets.get(asset, ZERO) + held.unrealized
        if held.maintenance > 0 and balance <= held.maintenance:
            liquidate(exchange, account, asset)


def liquidate(exchange: Exchange, account: Account, asset: str) -> None:
    """Close everything of an account in one margin asset at the mark, and clear the rest with insurance."""
    _margin_call(exchange, account, asset)
    for order in list(account.open_orders.values()):
        matching.close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=LIQUIDATED)
    fee = ZERO
    for name, exposure in list(account.exposures.items()):
        market = exchange.markets[name]
        if market.symbol.margin_asset != asset:
            continue
        for leg in list(exposure.legs.values()):
            if leg.amt:
                fee += abs(leg.amt) * (market.mark or leg.entry) * market.symbol.liquidation_fee
                _close_leg(exchange, account, market, leg)
    wallet = account.wallets.get(asset, ZERO)
    cleared = -wallet if wallet < 0 else -min(money.cut(fee), wallet)
    if cleared:
        exchange.add_income(account, "INSURANCE_CLEAR", asset, cleared)
        account_event(exchange, account, "INSURANCE_CLEAR", assets=(asset,), change=cleared)


def _close_leg(exchange: Exchange, account: Account, market: Market, leg: Leg) -> None:
    order_id = market.order_id()
    digits = int(hashlib.sha256(f"{account.name} {order_id}".encode()).hexdigest()[:12], 16)
    order = Order(
        account=account.name,
        order_id=order_id,
        client_id=f"autoclose-{digits}",
        symbol=market.symbol.name,
        side="SELL" if leg.amt > 0 else "BUY",
        position_side=leg.side,
        type="LIQUIDATION",
        original_type="LIQUIDATION",
        tif="IOC",
        price=ZERO,
        qty=abs(leg.amt),
        created_us=exchange.now_us,
        updated_us=exchange.now_us,
    )
    price = market.mark if market.mark is not None else leg.entry
    account.add_order(order)
    order_event(exchange, account, order, "NEW")
    matching.fill(
        exchange,
        account,
        market,
        order,
        price=price,
        qty=order.qty,
        maker=False,
        trade_id=market.trade_id(),
        x="CALCULATED",
    )
    matching.settle_position(exchange, account, market, leg.side)


def _margin_call(exchange: Exchange, account: Account, asset: str) -> None:
    if not exchange.listened(account):
        return
    rows: list[dict[str, Any]] = []
    for name, exposure in account.exposures.items():
        market = exchange.markets[name]
        for leg in exposure.legs.values():
            if leg.amt and market.symbol.margin_asset == asset:
                rows.append(_call_row(market, leg, margin.leg_margin(market, exposure, leg), exposure.margin_type))
    wallet: Decimal = account.wallets.get(asset, ZERO)
    exchange.push(
        account, "MARGIN_CALL", {"e": "MARGIN_CALL", "E": exchange.now_ms, "cw": money.trim(wallet), "p": rows}
    )


def _call_row(market: Market, leg: Leg, held: margin.Margin, margin_type: str) -> dict[str, str]:
    return {
        "s": market.symbol.name,
        "ps": leg.side,
        "pa": market.symbol.quantity_text(leg.amt),
        "mt": margin_type,
        "iw": "0",
        "mp": money.trim(market.mark or leg.entry),
        "up": money.trim(money.cut(held.unrealized)),
        "mm": money.trim(money.cut(held.maintenance)),
    }

"""Margin calls and liquidation (protocol notes I.3, L.1).

At every mark the margin balance of what is exposed to it is compared with its maintenance margin: of the whole account
for cross positions, of the one position for an isolated one. An order of the venue takes the book no worse than the
bound around the mark and than the insurance fund can bear; what is left goes to the fund at the mark, or where the
fund cannot bear that, at the bankruptcy price to the opposite positions in their order. No partial liquidation.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from holdfast.model.num import ONE, ZERO, ceil_to, divide, floor_to
from holdfast.paper.account import Account, Exposure, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import adl, fees, margin, money
from holdfast.paper.money.movements import Forced
from holdfast.paper.orders import LIQUIDATED, Order
from holdfast.paper.streams.events import account_event
from holdfast.paper.trading import matching
from holdfast.paper.trading.forced import closing_order

_Held = tuple[Market, Exposure, Leg]


def on_mark(exchange: Exchange, market: Market) -> None:
    """Call and liquidate the holders of a symbol whose margin balance no longer covers maintenance at the new mark."""
    name, asset = market.symbol.name, market.symbol.margin_asset
    for account in list(market.holders.values()):
        exposure = account.exposures[name]
        if exposure.margin_type != "ISOLATED":
            backing = margin.pool(exchange, account, asset)
            key = "" if account.multi_assets else asset
            held = _cross_legs(exchange, account, asset)
            if any(other.stale for other, _, _ in held):
                continue
            if _is_due(exchange, account, key, held, backing.margin.maintenance, backing.balance):
                liquidate_cross(exchange, account, asset)
            continue
        for leg in list(exposure.legs.values()):
            if leg.amt:
                own = margin.leg_margin(market, exposure, leg)
                held, key = [(market, exposure, leg)], f"{name} {leg.side}"
                if _is_due(exchange, account, key, held, own.maintenance, leg.isolated + own.unrealized):
                    liquidate_isolated(exchange, account, market, leg)


def _cross_legs(exchange: Exchange, account: Account, asset: str) -> list[_Held]:
    """The cross positions that share what backs those of `asset`."""
    assets = list(account.wallets) if account.multi_assets else [asset]
    return [
        row
        for name in assets
        for row in margin.live_legs(exchange.markets, account, name)
        if row[2].amt and row[1].margin_type != "ISOLATED"
    ]


def _is_due(
    exchange: Exchange, account: Account, key: str, held: list[_Held], maintenance: Decimal, balance: Decimal
) -> bool:
    """Whether liquidation is due; a margin call is sent once each time the ratio passes its threshold."""
    if maintenance <= 0 and balance > 0:
        account.called.pop(key, None)
        return False
    near = maintenance >= exchange.config.margin_call_ratio * balance
    if near and not account.called.get(key):
        _margin_call(exchange, account, held)
    account.called[key] = near
    return balance <= maintenance


def liquidate_cross(exchange: Exchange, account: Account, asset: str) -> None:
    """Cancel all orders of the account, close its cross positions, and settle what is left with the insurance fund."""
    _cancel_orders(exchange, account, "")
    charged: dict[str, Decimal] = {asset: ZERO}
    for market, _, leg in _cross_legs(exchange, account, asset):
        own = market.symbol.margin_asset
        charged[own] = charged.get(own, ZERO) + _close(exchange, account, market, leg)
    if account.multi_assets:
        auto_exchange(exchange, account)
    for name, fee in charged.items():
        _clear(exchange, account, name, account.cross_wallet(name), fee)
    account.called.clear()


def liquidate_isolated(exchange: Exchange, account: Account, market: Market, leg: Leg) -> None:
    """Cancel the orders of the symbol, close the one position, and settle what its own wallet leaves or lacks."""
    _cancel_orders(exchange, account, market.symbol.name)
    asset = market.symbol.margin_asset
    before = account.cross_wallet(asset)
    fee = _close(exchange, account, market, leg)
    _clear(exchange, account, asset, account.cross_wallet(asset) - before, fee)
    account.called.pop(f"{market.symbol.name} {leg.side}", None)


def _cancel_orders(exchange: Exchange, account: Account, symbol: str) -> None:
    for order in list(account.open_orders.values()):
        if symbol in ("", order.symbol):
            matching.close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=LIQUIDATED)


def _backing(exchange: Exchange, account: Account, market: Market, leg: Leg) -> Decimal:
    """What stands behind a position besides its own profit, in its margin asset."""
    exposure = account.exposures[market.symbol.name]
    if exposure.margin_type == "ISOLATED":
        return leg.isolated
    shared = margin.pool(exchange, account, market.symbol.margin_asset)
    own = margin.leg_margin(market, exposure, leg).unrealized
    return divide(shared.balance, shared.rate) - own if shared.rate else ZERO


def _close(exchange: Exchange, account: Account, market: Market, leg: Leg) -> Decimal:
    """Close one position; answer the liquidation fee that it owes."""
    symbol = market.symbol
    mark = market.reference() or leg.entry
    backing = _backing(exchange, account, market, leg)
    bankrupt = break_price(exchange, market, leg, backing)
    bearable = break_price(exchange, market, leg, backing + exchange.ledger.insurance(symbol.margin_asset))
    selling = leg.amt > 0
    bound = mark * (ONE - symbol.market_take_bound if selling else ONE + symbol.market_take_bound)
    limit = _on_tick(market, max(bound, bearable) if selling else min(bound, bearable), up=selling)
    order = closing_order(account, market, leg, "LIQUIDATION", price=limit)
    account.forced.append(Forced(kind="LIQUIDATION", order=order))
    market.forced.append(order)
    matching.take_forced(exchange, account, market, order)
    if order.is_open and (mark < bearable if selling else mark > bearable):
        price = _on_tick(market, bankrupt, up=selling)
        _deleverage(exchange, account, market, order, price)
        mark = price
    if order.is_open:
        _fill(exchange, account, market, order, mark, order.remaining)
    matching.settle_position(exchange, account, market, leg.side)
    return money.cut(order.quote * symbol.liquidation_fee)


def break_price(exchange: Exchange, market: Market, leg: Leg, backing: Decimal) -> Decimal:
    """The price at which closing a position, fee included, uses up exactly what stands behind it; at least 0."""
    rate = fees.rates(exchange, market.symbol.name).taker
    return max(divide(leg.amt * leg.entry - backing, leg.amt - abs(leg.amt) * rate), ZERO)


def _on_tick(market: Market, price: Decimal, *, up: bool) -> Decimal:
    tick = market.symbol.tick
    return max(ceil_to(price, tick) if up else floor_to(price, tick), tick)


def _fill(
    exchange: Exchange, account: Account, market: Market, order: Order, price: Decimal, qty: Decimal, trade_id: int = 0
) -> None:
    number = trade_id or market.trade_id()
    matching.fill(exchange, account, market, order, price=price, qty=qty, maker=False, trade_id=number)


def _deleverage(exchange: Exchange, account: Account, market: Market, order: Order, price: Decimal) -> None:
    """Close opposite positions against the order at the bankruptcy price, first in the queue first."""
    for other, leg in adl.queue(exchange, market, longs=order.is_buy):
        if not order.is_open:
            return
        if other is account:
            continue
        for one in list(other.open_orders.values()):
            if one.symbol == market.symbol.name:
                matching.close(exchange, other, one)
        counter = closing_order(other, market, leg, "ADL", qty=min(order.remaining, abs(leg.amt)))
        other.forced.append(Forced(kind="ADL", order=counter))
        matching.take_forced(exchange, other, market, counter)
        trade_id = market.trade_id()
        _fill(exchange, account, market, order, price, counter.qty, trade_id)
        _fill(exchange, other, market, counter, price, counter.qty, trade_id)
        matching.settle_position(exchange, other, market, leg.side)


def _clear(exchange: Exchange, account: Account, asset: str, left: Decimal, fee: Decimal) -> None:
    """The insurance fund takes the liquidation fee from what is left, or fills up what is missing as far as it can."""
    cleared = min(-left, exchange.ledger.insurance(asset)) if left < 0 else -min(fee, left)
    if cleared:
        shown = exchange.facts.liquidation_fee_income if cleared < 0 else ""
        exchange.add_income(account, "INSURANCE_CLEAR", asset, cleared, shown=shown)
        account_event(exchange, account, "INSURANCE_CLEAR", assets=(asset,), change=cleared)


def auto_exchange(exchange: Exchange, account: Account) -> None:
    """Fill up wallets below zero from the others at their worth in dollars (multi-assets mode)."""
    for poor in list(account.wallets):
        for rich in list(account.wallets):
            lack, held = -account.cross_wallet(poor), account.cross_wallet(rich)
            price, worth = fees.dollars(exchange, poor), fees.dollars(exchange, rich)
            if lack <= 0 or held <= 0 or not price or not worth:
                continue
            paid = min(held, money.cut(divide(lack * price, worth)) + money.CENT)
            got = min(lack, money.cut(divide(paid * worth, price)))
            exchange.add_income(account, "AUTO_EXCHANGE", rich, -paid)
            exchange.add_income(account, "AUTO_EXCHANGE", poor, got)
            account_event(exchange, account, "AUTO_EXCHANGE", assets=(rich, poor))


def _margin_call(exchange: Exchange, account: Account, held: list[_Held]) -> None:
    if not exchange.listened(account):
        return
    body: dict[str, Any] = {"e": "MARGIN_CALL", "E": exchange.now_ms}
    if any(exposure.margin_type != "ISOLATED" for _, exposure, _ in held):
        body["cw"] = money.trim(account.cross_wallet(held[0][0].symbol.margin_asset))
    body["p"] = [_call_row(*row) for row in held]
    exchange.push(account, "MARGIN_CALL", body)


def _call_row(market: Market, exposure: Exposure, leg: Leg) -> dict[str, str]:
    own = margin.leg_margin(market, exposure, leg)
    return {
        "s": market.symbol.name,
        "ps": leg.side,
        "pa": market.symbol.quantity_text(leg.amt),
        "mt": exposure.margin_type,
        "iw": money.trim(leg.isolated),
        "mp": money.trim(market.reference() or leg.entry),
        "up": money.trim(money.cut(own.unrealized)),
        "mm": money.trim(money.cut(own.maintenance)),
    }

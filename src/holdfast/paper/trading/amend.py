"""Amending an open limit order: what is refused, what kills it, and its history (protocol notes C.3)."""

from __future__ import annotations

import msgspec

from holdfast.model.num import ZERO
from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError, missing
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import Amendment, Order
from holdfast.paper.params import Params
from holdfast.paper.trading import checks, matching, placement, restrictions


def amend(exchange: Exchange, account: Account, params: Params) -> Order:
    """Change price and quantity of an open order; raises VenueError when the venue refuses it.

    The order is cancelled instead when nothing is left of the new quantity, or when it is post-only
    and would take at the new price.
    """
    market = exchange.market(params.need("symbol"))
    side = checks.read_side(params)
    order = _find(exchange, account, market, params)
    if side != order.side:
        raise VenueError(-1117)
    modify_id = params.integer("modifyId")
    wanted = _wanted(market, params, order)
    _check_turn(exchange, market, order, wanted)
    skips_notional = _read_reduce_only(exchange, account, params, order)
    if order.executed and wanted.qty <= order.executed:
        return _kill(exchange, account, order, modify_id)
    _check_values(market, wanted, skips_notional=skips_notional)
    if order.tif in ("GTX", "RPI") and checks.crosses(market, wanted):
        _kill(exchange, account, order, modify_id)
        if exchange.facts.amend_kill == "-5022":
            raise VenueError(-5022)
        return order
    _check_account(exchange, account, market, order, wanted)
    order.modify_id = modify_id
    if not exchange.facts.amend_keeps_stp:
        order.stp = "NONE"
    order.price_match = wanted.price_match
    _remember(exchange, account, market, order, wanted)
    matching.amend(exchange, account, market, order, price=wanted.price, qty=wanted.qty)
    return order


def _find(exchange: Exchange, account: Account, market: Market, params: Params) -> Order:
    order = placement.find(account, market, params)
    if order is not None and order.type != "LIMIT":
        raise VenueError(-5025)
    if order is None or not order.is_open:
        raise VenueError(int(exchange.facts.amend_gone))
    if market.symbol.status != "TRADING":
        raise VenueError(-5024)
    checks.check_live(market)
    return order


def _wanted(market: Market, params: Params, order: Order) -> Order:
    """The order as it would be: only price, quantity and price match differ."""
    quantity = params.decimal("quantity")
    if quantity is None:
        raise missing("quantity")
    checks.check_quantity(market.symbol, quantity, market_order=False)
    wanted = msgspec.structs.replace(order, qty=quantity, price_match=checks.read_price_match(params))
    wanted.price = placement.read_price(market, params, wanted)
    return wanted


def _check_turn(exchange: Exchange, market: Market, order: Order, wanted: Order) -> None:
    """Whether the order may be amended at all now: something changes, not too often, not too soon."""
    if (wanted.price, wanted.qty) == (order.price, order.qty):
        raise VenueError(-5027)
    if order.amendments >= market.symbol.maximum_amendments:
        raise VenueError(-5026)
    if order.amendments and exchange.now_us - order.amended_us < exchange.facts.amend_pending_ms * 1000:
        raise VenueError(-5043)


def _read_reduce_only(exchange: Exchange, account: Account, params: Params, order: Order) -> bool:
    """The flag changes nothing: on a reduce-only order it lifts the notional check, on another it is refused."""
    flag = checks.read_reduce_only(account, params, exchange.facts)
    if flag and not order.reduce_only:
        raise VenueError(-5047)
    return flag


def _check_values(market: Market, wanted: Order, *, skips_notional: bool) -> None:
    checks.check_percent_price(market, wanted.price, buying=wanted.is_buy)
    if skips_notional:
        return
    notional = wanted.price * wanted.qty
    closing_by_direction = wanted.closes_only and not wanted.reduce_only
    if notional < market.symbol.minimum_notional and not closing_by_direction:
        raise VenueError(-5029, format(market.symbol.minimum_notional, "f"))


def _check_account(exchange: Exchange, account: Account, market: Market, order: Order, wanted: Order) -> None:
    """What the account must allow, with the order's present claim on the margin set aside."""
    rest = msgspec.structs.replace(wanted, qty=wanted.remaining, executed=ZERO)
    restrictions.check(exchange, account, closes=rest.closes_only)
    checks.check_opening(account, market.symbol, rest)
    checks.check_reducing(account, rest, exchange.facts)
    matching.uncount(account, order)
    try:
        checks.check_flip(exchange, account, market, rest)
        checks.check_margin(exchange, account, market, rest)
    finally:
        matching.recount(account, order)


def _kill(exchange: Exchange, account: Account, order: Order, modify_id: int | None) -> Order:
    order.modify_id = modify_id
    matching.close(exchange, account, order)
    return order


def _remember(exchange: Exchange, account: Account, market: Market, order: Order, wanted: Order) -> None:
    amendment = Amendment(
        amendment_id=market.amendment_id(),
        order_id=order.order_id,
        client_id=order.client_id,
        price_before=order.price,
        price_after=wanted.price,
        qty_before=order.qty,
        qty_after=wanted.qty,
        count=order.amendments + 1,
        modify_id=order.modify_id,
        us=exchange.now_us,
    )
    account.add_amendment(order.symbol, amendment)

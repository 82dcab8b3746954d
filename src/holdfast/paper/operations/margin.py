"""Leverage, margin type and isolated margin (protocol notes C.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model.num import ZERO
from holdfast.paper.account import Account, Exposure, Leg
from holdfast.paper.call import Call, page
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import adl, margin, money, positions
from holdfast.paper.streams.events import account_event, leverage_event
from holdfast.paper.trading import checks

_SUCCESS = {"code": 200, "msg": "success"}
_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_MONTH_MS = 30 * 86_400_000
_ADD, _REDUCE = 1, 2


def set_leverage(call: Call) -> Any:
    """Change the leverage of a symbol.

    -4028 invalid, -4161 lowered under an isolated position, -2027 position too large, -2028 too little margin.
    """
    exchange, account = call.exchange, call.account
    market = exchange.market(call.params.need("symbol"))
    name = market.symbol.name
    call.params.need("leverage")
    leverage = call.params.integer("leverage")
    if leverage is None or leverage < 1 or not margin.notional_cap(market.brackets, leverage):
        raise VenueError(-4028, call.params.get("leverage"))
    cap = margin.notional_cap(market.brackets, leverage)
    exposure = account.exposure(name)
    before = exposure.leverage
    if leverage < before and exposure.margin_type == "ISOLATED" and exposure.has_position():
        raise VenueError(-4161)
    mark = market.reference() or ZERO
    worst = sum((margin.worst_notional(leg, mark, leg.bids, leg.asks) for leg in exposure.legs.values()), ZERO)
    if worst > cap:
        raise VenueError(-2027)
    exposure.leverage = leverage
    if leverage < before and not margin.is_funded(exchange, account, market.symbol.margin_asset):
        exposure.leverage = before
        raise VenueError(-2028)
    exchange.log("setting", account=account.name, what="leverage", symbol=name, value=leverage)
    leverage_event(exchange, account, name, leverage)
    return {"leverage": leverage, "maxNotionalValue": f"{cap:f}", "symbol": name}


def set_margin_type(call: Call) -> Any:
    """Change cross or isolated: -4046 already so, -4168 multi-assets mode, -4047 open orders, -4048 a position."""
    exchange, account = call.exchange, call.account
    market = exchange.market(call.params.need("symbol"))
    name = market.symbol.name
    wanted = call.params.need("marginType").upper()
    if wanted not in ("ISOLATED", "CROSSED"):
        raise VenueError(-1130, "marginType")
    exposure = account.exposure(name)
    if exposure.margin_type == wanted:
        raise VenueError(-4046)
    if account.multi_assets:
        raise VenueError(-4168)
    if any(symbol == name for symbol, _ in account.open_orders):
        raise VenueError(-4047)
    if exposure.has_position():
        raise VenueError(-4048)
    exposure.margin_type = wanted
    exchange.log("setting", account=account.name, what="margin_type", symbol=name, value=wanted)
    if exchange.facts.margin_type_event:
        rows = tuple((market, exposure.leg(side)) for side in account.open_sides())
        account_event(exchange, account, "MARGIN_TYPE_CHANGE", assets=(), legs=rows)
    return _SUCCESS


def change_position_margin(call: Call) -> Any:
    """Add (type 1) or take back (type 2) margin of an isolated position.

    -4055 not above 0, -4049 not isolated, -4054 flat, -4050 more than is free, -4051 more than it can spare.
    """
    exchange, account = call.exchange, call.account
    market = exchange.market(call.params.need("symbol"))
    kind = call.params.integer("type")
    call.params.need("type")
    if kind not in (_ADD, _REDUCE):
        raise VenueError(-1130, "type")
    side = checks.read_position_side(account, call.params)
    call.params.need("amount")
    amount = money.cut(call.params.decimal("amount") or ZERO)
    if amount <= 0:
        raise VenueError(-4055)
    exposure = account.exposure(market.symbol.name)
    leg = exposure.leg(side)
    if exposure.margin_type != "ISOLATED":
        raise VenueError(-4049)
    if not leg.amt:
        raise VenueError(-4054)
    if kind == _ADD and amount > margin.free(exchange, account, market.symbol.margin_asset):
        raise VenueError(-4050)
    if kind == _REDUCE and amount > spare_margin(market, exposure, leg):
        raise VenueError(-4051)
    _move(exchange, account, market, leg, amount if kind == _ADD else -amount)
    shown = Decimal(money.trim(amount) if amount % 1 else f"{amount:.1f}")
    reply = {"amount": shown, "code": 200, "msg": "Successfully modify position margin.", "type": kind}
    return msgspec.Raw(_NUMBERS.encode(reply))


def _move(exchange: Exchange, account: Account, market: Market, leg: Leg, amount: Decimal) -> None:
    positions.move_margin(exchange, account, market, leg, amount, "USER_ADJUST")
    leg.updated_us = exchange.now_us
    name = market.symbol.name
    exchange.log("setting", account=account.name, what="position_margin", symbol=name, value=money.trim(amount))
    if exchange.facts.margin_transfer_event:
        asset = market.symbol.margin_asset
        account_event(exchange, account, "MARGIN_TRANSFER", assets=(asset,), legs=((market, leg),))


def spare_margin(market: Market, exposure: Exposure, leg: Leg) -> Decimal:
    """What an isolated position can give back: open losses and its initial margin at the mark stay covered."""
    held = margin.leg_margin(market, exposure, leg)
    return leg.isolated + min(held.unrealized, ZERO) - held.position_initial


def position_margin_history(call: Call) -> Any:
    """Changes of isolated margin of a symbol within 30 days, by trades and by request, oldest first."""
    params, now_ms = call.params, call.exchange.now_ms
    name = call.exchange.market(params.need("symbol")).symbol.name
    kind = params.integer("type")
    if kind not in (None, _ADD, _REDUCE):
        raise VenueError(-1130, "type")
    start, end = params.integer("startTime"), params.integer("endTime")
    if start is not None and end is not None and end < start:
        raise VenueError(-1023)
    first = max(start or 0, now_ms - _MONTH_MS)
    last = end if end is not None else now_ms
    limit = params.limit(default=500, maximum=1000)
    rows = [
        move
        for move in call.account.margin_moves
        if move.symbol == name
        and first <= move.us // 1000 <= last
        and kind in (None, _ADD if move.amount > 0 else _REDUCE)
    ]
    return [
        {
            "symbol": move.symbol,
            "type": _ADD if move.amount > 0 else _REDUCE,
            "deltaType": move.kind,
            "amount": money.text(abs(move.amount)),
            "asset": move.asset,
            "time": move.us // 1000,
            "positionSide": move.position_side,
        }
        for move in page(rows, limit=limit, from_start=start is not None)
    ]


def adl_quantile(call: Call) -> Any:
    """The place of each position in the queue of forced closing."""
    exchange, account = call.exchange, call.account
    wanted = exchange.market(call.params.get("symbol")).symbol.name if call.params.has("symbol") else ""
    rows: list[dict[str, Any]] = []
    for name, exposure in account.exposures.items():
        if wanted not in ("", name) or not exposure.has_position():
            continue
        places = {"LONG": 0, "SHORT": 0, "HEDGE" if account.hedge else "BOTH": 0}
        for side, leg in exposure.legs.items():
            if leg.amt:
                places[side] = adl.quantile(exchange, account, exchange.markets[name], leg)
        rows.append({"symbol": name, "adlQuantile": places})
    return rows

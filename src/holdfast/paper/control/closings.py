"""Closings that the venue forces, by the control door: liquidation, auto-deleveraging, settlement, delisting."""

from __future__ import annotations

from typing import Any

from holdfast.model.num import ZERO, text
from holdfast.paper.account import Account, Leg
from holdfast.paper.control import contracts
from holdfast.paper.control.refusals import (
    ControlError,
    Request,
    account_of,
    decimal_of,
    known_fields,
    market_of,
    whole_of,
)
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money.movements import Forced
from holdfast.paper.trading import liquidation, matching, settlement
from holdfast.paper.trading.forced import closing_order


def liquidate(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Liquidate an account, or with `symbol` the isolated positions of one contract, whatever its margin is."""
    known_fields(request, "account", "symbol", "asset")
    account = account_of(exchange, request)
    exchange.log("control", what="liq", account=account.name)
    if "symbol" in request:
        market = market_of(exchange, request)
        exposure = account.exposure(market.symbol.name)
        if exposure.margin_type == "ISOLATED":
            for leg in _open_legs(account, market, ""):
                liquidation.liquidate_isolated(exchange, account, market, leg)
            return {}
        request = {"asset": market.symbol.margin_asset, **request}
    liquidation.liquidate_cross(exchange, account, str(request.get("asset", "USDT")))
    return {}


def deleverage(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Close a position of the account by auto-deleveraging, or `quantity` of it, at `price` or at the mark."""
    known_fields(request, "account", "symbol", "position_side", "quantity", "price")
    account, market = account_of(exchange, request), market_of(exchange, request)
    at = decimal_of(request, "price") if "price" in request else market.reference()
    if at is None or at <= 0:
        raise ControlError("price", "must be above 0, and the symbol has no mark yet", '"price": "80000"')
    legs = _open_legs(account, market, str(request.get("position_side", "")))
    if not legs:
        raise ControlError("symbol", f"the account has no position in {market.symbol.name}")
    exchange.log("control", what="adl", account=account.name, symbol=market.symbol.name)
    closed = ZERO
    for order in list(account.open_orders.values()):
        if order.symbol == market.symbol.name:
            matching.close(exchange, account, order)
    for leg in legs:
        quantity = min(decimal_of(request, "quantity") if "quantity" in request else abs(leg.amt), abs(leg.amt))
        if quantity <= 0 or quantity % market.symbol.lot.step:
            passes = f'"quantity": "{text(market.symbol.lot.step)}"'
            raise ControlError("quantity", "must be a multiple of the step above 0", passes)
        counter = closing_order(account, market, leg, "ADL", qty=quantity)
        account.forced.append(Forced(kind="ADL", order=counter))
        matching.take_forced(exchange, account, market, counter)
        matching.fill(
            exchange, account, market, counter, price=at, qty=quantity, maker=False, trade_id=market.trade_id()
        )
        matching.settle_position(exchange, account, market, leg.side)
        closed += quantity
    return {"closed": text(closed)}


def _open_legs(account: Account, market: Market, side: str) -> list[Leg]:
    legs = account.exposure(market.symbol.name).legs.values()
    return [leg for leg in legs if leg.amt and side in ("", leg.side)]


def delist(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Announce the end of a contract in `in_ms` (0: now): its deliveryDate moves, and then it is settled."""
    market = market_of(exchange, request)
    known_fields(request, "symbol", "in_ms")
    due_ms = exchange.now_ms + whole_of(request, "in_ms", least=0, default=0)
    name = market.symbol.name
    contracts.change(exchange, {"symbol": name, "deliveryDate": due_ms})

    def end(_now_us: int) -> None:
        if market.row.get("deliveryDate") == due_ms and market.symbol.status == "TRADING":
            settle(exchange, {"symbol": name})

    if due_ms <= exchange.now_ms:
        return settle(exchange, {"symbol": name}) | {"deliveryDate": due_ms}
    exchange.timers.at(due_ms * 1000, end)
    return {"deliveryDate": due_ms}


def settle(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Settle a contract now: orders expire with reason 7, positions close at the mark, the status is SETTLING."""
    market = market_of(exchange, request)
    known_fields(request, "symbol")
    contracts.change(exchange, {"symbol": market.symbol.name, "status": "SETTLING"})
    price = market.reference()
    if price is not None and "PERPETUAL" not in market.symbol.contract_type:
        market.delivered = (exchange.now_ms, price)
    return {"closed": settlement.settle_symbol(exchange, market)}

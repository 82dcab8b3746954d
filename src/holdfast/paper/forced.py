"""The orders by which the venue closes a position, and the list of them (protocol notes C.7, E.3)."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, Literal

from holdfast.model.num import ZERO
from holdfast.paper import retention, wire
from holdfast.paper.account import Account, Leg
from holdfast.paper.call import Call, page
from holdfast.paper.errors import VenueError
from holdfast.paper.markets import Market
from holdfast.paper.orders import Order

Cause = Literal["LIQUIDATION", "ADL", "SETTLEMENT"]

_NAMES: dict[Cause, str] = {"LIQUIDATION": "autoclose-", "ADL": "adl_autoclose", "SETTLEMENT": "settlement_autoclose-"}


def closing_order(
    account: Account, market: Market, leg: Leg, cause: Cause, *, qty: Decimal | None = None, price: Decimal = ZERO
) -> Order:
    """An immediate-or-cancel order that closes a position, or `qty` of it, not worse than `price`."""
    order_id = market.order_id()
    prefix = _NAMES[cause]
    digits = int(hashlib.sha256(f"{account.name} {order_id}".encode()).hexdigest()[:12], 16)
    return Order(
        account=account.name,
        order_id=order_id,
        client_id=f"{prefix}{digits}" if prefix.endswith("-") else prefix,
        symbol=market.symbol.name,
        side="SELL" if leg.amt > 0 else "BUY",
        position_side=leg.side,
        type="LIMIT",
        original_type="LIMIT",
        tif="IOC",
        price=price,
        qty=abs(leg.amt) if qty is None else qty,
        stp="NONE",
        forced=cause,
    )


def force_orders(call: Call) -> Any:
    """The orders by which the venue closed positions of the account: liquidations and auto-deleveraging."""
    params = call.params
    name = call.exchange.market(params.get("symbol")).symbol.name if params.has("symbol") else ""
    kind = params.get("autoCloseType")
    if kind not in ("", "LIQUIDATION", "ADL"):
        raise VenueError(-1130, "autoCloseType")
    limit = params.limit(default=50, maximum=100)
    start, end = retention.span(call, default_us=retention.WEEK_US)
    rows = [
        row.order
        for row in call.account.forced
        if kind in ("", row.kind) and name in ("", row.order.symbol) and start <= row.order.created_us // 1000 <= end
    ]
    shown = page(rows, limit=limit, from_start=params.has("startTime"))
    return [wire.query_reply(call.exchange.markets[order.symbol].symbol, order) for order in shown]

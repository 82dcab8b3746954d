"""GET forceOrders: the orders by which the venue closed positions of an account (protocol notes C.7)."""

from __future__ import annotations

from typing import Any

from holdfast.paper.call import Call, page
from holdfast.paper.errors import VenueError
from holdfast.paper.operations import retention, wire


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

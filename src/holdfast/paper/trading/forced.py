"""The orders by which the venue closes a position (protocol notes C.7, E.3)."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Literal

from holdfast.model.num import ZERO
from holdfast.paper.account import Account, Leg
from holdfast.paper.market.markets import Market
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

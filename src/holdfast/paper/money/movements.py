"""Records of money that moves inside an account, and of positions that the venue closed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from holdfast.paper.orders import Order

MoveKind = Literal["TRADE", "USER_ADJUST"]


class MarginMove(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Margin set aside for an isolated position (above 0) or given back (below)."""

    symbol: str
    position_side: str
    asset: str
    amount: Decimal
    kind: MoveKind
    us: int


class Forced(msgspec.Struct, frozen=True, kw_only=True):
    """An order by which the venue closed a position."""

    kind: Literal["LIQUIDATION", "ADL"]
    order: Order

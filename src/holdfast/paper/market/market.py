"""What the outside market says: the inputs that move the paper exchange's books, trades and marks.

Recorded frames, klines and synthetic walks are all turned into these events by their own sources;
the exchange itself never knows which one it is living in. Prices and quantities are `Decimal`;
times are integer milliseconds since the epoch, as the exchange's own streams carry them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from holdfast.paper.market.bars import Bar

Level = tuple[Decimal, Decimal]
"""One price level: (price, absolute quantity). Quantity 0 removes the level."""


class BookTop(msgspec.Struct, frozen=True, tag="book_top", kw_only=True, gc=False):
    """Best bid and ask at one instant. `u` shares its id space with the depth events."""

    symbol: str
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal
    u: int
    T: int
    E: int


class DepthDiff(msgspec.Struct, frozen=True, tag="depth_diff", kw_only=True):
    """Changed levels between update ids `U` and `u`; `pu` is the previous event's `u`."""

    symbol: str
    U: int
    u: int
    pu: int
    bids: list[Level]
    asks: list[Level]
    T: int
    E: int


class DepthSnapshot(msgspec.Struct, frozen=True, tag="depth_snapshot", kw_only=True):
    """The whole visible book at update id `u`. It replaces what was known."""

    symbol: str
    u: int
    bids: list[Level]
    asks: list[Level]
    T: int
    E: int


class PublicTrade(msgspec.Struct, frozen=True, tag="public_trade", kw_only=True, gc=False):
    """One trade that everybody sees, of strangers or of ours. `buyer_maker`: the aggressor sold.

    `rpi`: the resting side was an RPI order (protocol notes C.1).
    """

    symbol: str
    trade_id: int
    price: Decimal
    qty: Decimal
    buyer_maker: bool
    T: int
    E: int
    rpi: bool = False


class Mark(msgspec.Struct, frozen=True, tag="mark", kw_only=True, gc=False):
    """Mark and index price with the running funding rate, charged at `next_funding_ms` (0: never)."""

    symbol: str
    mark: Decimal
    index: Decimal
    rate: Decimal
    next_funding_ms: int
    E: int


class Outage(msgspec.Struct, frozen=True, tag="outage", kw_only=True, gc=False):
    """What is known of a live market is not the market any more, and why; without a reason: it is again."""

    symbol: str
    reason: str
    E: int


class Past(msgspec.Struct, frozen=True, tag="past", kw_only=True):
    """What a market did before it begins here: candles of its trades by interval, oldest first, the last one open."""

    symbol: str
    candles: dict[str, list[Bar]]
    E: int


class Contract(msgspec.Struct, frozen=True, tag="contract", kw_only=True):
    """A contract as its venue lists it now: the row of exchangeInfo."""

    symbol: str
    row: dict[str, Any]
    E: int


MarketEvent = BookTop | DepthDiff | DepthSnapshot | PublicTrade | Mark | Outage | Past | Contract

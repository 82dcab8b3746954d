"""What we may ask the venue to hold for us: plain orders and algo (conditional) orders."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from holdfast.model.ids import Role


class Side(StrEnum):
    """The side of an order."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class PositionSide(StrEnum):
    """The leg of a position; one-way accounts know only BOTH (RULES 13)."""

    BOTH = "BOTH"
    LONG = "LONG"
    SHORT = "SHORT"


class Direction(StrEnum):
    """Which way a trade earns."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Direction.LONG else -1

    @property
    def entry_side(self) -> Side:
        """The side that opens."""
        return Side.BUY if self is Direction.LONG else Side.SELL

    @property
    def exit_side(self) -> Side:
        """The side that closes."""
        return self.entry_side.opposite

    @property
    def opposite(self) -> Direction:
        """The other direction."""
        return Direction.SHORT if self is Direction.LONG else Direction.LONG


class OrderType(StrEnum):
    """Types of a plain order."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"


class AlgoType(StrEnum):
    """Types of an algo order that the engine uses."""

    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"


class TimeInForce(StrEnum):
    """How long a plain order lives."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"


class WorkingType(StrEnum):
    """The price that triggers an algo order."""

    MARK_PRICE = "MARK_PRICE"
    CONTRACT_PRICE = "CONTRACT_PRICE"


class OrderSpec(msgspec.Struct, frozen=True, kw_only=True, tag="order", tag_field="kind", gc=False):
    """A plain order, complete and rounded. `quantity` and `price` already lie on the venue's grid."""

    client_id: str
    role: Role
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    position_side: PositionSide = PositionSide.BOTH
    price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False
    good_till_ms: int | None = None
    """GTD only: epoch milliseconds (RULES 10)."""


class AlgoSpec(msgspec.Struct, frozen=True, kw_only=True, tag="algo", tag_field="kind", gc=False):
    """A conditional order, complete and rounded.

    Either `close_position` (no quantity: it follows the position) or `quantity` with `reduce_only`.
    """

    client_id: str
    role: Role
    symbol: str
    side: Side
    type: AlgoType
    trigger_price: Decimal
    position_side: PositionSide = PositionSide.BOTH
    close_position: bool = False
    quantity: Decimal | None = None
    reduce_only: bool = False
    working_type: WorkingType = WorkingType.MARK_PRICE


Spec = OrderSpec | AlgoSpec


class OrderStatus(StrEnum):
    """Life of a plain order (DESIGN §4)."""

    PLANNED = "planned"
    SENT = "sent"
    WORKING = "working"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEVER_PLACED = "never_placed"

    @property
    def terminal(self) -> bool:
        """Whether nothing more can happen, save a late fill that corrects (RULES 3)."""
        return self in ORDER_TERMINAL


ORDER_TERMINAL = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.NEVER_PLACED}
)


class AlgoStatus(StrEnum):
    """Life of an algo order (RULES 6). `finished` does not say filled: its child does."""

    PLANNED = "planned"
    SENT = "sent"
    ARMED = "armed"
    TRIGGERING = "triggering"
    TRIGGERED = "triggered"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NEVER_PLACED = "never_placed"

    @property
    def terminal(self) -> bool:
        """Whether the algo itself has ended; its child order may still live."""
        return self in ALGO_TERMINAL


ALGO_TERMINAL = frozenset(
    {AlgoStatus.FINISHED, AlgoStatus.CANCELLED, AlgoStatus.EXPIRED, AlgoStatus.REJECTED, AlgoStatus.NEVER_PLACED}
)


class Pending(StrEnum):
    """The second axis of an order: the request in flight (RULES 17: `unknown` is a value of this axis)."""

    NONE = "none"
    PLACE = "place"
    CANCEL = "cancel"
    PLACE_UNKNOWN = "place_unknown"
    CANCEL_UNKNOWN = "cancel_unknown"

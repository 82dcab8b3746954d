"""Evidence: what a channel of the venue told us, in our words. Parsing it is `binance/`'s business.

A report carries where it came from, because the state must not depend on which channel spoke first
(RULES 3: any positive evidence counts).
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, OrderStatus, PositionSide, Side
from holdfast.model.reasons import Outcome


class Channel(StrEnum):
    """Where evidence came from."""

    REPLY = "reply"
    STREAM = "stream"
    QUERY = "query"
    LIST = "list"


class OrderReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The state of one plain order as a channel told it. `venue_us` is the venue's update time in microseconds."""

    channel: Channel
    symbol: str
    client_id: str
    order_id: int
    side: Side
    status: OrderStatus
    executed: Decimal
    quantity: Decimal
    price: Decimal = ZERO
    average_price: Decimal | None = None
    position_side: PositionSide = PositionSide.BOTH
    reduce_only: bool = False
    venue_ms: int = 0
    reason: str = ""


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution; identified by (symbol, order id, trade id) and applied once.

    `fee` is None when the channel did not carry it (TRADE_LITE); the fill then waits for `userTrades`.
    `realized` is the venue's gross profit of this execution. `client_id` is "" from `userTrades`.
    """

    channel: Channel
    symbol: str
    order_id: int
    trade_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_asset: str
    realized: Decimal
    maker: bool
    client_id: str = ""
    position_side: PositionSide = PositionSide.BOTH
    venue_ms: int = 0

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes it this fill and no other."""
        return (self.symbol, self.order_id, self.trade_id)


class AlgoReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The state of one algo order as a channel told it. `order_id` is the child's id once triggered."""

    channel: Channel
    symbol: str
    client_id: str
    algo_id: int
    side: Side
    status: AlgoStatus
    trigger_price: Decimal
    type: str = "STOP_MARKET"
    close_position: bool = False
    reduce_only: bool = False
    quantity: Decimal = ZERO
    position_side: PositionSide = PositionSide.BOTH
    order_id: int | None = None
    venue_ms: int = 0
    reason: str = ""


class PositionReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One position row: signed `amount`, average `entry_price`, `liquidation_price` 0 when there is none."""

    symbol: str
    amount: Decimal
    entry_price: Decimal
    position_side: PositionSide = PositionSide.BOTH
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    unrealized: Decimal | None = None
    venue_ms: int = 0


class BalanceReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One asset row of the account."""

    asset: str
    wallet: Decimal
    available: Decimal | None = None
    cross_unrealized: Decimal | None = None


BY_EXECUTION: Final = ("REALIZED_PNL", "COMMISSION", "DELIVERED_SETTELMENT")
"""Types of income rows whose money comes with an execution, at a settlement too (the venue's own spelling)."""


def made_by_execution(kind: str, trade_id: object) -> bool:
    """Whether an income row repeats what an execution told. It names that one; a charge without one stands alone, such
    as a liquidation fee that is shown as a commission."""
    return kind in BY_EXECUTION and bool(trade_id)


class IncomeRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One money movement of the venue, keyed by (type, tran id, symbol, asset)."""

    type: str
    tran_id: int
    asset: str
    amount: Decimal
    symbol: str = ""
    trade_id: str = ""
    venue_ms: int = 0

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What makes it this movement and no other (tranId is unique per type only)."""
        return (self.type, self.tran_id, self.symbol, self.asset)

    @property
    def by_execution(self) -> bool:
        """Whether it repeats what an execution told."""
        return made_by_execution(self.type, self.trade_id)


class SymbolConfig(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Leverage and margin type of a symbol as the account has them."""

    symbol: str
    leverage: int
    margin_type: str


class RateWindow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One rate window as headers or replies tell it: `count` of `limit` used in `interval_ms`."""

    interval_ms: int
    count: int
    limit: int | None = None


DUPLICATE_ID_CODES = frozenset({-4115, -4116})
"""An order of this client id is there already. −4115 is the same word in another of the venue's tables (fault A14)."""

SOMETHING_EXISTS_CODES = frozenset({*DUPLICATE_ID_CODES, -4130})
"""This request made nothing, because something like it is there already: it is read, never taken for a rejection
(RULES 1, 2)."""

KEY_REFUSED_CODES = frozenset({-1002, -1022, -2014, -2015, -2017})
"""Unauthorised; signature not valid; key malformed; key, address or permission refused; keys locked (binance-usdm §E):
nothing that is signed with this key will be taken until somebody mends it."""


class RequestOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How one request ended (RULES 1). `code` 0 = no venue code; `local` names a refusal of our own ("late")."""

    outcome: Outcome
    code: int = 0
    message: str = ""
    status: int = 0
    until_ms: int = 0
    local: str = ""
    order: OrderReport | None = None
    algo: AlgoReport | None = None

"""The records the exchange keeps: orders, conditional (algo) orders, trades and income rows.

Orders and algos are mutable and compared by identity. Times are venue time in microseconds.
An order id is unique per symbol only, as on the real venue; an algo id is unique everywhere.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from holdfast.model.num import ZERO

OPEN_STATES = frozenset({"NEW", "PARTIALLY_FILLED"})
CONDITIONAL_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")

_CLOSING_SIDE = {"LONG": "SELL", "SHORT": "BUY"}

# Expiry reasons of ORDER_TRADE_UPDATE (`er`, protocol notes E.3).
NO_REASON = "0"
SELF_TRADE = "1"
IOC_LEFTOVER = "2"
IOC_SELF_TRADE = "3"
REDUCE_ONLY_LEFTOVER = "4"
LIQUIDATED = "5"
POSITION_GONE = "6"
DELISTED = "7"
STOP_TRIGGERED = "8"
MARKET_LEFTOVER = "9"

REASON_WORDS = {POSITION_GONE: "GTE condition gone", DELISTED: "symbol delisted"}
"""How ALGO_UPDATE tells the same of a conditional order: in words (`rm`, notes D.7)."""


class Order(msgspec.Struct, kw_only=True, eq=False):
    """An order at the matching engine, open or closed."""

    account: str
    order_id: int
    client_id: str
    symbol: str
    side: str
    position_side: str
    type: str
    original_type: str
    tif: str
    price: Decimal
    qty: Decimal
    trigger: Decimal = ZERO
    reduce_only: bool = False
    close_position: bool = False
    working_type: str = "CONTRACT_PRICE"
    price_protect: bool = False
    price_match: str = "NONE"
    stp: str = "EXPIRE_MAKER"
    good_till_ms: int = 0
    created_us: int = 0
    updated_us: int = 0
    status: str = "NEW"
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    ahead: Decimal = ZERO
    """Recorded quantity at our price that came before us: it must trade first."""
    sequence: int = 0
    expiry_reason: str = NO_REASON
    algo: Algo | None = None
    amendments: int = 0
    amended_us: int = 0
    modify_id: int | None = None
    """The caller's own id of the last amendment."""
    forced: Literal["", "LIQUIDATION", "ADL", "SETTLEMENT"] = ""
    """Why the venue itself placed it to close a position."""

    @property
    def remaining(self) -> Decimal:
        """What has not executed yet."""
        return self.qty - self.executed

    @property
    def is_open(self) -> bool:
        """Whether the order can still execute."""
        return self.status in OPEN_STATES

    @property
    def is_buy(self) -> bool:
        """Whether the order buys."""
        return self.side == "BUY"

    @property
    def closes_only(self) -> bool:
        """Whether the order may only reduce: by its flag, or by its direction in hedge mode."""
        return self.reduce_only or _CLOSING_SIDE.get(self.position_side) == self.side


class Algo(msgspec.Struct, kw_only=True, eq=False):
    """A conditional order: it waits outside the matching engine and spawns an order when triggered."""

    account: str
    algo_id: int
    client_id: str
    symbol: str
    side: str
    position_side: str
    type: str
    tif: str
    qty: Decimal
    price: Decimal
    trigger: Decimal
    working_type: str
    close_position: bool
    reduce_only: bool
    price_protect: bool
    price_match: str
    stp: str
    good_till_ms: int
    created_us: int
    updated_us: int
    status: str = "NEW"
    triggered_us: int = 0
    reason: str = ""
    child: Order | None = None
    vanished: bool = False
    activate: Decimal = ZERO
    callback: Decimal = ZERO
    """Percent; this and the fields around it belong to trailing stops alone."""
    best: Decimal = ZERO
    activated: bool = False

    @property
    def is_trailing(self) -> bool:
        """Whether it follows the price."""
        return self.type == "TRAILING_STOP_MARKET"

    @property
    def is_stop(self) -> bool:
        """Whether it is a stop (as against a take profit)."""
        return self.type.startswith("STOP")

    @property
    def is_market(self) -> bool:
        """Whether the spawned order is a market order."""
        return self.type.endswith("_MARKET")

    @property
    def triggers_up(self) -> bool:
        """Whether it triggers when the price rises to the trigger (protocol notes D.4)."""
        return self.is_stop == (self.side == "BUY")

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its trigger or is on its way to the matching engine."""
        return self.status in ("NEW", "TRIGGERING")


class Trade(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution of one of our orders."""

    account: str
    symbol: str
    order_id: int
    client_id: str
    trade_id: int
    side: str
    position_side: str
    price: Decimal
    qty: Decimal
    quote: Decimal
    fee: Decimal
    fee_asset: str
    realized: Decimal
    maker: bool
    us: int


class Amendment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One change of an open order: price and quantity before and after, and the how-manieth it was."""

    amendment_id: int
    order_id: int
    client_id: str
    price_before: Decimal
    price_after: Decimal
    qty_before: Decimal
    qty_after: Decimal
    count: int
    modify_id: int | None
    us: int


class Income(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One change of a wallet, signed."""

    tran_id: int
    type: str
    asset: str
    amount: Decimal
    symbol: str
    trade_id: str
    us: int

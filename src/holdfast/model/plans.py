"""What an accepted opening intent turns into, and how intents and trades end."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.num import ZERO
from holdfast.model.orders import Direction, OrderType, TimeInForce
from holdfast.model.reasons import ResultStatus


class TargetPlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One take profit: its rounded price and the fraction of the filled quantity (RULES 11)."""

    price: Decimal
    fraction: Decimal


class TradePlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An opening intent after sizing and rounding: everything that is needed to enter, protect and exit.

    `cap_price` is the worst price the entry permits (the limit of the IOC, or the limit price; for a plain market
    order the collar). `arrival_mid` and `mark` are what the decision saw.
    """

    trade_id: str
    intent_id: str
    source: str
    symbol: str
    direction: Direction
    quantity: Decimal
    entry_type: OrderType
    time_in_force: TimeInForce | None
    cap_price: Decimal
    stop_price: Decimal
    targets: tuple[TargetPlan, ...]
    leverage: int
    arrival_mid: Decimal
    mark: Decimal
    deadline_ms: int
    """After this venue time the entry is not sent, and a resting entry is cancelled."""
    good_till_ms: int | None = None
    arm_with_entry: bool = False
    requested: str = ""
    """The size as asked, e.g. "risk_pct 1"."""
    margin_asset: str = "USDT"
    """The asset in which profit and funding of the symbol are paid."""


class OrderRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The ids of one order of a trade, for results."""

    role: str
    client_id: str
    venue_id: int | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    status: str = ""


class IntentResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The one terminal result of an intent (RULES 15)."""

    intent_id: str
    source: str
    symbol: str
    action: str
    status: ResultStatus
    venue: str
    version: str
    trade_id: str = ""
    requested: str = ""
    rounded: Decimal | None = None
    filled: Decimal = ZERO
    average_price: Decimal | None = None
    fees: dict[str, Decimal] = {}
    slippage_bps: Decimal | None = None
    orders: tuple[OrderRef, ...] = ()
    naked_ms: int | None = None
    """Estimate by our own clock between the first evidence of a fill and the confirmed stop; `verify` measures it."""
    code: str = ""
    reason: str = ""
    facts: dict[str, str] = {}
    counterfactual: dict[str, str] = {}


class TradeResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a trade earned; published once when it is proved closed. All money per asset, nothing converted."""

    trade_id: str
    intent_id: str
    source: str
    symbol: str
    direction: Direction
    venue: str
    version: str
    quantity: Decimal
    entry_price: Decimal | None
    exit_price: Decimal | None
    gross: dict[str, Decimal]
    fees: dict[str, Decimal]
    funding: dict[str, Decimal]
    net: dict[str, Decimal]
    fills: int
    opened_ms: int
    closed_ms: int
    exit_reason: str
    slippage_bps: Decimal | None = None
    naked_ms: int | None = None
    orders: tuple[OrderRef, ...] = ()
    foreign_quantity: Decimal = ZERO
    """How much of these fills met somebody else's position: it stood against it, or was closed with it. The venue
    states profit and fee of a whole fill and divides neither; where this is not 0, `gross` and `fees` hold his part."""

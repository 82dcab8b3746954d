"""What the risk gate sees: one frozen picture per decision.

The engine builds it; the gate asks nothing else. Every number that may be unknown is optional, and unknown is never
0 (RULES 5): the gate denies where it needs a number that is None. Fields have no defaults on purpose, so that the
engine cannot forget one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from holdfast.model.instrument import Instrument
from holdfast.model.num import ZERO
from holdfast.model.orders import Direction
from holdfast.model.reasons import TradingState
from holdfast.model.reports import RateWindow, SymbolConfig
from holdfast.model.settings import EngineSettings, SourcePolicy


class LiveTrade(NamedTuple):
    """The one live trade of a symbol (RULES 4)."""

    direction: Direction
    trade_id: str


class Exposures(msgspec.Struct, kw_only=True, gc=False):
    """What live trades and foreign positions can at worst amount to, added up while the picture is made.

    Working, unknown and reserved entries count as filled (P12, P13). Money in the margin asset.
    """

    count: int = 0
    """How many trades and foreign positions there are."""
    longs: Decimal = ZERO
    """Notional of everything that can only be long, at the mark, worst case."""
    shorts: Decimal = ZERO
    either: Decimal = ZERO
    """Notional of what could go either way: it counts on both sides of the net limit."""
    held_longs: Decimal = ZERO
    """The part of `longs` that the venue shows as a position now. Only this part may offset a new short in the net
    limit, because an entry that has not filled hedges nothing."""
    held_shorts: Decimal = ZERO
    margin: Decimal = ZERO
    """Initial margin that the venue holds for all of it, or will hold once it has filled."""
    reserved: Decimal = ZERO
    """The part of `margin` (with opening loss and fees) that the venue's `available` does not show yet."""
    here_notional: Decimal = ZERO
    """The part of the notional that is on the symbol in question, whatever its direction."""
    here_quantity: Decimal = ZERO
    """Its quantity, absolute."""

    def add(
        self,
        direction: Direction | None,
        quantity: Decimal,
        notional: Decimal,
        held_notional: Decimal,
        margin: Decimal,
        reserved: Decimal,
        *,
        here: bool,
    ) -> None:
        """Count one more. `quantity` and `notional` are absolute and worst case; `direction` None: it may be either."""
        self.count += 1
        self.margin += margin
        self.reserved += reserved
        if direction is Direction.LONG:
            self.longs += notional
            self.held_longs += held_notional
        elif direction is Direction.SHORT:
            self.shorts += notional
            self.held_shorts += held_notional
        else:
            self.either += notional
        if here:
            self.here_notional += notional
            self.here_quantity += quantity


class GateView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that a verdict depends on, besides the intent."""

    now_ms: int
    settings: EngineSettings
    source: SourcePolicy | None
    """The policy of the intent's source; None when it may not trade."""
    instrument: Instrument | None
    quarantined: str | None
    """Why the symbol's rules are unusable; None when they are fine."""
    contradictions: tuple[str, ...]
    """What `core.feasibility` found for this symbol (P18)."""

    commanded: TradingState
    effective: TradingState
    health_reasons: tuple[str, ...]
    reconciled: bool
    journal_ok: bool
    stream_ok: bool
    clock_ok: bool
    clock_offset_ms: int | None
    watch_age_ms: int | None
    """Age of the coverage watch's last good report, counted from the moment the account became exposed if that was
    later: while nothing is exposed the watch looks less often (RULES 12)."""
    modes_ok: bool | None

    mark: Decimal | None
    mark_age_ms: int | None
    bid: Decimal | None
    ask: Decimal | None
    touch_age_ms: int | None
    mark_low_1m: Decimal | None
    mark_high_1m: Decimal | None

    equity: Decimal | None
    """Wallet plus unrealised profit, in the instrument's margin asset."""
    wallet: Decimal | None
    available: Decimal | None
    account_age_ms: int | None

    exposures: Exposures
    live_trade: LiveTrade | None
    foreign_amount: Decimal
    """Signed quantity on this symbol that our journal does not explain (RULES 4)."""
    quarantine_until_ms: int | None
    quarantine_ids: tuple[str, ...]
    """Earlier orders of ours on the symbol that are still live or unknown (RULES 4)."""
    unresolved_ids: tuple[str, ...]
    """Entries on the symbol with an unknown outcome (RULES 3)."""
    symbol_halted: str | None
    recent_rejects: int
    """Refusals of entries on the symbol within `limits.reject_breaker_window_ms` (P22)."""
    daily_loss: str
    """The fact text of the latched daily loss; "" when it is not latched (P16)."""

    open_orders_symbol: int
    open_orders_total: int
    conditionals_used: int
    """Open conditional orders of the account, of anybody, with two counted for every live trade of ours (P15)."""
    live_trades: int
    open_positions: int
    symbol_config: SymbolConfig | None
    symbol_in_use: bool
    """Whether anybody has a position or an open order on the symbol (RULES 13)."""
    rates: tuple[RateWindow, ...]
    """The ORDERS windows with our own sends included (`core.budgets.Windows.current`)."""
    weight: RateWindow | None
    """Request weight used in this minute; None when nothing was told of this minute yet."""
    orders_owed: int
    """Orders that live trades have yet to send: stops, their replacement, targets. Their room is taken already."""

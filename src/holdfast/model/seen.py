"""What a verdict saw that the journal does not tell otherwise: prices, health, rate windows, the account's settings.

The engine's state is a fold of the journal, and so are its settings and the rules of the symbol. What is left of the
gate's inputs is here and stands beside each verdict. So a verdict can be judged again years later from the journal
alone, by anybody (I13), and each age of a number can be held against its bound (I22).

Ages are in milliseconds before the verdict. What is as it should be is left out of the record: a healthy account's
verdict is a few numbers long.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.reports import RateWindow, SymbolConfig


class Held(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was known of a symbol that a trade, or somebody else, holds or may come to hold."""

    mark: Decimal | None = None
    """Left out for the symbol of the verdict itself, whose mark stands in `Seen`."""
    shown: bool = False
    """Whether a position read of this process has shown the symbol."""
    row: Decimal | None = None
    """Signed amount of the venue's newest word on the position, if that is newer than every execution heard of."""
    row_age_ms: int = 0
    in_question: Decimal | None = None
    """The venue's signed amount while it differs from the books and is being looked into."""
    entry_price: Decimal | None = None
    """The venue's entry price of somebody else's position that has no mark."""
    leverage: int | None = None
    """The leverage of somebody else's position."""
    retry_due: bool = False
    """Whether the trade's entry waits to be sent once more (RULES 2)."""


class Seen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The inputs of one verdict beside the folded state, the settings of the start and the rules of `RulesSeen`."""

    rules: bool = True
    """Whether the symbol's rules were known; they stand in its newest `RulesSeen`."""
    unusable: str | None = None
    """Why the symbol's rules cannot be used."""
    mark: Decimal | None = None
    mark_age_ms: int = 0
    bid: Decimal | None = None
    ask: Decimal | None = None
    touch_age_ms: int = 0
    mark_low_1m: Decimal | None = None
    mark_high_1m: Decimal | None = None
    account_age_ms: int | None = None
    """Age of the newest account read; its balances are in the journal."""
    watch_age_ms: int | None = None
    """Age of the coverage watch's last good report, counted from the moment the account became exposed if later."""
    clock_offset_ms: int | None = None
    clock_ok: bool = True
    stream_ok: bool = True
    journal_ok: bool = True
    reconciled: bool = True
    hedge_mode: bool | None = None
    multi_assets: bool | None = None
    symbol_config: SymbolConfig | None = None
    """Leverage and margin type of the symbol as last read."""
    foreign_orders: int = 0
    """Open orders of others on the symbol."""
    foreign_orders_total: int = 0
    foreign_algos: int = 0
    """Conditional orders of others on the symbol."""
    foreign_algos_total: int = 0
    rates: tuple[RateWindow, ...] = ()
    """The ORDERS windows, our own sends included."""
    weight: RateWindow | None = None
    """Request weight of the minute, as far as it was told."""
    held: dict[str, Held] = {}
    """Symbol → what was known of it; those of live trades and of others' positions, and the verdict's own."""

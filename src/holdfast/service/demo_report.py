"""What a demo shows while it runs and tells at its end, as plain values: whoever runs it fills them, any view draws."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from holdfast.model.num import ZERO


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. `speed`: "real", "max", or how many times as fast as real.

    `folder` is where journal and venue log go; None takes a new temporary folder.
    """

    market: str
    intents: Path | None = None
    speed: str = "max"
    minutes: int = 60
    seed: int = 1
    folder: Path | None = None


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trade as a line of a table. `profit` is unrealised while the trade lives, net once it is closed."""

    intent_id: str
    symbol: str
    direction: Literal["long", "short"]
    phase: str
    quantity: Decimal
    entry: Decimal | None = None
    stop: Decimal | None = None
    price: Decimal | None = None
    profit: Decimal | None = None
    age_ms: int = 0
    note: str = ""


class DemoProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of the run. `fraction` is 0 to 1; `clock_ms` the venue's time."""

    fraction: float
    clock_ms: int
    state: str
    intents: int
    accepted: int
    denied: int
    closed: int
    net: Decimal
    trades: tuple[TradeRow, ...] = ()
    """Live trades first, then the newest closed ones."""


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a run. Money in `asset`, `fees` as paid: net = gross - fees + funding. Times in milliseconds.

    `naked_ms_*` and `violations` come from the independent check of journal against venue log.
    """

    venue: str
    version: str
    market: str
    asset: str
    intents: int
    accepted: int
    denied: int
    trades: int
    fills: int
    wins: int
    losses: int
    open_at_end: int
    gross: Decimal
    fees: Decimal
    funding: Decimal
    net: Decimal
    best: Decimal = ZERO
    worst: Decimal = ZERO
    slippage_bps: Decimal | None = None
    protect_ms_p50: int | None = None
    protect_ms_p99: int | None = None
    naked_ms_p99: int | None = None
    naked_ms_max: int | None = None
    uncovered_ms_max: int | None = None
    unknown_opened: int = 0
    unknown_resolved: int = 0
    violations: int = 0
    broken: tuple[str, ...] = ()
    """The sentence of each violation."""
    results: dict[str, int] = {}
    """Intents by terminal status."""
    denials: dict[str, int] = {}
    """Denied intents by reason code."""
    exits: dict[str, int] = {}
    """Closed trades by exit reason."""
    frames: int = 0
    faults: int = 0
    """Faults of the venue that were injected: replies that say nothing, or never come."""
    simulated_seconds: float = 0.0
    seconds: float = 0.0
    rss_mb: float = 0.0
    journal: str = ""
    venue_log: str = ""
    last_trades: tuple[TradeRow, ...] = ()


class DemoView(Protocol):
    """Draws a run. All calls come from one thread."""

    def due(self) -> bool:
        """Whether a screen would be drawn now: gathering a moment costs more than asking."""

    def update(self, progress: DemoProgress) -> None:
        """A new moment; drawn at once."""

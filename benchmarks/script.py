"""A scripted trading day: the inputs an engine hears from ten symbols while trades open, are covered, and close.

The day is played once against the naive venue of the engine's own tests, and every input is kept. What is measured
afterwards is a fresh engine that hears the same inputs again.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core.engine import Engine, Step
from holdfast.model.events import AnyEvent
from holdfast.model.inputs import AnyInput
from holdfast.model.settings import EngineSettings, Limits
from tests.core.bench import Bench

SYMBOLS = tuple(f"{name}USDT" for name in ("BTC", "ETH", "BNB", "SOL", "XRP", "DOGE", "ADA", "LTC", "LINK", "DOT"))
LIMITS = Limits(
    max_trades=50,
    max_order_notional=Decimal(1_000_000),
    max_position_notional=Decimal(1_000_000),
    max_gross_notional=Decimal(10_000_000),
    max_net_notional=Decimal(10_000_000),
    daily_loss=None,
    daily_loss_pct=None,
)
QUARANTINE_MS = 11_000
"""Long enough after a close for its symbol to trade again (RULES 4)."""


class _Day(Bench):
    """Keeps every input, and leaves out the checks, which would take most of the time."""

    def __init__(self) -> None:
        self.inputs: list[AnyInput] = []
        super().__init__(symbols=SYMBOLS, limits=LIMITS, default_leverage=5)

    def step(self, message: AnyInput) -> Step:
        self.inputs.append(message)
        return super().step(message)

    def _check(self, step: Step, known: int) -> None:
        """The tests have checked it."""

    def _record(self, step: Step) -> None:
        self.events += step.events
        self.effects += [(self.now, effect) for effect in step.effects]


class Script:
    """The inputs of a day, and what they must lead to again."""

    def __init__(self, rounds: int) -> None:
        day = _Day()
        for turn in range(rounds):
            for name in SYMBOLS:
                side = "short" if turn % 2 else "long"
                day.intent(f"open-{turn}-{name}", symbol=name, side=side, quantity="0.002")
                day.advance(200)
            day.advance(2_000)
            for name in SYMBOLS:
                day.intent(f"close-{turn}-{name}", "close", symbol=name, side=None)
                day.advance(200)
            day.advance(QUARANTINE_MS)
        self.settings: EngineSettings = day.settings
        self.inputs = day.inputs
        self.events: list[AnyEvent] = day.events
        self.trades = len(day.closed)
        self.state_hash = day.engine.state_hash()

    def engine(self) -> Engine:
        """An engine that has heard nothing yet."""
        return Engine(self.settings, "test")

"""Strategies in a simulation: what they ask for, and that they ask again until they are answered.

A source delivers at least once: an intent whose answer did not come is delivered again to the next process, and now and
then one is repeated that was answered long ago, sometimes with other content under the same id.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal

import msgspec

from holdfast.model import intent as intents
from holdfast.model import num
from holdfast.model.intent import Distance, Entry, Intent, Size, Target

SOURCES: Final = ("breakout", "mean-reversion", "carry")
NOTIONALS: Final = (Decimal(1_500), Decimal(4_000), Decimal(9_000))

Touch = tuple[Decimal, Decimal]


class Drawn:
    """One opening intent, drawn around the touch of its symbol."""

    def __init__(self, rng: random.Random, touch: Touch, tick: Decimal) -> None:
        self.rng = rng
        self.long = rng.random() < 0.5
        self._tick = tick
        self._base = touch[1] if self.long else touch[0]

    def intent(self, intent_id: str, symbol: str) -> Intent:
        """All of it."""
        rng = self.rng
        stop_bps = rng.randint(10, 70)
        return Intent(
            id=intent_id,
            source=rng.choice(SOURCES),
            symbol=symbol,
            action="open",
            side="long" if self.long else "short",
            size=self._size(),
            entry=self._entry(),
            stop_loss=self._stop(stop_bps),
            take_profits=self._targets(stop_bps),
            leverage=rng.choice((None,) * 9 + (7,)),
        )

    def _away(self, bps: int) -> Decimal:
        """A price so many basis points in the direction of profit, or of loss below 0."""
        sign = 1 if self.long else -1
        price = self._base * (1 + sign * num.divide(Decimal(bps), Decimal(10_000)))
        return num.floor_to(price, self._tick)

    def _size(self) -> Size:
        rng = self.rng
        kind = rng.randrange(4)
        if kind == 0:
            return Size(risk_pct=rng.choice((Decimal("0.05"), Decimal("0.1"))))
        if kind == 1:
            return Size(equity_pct=Decimal(rng.choice((3, 10))))
        return Size(notional=rng.choice(NOTIONALS))

    def _stop(self, bps: int) -> Distance:
        if self.rng.random() < 0.5:
            return Distance(pct=num.divide(Decimal(bps), Decimal(100)))
        return Distance(price=self._away(-bps))

    def _targets(self, stop_bps: int) -> tuple[Target, ...]:
        rng = self.rng
        if rng.random() < 0.3:
            return ()
        near, far = self._away(stop_bps + rng.randint(5, 30)), self._away(2 * stop_bps + rng.randint(35, 80))
        if rng.random() < 0.5:
            return (Target(price=near),)
        half = Decimal("0.5")
        return (Target(price=near, fraction=half), Target(price=far, fraction=half))

    def _entry(self) -> Entry:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.55:
            return Entry()
        if draw < 0.65:
            return Entry(plain=True)
        return Entry(
            type="limit",
            price=self._away(rng.choice((-8, -4, -1, 2))),
            time_in_force=rng.choice(("GTD", "GTD", "IOC", "FOK", "GTX", None)),
            ttl_ms=rng.choice((500, 3_000, 10_000, 60_000)),
        )


class Sources:
    """Everything that was asked for, in order, and what was answered."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self.symbols = symbols
        self.sent: list[Intent] = []
        self.waiting: dict[str, Intent] = {}
        """Intents by id whose answer has not come."""

    def open(
        self, rng: random.Random, tick: Callable[[str], Decimal], touch: Callable[[str], Touch | None]
    ) -> Intent | None:
        """Somebody wants in; None while the market is not known."""
        symbol = rng.choice(self.symbols)
        quote = touch(symbol)
        if quote is None:
            return None
        return self._note(Drawn(rng, quote, tick(symbol)).intent(self._next_id(), symbol))

    def close(self, rng: random.Random) -> Intent:
        """Somebody wants out."""
        action: Literal["close", "flatten"] = rng.choice(("close", "close", "flatten"))
        symbol = rng.choice(self.symbols)
        return self._note(Intent(id=self._next_id(), source=rng.choice(SOURCES), symbol=symbol, action=action))

    def flatten(self, symbol: str) -> Intent:
        """The end of a run: everything is to be closed."""
        return self._note(Intent(id=self._next_id(), source="end", symbol=symbol, action="flatten"))

    def again(self, rng: random.Random) -> Intent | None:
        """An intent of the past is delivered once more, sometimes changed."""
        if not self.sent:
            return None
        intent = rng.choice(self.sent)
        return msgspec.structs.replace(intent, meta={"again": "yes"}) if rng.random() < 0.3 else intent

    def answered(self, intent_id: str) -> None:
        """The answer came."""
        self.waiting.pop(intent_id, None)

    def _next_id(self) -> str:
        return f"sim-{len(self.sent) + 1:05d}"

    def _note(self, intent: Intent) -> Intent:
        intents.validate(intent)
        self.sent.append(intent)
        self.waiting[intent.id] = intent
        return intent

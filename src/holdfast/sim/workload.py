"""A made-up stream of intents, for the demo and for runs against the paper exchange.

It trades like several small strategies at once: market and limit entries, percent stops, one or two take profits, now
and then a close. A share of the intents is wrong on purpose, the way strategies are wrong: no stop, a stop on the wrong
side, far too large, a doubled delivery, an old id with other content. One seed is one stream.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from holdfast.model import num

Touch = Callable[[str], tuple[Decimal, Decimal] | None]
"""Best bid and ask of a symbol now, or None before the first quote."""


class Due(NamedTuple):
    """An intent and when it is sent, in milliseconds after the start."""

    after_ms: int
    make: Callable[[Touch], dict[str, Any] | None]


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """What to make: over how long, how often on average, on which symbols."""

    seed: int
    symbols: tuple[str, ...]
    duration_ms: int
    mean_gap_ms: int = 12_000
    first_ms: int = 5_000
    wrong_share: Decimal = Decimal("0.12")
    prefix: str = "demo"

    def stream(self) -> Iterator[Due]:
        """The intents in order of time."""
        rng = random.Random(self.seed)
        at_ms, number = self.first_ms, 0
        last: dict[str, Any] = {}

        while at_ms < self.duration_ms:
            number += 1
            yield Due(at_ms, self._maker(rng.randrange(1 << 62), number, last))
            at_ms += rng.randint(self.mean_gap_ms // 3, self.mean_gap_ms * 5 // 3)

    def _maker(self, seed: int, number: int, last: dict[str, Any]) -> Callable[[Touch], dict[str, Any] | None]:
        def make(touch: Touch) -> dict[str, Any] | None:
            rng = random.Random(seed)
            symbol = rng.choice(self.symbols)
            quote = touch(symbol)
            if quote is None:
                return None
            wrong = rng.randrange(100) < self.wrong_share * 100
            intent = _opening(rng, f"{self.prefix}-{number:05d}", symbol, quote)
            if wrong:
                return _wrong(rng, intent, last)
            # On one or two symbols trades must end sooner, or the next ones would all be refused.
            if rng.randrange(100) < (8 if len(self.symbols) > 2 else 40):
                return {"id": intent["id"], "source": "desk", "symbol": symbol, "action": "close"}
            last.clear()
            last.update(intent)
            return intent

        return make


def _opening(rng: random.Random, intent_id: str, symbol: str, quote: tuple[Decimal, Decimal]) -> dict[str, Any]:
    long = rng.randrange(2) == 0
    stop_bps = rng.randrange(15, 60)
    intent: dict[str, Any] = {
        "id": intent_id,
        "source": rng.choice(("breakout", "mean-reversion", "carry")),
        "symbol": symbol,
        "action": "open",
        "side": "long" if long else "short",
        "size": rng.choice(({"risk_pct": "0.5"}, {"risk_pct": "0.25"}, {"equity_pct": "40"}, {"notional": "2500"})),
        "stop_loss": {"pct": _percent(stop_bps)},
        "take_profits": _targets(rng, stop_bps),
        "leverage": 5,
    }
    if rng.randrange(100) < 25:
        bid, ask = quote
        price = bid if long else ask
        intent["entry"] = {"type": "limit", "price": num.text(price), "ttl_ms": rng.randrange(5_000, 30_000)}
    else:
        intent["entry"] = {"type": "market", "max_slippage_bps": "15"}
    return intent


def _targets(rng: random.Random, stop_bps: int) -> list[dict[str, str]]:
    near = _percent(stop_bps * rng.randrange(8, 16) // 10 + 15)
    far = _percent(stop_bps * rng.randrange(20, 30) // 10 + 20)
    if rng.randrange(2):
        return [{"pct": near, "fraction": "0.5"}, {"pct": far, "fraction": "0.5"}]
    return [{"pct": near}]


def _wrong(rng: random.Random, intent: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    match rng.randrange(5):
        case 0:
            return {key: value for key, value in intent.items() if key != "stop_loss"}
        case 1:
            return {**intent, "size": {"notional": "5000000"}}
        case 2:
            return {**intent, "stop_loss": {"price": "0.01" if intent["side"] == "short" else "9000000"}}
        case 3 if last:
            return dict(last)
        case 4 if last:
            return {**last, "size": {"notional": "2600"}}
        case _:
            return {**intent, "symbol": "NOSUCHUSDT"}


def _percent(basis_points: int) -> str:
    return num.text(num.divide(Decimal(basis_points), Decimal(100)))

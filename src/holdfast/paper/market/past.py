"""What a market was before the exchange began: made up, the same for everybody, and ending at the first price.

Bots ask for hundreds of candles before their first trade. The past that they get is a walk on many
time scales at once, drawn from the symbol's name, that meets the first known price at its first
instant. Candles of different intervals agree at their opens and closes; extremes and volumes are
drawn for each interval. It says nothing about any real market.
"""

from __future__ import annotations

import math
from decimal import Decimal

from holdfast.model.num import divide, floor_to
from holdfast.paper.market.bars import Bar
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.prng import Prng

_MILLION = 1_000_000
_BILLION = 10**9
_MINUTE = 60_000
_TWO = Decimal(2)
_LEAST_STEP_PPM = 300
"""How far the walk goes in a minute."""

_OCTAVES = tuple((_MINUTE * 4**octave, _LEAST_STEP_PPM * 2**octave) for octave in range(10))
"""Periods in milliseconds and reaches: every octave is four times as long as the one before and goes twice as far."""

_MOST_KEPT = 50_000
_MINUTE_NOTIONAL = 150_000
"""What trades in a usual minute, in quote currency, and how much of it in one trade."""
_TRADE_NOTIONAL = 5_000


class Noise:
    """Smooth chance as a function of time, from a name: the same instant always gives the same number."""

    def __init__(self, name: str) -> None:
        """Each name has a noise of its own."""
        self._seed = Prng.named(0, name).bits()
        self._known: dict[tuple[int, int], int] = {}

    def at(self, at_ms: int, period_ms: int) -> int:
        """Between -1,000,000 and 1,000,000, with straight lines from one multiple of the period to the next."""
        cell, inside = divmod(at_ms, period_ms)
        before, after = self.point(cell, period_ms), self.point(cell + 1, period_ms)
        return before + (after - before) * inside // period_ms

    def point(self, cell: int, kind: int) -> int:
        """The number of one multiple of a period."""
        key = (cell, kind)
        value = self._known.get(key)
        if value is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            drawn = Prng(self._seed ^ cell * 0x9E3779B97F4A7C15 ^ kind << 40).bits()
            value = self._known[key] = drawn % (2 * _MILLION + 1) - _MILLION
        return value


class Past:
    """The made-up time before `anchor_ms`, at which the price is `anchor`; it reaches back to `first_ms`."""

    def __init__(
        self, symbol: PaperSymbol, anchor: Decimal, anchor_ms: int, first_ms: int, *, traded: bool = True
    ) -> None:
        """`first_ms`: when the contract was listed. A price that is not `traded` has ticks and no volume."""
        self.anchor = anchor
        self.anchor_ms = anchor_ms
        self.first_ms = first_ms
        self._symbol = symbol
        self._traded = traded
        self._noise = Noise(f"past {symbol.name}")
        self._zero = self._walk(anchor_ms)
        self._prices: dict[int, Decimal] = {}

    def _walk(self, at_ms: int) -> int:
        """The sum of all octaves, in billionths."""
        at, total = self._noise.at, 0
        for period, reach in _OCTAVES:
            total += at(at_ms, period) * reach
        return total // 1000

    def price(self, at_ms: int) -> Decimal:
        """The price at an instant, on the contract's tick; never under a third of the first known one."""
        if at_ms >= self.anchor_ms:
            return self.anchor
        price = self._prices.get(at_ms)
        if price is None:
            if len(self._prices) >= _MOST_KEPT:
                self._prices.clear()
            tick = self._symbol.tick
            ticks = int(divide(self.anchor, tick)) * (_BILLION + self._walk(at_ms) - self._zero) // _BILLION
            price = self._prices[at_ms] = max(1, ticks) * tick
        return price

    def bar(self, start_ms: int, end_ms: int) -> Bar:
        """The candle from `start_ms` to `end_ms`, which is not after the anchor."""
        tick, span, point = self._symbol.tick, end_ms - start_ms, self._noise.point
        opened, closed = self.price(start_ms), self.price(end_ms)
        high, low = (opened, closed) if opened > closed else (closed, opened)
        # A walk goes about as far as the square root of time; its extremes lie up to half of that beyond both ends.
        reach = int(divide(self.anchor, tick)) * _LEAST_STEP_PPM * math.isqrt(span * 100 // _MINUTE) // (20 * _MILLION)
        high += abs(point(start_ms, 1)) * reach // _MILLION * tick
        low = max(tick, low - abs(point(start_ms, 2)) * reach // _MILLION * tick)
        bar = Bar(open_ms=start_ms, open=opened, high=high, low=low, close=closed, count=span // 1000)
        if self._traded:
            self._add_volume(bar, span)
        return bar

    def _add_volume(self, bar: Bar, span: int) -> None:
        symbol, draw = self._symbol, self._noise.point
        middle = divide(bar.open + bar.close, _TWO)
        notional = _MINUTE_NOTIONAL * span * (2 * _MILLION + draw(bar.open_ms, 3)) // (_MINUTE * 2 * _MILLION)
        steps = int(divide(Decimal(notional), middle * symbol.lot.step))
        bought = steps * (5 * _MILLION + draw(bar.open_ms, 4)) // (10 * _MILLION)
        cents = symbol.price_exponent * symbol.quantity_exponent
        bar.volume = steps * symbol.lot.step
        bar.taker = bought * symbol.lot.step
        bar.quote = floor_to(bar.volume * middle, cents)
        bar.taker_quote = floor_to(bar.taker * middle, cents)
        bar.count = min(steps, max(1, notional // _TRADE_NOTIONAL))


class PremiumPast:
    """The made-up past of the premium index: within four hundredths of a percent around one hundredth."""

    def __init__(self, name: str, anchor: Decimal, anchor_ms: int, first_ms: int) -> None:
        """`name` is the symbol's; the anchor is the first premium known."""
        self.anchor = anchor
        self.anchor_ms = anchor_ms
        self.first_ms = first_ms
        self._noise = Noise(f"premium {name}")

    def at(self, at_ms: int) -> Decimal:
        """The premium at an instant, as a fraction with eight decimals."""
        if at_ms >= self.anchor_ms:
            return self.anchor
        return Decimal(10_000 + self._noise.at(at_ms, 15 * _MINUTE) // 25).scaleb(-8)

    def bar(self, start_ms: int, end_ms: int) -> Bar:
        """The candle from `start_ms` to `end_ms`, which is not after the anchor."""
        span = end_ms - start_ms
        values = [self.at(start_ms + span * quarter // 4) for quarter in range(5)]
        opened, closed = values[0], values[-1]
        return Bar(open_ms=start_ms, open=opened, high=max(values), low=min(values), close=closed)

"""A made-up market from a seed: the same seed gives the same events, on every machine.

Each symbol lives through regimes, one after the other: quiet chop around an anchor, trends of 0.2 to
0.6 % a minute, gaps of 0.3 to 1.2 % in one step, and flash moves of 1.5 to 3 % that mostly come back.
Within ten minutes stops and targets at 0.3 to 1 % are reached. The price stays between roughly a third and three
times its start, because trends turn towards the start when they have gone far.

All arithmetic is in integers (ticks in fixed point, returns in billionths), so no rounding differs
between machines. A symbol may be given one shape instead: a trend, chop, gaps, flash crashes or a thin book
(`SHAPES`). Every step brings a change of the book, its touch and up to three trades; every second a mark,
which follows the middle with a lag as real marks do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from holdfast.model.num import divide
from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, Level, Mark, MarketEvent, PublicTrade
from holdfast.paper.prng import NOISE_DEVIATION, Prng
from holdfast.paper.sources.source import Grid, MarketFileError, MarketSource, merge

START_PRICES = {
    "BTCUSDT": Decimal(65_000),
    "ETHUSDT": Decimal(3_200),
    "BNBUSDT": Decimal(600),
    "SOLUSDT": Decimal(150),
    "XRPUSDT": Decimal("0.6"),
    "DOGEUSDT": Decimal("0.15"),
    "ADAUSDT": Decimal("0.45"),
}
"""Where well-known symbols start when nothing else is said; any other starts at `_DEFAULT_TICKS` of its ticks."""

SHAPES = ("mixed", "trend", "chop", "gap", "flash-crash", "thin-book")
"""What a symbol can live through: everything by turns, or one thing again and again."""

_THIN = 50
"""A thin book holds this part of a usual one."""

_CRASH_THIN = 20
_DEFAULT_TICKS = 20_000
_ONE = 1 << 16
"""Fixed point of prices: parts of a tick."""

_BILLION = 10**9
_LEVELS = 8
_SPACING_TICKS = 20_000
"""Levels are half a basis point of the price apart, but at least one tick."""

_QUIET = 180_000
_CHOP = 250_000
_WILD = 600_000
"""Noise per square root of a second, in billionths of the price."""


class SyntheticMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a made-up market; `events` gives the market itself.

    `start_us`: venue time of the first event. `duration_us`: None for an endless one. `step_ms`: from
    one change of the book to the next, 1 to 1000 and dividing 1000. `level_notional`: what a usual
    level of the book holds, in quote currency.
    """

    seed: int
    grids: tuple[Grid, ...]
    start_us: int
    start_prices: dict[str, Decimal] = {}
    duration_us: int | None = None
    step_ms: int = 500
    level_notional: Decimal = Decimal(50_000)
    funding_interval_ms: int = 8 * 3_600_000
    shapes: dict[str, str] = {}
    """One of `SHAPES` by symbol; a symbol that is not named is mixed."""
    lean: bool = False
    """Only touches and marks, without depth and strangers' trades: a fifth of the events, for long simulations."""

    def __post_init__(self) -> None:
        """Refuse settings that make no market."""
        if not 1 <= self.step_ms <= 1000 or 1000 % self.step_ms:
            raise MarketFileError(line=0, rule="step_ms is 1 to 1000 and divides 1000", found=str(self.step_ms))
        if not self.grids:
            raise MarketFileError(line=0, rule="a market has at least one symbol")
        for shape in self.shapes.values():
            if shape not in SHAPES:
                raise MarketFileError(line=0, rule=f"a shape is one of {', '.join(SHAPES)}", found=repr(shape))
        for grid in self.grids:
            price = self.start_price(grid)
            if price < grid.tick:
                rule = f"the start price of {grid.symbol} is at least one tick ({grid.tick})"
                raise MarketFileError(line=0, rule=rule, found=str(price))

    def start_price(self, grid: Grid) -> Decimal:
        """Where a symbol starts, before it is put on a tick."""
        usual = START_PRICES.get(grid.symbol, grid.tick * _DEFAULT_TICKS)
        return self.start_prices.get(grid.symbol, usual)

    def events(self) -> MarketSource:
        """The market of all symbols, in time order."""
        return merge(*(self._of(grid) for grid in self.grids))

    def _of(self, grid: Grid) -> Iterator[tuple[int, MarketEvent]]:
        """One symbol, step by step."""
        shape = self.shapes.get(grid.symbol, "mixed")
        start_ticks = int(self.start_price(grid) // grid.tick)
        walk = _Walk(Prng.named(self.seed, grid.symbol), start_ticks, self.step_ms, shape)
        book = _Book(grid, walk, self.level_notional)
        marks = _Marks(grid, walk, self.funding_interval_ms)
        start_ms = self.start_us // 1000
        steps_a_second = 1000 // self.step_ms
        step = 0
        while self.duration_us is None or step * self.step_ms * 1000 <= self.duration_us:
            at_ms = start_ms + step * self.step_ms
            at_us = at_ms * 1000
            if step:
                walk.step()
            if self.lean:
                yield at_us, book.lone_top(at_ms)
            else:
                yield at_us, book.change(at_ms) if step else book.snapshot(at_ms)
                yield at_us, book.top(at_ms)
                for _ in range(walk.random.bits() & 3):
                    yield at_us, book.trade(at_ms)
            if step % steps_a_second == 0:
                yield at_us, marks.next(at_ms)
            step += 1


class _Phase(msgspec.Struct):
    """A stretch of one kind of movement. `pull` > 0: back to the anchor, over so many seconds.

    `thin`: by what the usual quantities are divided.
    """

    steps: int
    drift: int
    noise: int
    jump: int = 0
    pull: int = 0
    thin: int = 1


class _Walk:
    """The price of one symbol, in ticks × `_ONE`."""

    def __init__(self, random: Prng, start_ticks: int, step_ms: int, shape: str = "mixed") -> None:
        self.random = random
        self._shape = shape
        self._way = 0
        self.price = start_ticks * _ONE
        self.rising = True
        self._start = self.price
        self._anchor = self.price
        self._step_ms = step_ms
        self._noise_part = math.isqrt(step_ms * 1000)
        self._phases: list[_Phase] = [self._phase(seconds=20, noise=_CHOP, pull=60)]

    @property
    def thin(self) -> int:
        """By what the usual quantity of a level is divided now."""
        return _THIN if self._shape == "thin-book" else self._phases[0].thin

    @property
    def ticks(self) -> int:
        """The middle in whole ticks, at least 2 so that a bid below it exists."""
        return max(2, self.price // _ONE)

    def step(self) -> None:
        """Move on by one step, into the next regime where the present one has ended."""
        phase = self._phases[0]
        change = phase.jump + phase.drift * self._step_ms // 1000
        if phase.pull:
            away = (self._anchor - self.price) * _BILLION // self.price
            change += away * self._step_ms // (1000 * phase.pull)
        change += self.random.noise() * phase.noise // NOISE_DEVIATION * self._noise_part // 1000
        moved = max(2 * _ONE, self.price + self.price * change // _BILLION)
        self.rising = moved >= self.price
        self.price = moved
        phase.jump = 0
        phase.steps -= 1
        if phase.steps <= 0:
            self._phases.pop(0)
            self._anchor = self.price
            if not self._phases:
                self._phases = _REGIMES.get(self._shape, _Walk._next_regime)(self)

    def _phase(
        self, *, seconds: int, noise: int, drift: int = 0, jump: int = 0, pull: int = 0, thin: int = 1
    ) -> _Phase:
        return _Phase(steps=seconds * 1000 // self._step_ms, drift=drift, noise=noise, jump=jump, pull=pull, thin=thin)

    def _direction(self) -> int:
        """Up or down by chance, but back towards the start from far away."""
        if self.price > self._start * 3 // 2:
            return -1
        if self.price < self._start * 2 // 3:
            return 1
        return 1 if self.random.bits() & 1 else -1

    def _next_regime(self) -> list[_Phase]:
        """Draw the next regime: mostly chop and trends, now and then a gap or a flash."""
        draw, way, between = self.random.between(0, 99), self._direction(), self.random.between
        if draw < 42:
            return [self._phase(seconds=between(20, 120), noise=_CHOP, pull=60)]
        if draw < 84:
            return [self._phase(seconds=between(45, 180), noise=_QUIET, drift=way * between(33_000, 100_000))]
        if draw < 93:
            jump = way * between(3_000_000, 12_000_000)
            return [self._phase(seconds=between(20, 60), noise=_CHOP, jump=jump)]
        size = between(15_000_000, 30_000_000)
        back = size * between(60, 90) // 100
        return [
            self._phase(seconds=8, noise=_WILD, drift=way * size // 8),
            self._phase(seconds=30, noise=_CHOP, drift=-way * back // 30),
        ]

    def _trend(self) -> list[_Phase]:
        """On and on in one direction, which turns only far from the start."""
        way, between = self._direction(), self.random.between
        far = self.price > self._start * 3 // 2 or self.price < self._start * 2 // 3
        self._way = way if far or not self._way else self._way
        return [self._phase(seconds=between(45, 180), noise=_QUIET, drift=self._way * between(33_000, 100_000))]

    def _chop(self) -> list[_Phase]:
        """Up and down around the start, and never far from it."""
        self._anchor = self._start
        return [self._phase(seconds=self.random.between(20, 120), noise=_CHOP, pull=60)]

    def _gap(self) -> list[_Phase]:
        """A jump of 2 to 8 % in one step, and a minute or more of rest."""
        jump = self._direction() * self.random.between(20_000_000, 80_000_000)
        return [self._phase(seconds=self.random.between(60, 180), noise=_CHOP, jump=jump)]

    def _flash_crash(self) -> list[_Phase]:
        """Down by 8 to 20 % in ten seconds through a thin book, most of it back in a minute, and a while of rest."""
        between = self.random.between
        size = between(80_000_000, 200_000_000)
        back = size * between(60, 90) // 100
        return [
            self._phase(seconds=10, noise=_WILD, drift=-size // 10, thin=_CRASH_THIN),
            self._phase(seconds=60, noise=_CHOP, drift=back // 60, thin=2),
            self._phase(seconds=between(60, 180), noise=_CHOP),
        ]


_REGIMES: dict[str, Callable[[_Walk], list[_Phase]]] = {
    "trend": _Walk._trend,
    "chop": _Walk._chop,
    "gap": _Walk._gap,
    "flash-crash": _Walk._flash_crash,
}
"""What comes next in a market of one shape. The others draw from everything."""


class _Book:
    """Eight levels a side around the walk, one tick wide; only what changes is told."""

    def __init__(self, grid: Grid, walk: _Walk, level_notional: Decimal) -> None:
        self._grid = grid
        self._walk = walk
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._id = 1
        self._trade_id = 0
        self._full = max(4, int(divide(level_notional, grid.tick * walk.ticks * grid.step)))

    @property
    def _usual(self) -> int:
        """What a usual level holds now, in steps."""
        return max(1, self._full // self._walk.thin)

    def snapshot(self, at_ms: int) -> DepthSnapshot:
        """The first book."""
        bids, asks = self._renew()
        return DepthSnapshot(symbol=self._grid.symbol, u=self._id, bids=bids, asks=asks, T=at_ms, E=at_ms)

    def change(self, at_ms: int) -> DepthDiff:
        """What became of the book since the last call."""
        previous = self._id
        bids, asks = self._renew()
        symbol = self._grid.symbol
        first = previous + 1
        return DepthDiff(symbol=symbol, U=first, u=self._id, pu=previous, bids=bids, asks=asks, T=at_ms, E=at_ms)

    def top(self, at_ms: int) -> BookTop:
        """The touch, as of the last change."""
        best_ask = self._walk.ticks
        bid, bid_qty = self._level(best_ask - 1, self._bids[best_ask - 1])
        ask, ask_qty = self._level(best_ask, self._asks[best_ask])
        symbol = self._grid.symbol
        return BookTop(symbol=symbol, bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty, u=self._id, T=at_ms, E=at_ms)

    def lone_top(self, at_ms: int) -> BookTop:
        """The touch of a market that shows nothing else, with fresh quantities of one to four usual levels."""
        best_ask, bits = self._walk.ticks, self._walk.random.bits()
        self._id += 1
        usual = self._usual
        bid, bid_qty = self._level(best_ask - 1, usual * (40 + (bits & 127)) // 40)
        ask, ask_qty = self._level(best_ask, usual * (40 + (bits >> 7 & 127)) // 40)
        symbol = self._grid.symbol
        return BookTop(symbol=symbol, bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty, u=self._id, T=at_ms, E=at_ms)

    def trade(self, at_ms: int) -> PublicTrade:
        """A stranger's trade at the touch, mostly in the direction of the last move."""
        self._trade_id += 1
        bits = self._walk.random.bits()
        buying = self._walk.rising if bits & 3 else not self._walk.rising
        price, _ = self._level(self._walk.ticks if buying else self._walk.ticks - 1, 0)
        quantity = (1 + (bits >> 8) % max(1, self._usual // 8)) * self._grid.step
        return PublicTrade(
            symbol=self._grid.symbol,
            trade_id=self._trade_id,
            price=price,
            qty=quantity,
            buyer_maker=not buying,
            T=at_ms,
            E=at_ms,
        )

    def _renew(self) -> tuple[list[Level], list[Level]]:
        """Move both sides to the walk; the changed levels of bids and asks."""
        best_ask = self._walk.ticks
        best_bid = best_ask - 1
        spacing = max(1, best_ask // _SPACING_TICKS)
        below, above = best_bid // spacing * spacing, -(-best_ask // spacing) * spacing
        bids = [best_bid, *(below - rank * spacing for rank in range(1, _LEVELS) if below > rank * spacing)]
        asks = [best_ask, *(above + rank * spacing for rank in range(1, _LEVELS))]
        changed = self._move(self._bids, bids), self._move(self._asks, asks)
        self._id += 1 + len(changed[0]) + len(changed[1])
        return changed

    def _move(self, side: dict[int, int], wanted: list[int]) -> list[Level]:
        """Make `side` hold exactly the wanted prices, with a fresh quantity at the touch."""
        bits, usual = self._walk.random.bits(), self._usual
        keep = dict.fromkeys(wanted)
        gone = [price for price in side if price not in keep]
        for price in gone:
            del side[price]
        changed = [self._level(price, 0) for price in gone]
        for rank, price in enumerate(wanted):
            if rank == 0 or price not in side:
                part = 40 + (bits >> (rank * 7) & 127)
                side[price] = max(1, usual * part // 100)
                changed.append(self._level(price, side[price]))
        return changed

    def _level(self, price: int, units: int) -> Level:
        return price * self._grid.tick, units * self._grid.step


class _Marks:
    """The mark follows the middle by two fifths a second; the funding rate is drawn anew after each funding."""

    def __init__(self, grid: Grid, walk: _Walk, interval_ms: int) -> None:
        self._grid = grid
        self._walk = walk
        self._interval_ms = interval_ms
        self._mark = walk.price
        self._due_ms = 0
        self._rate = Decimal(0)

    def next(self, at_ms: int) -> Mark:
        """The mark of this second."""
        if at_ms >= self._due_ms:
            self._due_ms = (at_ms // self._interval_ms + 1) * self._interval_ms
            self._rate = Decimal(self._walk.random.between(-300, 300)).scaleb(-6)
        self._mark += (self._walk.price - self._mark) * 2 // 5
        mark = max(1, self._mark // _ONE) * self._grid.tick
        symbol, due = self._grid.symbol, self._due_ms
        return Mark(symbol=symbol, mark=mark, index=mark, rate=self._rate, next_funding_ms=due, E=at_ms)

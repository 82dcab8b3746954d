"""What one market has seen: trades, aggregates, candles of every price and the last 24 hours. Bounded, and pure.

It is fed by the same events as the book. Streams and reads share it, so both tell the same story.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from holdfast.model.num import ONE, ZERO, divide
from holdfast.paper.market.bars import Bar, Ladder
from holdfast.paper.market.candles import Before, Span, candles
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.past import Past, PremiumPast
from holdfast.paper.market.symbols import PaperSymbol

MOST_TRADES = 10_000
"""Trades, and aggregates, kept of each market."""

MOST_FUNDINGS = 1_000
"""Settled funding instants kept of each market: 333 days of three a day."""

_AGGREGATE_MS = 100
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_FINE = Decimal("0.00000001")


class Aggregate(msgspec.Struct, gc=False):
    """Trades at one price and of one aggressor within 100 ms. The last one may still grow."""

    number: int
    price: Decimal
    qty: Decimal
    first_id: int
    last_id: int
    time_ms: int
    buyer_maker: bool
    rpi: Decimal = ZERO
    """How much of it was with RPI orders."""


class Funding(msgspec.Struct, frozen=True, gc=False):
    """One settled funding instant. The mark is None where nobody knows it."""

    time_ms: int
    rate: Decimal
    mark: Decimal | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The rolling 24 hours: from the start of a minute a day ago until now."""

    open_ms: int
    close_ms: int
    total: Bar
    last_qty: Decimal


class History:
    """The memory of one market. `first_ms`: when the contract was listed."""

    def __init__(self, symbol: PaperSymbol, first_ms: int) -> None:
        """Start with nothing seen."""
        self.trades: deque[PublicTrade] = deque(maxlen=MOST_TRADES)
        self.aggregates: deque[Aggregate] = deque(maxlen=MOST_TRADES)
        self.contract = Ladder("1s", "1m")
        self.mark = Ladder("1m")
        self.index = Ladder("1m")
        self.premium = Ladder("1m")
        self.fundings: deque[Funding] = deque(maxlen=MOST_FUNDINGS)
        self._symbol = symbol
        self._first_ms = first_ms
        self._aggregated = 0
        self._past: Past | None = None
        self._quiet_past: Past | None = None
        self._premium_past: PremiumPast | None = None
        self._minute_ms = -1
        self._until_minute: Bar | None = None

    def load(self, candles: Mapping[str, list[Bar]]) -> None:
        """Take over candles of the time before, where nothing is remembered yet; older ones are not known then."""
        if self._past is not None:
            return
        minute = candles["1m"][-1] if "1m" in candles else None
        for name, bars in candles.items():
            last = msgspec.structs.replace(bars[-1])
            if minute is not None and name != "1m" and last.open_ms <= minute.open_ms:
                # The minute that is open will be added to its longer candles when it ends.
                last.leave_out(minute)
            self.contract.load(name, [*bars[:-1], last])

    def on_trade(self, event: PublicTrade) -> None:
        """Somebody traded."""
        price, qty, time_ms = event.price, event.qty, event.T
        if self._past is None:
            self._begin(price, time_ms)
        self.trades.append(event)
        last = self.aggregates[-1] if self.aggregates else None
        if (
            last is not None
            and time_ms - last.time_ms < _AGGREGATE_MS
            and last.price == price
            and last.buyer_maker == event.buyer_maker
        ):
            last.qty += qty
            last.last_id = event.trade_id
            if event.rpi:
                last.rpi += qty
        else:
            self._aggregated += 1
            self.aggregates.append(
                Aggregate(
                    number=self._aggregated,
                    price=price,
                    qty=qty,
                    first_id=event.trade_id,
                    last_id=event.trade_id,
                    time_ms=time_ms,
                    buyer_maker=event.buyer_maker,
                    rpi=qty if event.rpi else ZERO,
                )
            )
        bar = self.contract.at(time_ms, price)
        quote = price * qty
        bar.volume += qty
        bar.quote += quote
        if not event.buyer_maker:
            bar.taker += qty
            bar.taker_quote += quote
        if bar.first_id < 0:
            bar.first_id = event.trade_id
        bar.last_id = event.trade_id

    def on_mark(self, mark: Decimal, index: Decimal, time_ms: int) -> None:
        """Mark and index were reported."""
        premium = ZERO if mark == index else (divide(mark, index) - ONE).quantize(_FINE)
        if self._past is None:
            self._begin(mark, time_ms)
        if self._premium_past is None:
            self._premium_past = PremiumPast(self._symbol.name, premium, time_ms, self._first_ms)
        self.mark.at(time_ms, mark)
        self.index.at(time_ms, index)
        self.premium.at(time_ms, premium)

    def on_funding(self, time_ms: int, rate: Decimal, mark: Decimal) -> None:
        """Funding was settled."""
        self.fundings.append(Funding(time_ms, rate, mark))

    def _begin(self, price: Decimal, time_ms: int) -> None:
        first_ms = min(self._first_ms, time_ms)
        self._past = Past(self._symbol, price, time_ms, first_ms)
        self._quiet_past = Past(self._symbol, price, time_ms, first_ms, traded=False)

    @property
    def past(self) -> Past | None:
        """The made-up time before the first price; None while no price is known."""
        return self._past

    def candles(self, ladder: Ladder, name: str, span: Span, now_ms: int) -> list[Bar]:
        """Candles of one of this market's ladders, oldest first; none while no price is known. Do not change them."""
        before: Before | None = self._quiet_past
        if ladder is self.contract:
            before = self._past
        elif ladder is self.premium:
            before = self._premium_past
        return [] if before is None else candles(ladder, name, span, now_ms=now_ms, before=before)

    def candle(self, name: str, now_ms: int) -> Bar | None:
        """The contract's open candle of an interval, None while no price is known. Do not change it."""
        rows = self.candles(self.contract, name, Span(limit=1), now_ms)
        return rows[0] if rows else None

    def day(self, now_ms: int) -> Day | None:
        """The last 24 hours; None while no price is known."""
        minute_ms = now_ms - now_ms % _MINUTE_MS
        open_ms = minute_ms - _DAY_MS
        if minute_ms != self._minute_ms and self._past is not None:
            closed = self.candles(
                self.contract, "1m", Span(start_ms=open_ms, end_ms=minute_ms - 1, limit=_DAY_MS // _MINUTE_MS), now_ms
            )
            self._minute_ms, self._until_minute = minute_ms, _sum(closed)
        latest = self.candles(self.contract, "1m", Span(start_ms=minute_ms, limit=1), now_ms)
        parts = [bar for bar in (self._until_minute, *latest) if bar is not None]
        total = _sum(parts)
        if total is None:
            return None
        last_qty = self.trades[-1].qty if self.trades else ZERO
        return Day(open_ms=open_ms, close_ms=now_ms, total=total, last_qty=last_qty)


def _sum(bars: list[Bar]) -> Bar | None:
    if not bars:
        return None
    total = msgspec.structs.replace(bars[0])
    for bar in bars[1:]:
        total.add(bar)
    return total

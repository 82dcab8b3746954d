"""Streams of the book: best prices, changed levels, the first levels (protocol notes F.1, F.3).

A depth event is made from what has changed in the book since the one before, not from what the market
source happened to tell: so a local book that is kept in step by a stream equals the venue's, whatever moved it, and
every stream has a chain of its own (`pu` is the `u` before, at each speed). The book is the one that everybody
sees (`display`): our own orders move it like anybody's.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.paper.exchange import Exchange
from holdfast.paper.market import display
from holdfast.paper.market.market import BookTop, Level
from holdfast.paper.market.markets import Market
from holdfast.paper.streams import frames
from holdfast.paper.streams.feed import Pace, SymbolFeed, TickingFeed

ALL_TOPS_MS = 5000


class TopStream(SymbolFeed):
    """`<symbol>@bookTicker`: each best price as it comes, and each change of the best that only we or depth tell."""

    kind = "bookTicker"

    def start(self) -> None:
        """Hear best prices, and moves of the book."""
        self._shown = _prices(frames.best_of(self.market))
        self._own_changes = self.market.book.own_changes
        self.market.taps.tops.append(self)
        self.market.taps.books.append(self)

    def stop(self) -> None:
        """Hear nothing more."""
        self.market.taps.tops.remove(self)
        self.market.taps.books.remove(self)

    def on_top(self, event: BookTop) -> None:
        """Tell it as it is, or as it is with our orders."""
        best: BookTop | None = event
        if self.market.book.own_changes:
            best = frames.best_of(self.market)
        self._own_changes = self.market.book.own_changes
        if best is not None:
            self._shown = _prices(best)
            self.send(frames.top_frame(self.market.symbol, best))

    def on_book(self) -> None:
        """Tell a best that we have changed, or one of a market without best-price events."""
        book = self.market.book
        if book.top is not None and book.own_changes == self._own_changes:
            return
        self._own_changes = book.own_changes
        best = frames.best_of(self.market)
        prices = _prices(best)
        if best is not None and prices != self._shown:
            self._shown = prices
            self.send(frames.top_frame(self.market.symbol, best))


def _prices(top: BookTop | None) -> tuple[Decimal, ...]:
    return () if top is None else (top.bid, top.bid_qty, top.ask, top.ask_qty)


class AllTopsStream(TickingFeed):
    """`!bookTicker`: every five seconds the best prices that have moved since, a frame each."""

    kind = "bookTicker"

    def __init__(self, exchange: Exchange, name: str) -> None:
        """Every market is told at the first tick."""
        super().__init__(exchange, name, ALL_TOPS_MS)
        self._shown: dict[str, int] = {}

    def tick(self, now_ms: int) -> None:
        """One frame for each market that has moved."""
        for symbol, market in self.exchange.markets.items():
            update_id = market.book.shown_id
            if update_id and self._shown.get(symbol) != update_id:
                best = frames.best_of(market)
                if best is not None:
                    self._shown[symbol] = update_id
                    self.send(frames.top_frame(market.symbol, best))


class _DepthStream(SymbolFeed):
    """A chain of depth events at one speed."""

    kind = "depthUpdate"

    def __init__(self, exchange: Exchange, name: str, market: Market, period_ms: int) -> None:
        super().__init__(exchange, name, market)
        self._pace = Pace(exchange, period_ms, self._flush)
        self._last_id = market.book.shown_id
        self._market_id = market.book.update_id

    def start(self) -> None:
        """The chain begins at the book as it is."""
        self.market.taps.books.append(self)

    def stop(self) -> None:
        """The chain ends."""
        self.market.taps.books.remove(self)
        self._pace.end()

    def on_book(self) -> None:
        """There will be something to tell at the end of this period."""
        self._pace.wake()

    def _flush(self, now_ms: int) -> None:
        """Tell what has changed. Changes without a new update id wait: an event with an empty range is never sent."""
        book = self.market.book
        update_id, previous = book.shown_id, self._last_id
        if update_id == previous:
            return
        bids, asks = self._content()
        if not bids and not asks and book.update_id == self._market_id:
            # Only what this stream does not show has changed; the next event covers its ids.
            return
        if update_id < previous:
            # The recording began anew: the chain breaks, and clients see that it does.
            previous = update_id - 1
        self._last_id, self._market_id = update_id, book.update_id
        ids = (previous + 1, update_id, previous)
        self.send(frames.depth_frame(self.market.symbol, ids, (now_ms, book.shown_ms), bids, asks))

    def _content(self) -> tuple[list[Level], list[Level]]:
        raise AssertionError("invariant: each depth stream has a content of its own")


class DiffStream(_DepthStream):
    """`<symbol>@depth` and `@rpiDepth`: the levels that have changed."""

    def __init__(self, exchange: Exchange, name: str, market: Market, period_ms: int, *, rpi: bool = False) -> None:
        """`period_ms`: from one event to the next, where there is one. `rpi`: RPI orders are in it."""
        super().__init__(exchange, name, market, period_ms)
        self._changed: dict[bool, dict[Decimal, None]] = {True: {}, False: {}}
        self._rpi = rpi

    def start(self) -> None:
        """Begin to collect what changes."""
        super().start()
        for buying, changed in self._changed.items():
            for watchers in self._watchers(buying=buying):
                watchers.append(changed)

    def stop(self) -> None:
        """Collect no more."""
        super().stop()
        for buying, changed in self._changed.items():
            for watchers in self._watchers(buying=buying):
                watchers[:] = [other for other in watchers if other is not changed]

    def _watchers(self, *, buying: bool) -> list[list[dict[Decimal, None]]]:
        side = self.market.book.own(buying=buying)
        return [side.watchers, side.rpi_watchers] if self._rpi else [side.watchers]

    def _content(self) -> tuple[list[Level], list[Level]]:
        return self._levels(buying=True), self._levels(buying=False)

    def _levels(self, *, buying: bool) -> list[Level]:
        """The absolute quantities of changed levels, best price first; 0 for those that are gone.

        Where RPI orders rest the other side decides whether they show, so these prices are told each time.
        """
        market, rpi, changed = self.market, self._rpi, self._changed[buying]
        if rpi:
            changed.update(dict.fromkeys(display.rpi_prices(market, buying=buying)))
        levels = [
            (price, display.quantity_at(market, price, buying=buying, rpi=rpi))
            for price in sorted(changed, reverse=buying)
        ]
        changed.clear()
        return levels


class PartialStream(_DepthStream):
    """`<symbol>@depth5`, `10`, `20`: the first levels, whole, whenever the book has moved."""

    def __init__(self, exchange: Exchange, name: str, market: Market, period_ms: int, depth: int) -> None:
        """`depth`: levels a side."""
        super().__init__(exchange, name, market, period_ms)
        self._depth = depth

    def _content(self) -> tuple[list[Level], list[Level]]:
        depth = self._depth
        return display.first(self.market, depth, buying=True), display.first(self.market, depth, buying=False)

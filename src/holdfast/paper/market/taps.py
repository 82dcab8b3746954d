"""Who is told of what happens on one market: the streams that somebody listens to, and nobody else."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from holdfast.paper.market.market import BookTop, PublicTrade
from holdfast.paper.orders import Order


class BookFeed(Protocol):
    """Wants to know that the book has moved."""

    def on_book(self) -> None:
        """The book has moved."""


class TopFeed(Protocol):
    """Wants to know each best price as it comes."""

    def on_top(self, event: BookTop) -> None:
        """The best bid and ask were told."""


class TradeFeed(Protocol):
    """Wants to know each public trade."""

    def on_trade(self, event: PublicTrade) -> None:
        """Somebody traded."""


class MarkFeed(Protocol):
    """Wants to know each mark."""

    def on_mark(self) -> None:
        """The mark was told; the market has it."""


class LiquidationFeed(Protocol):
    """Wants to know each liquidation."""

    def on_liquidation(self, order: Order, last: Decimal) -> None:
        """An order of a liquidation has traded `last`."""


class Taps:
    """The live streams of one market, by what moves them. Empty lists cost nothing."""

    __slots__ = ("books", "liquidations", "marks", "tops", "trades")

    def __init__(self) -> None:
        """Nobody listens yet."""
        self.books: list[BookFeed] = []
        self.tops: list[TopFeed] = []
        self.trades: list[TradeFeed] = []
        self.marks: list[MarkFeed] = []
        self.liquidations: list[LiquidationFeed] = []

    def top(self, event: BookTop) -> None:
        """Best prices were told and moved the book."""
        for feed in self.tops:
            feed.on_top(event)
        for listener in self.books:
            listener.on_book()

    def moved(self) -> None:
        """The book has moved."""
        for feed in self.books:
            feed.on_book()

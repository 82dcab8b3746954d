"""One symbol's live state: its book and prices, our resting orders and the triggers that wait on it."""

from __future__ import annotations

from bisect import insort
from collections import deque
from decimal import Decimal
from typing import Any, Final

import msgspec

from holdfast.model.num import ONE, ZERO
from holdfast.paper.account import Account
from holdfast.paper.config import Bracket
from holdfast.paper.market.book import Book
from holdfast.paper.market.history import History
from holdfast.paper.market.resting import Resting
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.market.taps import Taps
from holdfast.paper.orders import Algo, Order

_HISTORY: Final = 1000
"""Funding instants and forced closings remembered per contract."""


def _up_key(algo: Algo) -> tuple[Decimal, int]:
    return (algo.trigger, algo.algo_id)


def _down_key(algo: Algo) -> tuple[Decimal, int]:
    return (-algo.trigger, algo.algo_id)


class Triggers:
    """The conditional orders that wait on one price: nearest first in each direction."""

    __slots__ = ("down", "protected", "trailing", "up")

    def __init__(self) -> None:
        """Start with nothing waiting."""
        self.trailing: dict[int, Algo] = {}
        self.up: list[Algo] = []
        self.down: list[Algo] = []
        self.protected = 0
        """How many of them have price protection, so that the other price matters too."""

    def add(self, algo: Algo) -> None:
        """Start waiting."""
        self.protected += algo.price_protect
        if algo.is_trailing:
            self.trailing[algo.algo_id] = algo
        elif algo.triggers_up:
            insort(self.up, algo, key=_up_key)
        else:
            insort(self.down, algo, key=_down_key)

    def remove(self, algo: Algo) -> None:
        """Stop waiting. Removing one that does not wait is a mistake of the caller and raises an error."""
        if algo.is_trailing:
            del self.trailing[algo.algo_id]
        else:
            (self.up if algo.triggers_up else self.down).remove(algo)
        self.protected -= algo.price_protect

    def waits(self) -> bool:
        """Whether anything waits here."""
        return bool(self.up or self.down or self.trailing)

    def due(self, price: Decimal) -> list[Algo]:
        """Those whose condition is true at `price`, nearest trigger first. They keep waiting until removed."""
        found: list[Algo] = []
        for algo in self.up:
            if algo.trigger > price:
                break
            found.append(algo)
        for algo in self.down:
            if algo.trigger < price:
                break
            found.append(algo)
        return found


class FundingPoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One settled funding instant."""

    time_ms: int
    rate: Decimal
    mark: Decimal


class Market:
    """One symbol as the matching engine sees it."""

    def __init__(self, symbol: PaperSymbol, row: dict[str, Any], brackets: list[Bracket]) -> None:
        """Start with an empty book and no price."""
        self.symbol = symbol
        self.row = row
        self.brackets = brackets
        self.book = Book()
        self.last: Decimal | None = None
        self.last_ms = 0
        self.told_trades = False
        self.own_last = False
        """Whether the last price is one of our own fills in a market that tells no trades."""
        self.mark: Decimal | None = None
        self.logged_mark: Decimal | None = None
        self.index: Decimal | None = None
        self.funding_rate = ZERO
        self.next_funding_ms = 0
        self.funded_ms = 0
        self.funding: deque[FundingPoint] = deque(maxlen=_HISTORY)
        self.delivered: tuple[int, Decimal] | None = None
        """When a contract with an end was settled, and at which price."""
        self.forced: deque[Order] = deque(maxlen=_HISTORY)
        self.mark_ms = 0
        self.bids = Resting(buys=True)
        self.asks = Resting(buys=False)
        self.mark_triggers = Triggers()
        self.last_triggers = Triggers()
        self.holders: dict[str, Account] = {}
        self.history: History | None = None
        self.book_shift = ZERO
        self.mark_shift = ZERO
        self.taps = Taps()
        self.thin = ONE
        self.stale = ""
        """Why a live market is out of step now; empty while it is what it was told."""
        self.bent = "fundingIntervalHours" in row
        self.next_order_id = 4_000_000_001
        self.last_trade_id = 7_200_000_001
        self.trade_shift = 0
        self.trades_own = False
        self.next_amendment_id = 5_000

    def order_id(self) -> int:
        """A new order id: strictly rising per symbol."""
        self.next_order_id += 1
        return self.next_order_id

    def trade_id(self) -> int:
        """An id for a trade of ours: the one after the last that anybody was told of."""
        self.trades_own = True
        self.trade_shift += 1
        self.last_trade_id += 1
        return self.last_trade_id

    def told_trade_id(self, recorded: int) -> int:
        """The public id of a stranger's trade: the recorded one until we trade, then moved on by our own trades."""
        shown = recorded
        if self.trades_own:
            shown = max(recorded + self.trade_shift, self.last_trade_id + 1)
        self.last_trade_id = shown
        return shown

    def amendment_id(self) -> int:
        """A new amendment id: strictly rising per symbol."""
        self.next_amendment_id += 1
        return self.next_amendment_id

    def reference(self) -> Decimal | None:
        """The mark price, or the nearest thing to it while no mark was reported."""
        if self.mark is not None:
            return self.mark
        mid = self.book.mid()
        return mid if mid is not None else self.last

    def contract_price(self) -> Decimal | None:
        """The last trade, or the middle of the book before the first trade."""
        return self.last if self.last is not None else self.book.mid()

    def price_for(self, working_type: str) -> Decimal | None:
        """The price a trigger of the given working type looks at."""
        return self.reference() if working_type == "MARK_PRICE" else self.contract_price()

    def triggers_for(self, working_type: str) -> Triggers:
        """The triggers that wait on the price of a working type."""
        return self.mark_triggers if working_type == "MARK_PRICE" else self.last_triggers

    def has_triggers(self) -> bool:
        """Whether any conditional order waits here."""
        return self.mark_triggers.waits() or self.last_triggers.waits()

    def resting(self, *, buying: bool) -> Resting:
        """Our resting orders of one direction, best price first, older first at the same price."""
        return self.bids if buying else self.asks

    def rest(self, order: Order) -> None:
        """Put an order on the book, behind everything recorded at its price."""
        shown = self.book.own(buying=order.is_buy).available(order.price)
        self.resting(buying=order.is_buy).add(order, shown)

    def unrest(self, order: Order) -> None:
        """Take an order off the book."""
        self.resting(buying=order.is_buy).remove(order)

"""Streams of trades (protocol notes F.1, F.2)."""

from __future__ import annotations

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.history import Aggregate
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.markets import Market
from holdfast.paper.streams import frames
from holdfast.paper.streams.feed import Pace, SymbolFeed

AGGREGATE_MS = 100


class TradeStream(SymbolFeed):
    """`<symbol>@trade`: each trade as it comes; the fact `trade_stream` can silence it."""

    kind = "trade"

    def start(self) -> None:
        """Hear trades."""
        self.market.taps.trades.append(self)

    def stop(self) -> None:
        """Hear nothing more."""
        self.market.taps.trades.remove(self)

    def on_trade(self, event: PublicTrade) -> None:
        """Tell it."""
        if self.exchange.facts.trade_stream:
            self.send(frames.trade_frame(self.market.symbol, event))


class AggregateStream(SymbolFeed):
    """`<symbol>@aggTrade`: trades of one price and direction within 100 ms as one, each once it is complete.

    They are the aggregates that the read `aggTrades` answers, under the same numbers.
    """

    kind = "aggTrade"

    def __init__(self, exchange: Exchange, name: str, market: Market) -> None:
        """Only what trades from now on is told."""
        super().__init__(exchange, name, market)
        self._pace = Pace(exchange, AGGREGATE_MS, self._flush)
        self._aggregates = exchange.history(market).aggregates
        self._told = self._aggregates[-1].number if self._aggregates else 0

    def start(self) -> None:
        """Hear trades."""
        self.market.taps.trades.append(self)

    def stop(self) -> None:
        """Hear nothing more; what is not complete is dropped."""
        self.market.taps.trades.remove(self)
        self._pace.end()

    def on_trade(self, event: PublicTrade) -> None:
        """Tell what it completes."""
        if self._aggregates[-1].number > self._told + 1:
            self._tell(self._aggregates[-1].number - 1)
        self._pace.wake()

    def _flush(self, now_ms: int) -> None:
        """Tell the last one when it can grow no more."""
        last = self._aggregates[-1]
        if last.time_ms + AGGREGATE_MS <= now_ms:
            self._tell(last.number)
        else:
            self._pace.wake()

    def _tell(self, until: int) -> None:
        waiting: list[Aggregate] = []
        for aggregate in reversed(self._aggregates):
            if aggregate.number <= self._told:
                break
            if aggregate.number <= until:
                waiting.append(aggregate)
        for aggregate in reversed(waiting):
            self.send(self._frame(aggregate))
        self._told = max(self._told, until)

    def _frame(self, aggregate: Aggregate) -> bytes:
        symbol = self.market.symbol
        price, qty = symbol.price_text(aggregate.price), symbol.quantity_text(aggregate.qty)
        usual = symbol.quantity_text(aggregate.qty - aggregate.rpi) if aggregate.rpi else qty
        maker = "true" if aggregate.buyer_maker else "false"
        return (
            f'{{"e":"aggTrade","E":{self.exchange.now_ms},"a":{aggregate.number},"s":"{symbol.name}","p":"{price}",'
            f'"q":"{qty}","nq":"{usual}","f":{aggregate.first_id},"l":{aggregate.last_id},"T":{aggregate.time_ms},'
            f'"m":{maker},"st":1}}'
        ).encode()

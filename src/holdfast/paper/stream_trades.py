"""Streams of trades (protocol notes F.1, F.2)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.paper import frames
from holdfast.paper.exchange import Exchange
from holdfast.paper.market import PublicTrade
from holdfast.paper.markets import Market
from holdfast.paper.stream_feed import Pace, SymbolFeed

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
    """`<symbol>@aggTrade`: trades of one price and direction within 100 ms as one.

    An aggregate carries the id of its first trade, which rises from one to the next.
    """

    kind = "aggTrade"

    def __init__(self, exchange: Exchange, name: str, market: Market) -> None:
        """Nothing is collected yet."""
        super().__init__(exchange, name, market)
        self._pace = Pace(exchange, AGGREGATE_MS, self._flush)
        self._first: PublicTrade | None = None
        self._last_id = 0
        self._last_ms = 0
        self._qty = Decimal(0)

    def start(self) -> None:
        """Hear trades."""
        self.market.taps.trades.append(self)

    def stop(self) -> None:
        """Hear nothing more; what was collected is dropped."""
        self.market.taps.trades.remove(self)
        self._pace.end()

    def on_trade(self, event: PublicTrade) -> None:
        """Collect it, after telling what it does not belong to."""
        first = self._first
        if first is not None and (first.price, first.buyer_maker) != (event.price, event.buyer_maker):
            self._flush(self.exchange.now_ms)
            first = None
        if first is None:
            self._first, self._qty = event, Decimal(0)
            self._pace.wake()
        self._qty += event.qty
        self._last_id, self._last_ms = event.trade_id, event.T

    def _flush(self, now_ms: int) -> None:
        first = self._first
        if first is None:
            return
        self._first = None
        symbol = self.market.symbol
        price, qty = symbol.price_text(first.price), symbol.quantity_text(self._qty)
        maker = "true" if first.buyer_maker else "false"
        self.send(
            (
                f'{{"e":"aggTrade","E":{now_ms},"a":{first.trade_id},"s":"{symbol.name}","p":"{price}","q":"{qty}",'
                f'"nq":"{qty}","f":{first.trade_id},"l":{self._last_id},"T":{self._last_ms},"m":{maker},"st":1}}'
            ).encode()
        )

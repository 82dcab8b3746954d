"""Streams of mark prices (protocol notes F.1, F.2)."""

from __future__ import annotations

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.streams import frames
from holdfast.paper.streams.feed import SymbolFeed, TickingFeed

_TRADITIONAL = "TRADIFI_PERPETUAL"


class MarkStream(SymbolFeed):
    """`<symbol>@markPrice[@1s]`: marks as the market tells them, no oftener than the pace.

    A market that stops to tell marks is silent here: the stream never pretends that an old mark is new.
    """

    kind = "markPriceUpdate"

    def __init__(self, exchange: Exchange, name: str, market: Market, period_ms: int) -> None:
        """`period_ms`: the least time between two frames."""
        super().__init__(exchange, name, market)
        # The pace is that of the events: a tenth of slack keeps one-second events from being skipped.
        self._least_ms = period_ms - period_ms // 10
        self._sent_ms: int | None = None

    def start(self) -> None:
        """Hear marks."""
        self.market.taps.marks.append(self)

    def stop(self) -> None:
        """Hear nothing more."""
        self.market.taps.marks.remove(self)

    def on_mark(self) -> None:
        """Tell it when it is time."""
        event_ms = self.market.mark_ms
        if self._sent_ms is not None and 0 <= event_ms - self._sent_ms < self._least_ms:
            return
        self._sent_ms = event_ms
        self.send(frames.mark_frame(self.market, event_ms))


class AllMarksStream(TickingFeed):
    """`!markPrice@arr[@1s]`: every market that has a mark; contracts on traditional assets in a frame of their own."""

    kind = "markPriceUpdate"

    def tick(self, now_ms: int) -> None:
        """At most two arrays."""
        groups: dict[bool, list[str]] = {False: [], True: []}
        for market in self.exchange.markets.values():
            if market.mark is not None:
                groups[market.symbol.contract_type == _TRADITIONAL].append(frames.mark_text(market, now_ms))
        for rows in groups.values():
            if rows:
                self.send(f"[{','.join(rows)}]".encode())

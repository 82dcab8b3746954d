"""Mark prices and touches of the watched symbols (protocol notes F).

Touches come from `bookTicker` on the public route, marks from `markPrice@1s` on the market route. A touch that has not
changed is not sent again by the venue, so one that grows old is asked for over REST: old must mean "not known", not
"quiet".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from holdfast.binance import endpoints as ep
from holdfast.binance.endpoints import Endpoints
from holdfast.binance.payloads import BookTickerPayload
from holdfast.binance.replies import Unreadable, book_tickers_of, number
from holdfast.binance.requests import Request, simple
from holdfast.binance.streams import ContractChanged, Ignored, Undecodable, market_frame
from holdfast.model.effects import Lane
from holdfast.model.inputs import AnyInput, LinkChanged, MarketSeen
from holdfast.ports import WsConnector
from holdfast.service.lifecycle import Supervisor
from holdfast.service.market_feed import MAX_STREAMS, MarketFeed
from holdfast.service.rest_door import RestDoor, VenueTime
from holdfast.service.venue_observer import Unobserved, VenueObserver

LINK: Final = "market_stream"
CONTRACTS: Final = "!contractInfo"
MAX_SYMBOLS: Final = MAX_STREAMS - 1
"""One name is that of the contracts."""
CONFLATE_MS: Final = 20
"""Touches of one symbol are handed on at most so often; the last one always is."""

MARK_SILENT_S: Final = 5.0
TOUCH_SILENT_S: Final = 30.0
TOUCH_SILENT_WITH_REST_S: Final = 600.0
"""Where REST tells whether a quiet touch has moved, silence alone is no reason to reconnect."""

STREAM_SILENT_S: Final = 10.0
RESUBSCRIBE_EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 1.0
QUIET_AFTER_S: Final = 1.5
REFRESH_TIMEOUT_MS: Final = 2_000
MAX_SINGLE_REFRESHES: Final = 2
"""So many quiet symbols are asked for one by one (weight 2 each); more are asked for all at once (weight 5)."""


class _Quote:
    """What is known of one symbol's streams, in the loop's time."""

    __slots__ = ("ask", "bid", "doubted", "held", "mark_at", "refreshed_at", "resubscribed_at", "told_at", "touch_at")

    def __init__(self, now: float) -> None:
        self.bid: Decimal | None = None
        self.ask: Decimal | None = None
        self.doubted = False
        self.held: MarketSeen | None = None
        self.told_at = now - 1.0
        self.touch_at = now - QUIET_AFTER_S
        self.mark_at = now
        self.refreshed_at = now - QUIET_AFTER_S
        self.resubscribed_at = now - RESUBSCRIBE_EVERY_S

    def heard(self, frame: MarketSeen, now: float) -> None:
        """A touch came by the stream."""
        self.bid, self.ask, self.touch_at, self.doubted = frame.bid, frame.ask, now, False


class MarketStream:
    """Market data of one venue. Construct it in a running loop; `watch` may be called at any time.

    `door` is used to ask for quiet touches; without it they grow old. `conflate_ms` 0 hands on every touch.
    `contract_changed` is called when the venue tells that a watched contract is not what it was.
    """

    name = "market stream"

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        ws_connector: WsConnector,
        clock: VenueTime,
        deliver: Callable[[AnyInput], None],
        symbols: Sequence[str] = (),
        door: RestDoor | None = None,
        observer: VenueObserver | None = None,
        conflate_ms: int = CONFLATE_MS,
        contract_changed: Callable[[], None] | None = None,
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._door = door
        self._observer: VenueObserver = observer if observer is not None else Unobserved()
        self._conflate_s = conflate_ms / 1_000
        self._loop = asyncio.get_running_loop()
        self._quotes: dict[str, _Quote] = {}
        self._up = False
        self.supervisor = Supervisor(deliver, self._observer)
        touch_silent_s = TOUCH_SILENT_S if door is None else TOUCH_SILENT_WITH_REST_S
        self._touches = self._feed("public", endpoints, ws_connector, touch_silent_s)
        self._marks = self._feed("market", endpoints, ws_connector, MARK_SILENT_S)
        self._contract_changed = contract_changed
        if contract_changed is not None:
            self._marks.subscribe([CONTRACTS])
        self.watch(symbols)

    def _feed(self, route: str, endpoints: Endpoints, connector: WsConnector, silent_after_s: float) -> MarketFeed:
        return MarketFeed(
            name=route,
            connector=connector,
            target=f"{endpoints.streams.path}/{route}/stream",
            on_frame=self._receive,
            on_change=self._link_changed,
            silent_after_s=silent_after_s,
            supervisor=self.supervisor,
            observer=self._observer,
        )

    @property
    def up(self) -> bool:
        """Whether both connections are open."""
        return self._up

    async def start(self) -> None:
        """Begin; return when both connections have been tried once."""
        await self._touches.start()
        await self._marks.start()
        self.supervisor.spawn("market-look", self._look())

    async def stop(self) -> None:
        """Close both connections."""
        await self.supervisor.stop()
        self._touches.close()
        self._marks.close()

    @property
    def room(self) -> int:
        """How many further symbols can be watched."""
        return MAX_SYMBOLS - len(self._quotes)

    def watches(self, symbol: str) -> bool:
        """Whether a symbol is subscribed already."""
        return symbol in self._quotes

    def watch(self, symbols: Sequence[str]) -> None:
        """Subscribe further symbols. Raises `ValueError` beyond what one connection may carry."""
        fresh = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._quotes]
        if len(self._quotes) + len(fresh) > MAX_SYMBOLS:
            raise ValueError(f"at most {MAX_SYMBOLS} symbols can be watched")
        for symbol in fresh:
            self._quotes[symbol] = _Quote(self._loop.time())
        self._touches.subscribe([_touch_stream(symbol) for symbol in fresh])
        self._marks.subscribe([_mark_stream(symbol) for symbol in fresh])

    # What arrives.

    def _receive(self, message: bytes) -> None:
        frame = market_frame(message, self._clock.now_ms())
        if isinstance(frame, MarketSeen):
            quote = self._quotes.get(frame.symbol)
            if quote is not None:
                self._take(frame, quote)
        elif isinstance(frame, ContractChanged):
            if self._contract_changed is not None and frame.symbol in self._quotes:
                self._contract_changed()
        elif isinstance(frame, Undecodable):
            # The next frame replaces it; a price that stays away grows old, and the core sees that.
            self._observer.frame_unreadable(LINK, frame.kind, frame.detail)
        elif isinstance(frame, Ignored) and frame.kind:
            self._observer.frame_ignored(LINK, frame.kind)

    def _take(self, frame: MarketSeen, quote: _Quote) -> None:
        now = self._loop.time()
        if frame.mark is not None:
            quote.mark_at = now
            self._deliver(frame)
            return
        quote.heard(frame, now)
        if quote.held is not None:
            quote.held = frame
        elif now - quote.told_at >= self._conflate_s:
            quote.told_at = now
            self._deliver(frame)
        else:
            quote.held = frame
            self._loop.call_at(quote.told_at + self._conflate_s, self._hand_on, quote)

    def _hand_on(self, quote: _Quote) -> None:
        """The newest touch of a symbol that was held back."""
        frame, quote.held = quote.held, None
        if frame is not None:
            quote.told_at = self._loop.time()
            self._deliver(frame)

    def _link_changed(self, route: str, up: bool, reason: str) -> None:
        both = self._touches.up and self._marks.up
        if both == self._up:
            return
        self._up = both
        self._observer.link_changed(LINK, both, f"{route}: {reason}")
        told = LinkChanged(now_ms=self._clock.now_ms(), link=LINK, up=both, reason=f"{route}: {reason}")
        self._deliver(told)

    # What does not arrive.

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._ask_again_for_silent_marks()
            await self._refresh_quiet_touches()

    def _ask_again_for_silent_marks(self) -> None:
        """A mark comes every second; a name that stays silent while others speak is subscribed once more."""
        now = self._loop.time()
        if not self._marks.up or now - self._marks.heard_at > LOOK_EVERY_S * 2:
            return
        for symbol, quote in self._quotes.items():
            silent = now - quote.mark_at > STREAM_SILENT_S
            if silent and now - quote.resubscribed_at >= RESUBSCRIBE_EVERY_S:
                quote.resubscribed_at = now
                self._observer.stream_silent(_mark_stream(symbol))
                self._marks.subscribe([_mark_stream(symbol)])

    async def _refresh_quiet_touches(self) -> None:
        if self._door is None:
            return
        now = self._loop.time()
        quiet = [s for s, q in self._quotes.items() if now - max(q.touch_at, q.refreshed_at) >= QUIET_AFTER_S]
        for symbol in quiet:
            self._quotes[symbol].refreshed_at = now
        if len(quiet) > MAX_SINGLE_REFRESHES:
            await self._refresh(self._door, Request(ep.BOOK_TICKER, {}, ep.ALL_TICKERS_WEIGHT))
        else:
            for symbol in quiet:
                await self._refresh(self._door, simple(ep.BOOK_TICKER, symbol=symbol))

    async def _refresh(self, door: RestDoor, request: Request) -> None:
        if door.governor.admit(Lane.QUERY, request.weight, self._clock.now_ms()):
            return
        reply = await door.exchange(request, Lane.QUERY, recv_window_ms=0, timeout_ms=REFRESH_TIMEOUT_MS)
        if reply.status != 200:
            return
        try:
            for row in book_tickers_of(reply.body):
                quote = self._quotes.get(row.symbol)
                if quote is not None and self._loop.time() - quote.touch_at >= QUIET_AFTER_S:
                    self._refreshed(row, quote)
        except Unreadable as error:
            self._observer.reply_unreadable("bookTicker", str(error))

    def _refreshed(self, row: BookTickerPayload, quote: _Quote) -> None:
        bid, ask = number(row.bid_price) or None, number(row.ask_price) or None
        self._doubt(quote, bid, ask)
        now_ms = self._clock.now_ms()
        self._deliver(MarketSeen(now_ms=now_ms, symbol=row.symbol, bid=bid, ask=ask, venue_ms=row.time))

    def _doubt(self, quote: _Quote, bid: Decimal | None, ask: Decimal | None) -> None:
        """The touch moved twice without a word of the stream: it is open in name only."""
        known = quote.bid is not None or quote.ask is not None
        moved = known and (bid, ask) != (quote.bid, quote.ask)
        quote.bid, quote.ask = bid, ask
        if moved and quote.doubted:
            quote.doubted = False
            self._observer.stream_silent(self._touches.name)
            self._touches.close()
        elif moved:
            quote.doubted = True


def _touch_stream(symbol: str) -> str:
    return f"{symbol.lower()}@bookTicker"


def _mark_stream(symbol: str) -> str:
    return f"{symbol.lower()}@markPrice@1s"

"""A real venue's market, live, as this exchange's own: book, trades and marks of some symbols (protocol notes F).

Pure: frames, answers and time come in, and come out as market events and as things to do. A symbol is *live* while
its book is in step, was heard of or confirmed within ten seconds, and has a mark of the last ten seconds. Otherwise it
is *stale*: the exchange is told so by an `Outage` and then nothing more, until a new snapshot is in step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

import msgspec

from holdfast.paper.market.market import (
    BookTop,
    Contract,
    DepthDiff,
    DepthSnapshot,
    Mark,
    MarketEvent,
    Outage,
    Past,
    PublicTrade,
)
from holdfast.paper.sources.feed import FrameReader
from holdfast.paper.sources.live import LiveMarket
from holdfast.paper.sources.mirror_book import BookSync
from holdfast.paper.sources.mirror_links import Feed, LinkAction
from holdfast.paper.sources.mirror_past import MOST_SYMBOLS_WITH_ALL, PastCandles
from holdfast.paper.sources.mirror_rest import Ask, Asker, Refused, Touch, changes, read_rows, read_tops
from holdfast.paper.sources.mirror_tape import Tape
from holdfast.paper.sources.source import MarketFileError

STALE_AFTER_MS: Final = 10_000
"""The oldest book and the oldest mark that are played as if they were live."""

QUIET_MS: Final = 3_000
"""A book that said nothing for so long is confirmed by its best prices over REST, and as often."""

OWED_MS: Final = 3_000
"""A best price of a later update id must be followed by its depth event within this time."""

CONTRACTS_EVERY_MS: Final = 600_000
"""How often the venue is asked whether it has changed its contracts."""

MARK_GAP_MS: Final = 2_000
"""Marks come every second. While they do, one that is not later than the last is a repetition."""

SYMBOLS_A_CONNECTION: Final = 100
"""Two streams of each symbol on a route: 200 names in one SUBSCRIBE are fine (protocol notes F.5)."""

STREAMS: Final = {"public": ("depth@100ms", "bookTicker"), "market": ("aggTrade", "markPrice@1s")}
"""The streams of a symbol, by route (protocol notes F.1)."""

_RETRY_SNAPSHOT_MS = 250
_STREAM = b'{"stream"'

Action = LinkAction | Ask


class _Reply(msgspec.Struct):
    """The answer to a control message."""

    id: Any = None
    error: msgspec.Raw = msgspec.Raw()


class _Watched:
    """What is known of one symbol."""

    def __init__(self, name: str, public: Feed, past: PastCandles) -> None:
        self.name = name
        self.past = past
        self.public = public
        self.book = BookSync()
        self.reason = ""
        self.mark: Mark | None = None
        self.mark_ms = -STALE_AFTER_MS
        self.heard_ms = 0
        self.owed: tuple[int, int] | None = None
        """An update id that depth events have yet to reach, and since when."""
        self.doubts = 0
        self.top_id = 0
        self.touch: Touch | None = None
        self.trade_id = -1

    @property
    def live(self) -> bool:
        """Whether its market is told."""
        return self.book.last is not None

    def forget(self) -> None:
        """Begin anew: update ids and trade ids may begin anew as well."""
        self.book.lose()
        self.top_id, self.trade_id = 0, -1


class Mirror:
    """Some symbols of a venue. What it tells goes into `market`, what is to be done into `actions`."""

    def __init__(
        self,
        rows: Mapping[str, dict[str, Any]],
        *,
        weight_per_minute: int,
        jitter: Callable[[int], int],
        record: Callable[[bytes], None] | None = None,
    ) -> None:
        """`rows`: the symbols with their rows of exchangeInfo. `jitter(pause)` is added to a pause in milliseconds.

        `record` gets the lines of a recording.
        """
        self.market = LiveMarket()
        self.outages: list[Outage] = []
        """What changed between live and stale; whoever tells people about it empties it."""
        self.notes: list[str] = []
        """What else people should know; whoever tells them empties it."""
        self.unreadable = 0
        self._actions: list[Action] = []
        self._tape = Tape(record)
        self._line = b""
        self._reader = FrameReader()
        self._asker = Asker(weight_per_minute=weight_per_minute, jitter=jitter)
        self._looked_ms = 0
        self._listed_ms = 0
        self._rows = dict(rows)
        symbols = list(rows)
        self._feeds: list[Feed] = []
        self._links: dict[int, Feed] = {}
        self._symbols: dict[str, _Watched] = {}
        numbers = count(1)
        for first in range(0, len(symbols), SYMBOLS_A_CONNECTION):
            part = symbols[first : first + SYMBOLS_A_CONNECTION]
            public, market = (
                Feed(route, _names(part, kinds), numbers=numbers, jitter=jitter) for route, kinds in STREAMS.items()
            )
            self._feeds += [public, market]
            for symbol in part:
                past = PastCandles(minutes_only=len(symbols) > MOST_SYMBOLS_WITH_ALL)
                self._symbols[symbol] = _Watched(symbol, public, past)

    @property
    def live(self) -> bool:
        """Whether every symbol is live."""
        return all(watched.live for watched in self._symbols.values())

    def drain(self) -> list[Action]:
        """What is to be done; it is handed out once."""
        actions, self._actions = self._actions, []
        return actions

    def start(self, now_ms: int) -> None:
        """Begin: every symbol is stale until its book is there."""
        self._listed_ms = now_ms
        for symbol, row in self._rows.items():
            self.market.push(Contract(symbol=symbol, row=row, E=now_ms))
        for watched in self._symbols.values():
            self._stale(now_ms, watched, "the mirror begins")
            self._ask_past(now_ms, watched)
        for feed in self._feeds:
            self._do(feed, feed.start(now_ms))

    def _do(self, feed: Feed, actions: Sequence[LinkAction]) -> None:
        for action in actions:
            self._links.setdefault(action.link, feed)
        self._actions += actions

    # Connections

    def opened(self, now_ms: int, link: int) -> None:
        """A connection is open."""
        feed = self._links[link]
        self._do(feed, feed.opened(now_ms, link))

    def closed(self, now_ms: int, link: int, reason: str) -> None:
        """A connection has ended, or could not be opened."""
        feed = self._links.pop(link)
        feed.closed(now_ms, link)
        for watched in self._symbols.values():
            if watched.public is feed:
                watched.book.end(link)
                if not feed.ready:
                    self._stale(now_ms, watched, f"the connection to its book: {reason}")

    def frame(self, now_us: int, link: int, message: bytes) -> None:
        """A text frame of a connection."""
        feed, now_ms = self._links[link], now_us // 1000
        feed.heard_ms = now_ms
        if not message.startswith(_STREAM) and self._is_reply(now_ms, feed, link, message):
            return
        for event in self._read(now_us, message):
            watched = self._symbols.get(event.symbol)
            if watched is not None:
                self._take(now_ms, watched, link, event)

    def _is_reply(self, now_ms: int, feed: Feed, link: int, message: bytes) -> bool:
        """Whether a frame answers a message of ours. An error ends the connection; the next one asks again."""
        try:
            reply = msgspec.json.decode(message, type=_Reply)
        except msgspec.DecodeError:
            return False
        refused = bool(bytes(reply.error))
        if refused:
            self._do(feed, feed.refused(link))
        elif reply.id is not None:
            feed.confirmed(now_ms, link)
        return refused or reply.id is not None

    def _read(self, now_us: int, body: bytes) -> list[MarketEvent]:
        """The events of a frame or a snapshot. What cannot be read is counted; a hole in a book shows in its chain."""
        self._line = b"%d %b" % (now_us, body)
        try:
            return [_not_ahead(event, now_us // 1000) for _, event in self._reader.read(self._line)]
        except MarketFileError:
            self.unreadable += 1
            return []

    # What the streams tell

    def _take(self, now_ms: int, watched: _Watched, link: int, event: MarketEvent) -> None:
        if isinstance(event, DepthDiff):
            self._take_diff(now_ms, watched, link, event)
        elif isinstance(event, BookTop):
            self._take_top(now_ms, watched, event)
        elif isinstance(event, PublicTrade):
            if event.trade_id > watched.trade_id:
                watched.trade_id = event.trade_id
                self._tell(watched, event)
        elif isinstance(event, Mark):
            known = watched.mark
            if known is None or event.E > known.E or now_ms - watched.mark_ms > MARK_GAP_MS:
                watched.mark, watched.mark_ms = event, now_ms
                self._tell(watched, event)

    def _tell(self, watched: _Watched, event: MarketEvent) -> None:
        """Only of a live market: whoever is told half of a stale one would act on it."""
        if watched.live:
            self.market.push(event)
            self._tape.told(self._line)

    def _take_diff(self, now_ms: int, watched: _Watched, link: int, event: DepthDiff) -> None:
        live = watched.live
        heard = watched.book.hear(link, event)
        if isinstance(heard, str):
            self._stale(now_ms, watched, heard)
        if not watched.live:
            self._tape.hold(event, self._line)
            return
        assert live, "invariant: a depth event alone makes no book"
        watched.heard_ms, watched.doubts = now_ms, 0
        if watched.owed is not None and event.u >= watched.owed[0]:
            watched.owed = (watched.top_id, now_ms) if watched.top_id > event.u else None
        if isinstance(heard, DepthDiff):
            self._tell(watched, heard)

    def _take_top(self, now_ms: int, watched: _Watched, event: BookTop) -> None:
        last = watched.book.last
        if last is None or event.u <= watched.top_id:
            return
        watched.top_id = event.u
        watched.touch = Touch(event.bid, event.bid_qty, event.ask, event.ask_qty)
        if event.u > last and watched.owed is None:
            watched.owed = (event.u, now_ms)
        self._tell(watched, event)

    # Answers

    def answered(self, now_us: int, number: int, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """An answer to an `Ask`. Header names are lower-case."""
        now_ms = now_us // 1000
        ask, refused = self._asker.answered(now_ms, number, status, headers, body)
        if refused is not None:
            self._refused(now_ms, ask, refused)
        elif ask.kind == "tops":
            self._confirm(now_ms, body)
        elif ask.kind == "contracts":
            self._take_contracts(now_ms, body)
        elif ask.kind == "klines":
            self._take_candles(now_ms, self._symbols[ask.symbol], ask.interval, body)
        else:
            self._take_snapshot(now_us, self._symbols[ask.symbol], body)

    def unanswered(self, now_ms: int, number: int, reason: str) -> None:
        """No answer to an `Ask` came."""
        self._refused(now_ms, *self._asker.unanswered(now_ms, number, reason))

    def _refused(self, now_ms: int, ask: Ask, refused: Refused) -> None:
        if ask.kind == "klines":
            past = self._symbols[ask.symbol].past
            if not past.done:
                past.give_up()
                self.notes.append(f"{ask.symbol}: its candles of the past are made up: {refused.reason}")
        elif ask.kind == "depth":
            self._asker.want(ask.symbol, refused.until_ms)
            wait_s = -((now_ms - refused.until_ms) // 1000)
            again = f"no depth snapshot: {refused.reason}; asked for again in {wait_s} s"
            self._stale(now_ms, self._symbols[ask.symbol], again)

    def _take_contracts(self, now_ms: int, body: bytes) -> None:
        """How the venue lists its contracts now. One that it lists no more, or that cannot be read, stays as it was."""
        try:
            rows = read_rows(body)
        except ValueError:
            self.unreadable += 1
            return
        for symbol, known in self._rows.items():
            row = rows.get(symbol, known)
            changed = changes(known, row)
            if changed:
                self._rows[symbol] = row
                self.market.push(Contract(symbol=symbol, row=row, E=now_ms))
                self.notes.append(f"{symbol}: the venue changed {', '.join(changed)}")

    def _ask_past(self, now_ms: int, watched: _Watched) -> None:
        missing = watched.past.missing
        while missing and (asked := self._asker.candles(now_ms, watched.name, missing[0])):
            del missing[0]
            self._actions += asked

    def _take_candles(self, now_ms: int, watched: _Watched, interval: str, body: bytes) -> None:
        """Candles of one interval; told when those of all are there."""
        waited = not watched.past.done
        watched.past.take(interval, body)
        if waited and watched.past.done and watched.past.candles:
            self.market.push(Past(symbol=watched.name, candles=watched.past.candles, E=now_ms))
            watched.past.candles = {}
        self._ask_past(now_ms, watched)

    def _take_snapshot(self, now_us: int, watched: _Watched, body: bytes) -> None:
        """A book anew. One that is older than what waits is asked for again; so is one that cannot be read."""
        now_ms = now_us // 1000
        mark = watched.mark
        if mark is None or watched.live or not _may_begin(now_ms, watched):
            return
        named = b'{"symbol":%b,%b' % (msgspec.json.encode(watched.name), body.lstrip()[1:])
        found = next(iter(self._read(now_us, named)), None)
        if not isinstance(found, DepthSnapshot):
            self._stale(now_ms, watched, "its depth snapshot cannot be read")
            self._asker.want(watched.name, now_ms + STALE_AFTER_MS)
            return
        told = watched.book.snapshot(found)
        if told is None:
            self._asker.want(watched.name, now_ms + _RETRY_SNAPSHOT_MS)
            return
        self._tape.begin(watched.name, self._line, told)
        watched.heard_ms, watched.owed, watched.doubts, watched.reason = now_ms, None, 0, ""
        watched.touch = _best(found) if len(told) == 1 else None
        outage = Outage(symbol=watched.name, reason="", E=now_ms)
        self.outages.append(outage)
        for event in (*told, outage, mark):
            self.market.push(event)

    def _confirm(self, now_ms: int, body: bytes) -> None:
        """The best prices of quiet books: they are in step while these agree, or are of an id that is known."""
        try:
            rows = read_tops(body)
        except ValueError:
            self.unreadable += 1
            return
        for name, touch, update_id in rows:
            watched = self._symbols.get(name)
            last = None if watched is None else watched.book.last
            if watched is None or last is None or now_ms - watched.heard_ms < QUIET_MS:
                continue
            if touch == watched.touch or 0 < update_id <= max(last, watched.top_id):
                watched.heard_ms, watched.doubts = now_ms, 0
                continue
            watched.doubts += 1
            if watched.doubts > 1:
                self._silent(now_ms, watched, "its streams are silent while its prices move")

    # Time

    def tick(self, now_ms: int) -> None:
        """Do what is due. To be called several times a second."""
        for feed in self._feeds:
            self._do(feed, feed.tick(now_ms))
            if feed.route == "market" and feed.ready and now_ms - feed.heard_ms > STALE_AFTER_MS:
                self._do(feed, feed.roll(now_ms))
        for watched in self._symbols.values():
            if watched.live:
                self._look(now_ms, watched)
            elif _may_begin(now_ms, watched):
                self._asker.want(watched.name, now_ms)
            self._ask_past(now_ms, watched)
        self._actions += self._asker.due(now_ms)
        if now_ms - self._listed_ms >= CONTRACTS_EVERY_MS and (asked := self._asker.contracts(now_ms)):
            self._listed_ms = now_ms
            self._actions += asked
        if now_ms - self._looked_ms >= QUIET_MS:
            quiet = [one.name for one in self._symbols.values() if one.live and now_ms - one.heard_ms >= QUIET_MS]
            asked = self._asker.tops(now_ms, quiet)
            self._actions += asked
            self._looked_ms = now_ms if asked else self._looked_ms

    def _look(self, now_ms: int, watched: _Watched) -> None:
        """Whether what is known of a symbol is young enough to be played on."""
        bound_s = STALE_AFTER_MS // 1000
        if watched.owed is not None and now_ms - watched.owed[1] > OWED_MS:
            self._silent(now_ms, watched, "its depth events do not follow its best prices")
        elif now_ms - watched.heard_ms > STALE_AFTER_MS:
            self._stale(now_ms, watched, f"its book was neither told nor confirmed for {bound_s} s")
        elif now_ms - watched.mark_ms > STALE_AFTER_MS:
            self._stale(now_ms, watched, f"it had no mark price for {bound_s} s")

    def _silent(self, now_ms: int, watched: _Watched, reason: str) -> None:
        """A stream that is open in name only: the next connection may be better."""
        self._stale(now_ms, watched, reason)
        self._do(watched.public, watched.public.roll(now_ms))

    def _stale(self, now_ms: int, watched: _Watched, reason: str) -> None:
        """What is known of a symbol is not the market any more."""
        if watched.live:
            watched.forget()
        if reason != watched.reason:
            watched.reason = reason
            outage = Outage(symbol=watched.name, reason=reason, E=now_ms)
            self.outages.append(outage)
            self.market.push(outage)


def _names(symbols: Sequence[str], kinds: Sequence[str]) -> list[str]:
    return [f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds]


def _may_begin(now_ms: int, watched: _Watched) -> bool:
    """Whether a snapshot would make the symbol live: depth events are told, its mark is young, its past is there."""
    return watched.past.done and watched.public.ready and now_ms - watched.mark_ms <= STALE_AFTER_MS


def _best(book: DepthSnapshot) -> Touch | None:
    return Touch(*book.bids[0], *book.asks[0]) if book.bids and book.asks else None


def _not_ahead(event: MarketEvent, now_ms: int) -> MarketEvent:
    """The event, no later than now: a venue's clock that is ahead of ours must not open tomorrow's candle."""
    if now_ms >= event.E:
        return event
    if isinstance(event, Mark | Outage | Past | Contract):
        return msgspec.structs.replace(event, E=now_ms)
    placed: BookTop | DepthDiff | DepthSnapshot | PublicTrade = msgspec.structs.replace(
        event, E=now_ms, T=min(event.T, now_ms)
    )
    return placed

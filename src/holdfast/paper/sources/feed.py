"""Recorded raw frames into market events, line by line.

A line is `<local receive time> <json>`: the time in milliseconds, microseconds or nanoseconds since
the epoch (13, 16 or 19 digits), the JSON a stream frame, wrapped (`{"stream":…,"data":…}`) or bare, or the answer
of the REST depth call (a snapshot of the book, which names no symbol unless one was written into it). Frames of
kinds that move no book, trade or mark are passed over.

Time is the venue's: the event time `E`. Recordings are not clean, and three things are put right:

- the receive clock may run seconds beside the venue's, so it is used only where `E` is absurd (more
  than an hour from the receive time), corrected by the last known difference;
- streams overtake each other, so `E` steps back: time then stands still and never falls;
- a snapshot that comes before any frame waits until a frame names the symbol.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import msgspec

from holdfast.model.num import ZERO
from holdfast.paper.market.market import (
    BookTop,
    DepthDiff,
    DepthSnapshot,
    Level,
    Mark,
    MarketEvent,
    PublicTrade,
)
from holdfast.paper.sources.source import CEILING, MarketFileError, MarketSource

_CLOCK_TOLERANCE_US = 3_600_000_000
_PER_MICROSECOND = {13: (1000, 1), 16: (1, 1), 19: (1, 1000)}
"""Digits of the receive time: (multiply by, divide by) to get microseconds."""


class _BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", gc=False):
    s: str
    u: int
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal
    T: int
    E: int


class _DepthUpdate(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    s: str
    U: int
    u: int
    pu: int
    b: list[Level]
    a: list[Level]
    T: int
    E: int


class _Trade(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    s: str
    t: int
    p: Decimal
    q: Decimal
    m: bool
    T: int
    E: int


class _AggregateTrade(msgspec.Struct, tag_field="e", tag="aggTrade", gc=False):
    s: str
    a: int
    p: Decimal
    q: Decimal
    m: bool
    T: int
    E: int


class _MarkPrice(msgspec.Struct, tag_field="e", tag="markPriceUpdate", gc=False):
    s: str
    p: Decimal
    i: Decimal
    r: str
    T: int
    E: int


_Data = _BookTicker | _DepthUpdate | _Trade | _AggregateTrade | _MarkPrice
_KINDS = frozenset({"bookTicker", "depthUpdate", "trade", "aggTrade", "markPriceUpdate"})


class _Wrapped(msgspec.Struct):
    """A frame of a combined stream."""

    data: _Data


class _Snapshot(msgspec.Struct):
    """The answer of the REST depth call."""

    last_update_id: int = msgspec.field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    T: int
    E: int
    symbol: str = ""


_NOTHING = msgspec.Raw(b"")


class _Kind(msgspec.Struct):
    """Just enough of any line to tell what it is when it is none of the usual frames."""

    e: str = ""
    data: msgspec.Raw = _NOTHING
    last_update_id: int | None = msgspec.field(name="lastUpdateId", default=None)
    id: msgspec.Raw = _NOTHING


_decode_wrapped = msgspec.json.Decoder(_Wrapped).decode
_decode_bare = msgspec.json.Decoder(_Data).decode
_decode_snapshot = msgspec.json.Decoder(_Snapshot).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode


def _levels(levels: list[Level]) -> list[Level]:
    """The levels, once each is known to be a possible price with a possible quantity."""
    for price, quantity in levels:
        if not (ZERO < price < CEILING and ZERO <= quantity < CEILING):
            raise ValueError("a level needs a price above 0 and a quantity of 0 or more")
    return levels


def _positive(*values: Decimal) -> None:
    for value in values:
        if not ZERO < value < CEILING:
            raise ValueError("prices and quantities are above 0")


def _event(data: _Data) -> MarketEvent:
    """Turn a decoded frame into the exchange's own event, refusing impossible numbers."""
    if isinstance(data, _BookTicker):
        _positive(data.b, data.a)
        if not (ZERO <= data.B < CEILING and ZERO <= data.A < CEILING):
            raise ValueError("a quantity is 0 or more")
        return BookTop(
            symbol=data.s,
            bid=data.b,
            bid_qty=data.B,
            ask=data.a,
            ask_qty=data.A,
            u=data.u,
            T=data.T,
            E=data.E,
        )
    if isinstance(data, _DepthUpdate):
        bids, asks = _levels(data.b), _levels(data.a)
        return DepthDiff(
            symbol=data.s,
            U=data.U,
            u=data.u,
            pu=data.pu,
            bids=bids,
            asks=asks,
            T=data.T,
            E=data.E,
        )
    if isinstance(data, _MarkPrice):
        # Quiet contracts send an empty rate: they have no funding.
        rate = Decimal(data.r or "0")
        if not -1 < rate < 1:
            raise ValueError("a funding rate lies between -1 and 1")
        _positive(data.p, data.i)
        return Mark(
            symbol=data.s,
            mark=data.p,
            index=data.i,
            rate=rate,
            next_funding_ms=data.T,
            E=data.E,
        )
    _positive(data.p, data.q)
    trade_id = data.t if isinstance(data, _Trade) else data.a
    return PublicTrade(
        symbol=data.s,
        trade_id=trade_id,
        price=data.p,
        qty=data.q,
        buyer_maker=data.m,
        T=data.T,
        E=data.E,
    )


class FrameReader:
    """Turns the lines of one recording into timed events. Feed it line by line."""

    def __init__(self) -> None:
        self._line = 0
        self._last_us = 0
        self._skew_us = 0
        self._symbols: dict[str, None] = {}
        self._waiting: list[_Snapshot] = []

    def read(self, line: bytes) -> list[tuple[int, MarketEvent]]:
        """The timed events of one line: none for an empty line or a frame without meaning to a market.

        Raises `MarketFileError` naming the line and the rule it breaks.
        """
        self._line += 1
        stamp, _, body = line.partition(b" ")
        if not body:
            if not line.strip():
                return []
            raise self._broken("a line is `<receive time> <json>`", line)
        received_us = self._received_us(stamp)
        try:
            return self._timed(received_us, _event(_decode_wrapped(body).data))
        except (msgspec.DecodeError, ValueError, InvalidOperation):
            # Whatever is not the usual wrapped frame takes the slow, exact way.
            return self._read_other(received_us, body)

    def finish(self) -> None:
        """Call after the last line. Raises `MarketFileError` where not one frame was a market frame."""
        if self._symbols:
            return
        rule = "the file holds a market frame (bookTicker, depthUpdate, trade, aggTrade or markPriceUpdate)"
        raise MarketFileError(line=0, rule=rule, found=f"{self._line} lines and none of these")

    def _read_other(self, received_us: int, body: bytes) -> list[tuple[int, MarketEvent]]:
        """Bare frames, snapshots and frames to pass over; everything else breaks a rule."""
        try:
            kind = _decode_kind(body)
            if kind.last_update_id is not None:
                return self._read_snapshot(received_us, _decode_snapshot(body))
            frame = bytes(kind.data) or body
            if frame.startswith(b"["):
                # The streams of all symbols at once come as arrays; a recording to trade on names its symbols.
                return []
            inner = _decode_kind(frame)
            if inner.e in _KINDS:
                return self._timed(received_us, _event(_decode_bare(frame)))
            if inner.e or kind.id:
                return []
        except InvalidOperation:
            raise self._broken("prices, quantities and rates are plain decimal numbers", body) from None
        except (msgspec.DecodeError, ValueError) as error:
            raise self._broken(str(error), body) from None
        raise self._broken("the JSON is a stream frame or a depth snapshot", body)

    def _read_snapshot(self, received_us: int, snapshot: _Snapshot) -> list[tuple[int, MarketEvent]]:
        if snapshot.symbol:
            return self._timed(received_us, self._of_snapshot(snapshot, snapshot.symbol))
        if not self._symbols:
            _levels(snapshot.bids), _levels(snapshot.asks)
            self._waiting.append(snapshot)
            return []
        if len(self._symbols) > 1:
            raise ValueError("a snapshot names no symbol, so the recording it stands in has only one")
        return self._timed(received_us, self._of_snapshot(snapshot, next(iter(self._symbols))))

    def _of_snapshot(self, snapshot: _Snapshot, symbol: str) -> DepthSnapshot:
        bids, asks = _levels(snapshot.bids), _levels(snapshot.asks)
        return DepthSnapshot(
            symbol=symbol,
            u=snapshot.last_update_id,
            bids=bids,
            asks=asks,
            T=snapshot.T,
            E=snapshot.E,
        )

    def _timed(self, received_us: int, event: MarketEvent) -> list[tuple[int, MarketEvent]]:
        """Put the event, and any snapshot that waited for its symbol, on the venue's time."""
        time_us = event.E * 1000
        skew_us = time_us - received_us
        if -_CLOCK_TOLERANCE_US < skew_us < _CLOCK_TOLERANCE_US:
            self._skew_us = skew_us
        else:
            time_us = received_us + self._skew_us
            event = msgspec.structs.replace(event, E=time_us // 1000)
        time_us = max(time_us, self._last_us)
        self._last_us = time_us
        if event.symbol not in self._symbols:
            self._symbols[event.symbol] = None
            waiting, self._waiting = self._waiting, []
            if waiting:
                return [
                    *((time_us, self._of_snapshot(held, event.symbol)) for held in waiting),
                    (time_us, event),
                ]
        return [(time_us, event)]

    def _received_us(self, stamp: bytes) -> int:
        scale = _PER_MICROSECOND.get(len(stamp))
        if scale is None or not stamp.isdigit():
            raise self._broken(
                "a receive time has 13, 16 or 19 digits (ms, µs or ns since the epoch)",
                stamp,
            )
        return int(stamp) * scale[0] // scale[1]

    def _broken(self, rule: str, found: bytes) -> MarketFileError:
        return MarketFileError(
            line=self._line,
            rule=rule,
            found=repr(found[:60].decode("utf-8", "replace")),
        )


def read_frames(lines: Iterable[bytes]) -> MarketSource:
    """Stream the timed events of a recording. Raises `MarketFileError` at the first line that breaks a rule."""
    reader = FrameReader()
    for line in lines:
        yield from reader.read(line)
    reader.finish()

"""The one door of the paper exchange, for its server and for use in process.

Everything is told: bytes, market events and venue time in microseconds. Everything it wants to send
waits in `drain()`. It never reads a clock, opens a file or touches the network. What clients do is told
with the machine's time where `clock` turns that into venue time; market, timers and control with venue time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.paper import aftermath, inputs, state
from holdfast.paper.clock import VenueClock
from holdfast.paper.config import PaperConfig
from holdfast.paper.control import bending
from holdfast.paper.control import door as control
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange, Log
from holdfast.paper.market.market import MarketEvent
from holdfast.paper.requests import rest, wsapi
from holdfast.paper.streams import control as stream_control
from holdfast.paper.streams.board import Board
from holdfast.paper.streams.connections import MOST_STREAMS, POLICY, TOO_MANY, is_stream_path
from holdfast.paper.wire_out import Close, HttpOutcome, Out, Outgoing

__all__ = ["Close", "HttpOutcome", "Out", "Outgoing", "PaperVenue"]


class PaperVenue:
    """A whole exchange behind a few calls."""

    def __init__(self, config: PaperConfig, exchange_info: dict[str, Any], now_us: int, log: Log) -> None:
        """Build the exchange. `log` is called with each record of the venue log, in order, as it happens.

        Raises ValueError or TypeError for accounts whose keys clash or cannot be read.
        """
        self.exchange = Exchange(config, exchange_info, now_us, log)
        self.clock: VenueClock | None = None
        Board(self.exchange)

    @classmethod
    def restore(cls, data: bytes, log: Log) -> PaperVenue:
        """The venue of a snapshot. `log` gets the records from now on. Raises `StateError`."""
        venue = cls.__new__(cls)
        venue.exchange = state.restore(data, log)
        venue.clock = None
        return venue

    def snapshot(self) -> bytes:
        """Everything the exchange is now, for `restore`. Raises `StateError`."""
        return state.snapshot(self.exchange)

    def restart(self, now_us: int) -> None:
        """A new process goes on with a restored exchange: its sockets are gone, and the market tells its book anew."""
        exchange = self.exchange
        for ident in [*exchange.streams.conns, *exchange.ws_api]:
            exchange.close_conn(ident, 1001, "Going away", abort=True)
        for market in exchange.markets.values():
            market.book.reset()
            market.stale = ""
        self.advance(now_us)

    def _tell(self, now_us: int) -> None:
        """A client spoke: where the venue has a clock of its own, `now_us` is the machine's time."""
        self.advance(now_us if self.clock is None else self.clock.now_us(now_us))

    def http(self, method: str, target: str, headers: Mapping[str, str], body: bytes, now_us: int) -> HttpOutcome:
        """Answer one HTTP request. `target` is the path with its raw query string."""
        self._tell(now_us)
        outcome = rest.handle(self.exchange, method, target, headers, body)
        aftermath.settle(self.exchange)
        return outcome

    def ws_open(self, conn: int, target: str, now_us: int) -> bool:
        """A client wants to open a WebSocket; whether it may. `conn` names it from now on."""
        return self.ws_enter(conn, target, now_us) is None

    def ws_enter(self, conn: int, target: str, now_us: int) -> HttpOutcome | None:
        """The same, with the HTTP answer that a client gets instead of an open WebSocket, or None."""
        exchange = self.exchange
        self._tell(now_us)
        path, _, query = target.partition("?")
        api = path == wsapi.PATH
        if not api and not is_stream_path(path):
            return rest.nowhere(exchange, "GET", path)
        try:
            _charge_handshake(exchange, api=api)
        except VenueError as error:
            return rest.turned_away(exchange, path, error)
        cost: dict[str, object] = {"weight": wsapi.HANDSHAKE_WEIGHT} if api else {}
        opened = wsapi.open_conn(exchange, conn, query) if api else exchange.streams.open(conn, target, exchange.now_us)
        exchange.log("ws", conn=conn, path=opened.path, ev="open", **cost)
        life_us = exchange.config.connection_life_ms * 1000
        exchange.timers.at(exchange.now_us + life_us, lambda _now: self._roll(conn, opened))
        if len(opened.names) > MOST_STREAMS:
            exchange.close_conn(conn, POLICY, "Invalid request")
        return None

    def _roll(self, ident: int, opened: object) -> None:
        """The forced disconnect after a day."""
        exchange = self.exchange
        current = exchange.streams.conns.get(ident) or exchange.ws_api.get(ident)
        if current is opened:
            exchange.close_conn(ident, 1001, "24 hours are over")

    def ws_text(self, conn: int, text: str | bytes, now_us: int) -> None:
        """A client sent a text frame. A frame of a connection that is closed already is ignored."""
        exchange = self.exchange
        self._tell(now_us)
        api = exchange.ws_api.get(conn)
        if api is not None:
            wsapi.handle(exchange, api, text)
            aftermath.settle(exchange)
            return
        stream = exchange.streams.conns.get(conn)
        if stream is not None:
            stream_control.handle(exchange.streams, stream, text, exchange.now_us)

    def ws_beat(self, conn: int, now_us: int) -> None:
        """A client sent a ping or a pong: on a stream it counts as a message (protocol notes F.5, G.1)."""
        exchange = self.exchange
        self._tell(now_us)
        api = exchange.ws_api.get(conn)
        if api is not None and not api.count(exchange.limits.config.ws_pings_per_second, exchange.now_us):
            exchange.close_conn(conn, POLICY, TOO_MANY)
        stream = exchange.streams.conns.get(conn)
        if stream is not None:
            exchange.streams.count(stream, exchange.now_us)

    def ws_closed(self, conn: int, now_us: int) -> None:
        """A connection is gone from the client's side."""
        exchange = self.exchange
        self._tell(now_us)
        closed = exchange.streams.close(conn) or exchange.ws_api.pop(conn, None)
        if closed is not None:
            exchange.log("ws", conn=conn, path=closed.path, ev="close")

    def advance(self, now_us: int) -> None:
        """Tell the time; what is due happens."""
        exchange = self.exchange
        exchange.tell_time(now_us)
        aftermath.settle(exchange)

    def next_due_us(self) -> int | None:
        """When `advance` should be called next at the latest, or None when nothing is due."""
        return self.exchange.timers.next_due_us()

    def market(self, event: MarketEvent, now_us: int) -> None:
        """The outside market moved."""
        exchange = self.exchange
        exchange.tell_time(now_us)
        if exchange.traded or exchange.stirred:
            aftermath.settle(exchange)
        market = exchange.markets.get(event.symbol)
        if market is not None and market.bent:
            event = bending.bent(market, event)
        inputs.feed(exchange, event)
        if exchange.traded or exchange.stirred:
            aftermath.settle(exchange)

    def control(self, request: dict[str, Any], now_us: int, also: tuple[str, ...] = ()) -> dict[str, Any]:
        """Carry out one control request: `{"do": ...}`. `also`: verbs that the caller has beside those of the venue."""
        self.advance(now_us)
        try:
            return control.handle(self.exchange, request, also)
        finally:
            aftermath.settle(self.exchange)

    def drain(self) -> list[Out]:
        """Everything to send, in order; it is handed out once."""
        out = self.exchange.out
        if not out:
            return []
        sent = out.copy()
        out.clear()
        return sent


def _charge_handshake(exchange: Exchange, *, api: bool) -> None:
    """Raise -1003 for an address that is banned, or that asks for too much (protocol notes F.5, G.1).

    A ban for too many requests leaves the streams open: its own text advises them.
    """
    now_us = exchange.now_us
    if api:
        exchange.limits.charge_weight(wsapi.HANDSHAKE_WEIGHT, now_us)
    else:
        exchange.limits.check_streams(now_us)
    exchange.limits.charge_connection(now_us)

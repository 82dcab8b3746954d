"""Stream connections: routes, names and who listens to what (protocol notes E.1, F.1, F.5).

The venue is silent where Binance is silent: a wrong route, an unknown name, an upper-case symbol or
a bogus listen key opens and subscribes without a word, and nothing ever arrives. What clients say on
a connection is read in `stream_control`; what a name brings is made in the feeds of `stream_board`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from holdfast.paper.wire_out import Out, Outgoing

MOST_STREAMS = 1024
POLICY = 1008
"""The close code of a client that broke a rule."""
TOO_MANY = "Too many requests"
"""The reason given to a client that sent too many frames in a second."""

_PUBLIC_KINDS = ("bookTicker", "depth", "trade", "rpiDepth")
_ROUTES = ("public", "market", "private")
_BARE_MARKET_NAMES = ("tradingSession",)
"""Names of market streams that have neither a symbol nor an exclamation mark."""


class Conn:
    """One open connection, of streams or of the WS API."""

    __slots__ = (
        "accounts",
        "combined",
        "events",
        "held",
        "ident",
        "kind",
        "messages",
        "messages_second",
        "names",
        "opened_us",
        "parked",
        "path",
        "return_limits",
        "route",
        "session_key",
        "session_since_ms",
    )

    def __init__(self, ident: int, *, kind: str, route: str, path: str, combined: bool, now_us: int) -> None:
        """`kind` is "stream" or "wsapi"; `route` is empty on an unrouted stream connection."""
        self.ident = ident
        self.kind = kind
        self.route = route
        self.path = path
        self.combined = combined
        self.opened_us = now_us
        self.names: dict[str, None] = {}
        self.events: dict[str, frozenset[str]] = {}
        self.accounts: dict[str, None] = {}
        self.messages = 0
        self.messages_second = -1
        self.return_limits = True
        self.session_key = ""
        self.session_since_ms = 0
        self.held: list[Any] = []
        """User events that wait behind a delayed one (`delivery`)."""
        self.parked: Any = None
        """A user event that the next one of another kind overtakes (`delivery`)."""

    def count(self, limit: int | None, now_us: int) -> bool:
        """Count one frame of this second; False when it is one too many."""
        second = now_us // 1_000_000
        if second != self.messages_second:
            self.messages_second = second
            self.messages = 0
        self.messages += 1
        return limit is None or self.messages <= limit


def is_stream_path(path: str) -> bool:
    """Whether a WebSocket to this path is one of streams."""
    _, parts = _parts(path)
    return bool(parts) and parts[0] in ("ws", "stream")


def _parts(path: str) -> tuple[str, list[str]]:
    """The route of a path, empty where it has none, and what follows it."""
    parts = [unquote(part) for part in path.split("/") if part]
    return (parts[0], parts[1:]) if parts and parts[0] in _ROUTES else ("", parts)


def is_market_name(name: str) -> bool:
    """Whether a name is one of a market stream; anything else is taken for a listen key."""
    return "@" in name or name.startswith("!") or name in _BARE_MARKET_NAMES


def route_of(name: str) -> str:
    """The route that carries a market stream."""
    kind = name.split("@", 1)[1] if "@" in name and not name.startswith("!") else name.lstrip("!")
    return "public" if kind.startswith(_PUBLIC_KINDS) else "market"


def _nobody(_name: str) -> None:
    """Nobody wants to know."""


class Streams:
    """All stream connections, and who listens to what."""

    def __init__(
        self,
        out: list[Out],
        *,
        carries_all: Callable[[], bool],
        messages_per_second: Callable[[], int | None],
        hang_up: Callable[[int, int, str], None],
        offended: Callable[[int], None],
    ) -> None:
        """Frames are appended to `out`. `carries_all`: whether an unrouted connection carries every route.

        `hang_up` closes a connection from the venue's side: its number, the code and the reason. `offended` is told
        the time at which a connection was closed for saying too much.
        """
        self._out = out
        self._carries_all = carries_all
        self._limit = messages_per_second
        self._offended = offended
        self.hang_up = hang_up
        self.conns: dict[int, Conn] = {}
        self.listeners: dict[str, dict[int, Conn]] = {}
        self.on_first: Callable[[str], None] = _nobody
        """Told of a name that somebody begins to listen to."""
        self.on_last: Callable[[str], None] = _nobody
        """Told of a name that nobody listens to any more."""

    def open(self, ident: int, target: str, now_us: int) -> Conn:
        """Open a stream connection by its request target, which has the path of one."""
        path, _, query = target.partition("?")
        route, parts = _parts(path)
        assert is_stream_path(path), f"invariant: {path!r} is no path of streams"
        combined = parts[0] == "stream"
        shown = f"/{route}/{parts[0]}" if route else f"/{parts[0]}"
        conn = Conn(ident, kind="stream", route=route, path=shown, combined=combined, now_us=now_us)
        self.conns[ident] = conn
        key = ""
        # An address that ends in a slash is a form that the venue does not have: it opens, and nothing comes.
        for name in parts[1:] if not path.endswith("/") else []:
            # A library numbers its connections in the path: `/private/ws/0`.
            if not name.isdecimal():
                self.add(conn, name)
                key = name
        self._open_query(conn, parse_qsl(query), key)
        return conn

    def _open_query(self, conn: Conn, pairs: list[tuple[str, str]], key: str) -> None:
        for name, value in pairs:
            if name == "streams":
                for stream in value.split("/"):
                    self.add(conn, stream)
                    key = stream
            elif name == "listenKey":
                key = value
                self.add(conn, key)
            elif name == "events" and key:
                conn.events[key] = frozenset(value.split("/"))

    def close(self, ident: int) -> Conn | None:
        """Forget a connection; answer it when it was known."""
        conn = self.conns.pop(ident, None)
        if conn is None:
            return None
        for name in conn.names:
            self._unlisten(conn, name)
        return conn

    def add(self, conn: Conn, name: str) -> None:
        """Subscribe. A name that this route does not carry is kept in the list but never served."""
        if not name or name in conn.names:
            return
        conn.names[name] = None
        if not self._carries(conn, name):
            return
        known = self.listeners.get(name)
        if known is None:
            self.listeners[name] = {conn.ident: conn}
            self.on_first(name)
        else:
            known[conn.ident] = conn

    def remove(self, conn: Conn, name: str) -> None:
        """Unsubscribe; an unknown name is no error."""
        if name in conn.names:
            del conn.names[name]
            self._unlisten(conn, name)

    def _carries(self, conn: Conn, name: str) -> bool:
        market_name = is_market_name(name)
        if conn.route == "private":
            return not market_name
        if conn.route == "":
            return self._carries_all() or (market_name and route_of(name) == "public")
        return market_name and route_of(name) == conn.route

    def _unlisten(self, conn: Conn, name: str) -> None:
        listeners = self.listeners.get(name)
        if listeners is not None and listeners.pop(conn.ident, None) is not None and not listeners:
            del self.listeners[name]
            self.on_last(name)

    def publish(self, name: str, payload: bytes) -> None:
        """Send a market frame to everyone who listens to `name`."""
        for conn in self.listeners.get(name, {}).values():
            self.send(conn, name, payload)

    def send(self, conn: Conn, name: str, payload: bytes) -> None:
        """Send one frame, wrapped when the connection is combined."""
        if conn.combined:
            payload = b'{"stream":"' + name.encode() + b'","data":' + payload + b"}"
        self._out.append(Outgoing(conn.ident, payload))

    def reply(self, conn: Conn, answer: dict[str, Any]) -> None:
        """Answer a control message: never wrapped."""
        self._out.append(Outgoing(conn.ident, msgspec.json.encode(answer)))

    def count(self, conn: Conn, now_us: int) -> bool:
        """Count one incoming message, ping or pong; False when it is one too many and the connection ends."""
        if conn.count(self._limit(), now_us):
            return True
        self.hang_up(conn.ident, POLICY, TOO_MANY)
        self._offended(now_us)
        return False

"""Stream connections: routes, subscriptions and the control messages (protocol notes E.1, F.1, F.4, F.5).

The venue is silent where Binance is silent: a wrong route, an unknown name, an upper-case symbol or
a bogus listen key opens and subscribes without a word, and nothing ever arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from holdfast.paper.wire_out import Close, Out, Outgoing

MOST_STREAMS = 1024
_PUBLIC_KINDS = ("bookTicker", "depth", "trade", "rpiDepth")
_ROUTES = ("public", "market", "private")


class Conn:
    """One open connection, of streams or of the WS API."""

    __slots__ = (
        "accounts",
        "combined",
        "events",
        "ident",
        "kind",
        "messages",
        "messages_second",
        "names",
        "opened_us",
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


def route_of(name: str) -> str:
    """The route that carries a market stream."""
    kind = name.split("@", 1)[1] if "@" in name else name.lstrip("!")
    return "public" if kind.startswith(_PUBLIC_KINDS) else "market"


class Streams:
    """All stream connections, and who listens to what."""

    def __init__(self, out: list[Out], *, carries_all: bool, messages_per_second: int | None) -> None:
        """Frames are appended to `out`. `carries_all`: an unrouted connection carries every route."""
        self._out = out
        self._carries_all = carries_all
        self._limit = messages_per_second
        self.conns: dict[int, Conn] = {}
        self.listeners: dict[str, dict[int, Conn]] = {}

    def open(self, ident: int, target: str, now_us: int) -> Conn | None:
        """Open a stream connection by its request target; None when the path is not a stream path."""
        path, _, query = target.partition("?")
        parts = [unquote(part) for part in path.split("/") if part]
        route = parts.pop(0) if parts and parts[0] in _ROUTES else ""
        if not parts or parts[0] not in ("ws", "stream"):
            return None
        combined = parts[0] == "stream"
        shown = f"/{route}/{parts[0]}" if route else f"/{parts[0]}"
        conn = Conn(ident, kind="stream", route=route, path=shown, combined=combined, now_us=now_us)
        self.conns[ident] = conn
        for name in parts[1:]:
            if not name.isdecimal():
                self.add(conn, name)
        self._open_query(conn, parse_qsl(query))
        return conn

    def _open_query(self, conn: Conn, pairs: list[tuple[str, str]]) -> None:
        key = ""
        for name, value in pairs:
            if name == "streams":
                for stream in value.split("/"):
                    self.add(conn, stream)
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
        if self._carries(conn, name):
            self.listeners.setdefault(name, {})[conn.ident] = conn

    def remove(self, conn: Conn, name: str) -> None:
        """Unsubscribe; an unknown name is no error."""
        if name in conn.names:
            del conn.names[name]
            self._unlisten(conn, name)

    def _carries(self, conn: Conn, name: str) -> bool:
        market_name = "@" in name or name.startswith("!")
        if conn.route == "private":
            return not market_name
        if conn.route == "":
            return self._carries_all or (market_name and route_of(name) == "public")
        return market_name and route_of(name) == conn.route

    def _unlisten(self, conn: Conn, name: str) -> None:
        listeners = self.listeners.get(name)
        if listeners is not None:
            listeners.pop(conn.ident, None)
            if not listeners:
                del self.listeners[name]

    def publish(self, name: str, payload: bytes) -> None:
        """Send a market frame to everyone who listens to `name`."""
        for conn in self.listeners.get(name, {}).values():
            self.send(conn, name, payload)

    def send(self, conn: Conn, name: str, payload: bytes) -> None:
        """Send one frame, wrapped when the connection is combined."""
        if conn.combined:
            payload = b'{"stream":"' + name.encode() + b'","data":' + payload + b"}"
        self._out.append(Outgoing(conn.ident, payload))

    def text(self, conn: Conn, text: str | bytes, now_us: int) -> None:
        """Handle a control message of a client."""
        if not self._within_rate(conn, now_us):
            self._out.append(Close(conn.ident, 1008, "Too many requests"))
            return
        try:
            request = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._reply(conn, {"error": {"code": 3, "msg": "Invalid JSON: expected value"}})
            self._out.append(Close(conn.ident, 1008, "Invalid request"))
            return
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            self._reply(conn, {"error": {"code": 2, "msg": "Invalid request: missing field `method`"}})
            return
        handler = _METHODS.get(request["method"])
        ident = request.get("id")
        if handler is None:
            message = f"Invalid request: unknown variant {request['method']}"
            self._reply(conn, {"error": {"code": 2, "msg": message}, "id": ident})
            return
        params = request.get("params", [])
        if not isinstance(params, list):
            self._reply(conn, {"error": {"code": 2, "msg": "Invalid request: params must be an array"}, "id": ident})
            return
        self._reply(conn, {**handler(self, conn, params), "id": ident})
        if len(conn.names) > MOST_STREAMS:
            self._out.append(Close(conn.ident, 1008, "Invalid request"))

    def _within_rate(self, conn: Conn, now_us: int) -> bool:
        second = now_us // 1_000_000
        if second != conn.messages_second:
            conn.messages_second = second
            conn.messages = 0
        conn.messages += 1
        return self._limit is None or conn.messages <= self._limit

    def _reply(self, conn: Conn, answer: dict[str, Any]) -> None:
        self._out.append(Outgoing(conn.ident, msgspec.json.encode(answer)))

    def subscribe(self, conn: Conn, params: list[Any]) -> dict[str, Any]:
        """SUBSCRIBE: always acknowledged, except for too many names."""
        for name in params:
            self.add(conn, str(name))
        if len(conn.names) > MOST_STREAMS:
            return {"error": {"code": 4, "msg": "Too many subscriptions"}}
        return {"result": None}

    def unsubscribe(self, conn: Conn, params: list[Any]) -> dict[str, Any]:
        """UNSUBSCRIBE: always acknowledged."""
        for name in params:
            self.remove(conn, str(name))
        return {"result": None}

    def list_subscriptions(self, conn: Conn, _params: list[Any]) -> dict[str, Any]:
        """LIST_SUBSCRIPTIONS: every name subscribed, served or not."""
        return {"result": list(conn.names)}

    def set_property(self, conn: Conn, params: list[Any]) -> dict[str, Any]:
        """SET_PROPERTY: `combined` is the only property."""
        if len(params) != 2 or params[0] != "combined":
            return {"error": {"code": 0, "msg": "Unknown property"}}
        if not isinstance(params[1], bool):
            return {"error": {"code": 1, "msg": "Invalid value type: expected Boolean"}}
        conn.combined = params[1]
        return {"result": None}

    def get_property(self, conn: Conn, params: list[Any]) -> dict[str, Any]:
        """GET_PROPERTY: `combined` is the only property."""
        if params != ["combined"]:
            return {"error": {"code": 0, "msg": "Unknown property"}}
        return {"result": conn.combined}


_METHODS: dict[str, Callable[[Streams, Conn, list[Any]], dict[str, Any]]] = {
    "SUBSCRIBE": Streams.subscribe,
    "UNSUBSCRIBE": Streams.unsubscribe,
    "LIST_SUBSCRIPTIONS": Streams.list_subscriptions,
    "SET_PROPERTY": Streams.set_property,
    "GET_PROPERTY": Streams.get_property,
}

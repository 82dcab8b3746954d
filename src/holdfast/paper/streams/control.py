"""What a client says on a stream connection, and what it is told (protocol notes F.4, F.5).

The `id` of a request is echoed whatever JSON value it is: documents ask for a whole number, but
clients send texts and are served. A SUBSCRIBE is acknowledged whether or not the name brings anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from holdfast.paper.streams.connections import MOST_STREAMS, POLICY, Conn, Streams

Answer = dict[str, Any]

_DONE: Answer = {"result": None}


def _error(code: int, message: str) -> Answer:
    return {"error": {"code": code, "msg": message}}


_UNKNOWN_PROPERTY = _error(0, "Unknown property")
_NO_BOOLEAN = _error(1, "Invalid value type: expected Boolean")
_NO_NAME = _error(2, "Invalid request: property name must be a string")
_TOO_MANY_PARAMETERS = _error(2, "Invalid request: too many parameters")
_NO_LIST = _error(2, "Invalid request: params must be an array")
_TOO_MANY_STREAMS = _error(4, "Too many subscriptions")


def handle(streams: Streams, conn: Conn, text: str | bytes, now_us: int) -> None:
    """Carry out one control message."""
    if not streams.count(conn, now_us):
        return
    try:
        request = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        streams.reply(conn, _error(3, "Invalid JSON: expected value at line 1 column 1"))
        streams.hang_up(conn.ident, POLICY, "Invalid request")
        return
    ident = request.get("id") if isinstance(request, dict) else None
    streams.reply(conn, {**_answer(streams, conn, request, len(text)), "id": ident})
    if len(conn.names) > MOST_STREAMS:
        streams.hang_up(conn.ident, POLICY, "Invalid request")


def _answer(streams: Streams, conn: Conn, request: Any, size: int) -> Answer:
    if not isinstance(request, dict) or "method" not in request:
        return _error(2, f"Invalid request: missing field `method` at line 1 column {size}")
    method = request["method"]
    handler = _METHODS.get(method) if isinstance(method, str) else None
    if handler is None:
        known = ", ".join(f"`{name}`" for name in _METHODS)
        return _error(2, f"Invalid request: unknown variant `{method}`, expected one of {known}")
    params = request.get("params")
    if params is None:
        params = []
    return handler(streams, conn, params) if isinstance(params, list) else _NO_LIST


def _subscribe(streams: Streams, conn: Conn, params: list[Any]) -> Answer:
    if not all(isinstance(name, str) for name in params):
        return _NO_NAME
    for name in params:
        streams.add(conn, name)
    return _TOO_MANY_STREAMS if len(conn.names) > MOST_STREAMS else _DONE


def _unsubscribe(streams: Streams, conn: Conn, params: list[Any]) -> Answer:
    if not all(isinstance(name, str) for name in params):
        return _NO_NAME
    for name in params:
        streams.remove(conn, name)
    return _DONE


def _list_subscriptions(_streams: Streams, conn: Conn, params: list[Any]) -> Answer:
    """Every name subscribed, served or not."""
    return _TOO_MANY_PARAMETERS if params else {"result": list(conn.names)}


def _set_property(_streams: Streams, conn: Conn, params: list[Any]) -> Answer:
    """`combined` is the only property."""
    wrong = _property_fault(params, most=2)
    if wrong is not None:
        return wrong
    if len(params) != 2 or not isinstance(params[1], bool):
        return _NO_BOOLEAN
    conn.combined = params[1]
    return _DONE


def _get_property(_streams: Streams, conn: Conn, params: list[Any]) -> Answer:
    wrong = _property_fault(params, most=1)
    return {"result": conn.combined} if wrong is None else wrong


def _property_fault(params: list[Any], *, most: int) -> Answer | None:
    if not params or not isinstance(params[0], str):
        return _NO_NAME
    if len(params) > most:
        return _TOO_MANY_PARAMETERS
    return None if params[0] == "combined" else _UNKNOWN_PROPERTY


_METHODS: dict[str, Callable[[Streams, Conn, list[Any]], Answer]] = {
    "SUBSCRIBE": _subscribe,
    "UNSUBSCRIBE": _unsubscribe,
    "LIST_SUBSCRIPTIONS": _list_subscriptions,
    "SET_PROPERTY": _set_property,
    "GET_PROPERTY": _get_property,
}

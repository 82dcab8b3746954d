"""The WS API door: JSON requests on one connection (protocol notes G).

A connection signs each request, or logs on once with an Ed25519 key and then leaves key and
signature out. Replies carry the rate limits unless the client asked otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from holdfast.paper.errors import VenueError, missing
from holdfast.paper.exchange import Exchange
from holdfast.paper.params import Params, from_raw
from holdfast.paper.requests.auth import Key, check_time, check_ws
from holdfast.paper.requests.dispatch import Answer, Incoming, check_timestamp, refused, sender, serve
from holdfast.paper.requests.routes import WS_API
from holdfast.paper.streams.connections import Conn
from holdfast.paper.wire_out import Outgoing

PATH = "/ws-fapi/v1"
HANDSHAKE_WEIGHT = 5
_SESSION_WEIGHT = 2


class _Request(msgspec.Struct):
    """The envelope; parameter values stay raw so that their digits survive."""

    method: str
    id: msgspec.Raw = msgspec.Raw(b"null")
    params: dict[str, msgspec.Raw] | None = None


class _Named(msgspec.Struct):
    """What can be told of a request that is none."""

    id: msgspec.Raw = msgspec.Raw(b"null")


_DECODER = msgspec.json.Decoder(_Request)
_NAMED = msgspec.json.Decoder(_Named)


def open_conn(exchange: Exchange, ident: int, query: str) -> Conn:
    """Open a WS API connection. What the handshake costs was charged before (`edge.ws_enter`)."""
    conn = Conn(ident, kind="wsapi", route="", path=PATH, combined=False, now_us=exchange.now_us)
    conn.return_limits = "returnRateLimits=false" not in query
    exchange.ws_api[ident] = conn
    return conn


def handle(exchange: Exchange, conn: Conn, text: str | bytes) -> None:
    """Answer one request. The reply goes out before the events it caused, or after, as the venue fact says."""
    try:
        request = _DECODER.decode(text)
        params = Params(from_raw(request.params or {}))
    except (msgspec.DecodeError, UnicodeError):
        answer = Answer(status=400, code=-1130, message="Invalid JSON or missing field `method`.")
        _send(exchange, _Reply(conn=conn, ident=_ident_of(text), before=len(exchange.out)), answer)
        return
    shows = params.get("returnRateLimits").lower()
    reply = _Reply(
        conn=conn,
        ident=bytes(request.id),
        before=len(exchange.out),
        limits=shows == "true" or (conn.return_limits and shows != "false"),
    )
    if conn.session_key and conn.session_key not in exchange.keys and not params.has("apiKey"):
        # The key of the session was revoked: the next request learns it, in an envelope without id.
        conn.session_key, conn.session_since_ms, reply.ident = "", 0, b"null"
        _send(exchange, reply, refused(VenueError(-2015)))
        return
    _send(exchange, reply, _answer(exchange, reply, request.method, params))


class _Reply(msgspec.Struct, kw_only=True):
    """Where an answer goes, and what goes with it. `before` is its place among the events it causes."""

    conn: Conn
    ident: bytes
    before: int
    limits: bool = True
    account: str = ""
    """Whose order counters are shown; empty shows none."""


def _ident_of(text: str | bytes) -> bytes:
    """The id of a request that cannot be read otherwise, or null."""
    try:
        return bytes(_NAMED.decode(text).id)
    except (msgspec.DecodeError, UnicodeError):
        return b"null"


def _answer(exchange: Exchange, reply: _Reply, method: str, params: Params) -> Answer:
    conn = reply.conn
    session = _SESSION.get(method)
    if session is not None:
        return _session_answer(exchange, conn, params, session)
    route = WS_API.get(method) or WS_API.get(method.partition("/")[2])
    if route is None:
        return _unsupported(exchange)
    api_key = params.get("apiKey") or conn.session_key
    key, account = sender(exchange, route, api_key)

    def prove(key: Key) -> None:
        check_timestamp(exchange, route, params)
        signature = params.get("signature")
        if signature:
            check_ws(key, params, signature, strict=exchange.facts.strict_signature)
        elif not conn.session_key or params.has("apiKey"):
            raise missing("signature")

    request = Incoming(
        via="wsapi",
        method=method,
        route=route,
        params=params,
        api_key=api_key,
        key=key,
        account=account,
        prove=prove,
        conn=conn.ident,
    )
    if route.orders:
        reply.account = request.account_name
    return serve(exchange, request)


def _unsupported(exchange: Exchange) -> Answer:
    try:
        exchange.limits.check_ban(exchange.now_us)
    except VenueError as error:
        return refused(error)
    return refused(VenueError(-1020))


def _session_answer(
    exchange: Exchange, conn: Conn, params: Params, session: Callable[[Exchange, Conn, Params], None]
) -> Answer:
    try:
        exchange.limits.charge_weight(_SESSION_WEIGHT, exchange.now_us)
        session(exchange, conn, params)
    except VenueError as error:
        return refused(error, exchange.facts)
    return Answer(
        result={
            "apiKey": conn.session_key or None,
            "authorizedSince": conn.session_since_ms or None,
            "connectedSince": conn.opened_us // 1000,
            "returnRateLimits": conn.return_limits,
            "serverTime": exchange.now_ms,
        }
    )


def _logon(exchange: Exchange, conn: Conn, params: Params) -> None:
    """session.logon: Ed25519 keys only."""
    api_key = params.need("apiKey")
    key = exchange.keys.get(api_key)
    if key is None:
        raise VenueError(-2015)
    check_time(params, exchange.now_us)
    if key.public is None:
        raise VenueError(-4056)
    check_ws(key, params, params.need("signature"), strict=exchange.facts.strict_signature)
    conn.session_key = api_key
    conn.session_since_ms = exchange.now_ms
    exchange.log("ws", conn=conn.ident, path=conn.path, ev="logon", account=key.account, weight=_SESSION_WEIGHT)


def _status(_exchange: Exchange, _conn: Conn, _params: Params) -> None:
    """session.status changes nothing."""


def _logout(_exchange: Exchange, conn: Conn, _params: Params) -> None:
    """session.logout: the connection stays open."""
    conn.session_key = ""
    conn.session_since_ms = 0


_SESSION: dict[str, Callable[[Exchange, Conn, Params], None]] = {
    "session.logon": _logon,
    "session.status": _status,
    "session.logout": _logout,
}


def _send(exchange: Exchange, reply: _Reply, answer: Answer) -> None:
    conn = reply.conn
    if answer.kind == "hang":
        return
    if answer.kind == "reset":
        exchange.close_conn(conn.ident, 1006, "", abort=True)
        return
    if answer.raw is not None:
        # A proxy's page has no place in a WebSocket frame: the connection breaks instead.
        exchange.close_conn(conn.ident, 1011, "")
        return
    frame = _frame(exchange, reply, answer)
    if answer.delay_us:

        def deliver(_now_us: int) -> None:
            if conn.ident in exchange.ws_api:
                exchange.out.append(frame)

        exchange.timers.at(exchange.now_us + answer.delay_us, deliver)
        return
    exchange.out.insert(len(exchange.out) if exchange.facts.event_before_ack else reply.before, frame)


def _frame(exchange: Exchange, reply: _Reply, answer: Answer) -> Outgoing:
    body: dict[str, Any] = {"id": msgspec.Raw(reply.ident), "status": answer.status}
    if answer.is_error:
        body["error"] = _error(exchange, reply, answer)
    else:
        body["result"] = answer.result
    if reply.limits:
        body["rateLimits"] = exchange.limits.counted_rows(reply.account, exchange.now_us)
    return Outgoing(reply.conn.ident, msgspec.json.encode(body))


def _error(exchange: Exchange, reply: _Reply, answer: Answer) -> dict[str, Any]:
    error: dict[str, Any] = {"code": -1000 if answer.code is None else answer.code, "msg": answer.message}
    if answer.status in (418, 429) and exchange.facts.retry_after:
        at_us = exchange.limits.retry_at_us(answer.code, reply.account, exchange.now_us)
        error["data"] = {"serverTime": exchange.now_ms, "retryAfter": at_us // 1000}
    return error

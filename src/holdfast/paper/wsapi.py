"""The WS API door: JSON requests on one connection (protocol notes G).

A connection signs each request, or logs on once with an Ed25519 key and then leaves key and
signature out. Replies carry the rate limits unless the client asked otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from holdfast.paper.auth import Key, check_time, check_ws
from holdfast.paper.dispatch import Answer, Incoming, check_timestamp, refused, sender, serve
from holdfast.paper.errors import VenueError, missing
from holdfast.paper.exchange import Exchange
from holdfast.paper.params import Params, from_raw
from holdfast.paper.routes import WS_API
from holdfast.paper.streams import Conn
from holdfast.paper.wire_out import Outgoing

PATH = "/ws-fapi/v1"
HANDSHAKE_WEIGHT = 5
_SESSION_WEIGHT = 2


class _Request(msgspec.Struct):
    """The envelope; parameter values stay raw so that their digits survive."""

    method: str
    id: msgspec.Raw = msgspec.Raw(b"null")
    params: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)


_DECODER = msgspec.json.Decoder(_Request)


def open_conn(exchange: Exchange, ident: int, query: str) -> Conn:
    """Open a WS API connection; the handshake costs weight."""
    conn = Conn(ident, kind="wsapi", route="", path=PATH, combined=False, now_us=exchange.now_us)
    conn.return_limits = "returnRateLimits=false" not in query
    exchange.ws_api[ident] = conn
    exchange.limits.weight.add(HANDSHAKE_WEIGHT, exchange.now_us)
    return conn


def handle(exchange: Exchange, conn: Conn, text: str | bytes) -> None:
    """Answer one request. The reply goes out before the events it caused, or after, as the venue fact says."""
    try:
        request = _DECODER.decode(text)
        params = Params(from_raw(request.params))
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = Answer(status=400, code=-1130, message="Invalid JSON or missing field `method`.")
        _send(exchange, conn, b"null", answer, "", len(exchange.out))
        return
    before = len(exchange.out)
    account, answer = _answer(exchange, conn, request.method, params)
    _send(exchange, conn, bytes(request.id), answer, account, before)


def _answer(exchange: Exchange, conn: Conn, method: str, params: Params) -> tuple[str, Answer]:
    session = _SESSION.get(method)
    if session is not None:
        return "", _session_answer(exchange, conn, params, session)
    route = WS_API.get(method) or WS_API.get(method.partition("/")[2])
    if route is None:
        return "", Answer(status=400, code=-1020, message="This operation is not supported.")
    api_key = params.get("apiKey") or conn.session_key
    key, account = sender(exchange, route, api_key)

    def prove(key: Key) -> None:
        check_timestamp(exchange, route, params)
        signature = params.get("signature")
        if signature:
            check_ws(key, params, signature)
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
    return request.account_name, serve(exchange, request)


def _session_answer(
    exchange: Exchange, conn: Conn, params: Params, session: Callable[[Exchange, Conn, Params], None]
) -> Answer:
    try:
        exchange.limits.charge_weight(_SESSION_WEIGHT, exchange.now_us)
        session(exchange, conn, params)
    except VenueError as error:
        return refused(error)
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
    check_ws(key, params, params.need("signature"))
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


def _send(exchange: Exchange, conn: Conn, ident: bytes, answer: Answer, account: str, before: int) -> None:
    if answer.kind == "hang":
        return
    if answer.kind == "reset":
        exchange.close_conn(conn.ident, 1006, "", abort=True)
        return
    if answer.raw is not None:
        # A proxy's page has no place in a WebSocket frame: the connection breaks instead.
        exchange.close_conn(conn.ident, 1011, "")
        return
    frame = _frame(exchange, conn, ident, answer, account)
    if answer.delay_us:

        def deliver(_now_us: int) -> None:
            if conn.ident in exchange.ws_api:
                exchange.out.append(frame)

        exchange.timers.at(exchange.now_us + answer.delay_us, deliver)
        return
    exchange.out.insert(len(exchange.out) if exchange.facts.event_before_ack else before, frame)


def _frame(exchange: Exchange, conn: Conn, ident: bytes, answer: Answer, account: str) -> Outgoing:
    body: dict[str, Any] = {"id": msgspec.Raw(ident), "status": answer.status}
    if answer.is_error:
        code = -1000 if answer.code is None else answer.code
        body["error"] = {"code": code, "msg": answer.message}
    else:
        body["result"] = answer.result
    if conn.return_limits:
        body["rateLimits"] = exchange.limits.counted_rows(account, exchange.now_us)
    return Outgoing(conn.ident, msgspec.json.encode(body))

"""The REST door: target, headers and body in, status, headers and body out (protocol notes A.2 to A.7)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_plus

import msgspec

from holdfast.paper.errors import VenueError, missing
from holdfast.paper.exchange import Exchange
from holdfast.paper.params import Params
from holdfast.paper.requests.auth import Key, check_rest
from holdfast.paper.requests.dispatch import Answer, Incoming, check_timestamp, refused, sender, serve
from holdfast.paper.requests.routes import REST, Route
from holdfast.paper.wire_out import HttpOutcome

_JSON = "application/json"


def handle(exchange: Exchange, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpOutcome:
    """Answer one HTTP request."""
    path, _, query = target.partition("?")
    route = REST.get((method, path))
    if route is None:
        return nowhere(exchange, method, path)
    form = body.decode("utf-8", "surrogateescape") if body and method != "GET" else ""
    try:
        params = Params(read_pairs(query, form, once=exchange.facts.duplicate_params == "-1101"))
    except VenueError as error:
        return _outcome(exchange, route, "", path, refused(error))
    api_key = _header(headers, "x-mbx-apikey")
    key, account = sender(exchange, route, api_key)

    def prove(key: Key) -> None:
        signature = params.get("signature")
        if not signature:
            raise missing("signature")
        check_timestamp(exchange, route, params)
        if key.public is not None and not key.secret and not exchange.facts.ed25519_rest:
            raise VenueError(-1022)
        check_rest(key, query, form, signature, strict=exchange.facts.strict_signature)

    request = Incoming(
        via="rest",
        method=f"{method} {path}",
        route=route,
        params=params,
        api_key=api_key,
        key=key,
        account=account,
        prove=prove,
    )
    answer = serve(exchange, request)
    return _outcome(exchange, route, request.account_name, path, answer)


def nowhere(exchange: Exchange, method: str, path: str) -> HttpOutcome:
    """The answer to a path that does not exist."""
    return _outcome(exchange, None, "", path, _no_path(exchange, method, path))


def turned_away(exchange: Exchange, path: str, error: VenueError) -> HttpOutcome:
    """The answer to a handshake that is refused."""
    return _outcome(exchange, None, "", path, refused(error))


def _no_path(exchange: Exchange, method: str, path: str) -> Answer:
    """404, or 418 during a ban, which strikes every path."""
    try:
        exchange.limits.check_ban(exchange.now_us)
    except VenueError as error:
        return refused(error)
    if exchange.facts.unknown_path == "html":
        page = b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
        return Answer(status=404, raw=page, content_type="text/html")
    return refused(VenueError(-5000, path, method))


def read_pairs(query: str, form: str, *, once: bool) -> dict[str, str]:
    """The parameters of query and body; a name in both, in whatever case, is the query's.

    A name twice in one of them counts with its last value, or with `once` raises -1101.
    """
    pairs = _read_part(query, once=once)
    if not form:
        return pairs
    taken = {name.lower() for name in pairs}
    sent = _read_part(form, once=once)
    return {name: value for name, value in sent.items() if name.lower() not in taken} | pairs


def _read_part(part: str, *, once: bool) -> dict[str, str]:
    pairs: dict[str, str] = {}
    if not part:
        return pairs
    for pair in part.split("&"):
        name, _, value = pair.partition("=")
        if "%" in name or "+" in name:
            name = unquote_plus(name)
        if name in pairs and once:
            raise VenueError(-1101, name)
        if name:
            pairs[name] = unquote_plus(value) if "%" in value or "+" in value else value
    return pairs


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name) or headers.get("X-MBX-APIKEY")
    if value is not None:
        return value
    for other, text in headers.items():
        if other.lower() == name:
            return text
    return ""


def _outcome(exchange: Exchange, route: Route | None, account: str, path: str, answer: Answer) -> HttpOutcome:
    if answer.kind != "reply":
        return HttpOutcome(kind=answer.kind)
    headers = {"Content-Type": answer.content_type}
    if route is not None and answer.raw is None and not route.pool:
        _add_counters(exchange, route, account, answer, headers)
    if answer.status in (418, 429) and exchange.facts.retry_after:
        left_us = exchange.limits.retry_at_us(answer.code, account, exchange.now_us) - exchange.now_us
        headers["Retry-After"] = str(-(-left_us // 1_000_000))
    return HttpOutcome(
        status=answer.status,
        headers=headers,
        body=_body(exchange, path, answer),
        delay_us=answer.delay_us,
        events_first=exchange.facts.event_before_ack,
    )


def _add_counters(exchange: Exchange, route: Route, account: str, answer: Answer, headers: dict[str, str]) -> None:
    weight = exchange.limits.weight
    weight.roll(exchange.now_us)
    headers["X-MBX-USED-WEIGHT-1M"] = str(weight.count)
    if route.orders and not answer.is_error and account:
        short, long = exchange.limits.orders(account)
        headers["X-MBX-ORDER-COUNT-10S"] = str(short.count)
        headers["X-MBX-ORDER-COUNT-1M"] = str(long.count)


def _body(exchange: Exchange, path: str, answer: Answer) -> bytes:
    if answer.raw is not None:
        return answer.raw
    if not answer.is_error:
        return msgspec.json.encode(answer.result)
    if answer.code is None:
        # The wire has shown this body without a code (protocol notes A.6).
        return msgspec.json.encode({"timestamp": exchange.now_ms, "path": path, "msg": answer.message})
    return msgspec.json.encode({"code": answer.code, "msg": answer.message})

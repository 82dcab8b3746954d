"""The REST door: target, headers and body in, status, headers and body out (protocol notes A.2 to A.7)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_plus

import msgspec

from holdfast.paper.auth import Key, check_rest
from holdfast.paper.dispatch import Answer, Incoming, check_timestamp, refused, sender, serve
from holdfast.paper.errors import VenueError, missing
from holdfast.paper.exchange import Exchange
from holdfast.paper.params import Params
from holdfast.paper.routes import REST, Route
from holdfast.paper.wire_out import HttpOutcome

_JSON = "application/json"


def handle(exchange: Exchange, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpOutcome:
    """Answer one HTTP request."""
    path, _, query = target.partition("?")
    route = REST.get((method, path))
    if route is None:
        return _outcome(exchange, None, "", path, refused(VenueError(-5000, path, method)))
    form = body.decode("utf-8", "replace")
    params = Params(_pairs(form, query))
    api_key = _header(headers, "x-mbx-apikey")
    key, account = sender(exchange, route, api_key)

    def prove(key: Key) -> None:
        signature = params.get("signature")
        if not signature:
            raise missing("signature")
        check_timestamp(exchange, route, params)
        check_rest(key, query, form, signature)

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


def _pairs(form: str, query: str) -> dict[str, str]:
    """Body and query parameters; a name in both is the query's."""
    pairs: dict[str, str] = {}
    for part in (form, query):
        if part:
            for pair in part.split("&"):
                name, _, value = pair.partition("=")
                if name:
                    pairs[_plain(name)] = _plain(value)
    return pairs


def _plain(text: str) -> str:
    """Undo percent-encoding, which most values do without."""
    return unquote_plus(text) if "%" in text or "+" in text else text


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
    if route is not None and answer.raw is None:
        _add_counters(exchange, route, account, answer, headers)
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

"""From an identified request to what the client sees: limits, faults, handler, log (both doors use it)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from holdfast.paper.account import Account
from holdfast.paper.call import Call
from holdfast.paper.errors import UNAVAILABLE_503, UNKNOWN_503, VenueError, stock_text
from holdfast.paper.exchange import Exchange
from holdfast.paper.facts import VenueFacts
from holdfast.paper.faults import Fault, RequestFacts
from holdfast.paper.params import Params
from holdfast.paper.requests.auth import Key, check_time
from holdfast.paper.requests.names import check_names
from holdfast.paper.requests.routes import KEY, NONE, SIGNED, Route


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose sender was looked up. `prove` raises unless the door's own form of signature is the key's."""

    via: Literal["rest", "wsapi"]
    method: str
    route: Route
    params: Params
    api_key: str
    key: Key | None
    account: Account | None
    prove: Callable[[Key], None]
    conn: int | None = None

    @property
    def account_name(self) -> str:
        """The account's name, or an empty text for a public request."""
        return "" if self.account is None else self.account.name


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the client sees: a result, an error, a raw body, or nothing at all."""

    kind: Literal["reply", "reset", "hang"] = "reply"
    status: int = 200
    result: Any = None
    code: int | None = None
    message: str = ""
    raw: bytes | None = None
    content_type: str = "application/json"
    delay_us: int = 0

    @property
    def is_error(self) -> bool:
        """Whether it carries an error object."""
        return self.status != 200


def refused(error: VenueError, facts: VenueFacts | None = None) -> Answer:
    """The answer to a refused request."""
    status = error.status
    if facts is not None and error.code in (-2014, -2015):
        status = facts.bad_key_status
    if facts is not None and error.code == -1008:
        status = facts.overload_status
    return Answer(status=status, code=error.code, message=error.message)


def serve(exchange: Exchange, request: Incoming) -> Answer:
    """Answer one request, through whatever fault it meets."""
    fault = _fault_for(exchange, request)
    if fault is not None and fault.verb == "req.drop":
        return Answer(kind="hang")
    number = _log_request(exchange, request)
    if fault is None:
        answer = perform(exchange, request)
        _log_reply(exchange, number, answer, "")
        return answer
    return _with_fault(exchange, request, number, fault)


def sender(exchange: Exchange, route: Route, api_key: str) -> tuple[Key | None, Account | None]:
    """The key that a request names, and the account it acts for; a public request acts for nobody."""
    key = exchange.keys.get(api_key)
    return key, exchange.accounts[key.account] if key is not None and route.security != NONE else None


def check_timestamp(exchange: Exchange, route: Route, params: Params) -> None:
    """Raise -1021 for a request outside its window, unless the venue fact says that the algo service does not look."""
    if exchange.facts.algo_recv_window or not route.algo_service:
        check_time(params, exchange.now_us)


def _check_sender(request: Incoming) -> None:
    key = _check_key(request)
    if key is None or request.route.security == KEY:
        return
    assert request.route.security == SIGNED, "invariant: a route has a known security type"
    request.prove(key)


def _check_key(request: Incoming) -> Key | None:
    """The key of a request that needs one."""
    if request.route.security == NONE:
        return None
    if not request.api_key:
        raise VenueError(-2014)
    if request.key is None:
        raise VenueError(-2015)
    return request.key


def perform(exchange: Exchange, request: Incoming, *, late: bool = False) -> Answer:
    """Charge the limits, check the sender, run the handler."""
    try:
        _charge(exchange, request)
        if late:
            _check_key(request)
        else:
            _check_sender(request)
        _check_arrival(exchange, request, late=late)
        if exchange.facts.unknown_params != "ignore":
            check_names(request.route.operation, request.params)
        if request.route.orders and request.account is not None:
            exchange.limits.charge_order(request.account.name, exchange.now_us, short=request.route.orders_10s)
        call = Call(
            exchange=exchange,
            params=request.params,
            caller=request.account,
            api_key=request.api_key,
            lag_us=exchange.faults.lag_us(_facts_of(request)) if exchange.faults.lags else 0,
        )
        return Answer(result=request.route.handler(call))
    except VenueError as error:
        return refused(error, exchange.facts)


def _check_arrival(exchange: Exchange, request: Incoming, *, late: bool) -> None:
    """Raise -5028 for what reaches its destination outside its window, where that is looked at again (notes A.5)."""
    facts, route = exchange.facts, request.route
    is_matched = route.orders and not route.algo_service
    if late:
        looks = facts.algo_recv_window if route.algo_service else facts.engine_recv_window or not is_matched
        travel_us = 0
    else:
        looks = is_matched and facts.engine_recv_window and facts.engine_travel_ms > 0
        travel_us = facts.engine_travel_ms * 1000
    if looks:
        check_time(request.params, exchange.now_us + travel_us, code=-5028)


def _weight(exchange: Exchange, request: Incoming) -> int:
    return exchange.facts.v2_weights if request.route.v2 else request.route.cost(request.params)


def _charge(exchange: Exchange, request: Incoming) -> None:
    if request.route.pool:
        exchange.limits.charge_pool(request.route.pool, exchange.now_us)
    else:
        exchange.limits.charge_weight(_weight(exchange, request), exchange.now_us)


def _fault_for(exchange: Exchange, request: Incoming) -> Fault | None:
    if not exchange.faults.requests:
        return None
    facts = _facts_of(request)
    fault = exchange.faults.for_request(facts)
    if fault is not None:
        told = {"method": facts.method, "account": facts.account, "client_id": facts.client_id}
        exchange.log("fault", verb=fault.verb, **told, **({"ms": fault.ms} if fault.ms else {}))
    return fault


def _facts_of(request: Incoming) -> RequestFacts:
    params = request.params
    return RequestFacts(
        via=request.via,
        method=request.method,
        operation=request.route.operation,
        account=request.account_name,
        client_id=params.get("newClientOrderId") or params.get("clientAlgoId") or params.get("origClientOrderId"),
        symbol=params.get("symbol").upper(),
        reducing=not request.route.orders or _is_reducing(params),
    )


def _is_reducing(params: Params) -> bool:
    """Whether the real venue exempts the order from overload protection (protocol notes A.6)."""
    closing = {"LONG": "SELL", "SHORT": "BUY"}.get(params.get("positionSide").upper())
    flags = (params.get("reduceOnly").lower(), params.get("closePosition").lower())
    return "true" in flags or (closing is not None and closing == params.get("side").upper())


def _log_request(exchange: Exchange, request: Incoming) -> int:
    route, params = request.route, request.params
    fields: dict[str, object] = {"via": request.via}
    if request.conn is not None:
        fields["conn"] = request.conn
    fields |= {"method": request.method, "account": request.account_name, "weight": _weight(exchange, request)}
    if route.orders:
        fields["orders"] = 1
    return exchange.log("req", **fields, params=params.logged())


def _log_reply(exchange: Exchange, number: int, answer: Answer, fault: str) -> None:
    fields: dict[str, object] = {"req": number, "status": answer.status}
    if answer.code is not None:
        fields["code"] = answer.code
        fields["msg"] = answer.message
    if fault:
        fields["fault"] = fault
    exchange.log("rep", **fields)


def _with_fault(exchange: Exchange, request: Incoming, number: int, fault: Fault) -> Answer:
    if fault.verb == "late":

        def arrive(_now_us: int) -> None:
            _log_reply(exchange, number, perform(exchange, request, late=True), "late")

        exchange.timers.at(exchange.now_us + fault.ms * 1000, arrive)
        return Answer(kind="hang")
    if fault.verb == "dup":
        return _twice(exchange, request, number)
    executed = fault.verb in ("resp.drop", "delay") or fault.executed
    seen = _SEEN[fault.verb](exchange.facts, fault)
    if executed:
        answer = perform(exchange, request)
        _log_reply(exchange, number, answer, fault.verb)
        if fault.verb == "delay":
            return msgspec.structs.replace(answer, delay_us=fault.ms * 1000)
        return seen
    _log_reply(exchange, number, seen, fault.verb)
    return seen


def _twice(exchange: Exchange, request: Incoming, number: int) -> Answer:
    """The network delivered a request twice. The client sees the first answer."""
    answer = perform(exchange, request)
    _log_reply(exchange, number, answer, "dup")
    again = _log_request(exchange, request)
    _log_reply(exchange, again, perform(exchange, request), "dup")
    return answer


def _unknown_503(_facts: VenueFacts, _fault: Fault) -> Answer:
    return Answer(status=503, message=UNKNOWN_503)


def _unavailable(_facts: VenueFacts, _fault: Fault) -> Answer:
    return Answer(status=503, message=UNAVAILABLE_503)


def _coded(facts: VenueFacts, fault: Fault) -> Answer:
    """-1007, -1008, `throttle` (-1003 unless -1015 is named) and `code` (any code and text)."""
    code = {"-1007": -1007, "-1008": -1008}.get(fault.verb) or fault.code or -1003
    if fault.verb == "code":
        status = fault.status if fault.status != _RAW_STATUS else 400
        return Answer(status=status, code=code, message=fault.msg or stock_text(code))
    details = {-1003: (2400,), -1015: (300, "10 SECOND")}.get(code, ())
    return refused(VenueError(code, *details), facts)


def _raw(_facts: VenueFacts, fault: Fault) -> Answer:
    body = fault.body or f"<html><head><title>{fault.status}</title></head><body>{fault.status}</body></html>"
    return Answer(status=fault.status, raw=body.encode(), content_type=fault.content_type)


def _hang(_facts: VenueFacts, _fault: Fault) -> Answer:
    return Answer(kind="hang")


def _reset(_facts: VenueFacts, _fault: Fault) -> Answer:
    return Answer(kind="reset")


_RAW_STATUS = 502
_SEEN: dict[str, Callable[[VenueFacts, Fault], Answer]] = {
    "503-unknown": _unknown_503,
    "503-unavailable": _unavailable,
    "-1007": _coded,
    "-1008": _coded,
    "throttle": _coded,
    "code": _coded,
    "status": _raw,
    "resp.drop": _hang,
    "reset": _reset,
    "delay": _hang,
}

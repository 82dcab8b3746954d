"""What to send for each effect, as a method, a path and parameters; how it travels is decided later (RULES 1).

Orders ask for RESULT, state their self-trade prevention, and every order that reduces says so, because reducing
orders pass while the venue is overloaded (protocol notes A.6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.binance import endpoints as ep
from holdfast.binance.encoding import query_string, with_signature
from holdfast.binance.endpoints import Endpoint, Security
from holdfast.binance.signing import Signer
from holdfast.model import num
from holdfast.model.effects import Cancel, ChangeSetting, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, OrderSpec, OrderType, PositionSide, Spec, TimeInForce

SELF_TRADE_PREVENTION: Final = "EXPIRE_MAKER"
"""Always sent (P23): our resting target gives way to our own exit."""

LIST_LIMIT: Final = 1000
"""Rows asked for in one page of a list."""

_REDUCING_ROLES: Final = (Role.STOP, Role.TARGET, Role.EXIT, Role.CLOSE)
_FORM_TYPE: Final = "application/x-www-form-urlencoded"


class Unsendable(ValueError):
    """The order contradicts itself; sending it could open what it should close. The text names the rule."""


class Request(NamedTuple):
    """One call. `params` are in the order in which they are sent; `weight` is what this call costs."""

    endpoint: Endpoint
    params: dict[str, str | int]
    weight: int


class RestMessage(NamedTuple):
    """A request as HTTP carries it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def rest_message(request: Request, signer: Signer, timestamp_ms: int, recv_window_ms: int) -> RestMessage:
    """Encode once, sign those characters, send those characters (protocol notes A.4).

    GET and DELETE carry their parameters in the query, POST and PUT in the body.
    """
    endpoint = request.endpoint
    headers = {} if endpoint.security is Security.NONE else {"X-MBX-APIKEY": signer.api_key}
    text = query_string(request.params)
    if endpoint.security is Security.SIGNED:
        stamp = f"recvWindow={recv_window_ms}&timestamp={timestamp_ms}"
        text = f"{text}&{stamp}" if text else stamp
        text = with_signature(text, signer.sign(text.encode("ascii")))
    if endpoint.method in ("POST", "PUT"):
        headers["Content-Type"] = _FORM_TYPE
        return RestMessage(endpoint.method, endpoint.path, headers, text.encode("ascii"))
    target = f"{endpoint.path}?{text}" if text else endpoint.path
    return RestMessage(endpoint.method, target, headers, b"")


def simple(endpoint: Endpoint, **params: str | int) -> Request:
    """A request whose weight does not depend on its parameters."""
    return Request(endpoint, params, endpoint.weight)


def place(spec: Spec) -> Request:
    """The request that places an order or an algo order. Raises `Unsendable`."""
    return _place_order(spec) if isinstance(spec, OrderSpec) else _place_algo(spec)


def _place_order(spec: OrderSpec) -> Request:
    _check_order(spec)
    # Alphabetical, as the WS API signs them. Enumerations of text go in as they are: they are their own text.
    params: dict[str, str | int] = {}
    if spec.good_till_ms is not None:
        params["goodTillDate"] = spec.good_till_ms
    params["newClientOrderId"] = spec.client_id
    params["newOrderRespType"] = "RESULT"
    params["positionSide"] = spec.position_side
    if spec.price is not None:
        params["price"] = num.text(spec.price)
    params["quantity"] = num.text(spec.quantity)
    # A hedge account refuses the flag: there the side and the leg say that an order closes (notes 0.3 no. 27).
    if spec.reduce_only and spec.position_side is PositionSide.BOTH:
        params["reduceOnly"] = "true"
    params["selfTradePreventionMode"] = SELF_TRADE_PREVENTION
    params["side"] = spec.side
    params["symbol"] = spec.symbol
    if spec.time_in_force is not None:
        params["timeInForce"] = spec.time_in_force
    params["type"] = spec.type
    return Request(ep.PLACE_ORDER, params, 0)


def _place_algo(spec: AlgoSpec) -> Request:
    _check_algo(spec)
    params: dict[str, str | int] = {"algoType": "CONDITIONAL", "clientAlgoId": spec.client_id}
    if spec.close_position:
        params["closePosition"] = "true"
    params["positionSide"] = spec.position_side
    params["priceProtect"] = "false"
    if spec.quantity is not None:
        params["quantity"] = num.text(spec.quantity)
    if spec.reduce_only and spec.position_side is PositionSide.BOTH:
        params["reduceOnly"] = "true"
    params["selfTradePreventionMode"] = SELF_TRADE_PREVENTION
    params["side"] = spec.side
    params["symbol"] = spec.symbol
    params["triggerPrice"] = num.text(spec.trigger_price)
    params["type"] = spec.type
    params["workingType"] = spec.working_type
    return Request(ep.PLACE_ALGO, params, 0)


def _check_order(spec: OrderSpec) -> None:
    if spec.role in _REDUCING_ROLES and not spec.reduce_only:
        raise Unsendable(f"a {spec.role.value} order must be reduce-only")
    if spec.quantity <= num.ZERO:
        raise Unsendable("the quantity is not above zero")
    if spec.type is OrderType.MARKET and (spec.price is not None or spec.time_in_force is not None):
        raise Unsendable("a market order has neither price nor time in force")
    if spec.type is OrderType.LIMIT and (spec.price is None or spec.time_in_force is None):
        raise Unsendable("a limit order needs price and time in force")
    if (spec.time_in_force is TimeInForce.GTD) != (spec.good_till_ms is not None):
        raise Unsendable("GTD, and only GTD, has a good-till time")


def _check_algo(spec: AlgoSpec) -> None:
    if spec.close_position == (spec.quantity is not None):
        raise Unsendable("an algo order has either close_position or a quantity")
    if spec.close_position == spec.reduce_only:
        raise Unsendable("an algo order with a quantity must be reduce-only, and close_position must not be flagged")


def cancel(effect: Cancel) -> Request:
    """The request that removes one order of ours, by its client id."""
    if effect.algo:
        return simple(ep.CANCEL_ALGO, clientAlgoId=effect.client_id)
    return simple(ep.CANCEL_ORDER, origClientOrderId=effect.client_id, symbol=effect.symbol)


def settings(effect: ChangeSetting) -> list[Request]:
    """The requests of a settings change: margin type first, because it is refused once anything is open."""
    found: list[Request] = []
    if effect.margin_type is not None:
        found.append(simple(ep.SET_MARGIN_TYPE, marginType=effect.margin_type, symbol=effect.symbol))
    if effect.leverage is not None:
        found.append(simple(ep.SET_LEVERAGE, leverage=effect.leverage, symbol=effect.symbol))
    return found


def _query_order(read: Read) -> Request:
    if read.order_id is not None:
        return simple(ep.QUERY_ORDER, orderId=read.order_id, symbol=read.symbol)
    return simple(ep.QUERY_ORDER, origClientOrderId=read.client_id, symbol=read.symbol)


def _query_algo(read: Read) -> Request:
    if read.order_id is not None:
        return simple(ep.QUERY_ALGO, algoId=read.order_id)
    return simple(ep.QUERY_ALGO, clientAlgoId=read.client_id)


def _open_list(endpoint: Endpoint) -> Callable[[Read], Request]:
    def build(read: Read) -> Request:
        if read.symbol:
            return simple(endpoint, symbol=read.symbol)
        return Request(endpoint, {}, ep.ALL_SYMBOLS_WEIGHT)

    return build


def _of_symbol(endpoint: Endpoint) -> Callable[[Read], Request]:
    return lambda read: simple(endpoint, symbol=read.symbol) if read.symbol else simple(endpoint)


SINGLE_READS: Final[dict[ReadKind, Callable[[Read], Request]]] = {
    ReadKind.ORDER: _query_order,
    ReadKind.ALGO: _query_algo,
    ReadKind.OPEN_ORDERS: _open_list(ep.OPEN_ORDERS),
    ReadKind.OPEN_ALGOS: _open_list(ep.OPEN_ALGOS),
    ReadKind.POSITIONS: _of_symbol(ep.POSITIONS),
    ReadKind.ACCOUNT: lambda read: simple(ep.ACCOUNT),
    ReadKind.SYMBOL_CONFIG: _of_symbol(ep.SYMBOL_CONFIG),
    ReadKind.ORDER_LIMITS: lambda read: simple(ep.ORDER_LIMITS),
    ReadKind.MODES: lambda read: simple(ep.ACCOUNT_CONFIG),
}
"""Reads that one request answers. Lists by time are `paging.py`'s."""

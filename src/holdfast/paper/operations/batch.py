"""Several orders in one request: each succeeds or fails by itself (protocol notes C.5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from holdfast.paper.call import Call, Handler
from holdfast.paper.errors import VenueError, missing, needs_either
from holdfast.paper.operations.trade import cancel_order, modify_order, place_order
from holdfast.paper.params import Params, from_raw

MOST_PLACED = 5
MOST_CANCELLED = 10

_OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_NUMBERS = msgspec.json.Decoder(list[int])
_TEXTS = msgspec.json.Decoder(list[str])


def place_orders(call: Call) -> Any:
    """Place up to five orders, in the order given."""
    return _each(call, _objects(call), place_order)


def modify_orders(call: Call) -> Any:
    """Amend up to five orders, in the order given."""
    return _each(call, _objects(call), modify_order)


def cancel_orders(call: Call) -> Any:
    """Cancel up to ten orders of one symbol, by order ids, which win, or by client ids."""
    symbol = call.exchange.market(call.params.need("symbol")).symbol.name
    if call.params.has("orderIdList"):
        name, idents = "orderId", _listed(call, "orderIdList", _NUMBERS.decode)
    elif call.params.has("origClientOrderIdList"):
        name, idents = "origClientOrderId", _listed(call, "origClientOrderIdList", _TEXTS.decode)
    else:
        raise needs_either("origClientOrderIdList", "orderIdList")
    return _each(call, [Params({"symbol": symbol, name: str(ident)}) for ident in idents], cancel_order)


def _listed(call: Call, name: str, decode: Callable[[str], Sequence[object]]) -> Sequence[object]:
    try:
        idents = decode(call.params.get(name))
    except msgspec.DecodeError:
        raise missing(name) from None
    if not 1 <= len(idents) <= MOST_CANCELLED:
        raise VenueError(-4032)
    return idents


def _objects(call: Call) -> list[Params]:
    text = call.params.need("batchOrders")
    try:
        rows = [Params(from_raw(row)) for row in _OBJECTS.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise missing("batchOrders") from None
    if not 1 <= len(rows) <= MOST_PLACED:
        raise VenueError(-4082)
    return rows


def _each(call: Call, rows: list[Params], handler: Handler) -> list[Any]:
    """The answer of each element: what it would get alone, or its error object."""
    answers: list[Any] = []
    for params in rows:
        try:
            answers.append(handler(Call(exchange=call.exchange, params=params, caller=call.caller)))
        except VenueError as refusal:
            answers.append({"code": refusal.code, "msg": refusal.message})
    return answers

"""Which requests act, which replies tell, by their method and parameters. Method names as in the protocol notes."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from holdfast.verify.obligation import KEY_REFUSED, THROTTLED
from holdfast.verify.records import Reply, Request


class Shows(StrEnum):
    """What a reply lets the engine see."""

    POSITION = "position"
    FILLS = "fills"
    ALGOS = "algos"


class Verb(StrEnum):
    """What a request does to orders."""

    PLACE = "place"
    PLACE_ALGO = "place_algo"
    CANCEL = "cancel"
    CANCEL_ALGO = "cancel_algo"
    OTHER_WRITE = "other_write"


WRITES: Final[dict[str, Verb]] = {
    "POST /fapi/v1/order": Verb.PLACE,
    "order.place": Verb.PLACE,
    "POST /fapi/v1/algoOrder": Verb.PLACE_ALGO,
    "algoOrder.place": Verb.PLACE_ALGO,
    "DELETE /fapi/v1/order": Verb.CANCEL,
    "order.cancel": Verb.CANCEL,
    "DELETE /fapi/v1/algoOrder": Verb.CANCEL_ALGO,
    "algoOrder.cancel": Verb.CANCEL_ALGO,
    "PUT /fapi/v1/order": Verb.OTHER_WRITE,
    "order.modify": Verb.OTHER_WRITE,
    "POST /fapi/v1/batchOrders": Verb.OTHER_WRITE,
    "PUT /fapi/v1/batchOrders": Verb.OTHER_WRITE,
    "DELETE /fapi/v1/batchOrders": Verb.OTHER_WRITE,
}

_READS: Final[dict[str, Shows]] = {
    "GET positionRisk": Shows.POSITION,
    "GET account": Shows.POSITION,
    "account.position": Shows.POSITION,
    "account.status": Shows.POSITION,
    "GET order": Shows.FILLS,
    "order.status": Shows.FILLS,
    "GET openOrders": Shows.FILLS,
    "GET allOrders": Shows.FILLS,
    "GET userTrades": Shows.FILLS,
    "GET algoOrder": Shows.ALGOS,
    "GET openAlgoOrders": Shows.ALGOS,
    "GET allAlgoOrders": Shows.ALGOS,
}


def shows(request: Request) -> Shows | None:
    """What a complete reply to this request tells, or None when it tells nothing of positions and orders."""
    method = request.method
    if request.via == "rest":
        verb, _, path = method.partition(" ")
        found = _READS.get(f"{verb} {path.rpartition('/')[2]}")
    else:
        found = _READS.get(method.rpartition("/")[2])
    if found is None and WRITES.get(method) is Verb.PLACE and request.params.get("newOrderRespType") == "RESULT":
        return Shows.FILLS
    return found


MINUTE_US: Final = 60_000_000

SEEN_AS_THEY_ARE: Final = frozenset({None, "throttle", "code"})
"""Faults of a reply that reached the client with this status and code; "status" does so over REST."""

BAN: Final = re.compile(r"banned until (\d+)")
_LIMIT: Final = re.compile(r"per (?:(\d+) )?(SECOND|MINUTE)", re.IGNORECASE)

THROTTLES: Final = frozenset({-1003, -1015})
KEY_REFUSALS: Final = frozenset({-2014, -2015})


def trouble_of(reply: Reply) -> str:
    """The class of what follows a request that the venue turned away (RULES 15), "" for any other reply."""
    if reply.status in (418, 429) or reply.code in THROTTLES:
        return THROTTLED
    return KEY_REFUSED if reply.code in KEY_REFUSALS else ""


def is_signed(request: Request) -> bool:
    """Whether the request carried a signature (the log leaves the signature itself out)."""
    return bool(request.account) and "timestamp" in request.params


def is_signed_read(request: Request) -> bool:
    """Whether it only asks, with a signature: the first one makes a process live (RULES 15)."""
    if not is_signed(request):
        return False
    return request.method.startswith("GET ") if request.via == "rest" else shows(request) is not None


def client_id_of(request: Request) -> str:
    """The client id that a placing request names, "" when it names none."""
    params = request.params
    return params.get("newClientOrderId") or params.get("clientAlgoId") or ""


def cancelled_id_of(request: Request) -> str:
    """The client id that a cancelling request names, "" when it names a venue id."""
    params = request.params
    return params.get("origClientOrderId") or params.get("clientAlgoId") or ""


def says_wait(line: Reply, via: str) -> bool:
    """Whether the client was told to wait. A reply that a fault swallowed told it nothing."""
    seen = line.fault in SEEN_AS_THEY_ARE or (line.fault == "status" and via == "rest")
    return seen and (line.status in (418, 429) or line.code in THROTTLES)


def put_off_until_us(line: Reply, slack_us: int) -> int:
    """When what was refused may be sent again: the end that a ban names, else the turn of the window (A.7).

    A refusal just after a turn may still be one of the window before, by a clock that is right enough.
    """
    banned = BAN.search(line.msg or "")
    if banned:
        return int(banned.group(1)) * 1_000
    named = _LIMIT.search(line.msg or "") if line.code == -1015 else None
    if named:
        length_us = int(named.group(1) or 1) * (MINUTE_US if named.group(2).upper() == "MINUTE" else MINUTE_US // 60)
    else:
        length_us = MINUTE_US // 6 if line.code == -1015 else MINUTE_US
    return ((line.us - slack_us) // length_us + 1) * length_us

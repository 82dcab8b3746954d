"""What goes wrong at the venue, as tables: requests, the user stream, conditional orders, questions that see nothing.

The verbs are those of the exchange's control door (`paper.faults`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

Details = dict[str, Any]
Draw = Callable[[random.Random], Details]

PLACES: Final = ("order.place", "algoOrder.place")
CANCELS: Final = ("order.cancel", "algoOrder.cancel")
READS: Final = (
    "positionRisk",
    "openAlgoOrders",
    "order.status",
    "algoOrder.status",
    "userTrades",
    "openOrders",
    "allOrders",
    "account",
    "income",
    "symbolConfig",
)
SETTINGS: Final = ("leverage", "marginType")


def _executed(rng: random.Random) -> Details:
    return {"executed": rng.random() < 0.5}


def _nothing(_: random.Random) -> Details:
    return {}


def _pause(rng: random.Random) -> Details:
    return {"ms": rng.choice((200, 800, 2_500, 4_000))}


LOST: Final[dict[str, Draw]] = {
    "503-unknown": _executed,
    "-1007": _executed,
    "reset": _executed,
    "status": lambda rng: {**_executed(rng), "status": rng.choice((502, 504, 408, 403))},
    "resp.drop": _nothing,
    "req.drop": _nothing,
    "delay": _pause,
    "late": _pause,
    "503-unavailable": _nothing,
    "-1008": lambda rng: {"everything": rng.random() < 0.5},
    "throttle": lambda rng: {"code": rng.choice((-1003, -1015))},
}
"""How a request may end without a plain answer."""

UNLISTED: Final = -4999
"""No code of the venue's."""

REFUSALS: Final[dict[str, tuple[int, ...]]] = {
    "order.place": (-2019, -1021, -2022, -4131, -1111, -5028, UNLISTED),
    "algoOrder.place": (-4509, -2021, -1021, -1111, -4045, -5028, UNLISTED),
    "order.cancel": (-2011, -1021),
    "algoOrder.cancel": (-2011, -1021),
}
"""Refusals that may be untrue: the venue's services disagree among themselves for a moment."""

STREAM: Final[dict[str, Draw]] = {
    "ws.silence": lambda rng: {"ms": rng.choice((500, 2_000, 8_000, 20_000))},
    "ws.drop": lambda rng: {"count": rng.choice((1, 2, 5))},
    "ws.dup": lambda rng: {"count": rng.choice((1, 3, 10))},
    "ws.close": lambda rng: {"kinds": [rng.choice(("private", "wsapi", "public", "market"))]},
    "lk.expire": _nothing,
}

STOPS: Final[dict[str, Draw]] = {
    "algo.stuck": lambda rng: {"ms": rng.choice((3_000, 30_000, 120_000))},
    "algo.reject": _nothing,
    "algo.vanish": lambda rng: {"ms": rng.choice((0, 1_000))},
}

REDUCING: Final = ("hf-s", "hf-c")
"""What the names of stops and closes begin with: doubled, they only reduce (RULES 2)."""


def _doubled(rng: random.Random) -> Details:
    """What opens, or closes a part, is never doubled: nothing on the way repeats such a write (RULES 1)."""
    if rng.random() < 0.4:
        return {"match": {"client_id_prefix": rng.choice(REDUCING)}, "count": rng.choice((1, 3))}
    return {"match": {"method": rng.choice((*CANCELS, *READS, *SETTINGS))}, "count": rng.choice((1, 3, 8))}


def _late_events(rng: random.Random) -> Details:
    kinds = rng.choice(([], [], ["ORDER_TRADE_UPDATE"], ["ALGO_UPDATE"], ["ACCOUNT_UPDATE"], ["TRADE_LITE"]))
    return {"ms": rng.choice((50, 300, 900)), "count": rng.choice((1, 3, 10)), "kinds": kinds}


ODD: Final[dict[str, Draw]] = {
    "dup": _doubled,
    "ws.delay": _late_events,
    "ws.reorder": _late_events,
    "lk.delete": _nothing,
}
"""What the venue's own front does to messages, and a listen key that somebody else with the account's key deletes."""


def at_writes(rng: random.Random) -> Details:
    """A placing or cancelling request, or a few of them, end badly."""
    operation = rng.choice((*PLACES, *PLACES, *CANCELS, *SETTINGS))
    fault: Details = {"match": {"method": operation}, "count": rng.choice((1, 1, 1, 2, 4))}
    if rng.random() < 0.25 and operation in REFUSALS:
        return {**fault, "verb": "code", "code": rng.choice(REFUSALS[operation]), "status": 400}
    verb = rng.choice(tuple(LOST))
    return {**fault, "verb": verb, **LOST[verb](rng)}


def at_reads(rng: random.Random) -> Details:
    """Questions stay without an answer for a while."""
    verb = rng.choice(("503-unknown", "resp.drop", "reset", "status", "delay", "throttle"))
    # What only orders use up is never the reason why a question stays without an answer.
    details = {"code": -1003} if verb == "throttle" else LOST[verb](rng)
    return {"verb": verb, "match": {"method": rng.choice(READS)}, "count": rng.choice((1, 3, 8)), **details}


def at_stream(rng: random.Random) -> Details:
    """The user stream falls silent, loses or repeats events, a connection breaks off, a key runs out."""
    verb = rng.choice(tuple(STREAM))
    return {"verb": verb, **STREAM[verb](rng)}


def at_stops(rng: random.Random) -> Details:
    """A conditional order sticks in its trigger, is rejected at it, or vanishes."""
    verb = rng.choice(tuple(STOPS))
    return {"verb": verb, **STOPS[verb](rng)}


def at_oddities(rng: random.Random) -> Details:
    """A request arrives twice, user events are late or overtake each other, or somebody deletes the listen key."""
    verb = rng.choice(tuple(ODD))
    return {"verb": verb, **ODD[verb](rng)}

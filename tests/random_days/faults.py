"""What goes wrong on a random day, as tables: at the exchange, on the network, on the disk, by other people's hands."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from holdfast.paper import algo
from tests.random_days.world import Network, World

PLACES: Final = ("order.place", "algoOrder.place")
CANCELS: Final = ("order.cancel", "algoOrder.cancel")
READS: Final = ("positionRisk", "openAlgoOrders", "order.status", "algoOrder.status", "userTrades", "openOrders",
                "allOrders", "account", "income", "symbolConfig")  # fmt: skip
SETTINGS: Final = ("leverage", "marginType")

Details = dict[str, Any]
Chance = random.Random


def _executed(rng: Chance) -> Details:
    return {"executed": rng.random() < 0.5}


def _nothing(rng: Chance) -> Details:
    return {}


def _pause(rng: Chance) -> Details:
    return {"ms": rng.choice((200, 800, 2_500, 4_000))}


LOST: Final[dict[str, Callable[[Chance], Details]]] = {
    "503-unknown": _executed,
    "-1007": _executed,
    "reset": _executed,
    "status": _executed,
    "resp.drop": _nothing,
    "req.drop": _nothing,
    "delay": _pause,
    "late": _pause,
    "503-unavailable": _nothing,
    "-1008": lambda rng: {"everything": rng.random() < 0.5},
    "throttle": lambda rng: {"code": rng.choice((-1003, -1015))},
}
"""How a request may end without a plain answer."""

REFUSALS: Final[dict[str, tuple[int, ...]]] = {
    "order.place": (-2019, -1021, -2022, -4131, -1111, -5028),
    "algoOrder.place": (-4509, -2021, -1021, -1111, -4045, -5028),
    "order.cancel": (-2011, -1021),
    "algoOrder.cancel": (-2011, -1021),
}
"""Refusals that may be untrue: the venue's services disagree among themselves for a moment."""

STREAM: Final[dict[str, Callable[[Chance], Details]]] = {
    "ws.silence": lambda rng: {"ms": rng.choice((500, 2_000, 8_000, 20_000))},
    "ws.drop": lambda rng: {"count": rng.choice((1, 2, 5))},
    "ws.dup": lambda rng: {"count": rng.choice((1, 3, 10))},
    "ws.close": lambda rng: {"kinds": ["private"]},
    "lk.expire": _nothing,
}
ALGOS: Final[dict[str, Callable[[Chance], Details]]] = {
    "algo.stuck": _nothing,
    "algo.reject": _nothing,
    "algo.vanish": lambda rng: {"ms": rng.choice((0, 1_000))},
}


def at_writes(world: World, rng: Chance) -> None:
    """A placing or cancelling request, or a few of them, end badly."""
    operation = rng.choice((*PLACES, *PLACES, *CANCELS, *SETTINGS))
    symbol = rng.choice(tuple(world.markets)) if rng.random() < 0.3 and operation != "algoOrder.cancel" else ""
    count = rng.choice((1, 1, 1, 2, 4))
    if rng.random() < 0.25 and operation in REFUSALS:
        code = rng.choice(REFUSALS[operation])
        world.fault("code", on=operation, symbol=symbol, count=count, code=code, status=400)
        return
    verb = rng.choice(tuple(LOST))
    world.fault(verb, on=operation, symbol=symbol, count=count, **LOST[verb](rng))


def at_reads(world: World, rng: Chance) -> None:
    """Questions stay without an answer for a while."""
    verb = rng.choice(("503-unknown", "resp.drop", "reset", "status", "delay", "throttle"))
    world.fault(verb, on=rng.choice(READS), count=rng.choice((1, 3, 8)), **LOST[verb](rng))


def at_stream(world: World, rng: Chance) -> None:
    """The user stream falls silent, loses or repeats events, breaks off."""
    verb = rng.choice(tuple(STREAM))
    world.fault(verb, **STREAM[verb](rng))


def at_stops(world: World, rng: Chance) -> None:
    """A conditional order sticks, is rejected at its trigger, or vanishes; or one that stuck moves on."""
    if rng.random() < 0.2:
        unstick(world, rng)
        return
    verb = rng.choice(tuple(ALGOS))
    world.fault(verb, **ALGOS[verb](rng))


def unstick(world: World, rng: Chance) -> None:
    """Whatever sticks in its trigger moves on: it ends, or its order is spawned after all."""
    exchange = world.desk.venue.exchange
    for account in exchange.accounts.values():
        for stuck in [waiting for waiting in account.open_algos.values() if waiting.status == "TRIGGERING"]:
            if rng.random() < 0.5:
                algo.set_status(exchange, account, stuck, "REJECTED", "it was stuck")
            else:
                algo._spawn(exchange, account, exchange.markets[stuck.symbol], stuck)


def at_queries(world: World, rng: Chance) -> None:
    """Questions do not see young orders for some seconds."""
    world.fault("query.lag", ms=rng.choice((500, 1_500, 3_000)))
    world.agenda.at(world.agenda.now_ms + rng.choice((2_000, 10_000)), lambda: world.fault("query.lag", count=0))


GROUPS: Final[dict[str, Callable[[World, Chance], None]]] = {
    "writes": at_writes,
    "reads": at_reads,
    "stream": at_stream,
    "stops": at_stops,
    "queries": at_queries,
}
"""A day draws some of them, so that each is also met without the others."""


class Weather(Network):
    """A network, a disk and a clock with moods, drawn once per day."""

    def __init__(self, rng: Chance) -> None:
        self.rng = rng
        self.overtaking = rng.random() < 0.3
        self.out = rng.choice(((0,), (0, 0, 1, 3, 20), (1, 5, 40, 150), (1, 1, 1, 1, 700)))
        self.back = rng.choice(((1,), (1, 1, 2, 5, 40), (1, 10, 100), (1, 1, 1, 1, 900)))
        self.push = rng.choice(((1,), (0, 1, 1, 4), (1, 5, 30, 120)))
        self.disk = rng.choice(((0,), (0,), (0, 1, 2), (1, 5, 30), (1, 1, 1, 1, 400)))
        self.skew = rng.choice((0, 0, 0, 20, 150))
        self.calm = False

    def out_ms(self) -> int:
        """From us to the venue; requests overtake each other."""
        return 1 if self.calm else self.rng.choice(self.out)

    def back_ms(self) -> int:
        """From the venue to us."""
        return 1 if self.calm else self.rng.choice(self.back)

    def push_ms(self) -> int:
        """A frame of the user stream."""
        return 1 if self.calm else self.rng.choice(self.push)

    def disk_ms(self) -> int:
        """From an append to its confirmation."""
        return 0 if self.calm else self.rng.choice(self.disk)

    def skew_ms(self) -> int:
        """A process keeps its error for life."""
        return self.rng.randint(-self.skew, self.skew)

    def survivors(self, count: int) -> int:
        """Any of the unconfirmed batches, from the oldest on, may have reached the disk."""
        return self.rng.randint(0, count)

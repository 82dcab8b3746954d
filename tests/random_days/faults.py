"""What goes wrong on a random day, as tables: at the exchange, on the network, on the disk, by other people's hands."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from holdfast.paper.trading import algo
from holdfast.sim import venue_faults
from holdfast.sim.venue_faults import CANCELS, PLACES, READS, SETTINGS, UNLISTED
from tests.random_days.world import Network, World

Chance = random.Random

# The simulator's tables; a day differs from an hour of the simulator where its world is smaller.
LOST: Final = {
    **venue_faults.LOST,
    "status": venue_faults.LOST["reset"],  # Only whether it was executed is drawn; the page is always the same one.
}
REFUSALS: Final = {
    operation: tuple(code for code in codes if code != UNLISTED) for operation, codes in venue_faults.REFUSALS.items()
}
STREAM: Final = {**venue_faults.STREAM, "ws.close": lambda _: {"kinds": ["private"]}}
STOPS: Final = {**venue_faults.STOPS, "algo.stuck": lambda _: {}}  # `unstick` ends it, at a moment that the day draws.


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
    verb = rng.choice(tuple(STOPS))
    world.fault(verb, **STOPS[verb](rng))


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

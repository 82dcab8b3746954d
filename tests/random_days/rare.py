"""What is too rare to be drawn, and is only lived through when it is asked for by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from tests.random_days.world import World

HIDDEN_MS: Final = 14_000
"""Longer than the proof that an order was never placed takes."""


def at_ghosts(world: World, rng: random.Random) -> None:
    """The next order is placed, and for some time nothing shows it: no answer, no event, no question; then it does."""
    world.fault("resp.drop", on="order.place")
    world.fault("ws.drop", kinds=["ORDER_TRADE_UPDATE"])
    world.fault("query.lag", ms=HIDDEN_MS)
    world.agenda.at(world.agenda.now_ms + HIDDEN_MS, lambda: world.fault("query.lag", count=0))


def at_pages(world: World, rng: random.Random) -> None:
    """A page that is no answer comes in place of one: of a proxy, a fire wall, or the venue's own front."""
    status = rng.choice((403, 418, 429, 502))
    world.fault("status", on="order.place", status=status, executed=rng.random() < 0.7, count=rng.choice((1, 2)))


def at_closes(world: World, rng: random.Random) -> None:
    """The next closes are refused, as if nothing were left to reduce."""
    _refuse(world, "hf-c", rng.choice((-2022, -4118)), rng.choice((1, 2)))


def at_covers(world: World, rng: random.Random) -> None:
    """Stops are refused for a while, whatever their form."""
    _refuse(world, "hf-s", rng.choice((-4509, -2021, -1111, -4045)), rng.choice((2, 12, 40)))


def at_targets(world: World, rng: random.Random) -> None:
    """Take profits are refused for a while."""
    _refuse(world, "hf-t", -2022, rng.choice((3, 8, 20)))


def _refuse(world: World, prefix: str, code: int, count: int) -> None:
    match = {"client_id_prefix": prefix}
    world.desk.control("fault", verb="code", match=match, code=code, status=400, count=count)
    world.faults += 1


RARE: Final[dict[str, Callable[[World, random.Random], None]]] = {
    "ghosts": at_ghosts,
    "pages": at_pages,
    "closes": at_closes,
    "covers": at_covers,
    "targets": at_targets,
}

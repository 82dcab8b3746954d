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
    world.fault("ws.silence", ms=HIDDEN_MS)
    world.fault("query.lag", ms=HIDDEN_MS)
    world.agenda.at(world.agenda.now_ms + HIDDEN_MS, lambda: world.fault("query.lag", count=0))


def at_pages(world: World, rng: random.Random) -> None:
    """A page that is no answer comes in place of one: of a proxy, a fire wall, or the venue's own front."""
    status = rng.choice((403, 418, 429, 502))
    world.fault("status", on="order.place", status=status, executed=rng.random() < 0.7, count=rng.choice((1, 2)))


RARE: Final[dict[str, Callable[[World, random.Random], None]]] = {"ghosts": at_ghosts, "pages": at_pages}

"""One answer for all who want the same thing at that moment.

Positions are read for the whole account at the price of one symbol (protocol notes C.10), and a busy minute has many
who ask: every flatten loop twice a second, every order without an outcome once. Asked one by one they would use up the
window that protects them (RULES 7, 12).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from holdfast.binance.governor import PRIVILEGED
from holdfast.model.effects import Lane

Answer = TypeVar("Answer")

GAP_MS: Final = 250
"""One question leaves so long after the one before, however many ask, and no loop looks more often than that (RULES 7).
The first of a quiet moment leaves at once."""

CROWDED_GAPS_MS: Final = ((75, 1_000), (50, 500))
"""Above so many percent of the window used, so long: what is left is for those who act upon the answer."""


def gap_ms(used: int, limit: int) -> int:
    """The gap when so much of the window is used."""
    return next((gap for percent, gap in CROWDED_GAPS_MS if used * 100 > limit * percent), GAP_MS)


class _Batch(Generic[Answer]):
    """Those who ask together. The first of them does the work; `done` is None when he was called away from it."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.done: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()


class SharedRead(Generic[Answer]):
    """Nobody gets an answer to a question that left before he asked, so each answer is as new as one of his own.

    `ask` asks once, in the lane of whoever has the most right to an answer.
    """

    def __init__(self, ask: Callable[[Lane], Awaitable[Answer]], gap_ms: Callable[[], int] = lambda: GAP_MS) -> None:
        self._ask = ask
        self._gap_ms = gap_ms
        self._gathering: _Batch[Answer] | None = None
        self._left_at = float("-inf")

    async def answer(self, lane: Lane) -> Answer:
        """The answer to a question that leaves from now on. Raises what `ask` raises."""
        while (batch := self._gathering) is not None:
            if lane in PRIVILEGED:
                batch.lane = lane
            shared = await asyncio.shield(batch.done)
            if shared is not None:
                return shared
        return await self._lead(_Batch(lane))

    async def _lead(self, batch: _Batch[Answer]) -> Answer:
        self._gathering = batch
        shared: Answer | None = None
        try:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._left_at + self._gap_ms() / 1_000 - loop.time()))
            # From here on it is under way, and who asks now asks the next one, whether or not this one is answered.
            self._gathering = None
            self._left_at = loop.time()
            shared = await self._ask(batch.lane)
            return shared
        finally:
            if self._gathering is batch:
                self._gathering = None
            batch.done.set_result(shared)

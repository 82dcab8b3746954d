"""A clock that follows the event loop's time: on a virtual loop, an hour passes when the loop says so."""

from __future__ import annotations

import asyncio


class LoopClock:
    """The `Clock` port on `loop.time()`. `epoch_us` is the wall clock at the loop's time zero."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch_us: int) -> None:
        self._loop = loop
        self._epoch_us = epoch_us

    def wall_us(self) -> int:
        """Microseconds since the epoch; moves exactly as the loop does."""
        return self._epoch_us + self.mono_us()

    def mono_us(self) -> int:
        """The loop's time in microseconds."""
        return round(self._loop.time() * 1_000_000)

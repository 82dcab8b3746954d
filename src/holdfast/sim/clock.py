"""The machine's clock in a simulation: it may be wrong, run fast or slow, and jump. The venue's is the true one."""

from __future__ import annotations

import asyncio

MILLION = 1_000_000


class WrongClock:
    """The `Clock` port of a machine. All its processes share it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch_us: int) -> None:
        """`epoch_us`: true wall time at the loop's time zero."""
        self._loop = loop
        self._epoch_us = epoch_us
        self._offset_us = 0
        self._drift_ppm = 0
        self._drifted_us = 0
        self._drift_since_us = 0

    def true_us(self) -> int:
        """What a right clock shows."""
        return self._epoch_us + self._loop_us()

    def mono_us(self) -> int:
        """The monotonic clock: it drifts, and never jumps."""
        loop_us = self._loop_us()
        return loop_us + self._drifted_us + (loop_us - self._drift_since_us) * self._drift_ppm // MILLION

    def wall_us(self) -> int:
        """The wall clock: drifts, and jumps."""
        return self._epoch_us + self.mono_us() + self._offset_us

    def jump(self, ms: int) -> None:
        """The wall clock is set, forward or back."""
        self._offset_us += ms * 1_000

    def set_right(self) -> None:
        """The wall clock is set to the true time, as time services do."""
        self._offset_us = self._loop_us() - self.mono_us()

    def drift(self, ppm: int) -> None:
        """From now on both run so many millionths fast (or slow, below 0)."""
        self._drifted_us = self.mono_us() - self._loop_us()
        self._drift_since_us = self._loop_us()
        self._drift_ppm = ppm

    def _loop_us(self) -> int:
        return round(self._loop.time() * MILLION)

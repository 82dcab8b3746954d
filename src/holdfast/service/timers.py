"""The core's timers: venue times, kept on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.model.effects import ClearTimer, SetTimer
from holdfast.service.engine_port import VenueTime


class Timers:
    """One timer per key. `fire(key)` is called when the venue's clock has reached the time, never before.

    The venue's clock may be corrected while a timer runs: a timer that comes early is set again for the rest.
    """

    def __init__(self, clock: VenueTime, fire: Callable[[str], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._handles)

    def perform(self, effect: SetTimer | ClearTimer) -> None:
        """Set or clear; a second timer of a key replaces the first, an unknown key is fine."""
        running = self._handles.pop(effect.key, None)
        if running is not None:
            running.cancel()
        if isinstance(effect, SetTimer):
            self._set(effect.key, effect.at_ms)

    def cancel_all(self) -> None:
        """Forget every timer: the engine ends."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _set(self, key: str, at_ms: int) -> None:
        delay_ms = max(0, at_ms - self._clock.now_ms())
        self._handles[key] = asyncio.get_running_loop().call_later(delay_ms / 1_000, self._due, key, at_ms)

    def _due(self, key: str, at_ms: int) -> None:
        del self._handles[key]
        if self._clock.now_ms() < at_ms:
            # At least one millisecond further on: the loop's clock may be finer than the venue's.
            handle = asyncio.get_running_loop().call_later(
                max(1, at_ms - self._clock.now_ms()) / 1_000, self._due, key, at_ms
            )
            self._handles[key] = handle
        else:
            self._fire(key)

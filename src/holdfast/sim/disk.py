"""The journal's disk in a simulation: slow, full, failing, and without what was not synced when a process died."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from holdfast.adapters.store_memory import MemoryDisk, MemoryJournal
from holdfast.ports import Head, JournalEntry, Snapshot
from holdfast.sim.lives import Variant, point


class Platter:
    """A disk that outlives processes: its content, how long a sync takes, and whether it takes anything now."""

    def __init__(self, seed: int, sync_ms: tuple[int, ...] = (0,)) -> None:
        """A sync takes one of `sync_ms`, drawn from the seed each time."""
        self.content = MemoryDisk()
        self.sync_ms = sync_ms
        self.slow_by_ms = 0
        self.failure = ""
        self._random = random.Random(seed)

    def next_sync_ms(self) -> int:
        """How long the next sync takes."""
        slow_ms = self._random.randint(0, self.slow_by_ms) if self.slow_by_ms else 0
        return self._random.choice(self.sync_ms) + slow_ms

    def landed_of(self, waiting: int) -> int:
        """How many of the batches that wait reach the disk although they are said to have failed."""
        return self._random.randint(0, waiting)


class SimJournal(MemoryJournal):
    """The `Journal` port of one process on a `Platter`. An append is an effect point."""

    def __init__(self, platter: Platter) -> None:
        super().__init__(platter.content)
        self._platter = platter
        if platter.failure:
            self.fail(platter.failure)

    def append(
        self, entries: Sequence[JournalEntry], at_us: int, on_the_way: Callable[[], None] | None = None
    ) -> asyncio.Future[Head]:
        """Append a batch; see the port. Between the append and its end the disk works, and `on_the_way` is called."""
        futures: list[asyncio.Future[Head]] = []

        def act() -> None:
            self._sync_ms = self._platter.next_sync_ms()
            futures.append(_told(super(SimJournal, self).append(entries, at_us)))

        point(act, f"append {' '.join(entry.kind for entry in entries)}")
        if on_the_way is not None and not futures[0].done():
            on_the_way()
        return futures[0]

    def save_snapshot(self, snapshot: Snapshot) -> asyncio.Future[None]:
        """Keep a state; an effect point too."""
        futures: list[asyncio.Future[None]] = []
        point(lambda: futures.append(super(SimJournal, self).save_snapshot(snapshot)), "snapshot")
        return futures[0]

    def break_down(self, reason: str) -> None:
        """From now on nothing can be written. Some of what waits reaches the disk all the same."""
        if not self.failed:
            waiting = [future for _, future in self._waiting]
            self.fail(reason, landed=self._platter.landed_of(self.waiting))
            for future in waiting:
                _told(future)

    def end(self, variant: Variant) -> None:
        """The process has been killed: what is on the disk stays, the rest is lost unless the kernel had it."""
        if variant is not Variant.LOST and not self.failed:
            self.flush()
        self.crash()


def _told(future: asyncio.Future[Head]) -> asyncio.Future[Head]:
    """Whoever waits may be killed before he hears of a failure; then nobody is to blame for not having listened."""
    if future.done() and not future.cancelled():
        future.exception()
    return future

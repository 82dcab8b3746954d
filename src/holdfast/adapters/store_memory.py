"""The journal in memory: for tests and for virtual loops. A `MemoryDisk` outlives the journals opened on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from holdfast.model.chain import link
from holdfast.ports import GENESIS, Head, JournalEntry, JournalFailed, JournalRecord, Snapshot


class MemoryDisk:
    """What is durable. Reopen it with a new `MemoryJournal` to play a restart."""

    def __init__(self) -> None:
        self.records: list[JournalRecord] = []
        self.snapshot: Snapshot | None = None

    @property
    def head(self) -> Head:
        """The last durable record."""
        return Head(self.records[-1].seq, self.records[-1].hash) if self.records else Head(0, GENESIS)


class MemoryJournal:
    """The `Journal` port on a list.

    With `sync_ms` = 0 an append is durable at once; above 0 it becomes durable after that many milliseconds of the
    loop's time, together with all that was appended meanwhile. `crash` loses what is not durable, `fail` breaks it
    until `mend` makes room again.
    """

    def __init__(self, disk: MemoryDisk | None = None, *, sync_ms: int = 0) -> None:
        self.disk = disk if disk is not None else MemoryDisk()
        self._sync_ms = sync_ms
        self._head = self.disk.head
        self._waiting: list[tuple[list[JournalRecord], asyncio.Future[Head]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._failure = ""
        self._mended = True
        self._closed = False

    @property
    def head(self) -> Head:
        """The last appended record, durable or not."""
        return self._head

    @property
    def failed(self) -> bool:
        """Whether it cannot be written."""
        return bool(self._failure)

    @property
    def waiting(self) -> int:
        """Batches that are appended and not durable."""
        return len(self._waiting)

    def append(
        self, entries: Sequence[JournalEntry], at_us: int, on_the_way: Callable[[], None] | None = None
    ) -> asyncio.Future[Head]:
        """Append a batch atomically; see the port. There is nothing to wait for, so `on_the_way` is not called."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Head] = loop.create_future()
        if self._failure:
            future.set_exception(JournalFailed(self._failure))
            return future
        assert not self._closed, "invariant: nothing is appended to a closed journal"
        assert entries, "invariant: a batch holds at least one record"
        seq, chain = self._head
        records = []
        for kind, body in entries:
            seq += 1
            chain = link(chain, seq, at_us, kind, body)
            records.append(JournalRecord(seq, at_us, kind, body, chain))
        self._head = Head(seq, chain)
        self._waiting.append((records, future))
        if not self._sync_ms:
            self._sync()
        elif self._timer is None:
            self._timer = loop.call_later(self._sync_ms / 1_000, self._sync)
        return future

    def recover(self) -> asyncio.Future[Head]:
        """Go on from what is durable; see the port."""
        future: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        assert self._failure, "invariant: only a failed journal recovers"
        if not self._mended:
            future.set_exception(JournalFailed(self._failure))
            return future
        self._failure, self._head = "", self.disk.head
        future.set_result(self._head)
        return future

    def read(self, after_seq: int = 0) -> Iterator[JournalRecord]:
        """Durable records in order; see the port."""
        return iter(self.disk.records[after_seq:])

    def save_snapshot(self, snapshot: Snapshot) -> asyncio.Future[None]:
        """Keep a state once everything before it is durable."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._failure:
            future.set_exception(JournalFailed(self._failure))
            return future
        self._sync()
        self.disk.snapshot = snapshot
        future.set_result(None)
        return future

    def load_snapshot(self) -> Snapshot | None:
        """The newest kept state, or None."""
        return self.disk.snapshot

    def close(self) -> None:
        """Make durable what was appended, then close."""
        if not self._closed:
            self._sync()
            self._closed = True

    def flush(self) -> None:
        """What was appended is on the disk, and nobody is told."""
        for records, _ in self._waiting:
            self.disk.records.extend(records)
        self._waiting.clear()

    def crash(self) -> None:
        """Lose everything that is not durable, as a power cut would."""
        self._stop_timer()
        self._waiting.clear()
        self._closed = True

    def fail(self, reason: str, *, landed: int = 0) -> None:
        """From now on nothing can be written; what waits fails, although the first `landed` of it reach the disk."""
        self._failure, self._mended = reason, False
        self._stop_timer()
        waiting, self._waiting = self._waiting, []
        for records, _ in waiting[:landed]:
            self.disk.records.extend(records)
        for _, future in waiting:
            if not future.done():
                future.set_exception(JournalFailed(reason))

    def mend(self) -> None:
        """There is room again; `recover` will find it."""
        self._mended = True

    def _sync(self) -> None:
        self._stop_timer()
        waiting, self._waiting = self._waiting, []
        for records, future in waiting:
            self.disk.records.extend(records)
            if not future.done():
                future.set_result(self.disk.head)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

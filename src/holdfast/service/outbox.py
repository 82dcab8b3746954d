"""Events on their way out: to whoever listens, and to whoever comes later.

Only what is durable is published, at least once, and the message id is the journal's sequence number. A subscriber is a
position in the journal: it takes from memory what is recent and reads the rest from the journal, so a slow one costs
no memory and loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from holdfast.model.chain import link
from holdfast.model.events import AnyEvent, decode
from holdfast.ports import Head, Journal, JournalEntry

RECENT_RECORDS: Final = 4_096
READ_AHEAD: Final = 256


class Published(NamedTuple):
    """One durable event. (`seq`, `hash`) is the journal's head right after it; `body` are its exact bytes."""

    seq: int
    hash: str
    at_us: int
    kind: str
    body: bytes
    event: AnyEvent


Listener = Callable[[Published], None]


class OutboxObserver(Protocol):
    """What the outbox reports."""

    def listener_failed(self, listener: str, seq: int, error: Exception) -> None:
        """A reader of events raised; the engine goes on."""


class Outbox:
    """Fan-out of durable events.

    Listeners are called in order of registration, at once. One that raises is reported and does not disturb the
    others: a fault in a report must not stop what protects a position.
    """

    def __init__(self, journal: Journal, observer: OutboxObserver, *, recent: int = RECENT_RECORDS) -> None:
        self._journal = journal
        self._observer = observer
        self._head = journal.head
        self._recent: deque[Published] = deque(maxlen=recent)
        self._listeners: list[tuple[str, Listener]] = []
        self._news = asyncio.Event()
        self._closed = False

    @property
    def head(self) -> Head:
        """The last published record."""
        return self._head

    @property
    def closed(self) -> bool:
        """Whether nothing more will be published."""
        return self._closed

    def listen(self, name: str, listener: Listener) -> None:
        """Call `listener` with every event published from now on."""
        self._listeners.append((name, listener))

    def publish(self, head: Head, at_us: int, events: Sequence[AnyEvent], entries: Sequence[JournalEntry]) -> None:
        """Hand out one durable batch. `head` is what the journal answered for it."""
        seq, chain = self._head
        for event, (kind, body) in zip(events, entries, strict=True):
            seq += 1
            chain = link(chain, seq, at_us, kind, body)
            self._hand_out(Published(seq, chain, at_us, kind, body, event))
        assert (seq, chain) == head, "invariant: what is published is what the journal holds"
        self._head = head
        self._wake()

    def subscribe(self, after_seq: int | None = None, kinds: Sequence[str] = ()) -> Subscription:
        """A reader from `after_seq` + 1 on, or of what comes from now on. Empty `kinds` means every kind."""
        start = self._head.seq if after_seq is None else after_seq
        return Subscription(self, start, frozenset(kinds))

    def close(self) -> None:
        """Nothing more will be published; subscribers end after the last record."""
        self._closed = True
        self._wake()

    def after(self, seq: int) -> list[Published]:
        """Some records behind `seq`, in order; empty when there is none yet."""
        if seq >= self._head.seq:
            return []
        if self._recent and self._recent[0].seq <= seq + 1:
            start = seq + 1 - self._recent[0].seq
            return [self._recent[index] for index in range(start, min(start + READ_AHEAD, len(self._recent)))]
        found = []
        for record in self._journal.read(seq):
            found.append(Published(*_fields(record.seq, record.hash, record.at_us, record.kind, record.body)))
            if len(found) == READ_AHEAD or record.seq >= self._head.seq:
                break
        return found

    async def news(self) -> None:
        """Wait until something is published, or the outbox closes."""
        await self._news.wait()

    def _hand_out(self, record: Published) -> None:
        self._recent.append(record)
        for name, listener in self._listeners:
            try:
                listener(record)
            except Exception as error:  # noqa: BLE001 - reported with its traceback; see the class
                self._observer.listener_failed(name, record.seq, error)

    def _wake(self) -> None:
        self._news.set()
        if not self._closed:
            # Whoever waits now is woken; whoever comes later waits for the next batch.
            self._news = asyncio.Event()


class Subscription:
    """An endless asynchronous iterator over published events; ends when the outbox is closed and read out.

    `cursor` is the last record it has passed (whether or not its kind was wanted): what to continue from later.
    """

    def __init__(self, outbox: Outbox, after_seq: int, kinds: frozenset[str]) -> None:
        self.cursor = after_seq
        self._outbox = outbox
        self._kinds = kinds
        self._ready: deque[Published] = deque()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Published:
        while True:
            record = self.take()
            if record is not None:
                return record
            if self._outbox.closed and self.cursor >= self._outbox.head.seq:
                raise StopAsyncIteration
            if self.cursor >= self._outbox.head.seq:
                await self._outbox.news()

    def take(self) -> Published | None:
        """The next wanted record that is there without waiting, or None."""
        while True:
            if not self._ready:
                self._ready.extend(self._outbox.after(self.cursor))
                if not self._ready:
                    return None
            record = self._ready.popleft()
            self.cursor = record.seq
            if not self._kinds or record.kind in self._kinds:
                return record


def _fields(seq: int, chain: str, at_us: int, kind: str, body: bytes) -> tuple[int, str, int, str, bytes, AnyEvent]:
    return seq, chain, at_us, kind, body, decode(body)

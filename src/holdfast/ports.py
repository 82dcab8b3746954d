"""Ports: the narrow doors between the shell and the world. Each has adapters, and one conformance suite.

Time inside the asyncio shell is the loop's (`call_later`, `sleep`, `timeout`), so that a virtual-time loop moves all
of it; only the wall clock comes through `Clock`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol


class Clock(Protocol):
    """The only reader of time."""

    def wall_us(self) -> int:
        """Wall clock, microseconds since the epoch. May jump; never used for durations."""

    def mono_us(self) -> int:
        """Monotonic microseconds from an arbitrary origin."""


class HttpReply(NamedTuple):
    """A complete answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpFailed(Exception):
    """No complete answer. `sent` is False only when provably no byte of the request left."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class HttpClient(Protocol):
    """One venue host. Never re-sends, follows no redirect, keeps connections alive longer than 15 s."""

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ms: int
    ) -> HttpReply:
        """Send one request and wait for its answer. Raises `HttpFailed`."""

    async def close(self) -> None:
        """Drop all connections. May be called twice."""


class WsClosed(Exception):
    """The link is not open. `sent` False: no byte of this message left."""


CLOSED_BY_US: Final = "closed by us"
"""The reason a link gives for an end that this side asked for."""


class WsLink(Protocol):
    """One open WebSocket connection."""

    @property
    def is_open(self) -> bool:
        """Whether `send` may be called."""

    def send(self, message: bytes) -> None:
        """Write one text frame now, without awaiting. Raises `WsClosed` when the link is not open (nothing left)."""

    def hold(self) -> None:
        """Frames written from now until `release`, in this turn of the loop, may leave as one packet. Never raises."""

    def release(self) -> None:
        """What was held leaves now. Never raises."""

    def close(self) -> None:
        """Close; `on_close` follows, with `CLOSED_BY_US`. May be called twice."""


class WsConnector(Protocol):
    """Opens links to one venue host. Answers pings by itself."""

    async def connect(
        self, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None], timeout_ms: int
    ) -> WsLink:
        """Open `target` (path and query). `on_message` gets each text frame, `on_close` exactly one reason.

        Raises `OSError` or `TimeoutError` when the handshake fails.
        """


class JournalEntry(NamedTuple):
    """What is appended: the event's tag and bytes."""

    kind: str
    body: bytes


class JournalRecord(NamedTuple):
    """What is read back. `hash` = SHA-256(previous hash, seq, at_us, kind, body), hex."""

    seq: int
    at_us: int
    kind: str
    body: bytes
    hash: str


class Head(NamedTuple):
    """The end of the journal: the last sequence number and its hash. An empty journal is (0, GENESIS)."""

    seq: int
    hash: str


GENESIS = "0" * 64


class JournalFailed(Exception):
    """The journal cannot be written, and no append succeeds before `recover` has.

    Whether the batch that failed is on the disk after all, only `recover` or a restart tells.
    """


class Snapshot(NamedTuple):
    """A state at a journal position."""

    head: Head
    state: bytes


class Journal(Protocol):
    """Append-only, hash-chained, one writer. Appends become durable in the order in which they were made."""

    @property
    def head(self) -> Head:
        """The last appended record, durable or not."""

    def append(
        self, entries: Sequence[JournalEntry], at_us: int, on_the_way: Callable[[], None] | None = None
    ) -> asyncio.Future[Head]:
        """Append a batch atomically. The future ends when it is durable, or with `JournalFailed`.

        After a failure every append fails, also those that were made before it and wait. `on_the_way` may be called
        from the loop, once and before the future ends, while the disk works: whoever has something to prepare does it
        then, and loses no time.
        """

    def recover(self) -> asyncio.Future[Head]:
        """After a failure, when every append has ended: begin anew with what the disk holds.

        The future ends with the last record that is durable there. `head` is then that record, and the next append
        chains on to it. A batch that failed may be found among the records; none is written again. The future ends
        with `JournalFailed` while the disk does not take records; the journal stays failed then.
        """

    def read(self, after_seq: int = 0) -> Iterator[JournalRecord]:
        """Records in order, from `after_seq` + 1 on, as durable when the iteration starts."""

    def save_snapshot(self, snapshot: Snapshot) -> asyncio.Future[None]:
        """Keep a state; older ones may be dropped."""

    def load_snapshot(self) -> Snapshot | None:
        """The newest kept state, or None."""

    def close(self) -> None:
        """Finish what was appended, then close. May be called twice."""

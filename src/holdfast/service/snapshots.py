"""Snapshots: the folded state at a position of the journal, so that a restart reads only what came after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from holdfast.ports import Head, Journal, JournalFailed, Snapshot
from holdfast.service.engine_port import EnginePort

SNAPSHOT_FORMAT: Final = 3

DEFAULT_EVERY: Final = 20_000
"""Events between snapshots: about a quarter of a second of folding at a restart."""

PATIENCE: Final = 4
"""After this many times the distance a snapshot is taken even while positions are open."""


class Folded(Protocol):
    """Anything that folds events and can be dumped: the read model."""

    @property
    def seq(self) -> int:
        """The last record it has folded."""

    def dump(self) -> bytes:
        """All of it."""

    def load(self, data: bytes) -> None:
        """The inverse of `dump`."""


class SnapshotBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept. `version` is the program's: another version folds the whole journal instead of trusting it."""

    format: int
    version: str
    state_hash: str
    engine: bytes
    read_seq: int
    read_model: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SnapshotBody)


def pack(engine: EnginePort, read_model: Folded, version: str) -> bytes:
    """The bytes of a snapshot."""
    return _encoder.encode(
        SnapshotBody(
            format=SNAPSHOT_FORMAT,
            version=version,
            state_hash=engine.state_hash(),
            engine=engine.dump(),
            read_seq=read_model.seq,
            read_model=read_model.dump(),
        )
    )


def unpack(data: bytes, version: str) -> SnapshotBody | None:
    """The snapshot, or None when another version or format of the program wrote it."""
    try:
        body = _decoder.decode(data)
    except msgspec.DecodeError:
        return None
    return body if body.format == SNAPSHOT_FORMAT and body.version == version else None


class SnapshotKeeper:
    """Takes a snapshot every so many events, in quiet moments.

    Dumping the state holds up the loop, and while a position is open the loop belongs to its protection: an exposed
    account is snapshotted only after `PATIENCE` times the distance. A failure to write is reported by `failed` and
    changes nothing: the journal is the record.
    """

    def __init__(
        self,
        *,
        engine: EnginePort,
        read_model: Folded,
        journal: Journal,
        version: str,
        failed: Callable[[str], None],
        every: int = DEFAULT_EVERY,
    ) -> None:
        assert every > 0, "invariant: the distance between snapshots is positive"
        self._engine = engine
        self._read_model = read_model
        self._journal = journal
        self._version = version
        self._failed = failed
        self._every = every
        self.last_seq = journal.head.seq

    def consider(self) -> None:
        """A quiet moment: take one if it is due."""
        distance = self._journal.head.seq - self.last_seq
        if distance < self._every:
            return
        if distance < PATIENCE * self._every and self._engine.exposed_symbols():
            return
        self.take().add_done_callback(self._report)

    def take(self) -> asyncio.Future[None]:
        """Take one now. The engine's state stands at the journal's head, durable or not; the write comes behind it."""
        head: Head = self._journal.head
        self.last_seq = head.seq
        return self._journal.save_snapshot(Snapshot(head, pack(self._engine, self._read_model, self._version)))

    async def take_last(self) -> None:
        """The snapshot of an orderly end. A journal that cannot be written is reported and ends the attempt."""
        if self.last_seq == self._journal.head.seq:
            return
        try:
            await self.take()
        except JournalFailed as error:
            self._failed(str(error))

    def _report(self, future: asyncio.Future[None]) -> None:
        error = future.exception()
        if error is not None:
            self._failed(str(error))

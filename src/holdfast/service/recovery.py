"""Restart: load the newest snapshot, fold what the journal holds behind it, verify the chain on the way (DESIGN §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from holdfast.core.recheck import UNREPEATABLE
from holdfast.model.chain import check_link
from holdfast.ports import GENESIS, Head, Journal, JournalRecord
from holdfast.service.engine_port import EnginePort
from holdfast.service.events_of import does_not_follow, event_of
from holdfast.service.outbox import Published
from holdfast.service.snapshots import Folded, SnapshotBody, unpack

Engine = TypeVar("Engine", bound=EnginePort)
Model = TypeVar("Model", bound="FoldedReader")


class FoldedReader(Folded, Protocol):
    """A read model that can be rebuilt."""

    def fold(self, record: Published) -> None:
        """Take one durable event."""


class Recovered(NamedTuple):
    """What the fold found. `snapshot_seq` is 0 when everything was folded from the first record."""

    head: Head
    snapshot_seq: int
    events_folded: int


def verified(journal: Journal, after: Head) -> Iterator[JournalRecord]:
    """The records behind `after`, each checked against the one before it. Raises `ChainBroken` at the first fault."""
    previous = after
    for record in journal.read(after.seq):
        check_link(*previous, record.seq, record.at_us, record.kind, record.body, record.hash)
        yield record
        previous = Head(record.seq, record.hash)


def recover(
    journal: Journal,
    make_engine: Callable[[], Engine],
    make_model: Callable[[], Model],
    *,
    version: str,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Engine, Model, Recovered]:
    """Build engine and read model from the journal.

    `progress` is told (records folded, records in all) now and then. A snapshot that does not load, belongs to
    another version, or yields another state hash is left aside and the whole journal is folded: slower, never wrong.
    Raises `ChainBroken` or `JournalUnusable` when the journal cannot be trusted; then nothing may be traded.
    """
    engine, model, start = _from_snapshot(journal, make_engine, make_model, version)
    total = journal.head.seq
    head, read_seq, folded = start, model.seq, 0
    for record in verified(journal, _earlier(journal, start, read_seq)):
        event = event_of(record)
        if record.seq > start.seq:
            try:
                engine.apply(event)
            except UNREPEATABLE as error:
                raise does_not_follow(record, error) from error
            folded += 1
        if record.seq > read_seq:
            model.fold(Published(record.seq, record.hash, record.at_us, record.kind, record.body, event))
        head = Head(record.seq, record.hash)
        if progress is not None and record.seq % 10_000 == 0:
            progress(record.seq, total)
    assert head == journal.head, "invariant: the fold ends at the journal's head"
    return engine, model, Recovered(head, start.seq, folded)


def _from_snapshot(
    journal: Journal, make_engine: Callable[[], Engine], make_model: Callable[[], Model], version: str
) -> tuple[Engine, Model, Head]:
    snapshot = journal.load_snapshot()
    body = unpack(snapshot.state, version) if snapshot is not None else None
    if snapshot is not None and body is not None and snapshot.head.seq <= journal.head.seq:
        engine, model = make_engine(), make_model()
        if _loads(engine, model, body):
            return engine, model, snapshot.head
    return make_engine(), make_model(), Head(0, GENESIS)


def _loads(engine: EnginePort, model: Folded, body: SnapshotBody) -> bool:
    try:
        engine.load(body.engine)
        model.load(body.read_model)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, KeyError):
        # Written by a program of the same version number but other shapes (a developer's): fold instead.
        return False
    return engine.state_hash() == body.state_hash and model.seq == body.read_seq


def _earlier(journal: Journal, start: Head, read_seq: int) -> Head:
    """Where to begin reading: the read model follows what is durable, so it may lag behind the engine's snapshot."""
    if read_seq >= start.seq:
        return start
    if read_seq == 0:
        return Head(0, GENESIS)
    record = next(journal.read(read_seq - 1))
    return Head(record.seq, record.hash)

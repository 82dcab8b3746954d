"""Folding a journal again: the same records must yield the same state (invariant I18).

Every decision stands in the journal, so a replay needs no settings, no clock and no venue: an engine that only
applies. Where a snapshot of the same program was taken, its state must be the folded one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from holdfast.model.chain import JournalUnusable, check_link
from holdfast.model.events import decode
from holdfast.ports import GENESIS, JournalRecord, Snapshot
from holdfast.service.engine_port import EnginePort
from holdfast.service.snapshots import unpack


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay found. `head` is `seq:hash`, as results carry it.

    `snapshot_agrees` is None when no snapshot of this program's version lies on the journal.
    """

    events: int
    head: str
    state_hash: str
    snapshot_seq: int
    snapshot_agrees: bool | None
    kinds: dict[str, int]


def replay(
    records: Iterable[JournalRecord], engine: EnginePort, *, snapshot: Snapshot | None = None, version: str = ""
) -> Replayed:
    """Fold `records`, from the first one on, into a fresh engine.

    Raises `ChainBroken` at the first record that does not follow from the one before it, and `JournalUnusable` for
    one that is no event of this program.
    """
    body = unpack(snapshot.state, version) if snapshot is not None else None
    kinds: Counter[str] = Counter()
    seq, chain = 0, GENESIS
    agrees: bool | None = None
    for record in records:
        check_link(seq, chain, record.seq, record.at_us, record.kind, record.body, record.hash)
        _apply(engine, record)
        kinds[record.kind] += 1
        seq, chain = record.seq, record.hash
        if snapshot is not None and body is not None and seq == snapshot.head.seq:
            agrees = body.state_hash == engine.state_hash()
    return Replayed(
        events=seq,
        head=f"{seq}:{chain}",
        state_hash=engine.state_hash(),
        snapshot_seq=snapshot.head.seq if snapshot is not None and agrees is not None else 0,
        snapshot_agrees=agrees,
        kinds=dict(kinds.most_common()),
    )


def _apply(engine: EnginePort, record: JournalRecord) -> None:
    try:
        event = decode(record.body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise JournalUnusable(
            f"record {record.seq} ({record.kind}) of the journal is not an event this program knows: {error}"
        ) from None
    engine.apply(event)

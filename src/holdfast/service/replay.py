"""Folding a journal again, and judging it again (invariants I13 and I18).

The fold needs no settings, no clock and no venue: every decision stands in the journal. `replay` folds; `check` asks in
addition the gate once more about every verdict, and holds every recorded hash of the state against the folded one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import msgspec

from holdfast.core.recheck import UNREPEATABLE, Difference, Finding, Recheck, Unchecked
from holdfast.model.chain import check_link
from holdfast.model.events import AnyEvent
from holdfast.ports import GENESIS, JournalRecord, Snapshot
from holdfast.service.engine_port import EnginePort
from holdfast.service.events_of import does_not_follow, event_of
from holdfast.service.snapshots import SnapshotBody, unpack

PROGRESS_EVERY: Final = 2_000
"""Records between two words of progress."""


class Row(Protocol):
    """A record of a journal, as any of its readers has it."""

    @property
    def seq(self) -> int: ...
    @property
    def at_us(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def hash(self) -> str: ...


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


class FoundDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a record that is not what the records before it lead to."""

    invariant: str
    record: str
    """"journal seq N"."""
    kind: str
    field: str
    recorded: str
    recomputed: str

    def __str__(self) -> str:
        return (
            f"{self.invariant}: {self.record} ({self.kind}), {self.field}: recorded {self.recorded}, "
            f"recomputed {self.recomputed}"
        )


class NotChecked(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be checked, in how many records, the first of them, and why."""

    what: str
    reason: str
    count: int
    first: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What judging a journal again found.

    `verdicts`, `orders` and `states` count what was judged or compared; `states` are the recorded hashes at starts and
    of the snapshot. `versions` are the programs that wrote the journal.
    """

    events: int
    head: str
    state_hash: str
    verdicts: int
    orders: int
    states: int
    versions: tuple[str, ...]
    differences: tuple[FoundDifference, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def replay(
    records: Iterable[JournalRecord], engine: EnginePort, *, snapshot: Snapshot | None = None, version: str = ""
) -> Replayed:
    """Fold `records`, from the first one on, into a fresh engine.

    Raises `ChainBroken` at the first record that does not follow from the one before it, and `JournalUnusable` for
    one that is no event of this program or does not follow from the state before it.
    """
    body = unpack(snapshot.state, version) if snapshot is not None else None
    kinds: Counter[str] = Counter()
    seq, chain = 0, GENESIS
    agrees: bool | None = None
    for record in records:
        check_link(seq, chain, record.seq, record.at_us, record.kind, record.body, record.hash)
        event = event_of(record)
        try:
            engine.apply(event)
        except UNREPEATABLE as error:
            raise does_not_follow(record, error) from error
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


def check(
    records: Iterable[Row],
    *,
    snapshot: Snapshot | None = None,
    version: str = "",
    progress: Callable[[int], None] | None = None,
) -> Checked:
    """Judge a journal again, from its first record on: every verdict, every order, every recorded hash of the state.

    Pure: the records are read once, and nothing else. `progress` is told now and then how many records are done.
    Raises `ChainBroken` at the first record that does not follow from the one before it, and `JournalUnusable` for one
    of another version. A record that cannot be folded is a difference, and ends the check there.
    """
    findings = _Findings()
    recheck = Recheck()
    kept = _Kept(snapshot, version)
    seq, chain = 0, GENESIS
    for record, event in _chained(records):
        seq, chain = record.seq, record.hash
        try:
            findings.take(record, recheck.take(event))
        except UNREPEATABLE as error:
            findings.ends(record, str(error) or type(error).__name__)
            break
        if snapshot is not None and seq == snapshot.head.seq:
            findings.take(record, kept.compare(recheck))
        if progress is not None and seq % PROGRESS_EVERY == 0:
            progress(seq)
    if snapshot is not None and seq < snapshot.head.seq:
        findings.unchecked("snapshot", "the journal ends before it", snapshot.head.seq)
    counts = recheck.counts
    return Checked(
        events=seq,
        head=f"{seq}:{chain}",
        state_hash=recheck.state_hash(),
        verdicts=counts["verdicts"],
        orders=counts["orders"],
        states=counts["starts"] + kept.compared,
        versions=tuple(recheck.versions),
        differences=tuple(findings.differences),
        not_checked=tuple(findings.left_out()),
    )


def _chained(records: Iterable[Row]) -> Iterator[tuple[Row, AnyEvent]]:
    seq, chain = 0, GENESIS
    for record in records:
        check_link(seq, chain, record.seq, record.at_us, record.kind, record.body, record.hash)
        seq, chain = record.seq, record.hash
        yield record, event_of(record)


class _Kept:
    """The snapshot beside the journal: its hash, and the state that it would give a restart."""

    def __init__(self, snapshot: Snapshot | None, version: str) -> None:
        self.compared = 0
        self._body: SnapshotBody | None = unpack(snapshot.state, version) if snapshot is not None else None

    def compare(self, recheck: Recheck) -> list[Finding]:
        """At its own record."""
        if self._body is None:
            return [Unchecked("snapshot", "another version of the program took it")]
        self.compared += 1
        return recheck.compare_state(self._body.state_hash, field="snapshot.state_hash")


class _Findings:
    """Gathers differences, and counts what could not be checked."""

    def __init__(self) -> None:
        self.differences: list[FoundDifference] = []
        self._unchecked: dict[Unchecked, tuple[int, int]] = {}

    def take(self, record: Row, findings: Iterable[Finding]) -> None:
        """What was found at one record."""
        for found in findings:
            if isinstance(found, Difference):
                self.differences.append(
                    FoundDifference(
                        invariant=found.invariant,
                        record=f"journal seq {record.seq}",
                        kind=record.kind,
                        field=found.field,
                        recorded=found.recorded,
                        recomputed=found.recomputed,
                    )
                )
            else:
                self.unchecked(found.what, found.reason, record.seq)

    def unchecked(self, what: str, reason: str, seq: int) -> None:
        """One more record of which this could not be checked."""
        first, count = self._unchecked.get(Unchecked(what, reason), (seq, 0))
        self._unchecked[Unchecked(what, reason)] = (first, count + 1)

    def ends(self, record: Row, error: str) -> None:
        """The fold cannot go on: no engine wrote this record after those before it."""
        self.take(
            record, [Difference("I18", "fold", record.kind, f"does not follow from the state before it: {error}")]
        )
        self.unchecked("everything from here on", "the fold ends at this record", record.seq)

    def left_out(self) -> Iterator[NotChecked]:
        """In the order in which it was first met."""
        for (what, reason), (first, count) in self._unchecked.items():
            yield NotChecked(what=what, reason=reason, count=count, first=f"journal seq {first}")

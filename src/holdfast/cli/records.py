"""`holdfast verify` and `holdfast replay`: judging what was recorded."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from holdfast.cli.shell import OK, REFUSED, UNREACHABLE, Failure, Json, print_json

if TYPE_CHECKING:
    from holdfast.adapters.sqlite_file import SqliteReader
    from holdfast.core.engine import Engine
    from holdfast.ports import Snapshot

JournalFile = Annotated[Path, Parameter(name="--journal", help="The journal's SQLite file; it may be in use.")]


def verify(
    *,
    journal: JournalFile,
    venue_log: Annotated[Path, Parameter(help="The exchange's own log (`holdfast paper --venue-log`).")],
    head: Annotated[
        str | None, Parameter(help="SEQ:HASH from a published result: proves that the journal was not cut since.")
    ] = None,
    complete: Annotated[
        bool, Parameter(negative="", help="The run ended in peace: nothing may be open, pending or unknown.")
    ] = False,
    json: Json = False,
) -> int:
    """Check a journal against the exchange's own log: every fill, fee and profit to the last digit.

    The check shares no code with the engine. Exit code 1 when a promise was broken or a record was changed.

    For example:

    - `holdfast verify --journal holdfast-paper-main.sqlite --venue-log venue.jsonl --json`
    """
    from holdfast.verify import VerifyError, main_verify
    from holdfast.verify.render import as_json, as_text

    try:
        report = main_verify(journal, venue_log, head=head, complete=complete)
    except VerifyError as error:
        raise Failure(f"verify: {error}", REFUSED if error.record else UNREACHABLE) from None
    sys.stdout.write(as_json(report).decode() + "\n" if json else as_text(report))
    return OK if report.clean else REFUSED


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay found. `snapshot_seq` is 0 when the journal keeps none of this program's version."""

    events: int
    head: str
    state_hash: str
    snapshot_seq: int
    snapshot_agrees: bool | None
    kinds: dict[str, int]
    seconds: float


def replay(*, journal: JournalFile, json: Json = False) -> int:
    """Fold a journal from its first record, checking the hash chain, and compare with the state a snapshot kept.

    Exit code 1 when the chain is broken or the states differ.

    For example:

    - `holdfast replay --journal holdfast-paper-main.sqlite`
    """
    from holdfast.adapters.sqlite_file import SqliteReader
    from holdfast.model.chain import ChainBroken, JournalUnusable

    try:
        reader = SqliteReader(journal)
        try:
            report = _fold(reader)
        finally:
            reader.close()
    except ChainBroken as error:
        raise Failure(f"replay: {error}", REFUSED) from None
    except JournalUnusable as error:
        raise Failure(f"--journal: {error}\n    would pass: the file of journal.path", UNREACHABLE) from None
    if json:
        print_json(report)
    else:
        _print_replay(report)
    return REFUSED if report.snapshot_agrees is False else OK


def _fold(reader: SqliteReader) -> ReplayReport:
    from holdfast.model.chain import check_link
    from holdfast.model.events import decode
    from holdfast.ports import GENESIS

    started = time.perf_counter()
    snapshot = reader.load_snapshot()
    engine = _engine()
    kinds: Counter[str] = Counter()
    seq, chain, agrees = 0, GENESIS, None
    for record in reader.read():
        check_link(seq, chain, record.seq, record.at_us, record.kind, record.body, record.hash)
        engine.apply(decode(record.body))
        kinds[record.kind] += 1
        seq, chain = record.seq, record.hash
        if snapshot is not None and seq == snapshot.head.seq:
            agrees = _agrees(engine, snapshot)
    return ReplayReport(
        events=seq,
        head=f"{seq}:{chain}",
        state_hash=engine.state_hash(),
        snapshot_seq=snapshot.head.seq if snapshot is not None and agrees is not None else 0,
        snapshot_agrees=agrees,
        kinds=dict(kinds.most_common()),
        seconds=round(time.perf_counter() - started, 3),
    )


def _engine() -> Engine:
    """Folding needs no settings: every decision stands in the journal already."""
    from holdfast import __version__
    from holdfast.core.engine import Engine
    from holdfast.model.settings import EngineSettings, Venue

    return Engine(EngineSettings(account="replay", venue=Venue.PAPER), __version__)


def _agrees(engine: Engine, snapshot: Snapshot) -> bool | None:
    """Whether the folded state is the one that was kept; None for a snapshot of another version."""
    from holdfast import __version__
    from holdfast.service.snapshots import unpack

    body: Any = unpack(snapshot.state, __version__)
    return None if body is None else bool(body.state_hash == engine.state_hash())


def _print_replay(report: ReplayReport) -> None:
    print(f"{report.events} events folded in {report.seconds} s, the hash chain is whole")
    print(f"head   {report.head}")
    print(f"state  {report.state_hash}")
    if report.snapshot_agrees is not None:
        verdict = "agrees" if report.snapshot_agrees else "DIFFERS"
        print(f"the snapshot at {report.snapshot_seq} {verdict}")
    for kind, count in report.kinds.items():
        print(f"  {kind:<24}{count:>8}")

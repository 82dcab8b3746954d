"""`holdfast verify` and `holdfast replay`: judging what was recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from holdfast.cli.shell import OK, REFUSED, UNREACHABLE, USAGE, Failure, Json, print_json, write_json, wrong

if TYPE_CHECKING:
    from holdfast.adapters.sqlite_file import SqliteReader
    from holdfast.core.engine import Engine
    from holdfast.service.replay import Checked, Replayed

JournalFile = Annotated[Path, Parameter(name="--journal", help="The journal's SQLite file; it may be in use.")]


def verify(
    *,
    journal: JournalFile,
    venue_log: Annotated[
        Path | None,
        Parameter(help="The exchange's own log (`holdfast paper --venue-log`); without it the hash chain alone."),
    ] = None,
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
    - `holdfast verify --journal holdfast-live-main.sqlite --head SEQ:HASH`
    """
    from holdfast.verify import HeadError, VerifyError, main_chain, main_verify
    from holdfast.verify.render import as_json, as_text

    if venue_log is None and complete:
        raise wrong("--complete", "needs the exchange's own log", "--venue-log FILE")
    try:
        if venue_log is None:
            return _print_chain(main_chain(journal, head), json=json)
        report = main_verify(journal, venue_log, head=head, complete=complete)
    except HeadError as error:
        raise Failure(f"{error}\n    would pass: seq and hash of a published result", USAGE) from None
    except VerifyError as error:
        raise Failure(f"verify: {error}", REFUSED if error.record else UNREACHABLE) from None
    if json:
        write_json(as_json(report))
    else:
        print(as_text(report), end="")
    return OK if report.clean else REFUSED


def _print_chain(head: str, *, json: bool) -> int:
    if json:
        left_out = [{"what": "everything but the hash chain", "reason": "no venue log was given"}]
        print_json({"violations": [], "head": head, "not_checked": left_out})
    else:
        print(f"The hash chain is whole, up to {head}.")
        print("Fills, fees and protection were not judged: that takes the exchange's own log (--venue-log).")
    return OK


def replay(
    *,
    journal: JournalFile,
    check: Annotated[
        bool,
        Parameter(
            negative="",
            help="Judge every verdict again with the gate itself, hold every order against its verdict, and compare "
            "the state at each start.",
        ),
    ] = False,
    head: Annotated[
        str | None, Parameter(help="SEQ:HASH from a published result: proves that the journal was not cut since.")
    ] = None,
    json: Json = False,
) -> int:
    """Fold a journal from its first record, checking the hash chain, and compare with the state a snapshot kept.

    Exit code 1 when the chain is broken, or when anything differs from what the records before it lead to.

    For example:

    - `holdfast replay --journal holdfast-paper-main.sqlite`
    - `holdfast replay --journal holdfast-paper-main.sqlite --check --json`
    """
    from holdfast.adapters.sqlite_file import SqliteReader
    from holdfast.model.chain import ChainBroken, JournalUnusable, RecordUnusable

    if head is not None:
        _prove_head(journal, head)
    try:
        reader = SqliteReader(journal)
        try:
            if check:
                return _print_checked(_checked(reader), json=json)
            report = _fold(reader)
        finally:
            reader.close()
    except (ChainBroken, RecordUnusable) as error:
        raise Failure(f"replay: {error}", REFUSED) from None
    except JournalUnusable as error:
        raise Failure(f"--journal: {error}\n    would pass: the file of journal.path", UNREACHABLE) from None
    if json:
        print_json(report)
    else:
        _print_replay(report)
    return REFUSED if report.snapshot_agrees is False else OK


def _fold(reader: SqliteReader) -> Replayed:
    from holdfast import __version__
    from holdfast.service.replay import replay as fold

    return fold(reader.read(), _engine(), snapshot=reader.load_snapshot(), version=__version__)


def _prove_head(journal: Path, head: str) -> None:
    from holdfast.verify import HeadError, VerifyError, main_chain

    try:
        main_chain(journal, head)
    except HeadError as error:
        raise Failure(f"{error}\n    would pass: seq and hash of a published result", USAGE) from None
    except VerifyError as error:
        raise Failure(f"replay: {error}", REFUSED if error.record else UNREACHABLE) from None


def _checked(reader: SqliteReader) -> Checked:
    from holdfast import __version__
    from holdfast.service.replay import check

    with _progress("judging again", reader.head.seq) as told:
        return check(reader.read(), snapshot=reader.load_snapshot(), version=__version__, progress=told)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal that is gone when the work is done; elsewhere nothing is shown."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _print_checked(report: Checked, *, json: bool) -> int:
    if json:
        print_json(report)
        return OK if report.clean else REFUSED
    print(f"{report.events} events folded, the hash chain is whole")
    print(f"head   {report.head}")
    print(f"state  {report.state_hash}")
    print(f"{report.verdicts} verdicts judged again, {report.orders} orders held against their verdicts, ", end="")
    print(f"{report.states} recorded states compared")
    for left in report.not_checked:
        print(f"not checked: {left.what} ({left.reason}); {left.count} records, the first is {left.first}")
    if report.clean:
        print("No differences.")
        return OK
    print(f"{len(report.differences)} differences")
    for found in report.differences:
        print(f"  {found}")
    written = [version for version in report.versions if version != _version()]
    if written:
        print(f"written by version {', '.join(written)}, judged by {_version()}: another version may judge otherwise")
    return REFUSED


def _version() -> str:
    from holdfast import __version__

    return __version__


def _engine() -> Engine:
    """Folding needs no settings: every decision stands in the journal already."""
    from holdfast import __version__
    from holdfast.core.engine import Engine
    from holdfast.model.settings import EngineSettings, Venue

    return Engine(EngineSettings(account="replay", venue=Venue.PAPER), __version__)


def _print_replay(report: Replayed) -> None:
    print(f"{report.events} events folded, the hash chain is whole")
    print(f"head   {report.head}")
    print(f"state  {report.state_hash}")
    if report.snapshot_agrees is not None:
        verdict = "agrees" if report.snapshot_agrees else "DIFFERS"
        print(f"the snapshot at {report.snapshot_seq} {verdict}")
    for kind, count in report.kinds.items():
        print(f"  {kind:<24}{count:>8}")

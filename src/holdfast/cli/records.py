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
    from holdfast.verify import Report

JournalFile = Annotated[Path, Parameter(name="--journal", help="The journal's SQLite file; it may be in use.")]


def verify(
    *,
    journal: JournalFile,
    venue_log: Annotated[
        Path | None,
        Parameter(help="The exchange's own log (`holdfast paper --venue-log`); without it the hash chain alone."),
    ] = None,
    export: Annotated[
        Path | None,
        Parameter(
            help="Instead of such a log: a folder with a real account's history as Binance returns it, in orders.json,"
            " algo_orders.json, trades.json and income.json."
        ),
    ] = None,
    head: Annotated[
        str | None, Parameter(help="SEQ:HASH from a published result: proves that the journal was not cut since.")
    ] = None,
    complete: Annotated[
        bool, Parameter(negative="", help="The run ended in peace: nothing may be open, pending or unknown.")
    ] = False,
    secret: Annotated[
        tuple[Path, ...],
        Parameter(negative="", help="A file with a key, secret or token that must stand in none of the records."),
    ] = (),
    also: Annotated[
        tuple[Path, ...], Parameter(negative="", help="Other files or folders in which to look for the secrets: logs.")
    ] = (),
    json: Json = False,
) -> int:
    """Check a journal against the exchange's own log: every fill, fee and profit to the last digit.

    The check shares no code with the engine. Exit code 1 when a promise was broken or a record was changed. What each
    check reads, and what it says, stands in docs/reference/invariants.md.

    For example:

    - `holdfast verify --journal holdfast-paper-main.sqlite --venue-log venue.jsonl --json`
    - `holdfast verify --journal holdfast-live-main.sqlite --export history --head SEQ:HASH`
    - `holdfast verify --journal holdfast-live-main.sqlite --secret holdfast.secret --also holdfast.log`
    """
    from holdfast.verify import HeadError, VerifyError, find_secrets

    _check_options(venue_log, export, complete=complete, secret=secret, also=also)
    try:
        report = _verified(journal, venue_log, export, head=head, complete=complete)
        if secret:
            report.violations.extend(find_secrets(secret, journal, venue_log, also))
            report.not_checked[:] = [entry for entry in report.not_checked if entry.what != "I23"]
    except HeadError as error:
        raise Failure(f"{error}\n    would pass: seq and hash of a published result", USAGE) from None
    except VerifyError as error:
        raise Failure(f"verify: {error}", REFUSED if error.record else UNREACHABLE) from None
    _print_verified(report, json=json)
    return OK if report.clean else REFUSED


def _check_options(
    venue_log: Path | None,
    export: Path | None,
    *,
    complete: bool,
    secret: tuple[Path, ...],
    also: tuple[Path, ...],
) -> None:
    if venue_log is not None and export is not None:
        raise wrong("--export", "stands in the place of the exchange's own log", "--venue-log FILE or --export FOLDER")
    if venue_log is None and export is None and complete:
        raise wrong("--complete", "needs the exchange's own log", "--venue-log FILE")
    if also and not secret:
        raise wrong("--also", "says where to look, not what for", "--secret FILE --also FILE")


def _verified(
    journal: Path, venue_log: Path | None, export: Path | None, *, head: str | None, complete: bool
) -> Report:
    from holdfast.verify import NotChecked, Report, main_chain, main_export, main_verify

    if venue_log is not None:
        return main_verify(journal, venue_log, head=head, complete=complete)
    if export is not None:
        return main_export(journal, export, head=head, complete=complete)
    whole = main_chain(journal, head)
    left_out = [
        NotChecked(what="everything but the hash chain", reason="no venue log was given"),
        NotChecked(what="I23", reason="no secret was given to look for"),
    ]
    return Report(violations=[], measures={}, not_checked=left_out, counts={}, head=whole)


def _print_verified(report: Report, *, json: bool) -> None:
    from holdfast.verify.render import as_json, as_text

    if json:
        write_json(as_json(report))
    else:
        print(as_text(report), end="")


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

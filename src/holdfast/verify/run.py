"""Reads both records and lets every check look: the journal first, then the venue log once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from holdfast.model.reasons import Outcome
from holdfast.verify.admission import Admission
from holdfast.verify.base import Check, Scene
from holdfast.verify.books import Books
from holdfast.verify.chain import checked
from holdfast.verify.commands import Commands
from holdfast.verify.conduct import Conduct
from holdfast.verify.cover import Cover
from holdfast.verify.exits import Flips, Orphans
from holdfast.verify.export import Export, forget_outside, lines_of, records_of
from holdfast.verify.export_orders import ExportOrders
from holdfast.verify.exposure import Exposure
from holdfast.verify.fates import Fates
from holdfast.verify.fills import Fills
from holdfast.verify.freshness import Freshness
from holdfast.verify.gaps import Gaps
from holdfast.verify.halts import Halts
from holdfast.verify.journal_view import MomentKind, fold
from holdfast.verify.liveness import Liveness
from holdfast.verify.lives import Lives
from holdfast.verify.money import Ledger
from holdfast.verify.once import Once
from holdfast.verify.options import Options
from holdfast.verify.proofs import Proofs
from holdfast.verify.quiet import Quiet
from holdfast.verify.rates import Rates
from holdfast.verify.records import (
    VENUE_LOG_FORMAT,
    AlgoLine,
    ConnectionLine,
    JournalRow,
    OrderLine,
    PositionLine,
    PushLine,
    Reply,
    Request,
    Start,
    TradeLine,
    VenueRecord,
)
from holdfast.verify.repeats import Repeats
from holdfast.verify.report import Report, VerifyError
from holdfast.verify.sizes import Sizes
from holdfast.verify.stops import Stops

ELSEWHERE: Final[dict[str, str]] = {
    "I12": "one writer is enforced by a lock; neither record names lease epochs",
    "I13 by running the gate again": "`holdfast replay --check` does; the checker shares no code with the engine",
    "I18": "`holdfast replay --check` folds the journal with the engine itself",
    "I23": "no secret was given to look for",
}
"""What a reader of the list of invariants would miss here, and why."""

NOT_IN_AN_EXPORT: Final[dict[str, str]] = {
    "I2 before orders are listed": "an export has no requests; the orders that it lists are compared",
    "I3": "an export has no requests, no pushes and no moments at which a stop was live",
    "I5": "an export has no requests, so nobody can tell who was late",
    "I6 against the venue's own position": "an export has executions only",
    "I15 at the venue": "an export has no requests; entries planned while trading was halted are found",
    "I16 side of the mark": "an export has no prices",
    "I17 while a stop is replaced": "an export has no requests",
    "I21 time to live at the venue": "an export has no requests",
    "I25": "an export has no requests",
}
"""The same for a real account's exported history."""


def check(
    journal_records: Iterable[JournalRow], venue_records: Iterable[VenueRecord], options: Options | None = None
) -> Report:
    """Compare an engine's journal with the exchange's own log.

    Pure: reads the two streams once each and nothing else. Raises `VerifyError` when a record cannot be trusted: a
    broken hash chain, a gap in the log's numbers, a log that belongs to another journal.
    """
    settings = options or Options()
    journal = fold(checked(journal_records, settings.head))
    scene = Scene(journal, settings)
    Stage(scene).play(_of_account(venue_records, settings.account, journal.account))
    for what, reason in ELSEWHERE.items():
        scene.found.not_checked(what, reason)
    return _reported(scene)


def check_export(journal_records: Iterable[JournalRow], export: Export, options: Options | None = None) -> Report:
    """Compare an engine's journal with a real account's exported history, as far as that shows what happened.

    Pure, like `check`. Raises `VerifyError` when the journal cannot be trusted, or the export belongs to another.
    """
    settings = options or Options()
    journal = fold(checked(journal_records, settings.head))
    lines = lines_of(export)
    held = forget_outside(journal, lines)
    records = records_of(lines, journal.account, held)
    scene = Scene(journal, settings)
    for leg, amount in held.items():
        scene.state.leg(leg).begin(amount)
    Stage(scene, on_export).play(_of_account(records.lines, None, journal.account))
    for what, reason in (ELSEWHERE | NOT_IN_AN_EXPORT).items():
        scene.found.not_checked(what, reason)
    if journal.hidden:
        scene.found.not_checked(f"{len(journal.hidden)} orders without a fill", "they are older than what is listed")
    if journal.cut:
        scene.found.not_checked("what happened before the export begins", "the journal goes back further")
    return _by_rows(_reported(scene), records.rows)


def _reported(scene: Scene) -> Report:
    journal = scene.journal
    scene.found.counts["journal_records"] = journal.records
    head = f"{journal.head[0]}:{journal.head[1]}" if journal.records else ""
    return msgspec.structs.replace(scene.found.report(), head=head)


def _by_rows(report: Report, rows: list[str]) -> Report:
    """Violations that name rows of the export instead of lines that nobody has seen."""
    named = [
        msgspec.structs.replace(violation, ns=(), rows=tuple(dict.fromkeys(rows[n - 1] for n in violation.ns if n)))
        for violation in report.violations
    ]
    return msgspec.structs.replace(report, violations=named)


def _on_both(scene: Scene, liveness: Liveness) -> list[Check]:
    """The checks that any record of the venue lets us make, in their order."""
    return [
        Fills(scene),
        Ledger(scene),
        Lives(scene),
        Halts(scene, liveness),
        Stops(scene),
        Fates(scene),
        Admission(scene),
        Proofs(scene),
        Conduct(scene),
        Freshness(scene),
        Exposure(scene),
        Sizes(scene),
        Books(scene),
    ]


def on_log(scene: Scene, liveness: Liveness) -> list[Check]:
    """Every check that reads a venue log."""
    return [
        liveness,
        Once(scene),
        Commands(scene),
        Cover(scene, liveness),
        Flips(scene),
        Orphans(scene, liveness),
        *_on_both(scene, liveness),
        Gaps(scene, liveness),
        Quiet(scene),
        Rates(scene, liveness),
        Repeats(scene),
    ]


def on_export(scene: Scene, liveness: Liveness) -> list[Check]:
    """The checks that an exported history can answer, wholly or in part."""
    journal = scene.journal
    found: list[Check] = [
        liveness,
        Once(scene),
        ExportOrders(scene),
        *_on_both(scene, liveness),
        Quiet(scene),
    ]
    if journal.adopted or journal.foreign or journal.cut:
        scene.found.not_checked("I4", "not all that was open was opened by the engine, as far as the lists go back")
    else:
        found.append(Flips(scene))
    return found


class Stage:
    """Hands every line and moment to the checks that want it."""

    def __init__(self, scene: Scene, cast: Callable[[Scene, Liveness], list[Check]] = on_log) -> None:
        self.scene = scene
        liveness = Liveness(scene)
        self.checks = cast(scene, liveness)
        self._liveness = liveness
        self._before: dict[type, list[Callable[[Any], None]]] = {}
        self._after: dict[type, list[Callable[[Any], None]]] = {}
        self._moments: dict[MomentKind, list[Callable[[Any], None]]] = {}
        for one in self.checks:
            for kind, handler in one.before().items():
                self._before.setdefault(kind, []).append(handler)
            for kind, handler in one.after().items():
                self._after.setdefault(kind, []).append(handler)
            for moment, handler in one.moments().items():
                self._moments.setdefault(moment, []).append(handler)
        self._ticks = [tick for one in self.checks if (tick := one.ticks()) is not None]
        self._next_moment = 0

    def play(self, lines: Iterable[VenueRecord]) -> None:
        """The whole log, then what remains of the journal."""
        state = self.scene.state
        takers: dict[type, Callable[[Any], object]] = {
            OrderLine: state.take_order,
            AlgoLine: state.take_algo,
            TradeLine: state.take_trade,
            PositionLine: state.take_position,
        }
        count = 0
        for line in lines:
            if line.us > state.us:
                self._pass_time(line.us)
            if isinstance(line, PushLine) and self._is_deaf(line.us):
                state.n = line.n
                count += 1
                continue
            kind = type(line)
            for handler in self._before.get(kind, ()):
                handler(line)
            taker = takers.get(kind)
            if taker is not None:
                taker(line)
            state.n = line.n
            for handler in self._after.get(kind, ()):
                handler(line)
            count += 1
        self._tell_moments(None)
        self._refuse_strangers()
        for one in self.checks:
            one.finish()
        self.scene.found.counts["venue_records"] = count
        self.scene.found.counts["processes"] = self._liveness.processes

    def _is_deaf(self, us: int) -> bool:
        """Whether a user event that the venue sends now reaches nobody."""
        return any(each.start_us <= us <= (each.end_us or us) for each in self.scene.options.deaf)

    def _pass_time(self, us: int) -> None:
        self._tell_moments(us)
        for change_us in self._liveness.changes_until(us):
            # What was due before an engine came or went is judged by who was there then.
            for tick in self._ticks:
                tick(change_us - 1)
        for tick in self._ticks:
            tick(us)
        self.scene.state.us = us

    def _tell_moments(self, until_us: int | None) -> None:
        moments = self.scene.journal.moments
        while self._next_moment < len(moments):
            moment = moments[self._next_moment]
            if until_us is not None and moment.us > until_us:
                return
            self._next_moment += 1
            for handler in self._moments.get(moment.kind, ()):
                handler(moment)

    def _refuse_strangers(self) -> None:
        """A log that knows none of the orders which the journal saw confirmed is another exchange's."""
        confirmed = {
            client_id: answer.seq
            for client_id, answers in self.scene.journal.answers.items()
            for answer in answers
            if answer.event.outcome is Outcome.CONFIRMED
        }
        hidden = self.scene.journal.hidden
        confirmed = {c: seq for c, seq in confirmed.items() if c not in hidden}
        unknown = {c: seq for c, seq in confirmed.items() if not self.scene.state.accepted(c)}
        if confirmed and len(unknown) == len(confirmed):
            client_id, seq = next(iter(unknown.items()))
            raise VerifyError(
                f"the venue log does not belong to this journal: it knows nothing of {client_id}, which was confirmed",
                record=f"journal seq {seq}",
            )
        for client_id, seq in unknown.items():
            self.scene.found.violated(
                "I10", f"{client_id} is journalled as confirmed, but the venue never accepted it", seqs=[seq]
            )


def _of_account(lines: Iterable[VenueRecord], wanted: str | None, journal_account: str) -> Iterator[VenueRecord]:
    """The lines of one account, and those of nobody, with the numbering checked on the way."""
    starts: list[Start] = []
    account: str | None = None
    skipped: set[int] = set()
    several = False
    for line in _in_order(lines):
        if isinstance(line, Start):
            starts.append(line)
            continue
        if account is None:
            account = _choose(starts, wanted, journal_account)
            several = len(starts) > 1
            yield from (start for start in starts if start.account == account)
        if several and isinstance(line, Request | ConnectionLine) and not line.account:
            line = msgspec.structs.replace(line, weight=0)  # Nobody can tell whose it was.
        owner = getattr(line, "account", None)
        if owner and owner != account:
            if isinstance(line, Request):
                skipped.add(line.n)
        elif isinstance(line, Reply) and line.req in skipped:
            skipped.discard(line.req)
        else:
            yield line
    if account is None:
        account = _choose(starts, wanted, journal_account)
        yield from (start for start in starts if start.account == account)


def _choose(starts: list[Start], wanted: str | None, journal_account: str) -> str:
    names = [start.account for start in starts]
    if wanted is not None:
        if wanted not in names:
            raise VerifyError(
                f"the venue log has no account {wanted}; it has {', '.join(names)}", record="venue log n 1"
            )
        return wanted
    if len(names) == 1:
        return names[0]
    if journal_account in names:
        return journal_account
    raise VerifyError(f"the venue log holds the accounts {', '.join(names)}: name one", record="venue log n 1")


def _in_order(lines: Iterable[VenueRecord]) -> Iterator[VenueRecord]:
    """Pass lines on while they are numbered without a gap and time does not run backwards."""
    n, us = 0, 0
    for line in lines:
        n += 1
        record = f"venue log n {n}"
        if line.n != n:
            raise VerifyError(f"line {n} is missing or out of place, found n {line.n}", record=record)
        if line.us < us:
            raise VerifyError("time runs backwards", record=record)
        if n == 1 and not isinstance(line, Start):
            raise VerifyError("a venue log begins with a start record", record=record)
        if isinstance(line, Start) and line.format != VENUE_LOG_FORMAT:
            raise VerifyError(f"format {line.format}, this program reads {VENUE_LOG_FORMAT}", record=record)
        us = line.us
        yield line
    if n == 0:
        raise VerifyError("the venue log is empty")

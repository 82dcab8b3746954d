"""What a check found: violations with the records that show them, measures, counts, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec


class VerifyError(Exception):
    """The files cannot be judged: a broken chain, a file that is none, a log of somebody else.

    `record` names where: "journal seq 17", "venue log n 3", or "" when the file as a whole is meant.
    """

    def __init__(self, problem: str, *, record: str = "") -> None:
        super().__init__(f"{record}: {problem}" if record else problem)
        self.problem = problem
        self.record = record


class HeadError(VerifyError):
    """What was given as a head is none; nothing was judged."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One broken promise: the invariant (I1 to I26, or a rule by number), a sentence, and the evidence.

    `seqs` are sequence numbers of the journal, `ns` record numbers of the venue log, `rows` rows of an export's files.
    """

    invariant: str
    sentence: str
    seqs: tuple[int, ...] = ()
    ns: tuple[int, ...] = ()
    rows: tuple[str, ...] = ()


class NotChecked(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a reader could take for checked, and why it was not."""

    what: str
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check. `measures` are JSON-ready; times in milliseconds."""

    violations: list[Violation]
    measures: dict[str, Any]
    not_checked: list[NotChecked]
    counts: dict[str, int]
    head: str = ""
    """`seq:hash` of the journal's last record."""

    @property
    def clean(self) -> bool:
        """Whether no promise was found broken."""
        return not self.violations

    def broken(self) -> list[str]:
        """The broken invariants, each once, in the order found."""
        return list(dict.fromkeys(violation.invariant for violation in self.violations))


class Findings:
    """Collects while a check runs."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.violations: list[Violation] = []
        self.measures: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()
        self._not_checked: dict[str, str] = {}

    def violated(self, invariant: str, sentence: str, *, seqs: Iterable[int] = (), ns: Iterable[int] = ()) -> None:
        """Note a broken promise."""
        self.violations.append(Violation(invariant=invariant, sentence=sentence, seqs=tuple(seqs), ns=tuple(ns)))

    def not_checked(self, what: str, reason: str) -> None:
        """Note something left open; a second reason for the same thing is dropped."""
        self._not_checked.setdefault(what, reason)

    def report(self) -> Report:
        """All of it, in a stable order."""
        return Report(
            violations=self.violations,
            measures=self.measures,
            not_checked=[NotChecked(what=what, reason=reason) for what, reason in self._not_checked.items()],
            counts=dict(sorted(self.counts.items())),
        )

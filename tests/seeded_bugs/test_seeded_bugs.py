"""The checker sees bugs: a fixed sample of the catalogue here, all of it with `python -m tests.seeded_bugs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.seeded_bugs.bug import Bug, Edit, NoSuchTarget, Row, function_of
from tests.seeded_bugs.catalogue import BUGS
from tests.seeded_bugs.hunt import hunt

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "seeded-bugs.md"

SAMPLE = (
    "other-content-judged",
    "entry-resent-under-its-id",
    "minus-1008-taken-for-rejected",
    "entry-stamped-when-sent",
    "quarantine-skipped",
    "absent-after-one-look",
    "stop-on-the-wrong-side",
    "bookkeeping-before-protection",
    "no-repair",
    "live-stop-swept",
    "flatten-ends-at-one-zero",
    "fill-booked-twice",
    "late-fee-dropped",
    "halt-not-persisted",
    "limit-clamps",
)
"""One of each kind, and each of them is found within moments."""


@pytest.mark.parametrize("name", SAMPLE)
def test_a_seeded_bug_is_caught(name):
    """Within its budget, in a seed that is clean without it."""
    found = hunt(BUGS[name])
    assert found.seed is not None, "the checker, or the workload, has become too weak to see it"


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_what_a_bug_changes_is_still_there(bug):
    """A change that finds nothing to change would be caught by nobody and prove nothing."""
    targets = [change.target for change in bug.changes if isinstance(change, Edit)]
    before = {target: function_of(target).__code__ for target in targets}
    with bug.applied():
        assert all(function_of(target).__code__ is not code for target, code in before.items())
    assert {target: function_of(target).__code__ for target in targets} == before, "and it is taken back"


@pytest.mark.parametrize(
    "change",
    [
        Edit("core.intake:received", "text that is not there", "pass"),
        Edit("core.intake:received", "intent", "pass"),
        Edit("core.intake:received", "if known is not None:", "if known is not None:  # the same"),
        Edit("core.intake:no_such_function", "return", "pass"),
        Edit("core.no_such_module:received", "return", "pass"),
        Edit("core.responses:DEFAULTS", "return", "pass"),
        Row("core.coverage:NO_SUCH_TABLE", "key", 1),
        Row("model.reasons:DENY_SENTENCES", "no such key"),
    ],
    ids=lambda change: f"{change.target}: {change.old if isinstance(change, Edit) else change.key}",
)
def test_a_change_that_changes_nothing_is_refused(change):
    """Absent, not unique, the same again, or of something that is no function or table."""
    bug = Bug(name="x", breaks="", rule="", changes=(change,))
    with pytest.raises(NoSuchTarget), bug.applied():
        pass


def test_the_catalogue_is_large_enough():
    """And every bug has a name of its own, a sentence and a rule."""
    assert len(BUGS) >= 60
    assert all(bug.breaks.endswith(".") and bug.rule and bug.seeds > 0 for bug in BUGS.values())


def test_the_page_has_every_bug():
    """`python -m tests.seeded_bugs --markdown > docs/reference/seeded-bugs.md` writes it."""
    rows = [
        line.split("|")[1].strip() for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    assert rows[1:] == list(BUGS)

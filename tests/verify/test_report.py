"""What is found is kept in order, and refusals name their record."""

from __future__ import annotations

from holdfast.verify import VerifyError
from holdfast.verify.report import Findings


def test_a_refusal_names_its_record():
    """Or the file as a whole."""
    assert str(VerifyError("is broken", record="journal seq 3")) == "journal seq 3: is broken"
    assert str(VerifyError("is broken")) == "is broken"


def test_findings_become_a_report():
    """Counts sorted by name, the rest in the order found."""
    found = Findings()
    found.violated("I8", "b", seqs=[2])
    found.violated("I1", "a", ns=(1, 2))
    found.violated("I8", "c")
    found.counts["z"] += 1
    found.counts["a"] += 1
    report = found.report()
    assert report.broken() == ["I8", "I1"]
    assert not report.clean
    assert list(report.counts) == ["a", "z"]
    assert report.violations[0].seqs == (2,)


def test_the_first_reason_for_not_checking_stands():
    """One line per subject."""
    found = Findings()
    found.not_checked("I9", "first")
    found.not_checked("I9", "second")
    assert [(entry.what, entry.reason) for entry in found.report().not_checked] == [("I9", "first")]

"""A report for people and for programs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from holdfast.verify.report import Report, Violation

SHOWN_PER_INVARIANT: Final = 20
"""Violations of one invariant printed for people; the JSON holds all."""

# Times are numbers in JSON; no money is among them.
_encoder = msgspec.json.Encoder(decimal_format="number")

_MEASURES: Final = (
    ("naked_ms", "naked while an engine was live"),
    ("naked_after_evidence_ms", "  of that after evidence"),
    ("uncovered_ms", "uncovered, nothing excluded"),
    ("protect_ms", "first fill to covered"),
    ("close_to_flat_ms", "first close request to flat"),
)


def as_json(report: Report) -> bytes:
    """One JSON object: violations, measures, not_checked, counts."""
    return _encoder.encode(report)


def as_text(report: Report) -> str:
    """Violations with their records, the measures, and what was not checked."""
    lines = _violations(report)
    if report.measures:
        lines += ["", *_measures(report.measures)]
    if report.counts:
        lines += ["", *_counts(report.counts)]
    if report.head:
        lines += ["", f"The hash chain is whole, up to {report.head}."]
    lines += ["", "Not checked:"]
    lines += [f"  {entry.what}: {entry.reason}" for entry in report.not_checked]
    return "\n".join(lines).lstrip("\n") + "\n"


def _violations(report: Report) -> list[str]:
    if report.clean:
        # A chain that holds says nothing of promises: without counts nothing else was looked at.
        return ["No violations."] if report.counts else []
    lines = [f"{len(report.violations)} violations."]
    for invariant in report.broken():
        found = [violation for violation in report.violations if violation.invariant == invariant]
        lines += [f"  {invariant}  {_with_records(violation)}" for violation in found[:SHOWN_PER_INVARIANT]]
        if len(found) > SHOWN_PER_INVARIANT:
            lines.append(f"  {invariant}  and {len(found) - SHOWN_PER_INVARIANT} more")
    return lines


def _with_records(violation: Violation) -> str:
    where = []
    if violation.seqs:
        where.append(f"journal seq {', '.join(map(str, violation.seqs))}")
    if violation.ns:
        where.append(f"venue log n {', '.join(map(str, violation.ns))}")
    where += violation.rows
    return f"{violation.sentence}  [{'; '.join(where)}]" if where else violation.sentence


def _measures(measures: dict[str, Any]) -> list[str]:
    lines = [f"{'Milliseconds, per position':<34}{'count':>8}{'p50':>12}{'p99':>12}{'max':>12}"]
    for name, words in _MEASURES:
        row = measures.get(name)
        if row is not None:
            lines.append(f"  {words:<32}{row['count']:>8}{row['p50']:>12.3f}{row['p99']:>12.3f}{row['max']:>12.3f}")
    for kind, row in measures.get("classes", {}).items():
        lines.append(f"  {'uncovered stretches: ' + kind:<32}{row['count']:>8}{'':>24}{row['max']:>12.3f}")
    return lines


def _counts(counts: dict[str, int]) -> list[str]:
    return ["Counted:", *(f"  {name.replace('_', ' '):<32}{count:>8}" for name, count in counts.items() if count)]

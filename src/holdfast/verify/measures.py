"""Measured times as published (RULES 15): in milliseconds, with the largest, the percentiles, and the list itself."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

MEASURES_KEPT = 10_000
"""Single values kept in a report; beyond that only the summary grows."""


def milliseconds(us: int) -> Decimal:
    """Microseconds as milliseconds, exactly."""
    return Decimal(us).scaleb(-3)


def percentile(ordered: Sequence[int], per_cent: int) -> int:
    """The nearest-rank percentile of ascending values; 0 of none."""
    if not ordered:
        return 0
    rank = -(-len(ordered) * per_cent // 100)
    return ordered[max(rank, 1) - 1]


def summary(values_us: Sequence[int]) -> dict[str, Any]:
    """Count, median, p99, largest, and the values in the order measured."""
    ordered = sorted(values_us)
    return {
        "count": len(ordered),
        "p50": milliseconds(percentile(ordered, 50)),
        "p99": milliseconds(percentile(ordered, 99)),
        "max": milliseconds(ordered[-1]) if ordered else milliseconds(0),
        "list": [milliseconds(value) for value in values_us[:MEASURES_KEPT]],
    }

"""The few statistics that are published: nearest-rank percentiles, and the median of repetitions with its range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Measured(NamedTuple):
    """A figure over repetitions: the median, the smallest and the largest."""

    mid: float
    low: float
    high: float


def percentile(values: Sequence[float], per_cent: float) -> float:
    """The nearest-rank percentile. Raises `ValueError` for no values: nothing measured is not 0."""
    if not values:
        raise ValueError("a percentile of no values")
    ordered = sorted(values)
    rank = -(-len(ordered) * per_cent // 100)
    return ordered[max(int(rank), 1) - 1]


def measured(values: Sequence[float]) -> Measured:
    """Median, smallest and largest. Raises `ValueError` for no values."""
    return Measured(percentile(values, 50), min(values), max(values))

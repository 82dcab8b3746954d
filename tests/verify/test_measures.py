"""Times in milliseconds, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.verify.measures import milliseconds, percentile, summary


@pytest.mark.parametrize(("us", "ms"), [(0, "0.000"), (1, "0.001"), (1_234_567, "1234.567")])
def test_microseconds_become_milliseconds_exactly(us, ms):
    """No digit is lost."""
    assert str(milliseconds(us)) == ms


@pytest.mark.parametrize(("per_cent", "value"), [(0, 1), (50, 50), (99, 99), (100, 100)])
def test_percentiles_are_values_that_occurred(per_cent, value):
    """Nearest rank, nothing interpolated."""
    assert percentile(list(range(1, 101)), per_cent) == value


def test_nothing_measured_is_zero_of_nothing():
    """An empty run has a summary too."""
    assert summary([]) == {"count": 0, "p50": Decimal(0), "p99": Decimal(0), "max": Decimal(0), "list": []}


def test_a_summary_keeps_the_order_of_its_list():
    """So a value can be found in the run."""
    made = summary([3_000, 1_000, 2_000])
    assert (made["count"], made["max"], made["p50"]) == (3, 3, 2)
    assert made["list"] == [3, 1, 2]

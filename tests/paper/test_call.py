"""Time windows, pages, and what queries see."""

import pytest

from holdfast.paper.call import Call, page, visible, window
from holdfast.paper.params import Params
from tests.paper.desk import START_US, Desk

NOW_MS = START_US // 1000
WEEK_MS = 7 * 86_400_000


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, (NOW_MS - WEEK_MS, NOW_MS)),
        ({"startTime": "1000"}, (1000, 1000 + WEEK_MS)),
        ({"endTime": str(WEEK_MS)}, (0, WEEK_MS)),
        ({"startTime": "5", "endTime": "9"}, (5, 9)),
    ],
)
def test_a_window_is_a_week_unless_told_otherwise(params: dict[str, str], expected: tuple[int, int]) -> None:
    """The last one, or the one from a start on, or up to an end."""
    assert window(Call(exchange=Desk().venue.exchange, params=Params(params))) == expected


def test_a_page_is_the_first_or_the_last_rows() -> None:
    """Oldest first in both."""
    assert page(range(5), limit=2, from_start=True) == [0, 1]
    assert page(range(5), limit=2, from_start=False) == [3, 4]


def test_young_records_hide_behind_an_injected_lag() -> None:
    """Until they are old enough."""
    call = Call(exchange=Desk().venue.exchange, params=Params({}), lag_us=10)
    assert visible(call, START_US - 10)
    assert not visible(call, START_US - 9)

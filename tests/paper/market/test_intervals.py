"""Candle intervals."""

from datetime import UTC, datetime

import pytest

from holdfast.paper.market.intervals import INTERVALS


def _ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1000  # type: ignore[arg-type,misc]


_AT = _ms(2026, 11, 21, 22, 53, 29)
_TABLE = {
    "1s": _ms(2026, 11, 21, 22, 53, 29),
    "1m": _ms(2026, 11, 21, 22, 53),
    "3m": _ms(2026, 11, 21, 22, 51),
    "15m": _ms(2026, 11, 21, 22, 45),
    "4h": _ms(2026, 11, 21, 20),
    "8h": _ms(2026, 11, 21, 16),
    "1d": _ms(2026, 11, 21),
    "1w": _ms(2026, 11, 16),
    "1M": _ms(2026, 11, 1),
}


@pytest.mark.parametrize(("name", "start"), _TABLE.items())
def test_a_candle_opens_where_the_clock_says(name: str, start: int) -> None:
    """Weeks on Monday, months on their first day."""
    assert INTERVALS[name].start(_AT) == start


@pytest.mark.parametrize("name", INTERVALS)
def test_candles_follow_each_other_without_a_gap(name: str) -> None:
    """The end of one is the start of the next, and belongs to it."""
    interval = INTERVALS[name]
    start = interval.start(_AT)
    end = interval.end(start)
    assert interval.start(end - 1) == start
    assert interval.start(end) == end
    assert (interval.at_or_after(start), interval.at_or_after(start + 1)) == (start, end)


def test_a_month_ends_with_the_year() -> None:
    """December is followed by January."""
    assert INTERVALS["1M"].end(_ms(2026, 12, 1)) == _ms(2027, 1, 1)

"""The candles that a request sees."""

from decimal import Decimal

from holdfast.paper.market.bars import MOST_BARS, Bar, Ladder, flat
from holdfast.paper.market.candles import Span, candles

_MINUTE = 60_000
_ANCHOR_MS = 1_790_000_100_000 - 1_790_000_100_000 % _MINUTE + 30_000
_FIRST = _ANCHOR_MS - 30_000


class _Before:
    """A past at price 1 that reaches ten minutes back."""

    def __init__(self) -> None:
        self.anchor, self.anchor_ms, self.first_ms = Decimal(7), _ANCHOR_MS, _ANCHOR_MS - 10 * _MINUTE

    def bar(self, start_ms: int, end_ms: int) -> Bar:
        """A candle whose count is its length in seconds."""
        bar = flat(start_ms, Decimal(1))
        bar.count = (end_ms - start_ms) // 1000
        return bar


def _rows(span: Span, *, minutes: tuple[int, ...] = (0, 3), now: int = 5) -> list[tuple[int, Decimal, int]]:
    ladder = Ladder("1m")
    for minute in minutes:
        ladder.at(_ANCHOR_MS + minute * _MINUTE, Decimal(7 + minute))
    bars = candles(ladder, "1m", span, now_ms=_FIRST + now * _MINUTE, before=_Before())
    return [((bar.open_ms - _FIRST) // _MINUTE, bar.close, bar.count) for bar in bars]


def test_quiet_minutes_stay_at_the_last_close() -> None:
    """Up to now, although nothing traded."""
    assert _rows(Span(limit=5)) == [(1, 7, 0), (2, 7, 0), (3, 10, 1), (4, 10, 0), (5, 10, 0)]


def test_the_past_meets_what_was_recorded_in_one_candle() -> None:
    """Half of it was made up: thirty seconds, then one tick."""
    assert _rows(Span(limit=2, end_ms=_FIRST)) == [(-1, 1, 60), (0, 7, 31)]


def test_the_past_begins_with_the_contract() -> None:
    """No candle is older than the listing."""
    assert [row[0] for row in _rows(Span(limit=100), now=0)] == [*range(-9, 0), 0]


def test_a_start_takes_the_first_candles_and_none_before_it() -> None:
    """A start inside a candle leaves it out."""
    assert [row[0] for row in _rows(Span(limit=2, start_ms=_FIRST + 1))] == [1, 2]
    assert [row[0] for row in _rows(Span(limit=9, start_ms=_FIRST, end_ms=_FIRST + 2 * _MINUTE))] == [0, 1, 2]


def test_the_future_is_empty() -> None:
    """A window after now has nothing."""
    assert _rows(Span(limit=9, start_ms=_FIRST + 100 * _MINUTE)) == []


def test_what_was_forgotten_is_not_made_up_again() -> None:
    """The candles begin with the oldest that is kept."""
    rows = _rows(Span(limit=MOST_BARS), minutes=tuple(range(MOST_BARS + 5)), now=MOST_BARS + 4)
    assert (rows[0][0], rows[0][2]) == (5, 1)

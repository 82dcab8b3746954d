"""Candles from ticks."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.market.bars import MOST_BARS, Bar, Ladder
from holdfast.paper.market.intervals import INTERVALS

_START_MS = 1_790_000_000_000
_TICKS = st.lists(st.tuples(st.integers(0, 4_000_000), st.integers(1, 1000)), min_size=1, max_size=60)


def _filled(ticks: list[tuple[int, int]]) -> tuple[Ladder, list[tuple[int, Decimal]]]:
    ladder, at_ms, told = Ladder("1s", "1m"), _START_MS, []
    for wait_ms, price in ticks:
        at_ms += wait_ms
        told.append((at_ms, Decimal(price)))
        bar = ladder.at(at_ms, Decimal(price))
        bar.volume += 1
        bar.first_id = len(told) if bar.first_id < 0 else bar.first_id
        bar.last_id = len(told)
    return ladder, told


@given(_TICKS)
def test_candles_of_every_interval_equal_those_counted_from_the_ticks(ticks: list[tuple[int, int]]) -> None:
    """However the ticks fall, each interval tells of all of them, and of each once."""
    ladder, told = _filled(ticks)
    for name, interval in INTERVALS.items():
        groups: dict[int, list[tuple[int, Decimal]]] = {}
        for number, (at_ms, price) in enumerate(told, start=1):
            groups.setdefault(interval.start(at_ms), []).append((number, price))
        expected = [
            Bar(
                open_ms=open_ms,
                open=group[0][1],
                high=max(price for _, price in group),
                low=min(price for _, price in group),
                close=group[-1][1],
                volume=Decimal(len(group)),
                count=len(group),
                first_id=group[0][0],
                last_id=group[-1][0],
            )
            for open_ms, group in groups.items()
        ]
        assert ladder.bars(name) == expected


def test_looking_changes_nothing() -> None:
    """What is open is put together from copies."""
    ladder, _ = _filled([(0, 5), (1500, 7), (70_000, 3)])
    assert [ladder.bars("1h") for _ in range(3)][2] == ladder.bars("1h")


def test_old_candles_are_forgotten() -> None:
    """As many as one request may ask for stay."""
    ladder, _ = _filled([(1000, 5)] * (MOST_BARS + 10))
    assert len(ladder.bars("1s")) == MOST_BARS
    assert ladder.forgot("1s")
    assert not ladder.forgot("1m")


def test_a_tick_from_the_past_counts_as_now() -> None:
    """Recordings step back in time; closed candles stay closed."""
    ladder = Ladder("1m")
    ladder.at(_START_MS, Decimal(5))
    ladder.at(_START_MS - 120_000, Decimal(4))
    (bar,) = ladder.bars("1m")
    assert (bar.low, bar.close, bar.count) == (4, 4, 2)

"""Venue time as a function of the machine's."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.clock import VenueClock

SPEEDS = st.fractions(min_value=0, max_value=10_000, max_denominator=1000)


def test_real_time_is_the_machines() -> None:
    """Nothing is added."""
    clock = VenueClock(1000)
    assert (clock.now_us(1000), clock.now_us(5000), clock.wait_us(7000, 5000)) == (1000, 5000, 2000)


def test_a_faster_clock_waits_less() -> None:
    """An hour in a minute."""
    clock = VenueClock(0, 50, Fraction(60))
    assert clock.now_us(10) == 650
    assert clock.wait_us(650 + 61, 10) == 2


def test_a_standing_clock_moves_only_when_it_is_moved() -> None:
    """And then at once."""
    clock = VenueClock(0, 0, Fraction(0))
    assert (clock.now_us(10**12), clock.wait_us(5, 10**12), clock.wait_us(0, 10**12)) == (0, None, 0)
    clock.change(10**12, advance_us=7)
    assert clock.now_us(2 * 10**12) == 7


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), SPEEDS, st.integers(0, 10**9)), max_size=30))
def test_law_venue_time_never_goes_back(steps: list[tuple[int, Fraction, int]]) -> None:
    """Whatever the machine's clock and the commands do; and what was waited for has come."""
    clock, wall, last, latest = VenueClock(10**12), 10**12, 10**12, 10**12
    for moved, speed, advance in steps:
        wall += moved
        clock.change(wall, speed=speed, advance_us=advance)
        now = clock.now_us(wall)
        assert now >= last
        last = now
        latest = max(latest, wall)
        wait = clock.wait_us(now + 1000, latest)
        if wait is not None:
            assert clock.now_us(latest + wait) >= now + 1000

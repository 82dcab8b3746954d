"""What the engine knows without a journal: prices of the last minute, and markets made on first use."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.budgets import Windows
from holdfast.core.surroundings import Market, Surroundings

D = Decimal
STEPS = st.lists(st.tuples(st.integers(1, 20_000), st.decimals("1", "100", places=1)), max_size=60)


def test_a_market_is_made_on_first_use():
    """And is the same one afterwards; without a price, nothing is assumed."""
    around = Surroundings(windows=Windows())
    market = around.market("BTCUSDT")
    assert market is around.market("BTCUSDT") is not around.market("ETHUSDT")
    assert (market.mark, market.mid) == (None, None)


@pytest.mark.parametrize(("bid", "ask", "mid"), [("99", "101", D(100)), ("0.1", "0.2", D("0.15")), (None, "1", None),
                                                 ("1", None, None)])  # fmt: skip
def test_the_mid_needs_both_sides(bid, ask, mid):
    """Half a touch is no price."""
    assert Market(bid=bid and D(bid), ask=ask and D(ask)).mid == mid


@given(STEPS)
def test_the_last_minute_is_kept_and_thinned(steps):
    """At most one mark a second and none older than a minute, so memory does not grow with the market's pace."""
    market, now_ms = Market(), 0
    for pause_ms, mark in steps:
        now_ms += pause_ms
        market.see_mark(mark, now_ms)
        times = [at_ms for at_ms, _ in market.minute]
        assert (market.mark, market.mark_ms) == (mark, now_ms)
        assert all(now_ms - 60_000 <= at_ms <= now_ms for at_ms in times)
        assert all(later - earlier >= 1_000 for earlier, later in pairwise(times))
        assert len(times) <= 61


@given(STEPS)
def test_the_range_of_the_minute_is_that_of_its_marks(steps):
    """Kept from one verdict to the next, it is what a look at every mark would find."""
    market, now_ms = Market(), 0
    assert market.range_of_minute(now_ms) == (None, None)
    for turn, (pause_ms, mark) in enumerate(steps):
        now_ms += pause_ms
        market.see_mark(mark, now_ms)
        if turn % 3:
            continue  # Not asked after every mark: what is kept meanwhile must follow.
        later_ms = now_ms + 20_000 * (turn % 2)
        marks = [seen for at_ms, seen in (*market.minute, (now_ms, mark)) if at_ms >= later_ms - 60_000]
        assert market.range_of_minute(later_ms) == (min(marks), max(marks))


def test_an_old_mark_is_no_range():
    """Nothing was seen within the minute."""
    market = Market()
    market.see_mark(D(100), 1_000)
    assert market.range_of_minute(61_000) == (D(100), D(100))
    assert market.range_of_minute(61_001) == (None, None)


def test_a_mark_within_the_same_second_is_the_newest_but_not_remembered():
    """The drift check needs marks a second apart; 61 s later only the last of them is young enough."""
    market = Market()
    for at_ms, mark in ((0, 100), (999, 101), (1_000, 102), (61_000, 103)):
        market.see_mark(D(mark), at_ms)
    assert list(market.minute) == [(1_000, D(102)), (61_000, D(103))]

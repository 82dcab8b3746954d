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


def test_a_mark_within_the_same_second_is_the_newest_but_not_remembered():
    """The drift check needs marks a second apart; 61 s later only the last of them is young enough."""
    market = Market()
    for at_ms, mark in ((0, 100), (999, 101), (1_000, 102), (61_000, 103)):
        market.see_mark(D(mark), at_ms)
    assert list(market.minute) == [(1_000, D(102)), (61_000, D(103))]

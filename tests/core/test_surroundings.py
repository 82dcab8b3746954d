"""Prices as the engine keeps them."""

from decimal import Decimal

from holdfast.core.budgets import Windows
from holdfast.core.surroundings import Market, Surroundings

D = Decimal


def test_the_middle_of_an_incomplete_touch_is_unknown():
    """Not half of one side."""
    assert Market(bid=D("1")).mid is None
    assert Market(bid=D("1"), ask=D("2")).mid == D("1.5")


def test_the_minute_keeps_one_mark_a_second_and_forgets_the_rest():
    """Enough for the drift check, however fast marks come."""
    market = Market()
    for ms in range(0, 120_001, 100):
        market.see_mark(D(ms), ms)
    times = [at for at, _ in market.minute]
    assert times[0] >= 60_000
    assert len(times) <= 61
    assert (market.mark, market.mark_ms) == (D(120_000), 120_000)


def test_a_market_is_made_on_first_use():
    """And it is the same afterwards."""
    around = Surroundings(windows=Windows())
    assert around.market("X") is around.market("X")
    assert around.market("X").mark is None

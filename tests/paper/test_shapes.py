"""Made-up markets of one shape: what each lives through, again and again."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from holdfast.paper.market.market import BookTop
from holdfast.paper.sources.opening import made_up, parse_synthetic
from holdfast.paper.sources.source import Grid, MarketFileError

START_US = 1_800_000_000_000_000
BTC = Grid(symbol="BTCUSDT", tick=Decimal("0.10"), step=Decimal("0.001"))


def tops(name: str, *, minutes: int = 30) -> list[BookTop]:
    """The touches of a market by its name."""
    parsed = parse_synthetic(name)
    assert parsed is not None
    market = made_up(parsed, {"BTCUSDT": BTC}, start_us=START_US, duration_us=minutes * 60_000_000)
    return [event for _, event in market.events() if isinstance(event, BookTop)]


def moves(name: str, steps: int) -> list[Decimal]:
    """By what part the price changes over so many steps of half a second."""
    prices = [top.ask for top in tops(name)]
    return [(later - first) / first for first, later in zip(prices, prices[steps:], strict=False)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trend_goes_far_and_hardly_turns(seed: int) -> None:
    """Half an hour leads at least 3 % away, and no five minutes lead far back."""
    prices = [top.ask for top in tops(f"synthetic:{seed}:BTCUSDT:trend")]
    gone = (prices[-1] - prices[0]) / prices[0]
    assert abs(gone) > Decimal("0.03")
    assert max(-move * gone.copy_sign(1) / gone for move in moves(f"synthetic:{seed}:BTCUSDT:trend", 600)) < Decimal(
        "0.01"
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chop_stays_near_its_start(seed: int) -> None:
    """Within 2 % all the time."""
    prices = [top.ask for top in tops(f"synthetic:{seed}:BTCUSDT=50000:chop")]
    assert max(abs(price - 50_000) for price in prices) < 1_000


def test_gaps_come_in_one_step() -> None:
    """2 to 8 % from one touch to the next, several times in half an hour."""
    jumps = [move for move in moves("synthetic:4:BTCUSDT:gap", 1) if abs(move) > Decimal("0.015")]
    assert len(jumps) >= 5
    assert max(abs(jump) for jump in jumps) < Decimal("0.09")


def test_a_flash_crash_falls_through_a_thin_book_and_mostly_comes_back() -> None:
    """8 to 20 % in ten seconds; what stands at the touch meanwhile is a twentieth of the usual."""
    found = tops("synthetic:5:BTCUSDT:flash-crash")
    prices = [top.bid for top in found]
    deepest = min(range(len(prices) - 20), key=lambda i: (prices[i + 20] - prices[i]) / prices[i])
    fall = (prices[deepest] - prices[deepest + 20]) / prices[deepest]
    assert Decimal("0.06") < fall < Decimal("0.22")
    back = (prices[deepest + 140] - prices[deepest + 20]) / (prices[deepest] - prices[deepest + 20])
    assert back > Decimal("0.4")
    assert found[deepest + 10].bid_qty * 5 < found[0].bid_qty


def test_a_thin_book_holds_a_fiftieth() -> None:
    """The path is the mixed one."""
    thin, usual = tops("synthetic:6:BTCUSDT:thin-book"), tops("synthetic:6:BTCUSDT")
    assert sum(top.ask_qty for top in thin) * 30 < sum(top.ask_qty for top in usual)


@pytest.mark.parametrize("shape", ["mixed", "trend", "chop", "gap", "flash-crash", "thin-book"])
def test_every_shape_is_repeatable_and_on_its_grid(shape: str) -> None:
    """Twice the same; one tick wide; never crossed."""
    first = tops(f"synthetic:7:BTCUSDT:{shape}", minutes=5)
    assert first == tops(f"synthetic:7:BTCUSDT:{shape}", minutes=5)
    assert all(top.ask - top.bid == BTC.tick and not top.ask % BTC.tick for top in first)
    assert all(one.u < two.u for one, two in pairwise(first))


def test_mixed_is_what_it_always_was() -> None:
    """Naming the usual shape changes nothing."""
    assert tops("synthetic:8:BTCUSDT:mixed") == tops("synthetic:8:BTCUSDT")


def test_an_unknown_shape_names_the_known_ones() -> None:
    """The refusal helps."""
    with pytest.raises(MarketFileError, match="flash-crash"):
        parse_synthetic("synthetic:1:BTCUSDT:boom")

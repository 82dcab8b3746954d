"""Joining and moving market sources, and the grids that made-up markets keep."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.market.market import Mark, MarketEvent, PublicTrade
from holdfast.paper.sources.source import MarketFileError, grids, merge, rebase

START_US = 1_800_000_000_000_000


def trade(time_us: int, trade_id: int = 1) -> tuple[int, MarketEvent]:
    """A timed trade of one BTC."""
    at_ms = time_us // 1000
    price, qty = Decimal(100), Decimal(1)
    return time_us, PublicTrade(
        symbol="BTCUSDT", trade_id=trade_id, price=price, qty=qty, buyer_maker=False, T=at_ms, E=at_ms
    )


def mark(time_us: int, next_funding_ms: int) -> tuple[int, MarketEvent]:
    """A timed mark price with its next funding."""
    price = Decimal(100)
    return time_us, Mark(
        symbol="BTCUSDT", mark=price, index=price, rate=Decimal(0), next_funding_ms=next_funding_ms, E=time_us // 1000
    )


def ids(events: list[tuple[int, MarketEvent]]) -> list[int]:
    """The trade ids, in order."""
    return [event.trade_id for _, event in events if isinstance(event, PublicTrade)]


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 50)))
def test_merge_is_the_sorted_union(left: list[int], right: list[int]) -> None:
    """Nothing is lost and time never falls."""
    sources = [iter([trade(at * 1000) for at in sorted(times)]) for times in (left, right)]
    assert [at for at, _ in merge(*sources)] == [at * 1000 for at in sorted(left + right)]


def test_merge_prefers_the_first_source_at_equal_times() -> None:
    """Ties follow the order of the arguments, so a run repeats."""
    first, second = [trade(5, 1), trade(5, 2)], [trade(5, 3)]
    assert ids(list(merge(iter(first), iter(second)))) == [1, 2, 3]


def test_rebase_moves_the_first_event_to_the_start() -> None:
    """Distances stay, the origin moves."""
    moved = list(rebase(iter([trade(1_000_000), trade(3_500_000)]), start_us=START_US))
    assert [at for at, _ in moved] == [START_US, START_US + 2_500_000]


def test_rebase_compresses_time_by_the_speed() -> None:
    """At speed 5 two seconds become 400 ms."""
    moved = list(rebase(iter([trade(0), trade(2_000_000)]), start_us=START_US, speed=Fraction(5)))
    assert moved[1][0] - START_US == 400_000


def test_rebase_moves_times_inside_the_event() -> None:
    """E and T follow, so that strangers on the stream see the new time."""
    _, event = next(iter(rebase(iter([trade(7_000)]), start_us=START_US)))
    assert isinstance(event, PublicTrade)
    assert (event.E, event.T) == (START_US // 1000, START_US // 1000)


def test_rebase_moves_the_next_funding() -> None:
    """A funding one minute after the first event stays one minute after it."""
    _, event = next(iter(rebase(iter([mark(1_000_000, 61_000)]), start_us=START_US)))
    assert isinstance(event, Mark)
    assert event.next_funding_ms == START_US // 1000 + 60_000


def test_rebase_leaves_no_funding_as_none() -> None:
    """0 means that the contract has no funding; it must not become a moment."""
    _, event = next(iter(rebase(iter([mark(1_000_000, 0)]), start_us=START_US)))
    assert isinstance(event, Mark)
    assert event.next_funding_ms == 0


def test_grids_reads_tick_and_step_from_the_filters() -> None:
    """Steps come from the filters, never from the precisions."""
    row = {
        "symbol": "BTCUSDT",
        "pricePrecision": 2,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "stepSize": "0.001"},
        ],
    }
    grid = grids({"symbols": [row]})["BTCUSDT"]
    assert (grid.tick, grid.step) == (Decimal("0.10"), Decimal("0.001"))


def test_grids_leaves_broken_rows_out() -> None:
    """A tick of 0, as the test network has, makes no market."""
    row = {
        "symbol": "BADUSDT",
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}, {"filterType": "LOT_SIZE", "stepSize": "1"}],
    }
    assert grids({"symbols": [row, {"symbol": "NONE"}]}) == {}


def test_market_file_error_names_line_rule_and_finding() -> None:
    """The text is what the operator reads."""
    error = MarketFileError(line=7, rule="prices are above 0", found="'-1'")
    assert str(error) == "line 7: prices are above 0; found '-1'"

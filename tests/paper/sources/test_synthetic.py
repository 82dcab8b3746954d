"""The made-up market: repeatable, on its grid, with a consistent book, and lively enough to trade in."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path

import msgspec
import pytest

from holdfast.model.num import is_multiple
from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, Mark, MarketEvent, PublicTrade
from holdfast.paper.sources.source import Grid, MarketFileError
from holdfast.paper.sources.synthetic import SyntheticMarket

START_US = 1_800_000_000_000_000
BTC = Grid(symbol="BTCUSDT", tick=Decimal("0.10"), step=Decimal("0.001"))
XRP = Grid(symbol="XRPUSDT", tick=Decimal("0.0001"), step=Decimal("0.1"))
ODD = Grid(symbol="ODDUSDT", tick=Decimal("0.00005"), step=Decimal(3))

ROOT = Path(__file__).resolve().parents[3]
DIGEST = """
from holdfast.paper.sources.synthetic import SyntheticMarket
from tests.paper.sources.test_synthetic import digest, market
print(digest(market(7)))
"""


def market(
    seed: int = 1, *, minutes: int = 2, grids: tuple[Grid, ...] = (BTC, XRP), step_ms: int = 500
) -> SyntheticMarket:
    """A short market."""
    return SyntheticMarket(seed=seed, grids=grids, start_us=START_US, duration_us=minutes * 60_000_000, step_ms=step_ms)


def events(chosen: SyntheticMarket) -> list[MarketEvent]:
    """Its events."""
    return [event for _, event in chosen.events()]


def digest(chosen: SyntheticMarket) -> str:
    """One hash over every event and time."""
    return hashlib.sha256(msgspec.json.encode(list(chosen.events()))).hexdigest()


def test_same_seed_gives_the_same_market() -> None:
    """Twice in one process."""
    assert digest(market(5)) == digest(market(5))


def test_other_seed_gives_another_market() -> None:
    """A seed is not decoration."""
    assert digest(market(5)) != digest(market(6))


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_same_market_in_a_fresh_process(hash_seed: str) -> None:
    """Nothing hangs on the hash seed of the interpreter."""
    result = subprocess.run(
        [sys.executable, "-c", DIGEST],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == digest(market(7))


def test_symbol_does_not_hang_on_its_neighbours() -> None:
    """Adding a symbol leaves the others as they were."""
    alone = events(market(3, grids=(BTC,)))
    together = [event for event in events(market(3)) if event.symbol == "BTCUSDT"]
    assert alone == together


def test_time_never_falls_and_starts_at_the_start() -> None:
    """The source protocol."""
    times = [at for at, _ in market().events()]
    assert times[0] == START_US
    assert times == sorted(times)


def test_duration_ends_the_market() -> None:
    """The last event lies at the end, not beyond."""
    assert max(at for at, _ in market(minutes=1).events()) == START_US + 60_000_000


def test_without_duration_it_goes_on() -> None:
    """An endless market is pulled event by event."""
    endless = SyntheticMarket(seed=1, grids=(BTC,), start_us=START_US)
    assert len(list(islice(endless.events(), 10_000))) == 10_000


@pytest.mark.parametrize("grid", [BTC, XRP, ODD])
def test_prices_and_quantities_keep_the_grid(grid: Grid) -> None:
    """Every price is on a tick, every quantity on a step, both positive."""
    for event in events(market(grids=(grid,))):
        if isinstance(event, DepthDiff | DepthSnapshot):
            for price, quantity in (*event.bids, *event.asks):
                assert price > 0
                assert is_multiple(price, grid.tick)
                assert is_multiple(quantity, grid.step)
        elif isinstance(event, PublicTrade):
            assert is_multiple(event.price, grid.tick)
            assert event.qty > 0
            assert is_multiple(event.qty, grid.step)


def test_book_of_the_differences_is_never_crossed() -> None:
    """Applying what is told gives a book one tick wide with eight levels a side."""
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    for event in events(market(grids=(BTC,))):
        if not isinstance(event, DepthDiff | DepthSnapshot):
            continue
        for side, levels in ((bids, event.bids), (asks, event.asks)):
            for price, quantity in levels:
                side[price] = quantity
                if not quantity:
                    del side[price]
        assert min(asks) - max(bids) == BTC.tick
        assert (len(bids), len(asks)) == (8, 8)


def test_touch_follows_every_change_of_the_book() -> None:
    """Streams of the best bid and ask carry it, with the update id of the change."""
    tops = 0
    for before, event in pairwise(events(market(grids=(BTC,)))):
        if isinstance(before, DepthDiff | DepthSnapshot):
            assert isinstance(event, BookTop)
            assert event.u == before.u
            assert event.ask - event.bid == BTC.tick
            assert (event.ask, event.ask_qty) in before.asks
            assert (event.bid, event.bid_qty) in before.bids
            tops += 1
    assert tops == 241


def test_update_ids_are_chained() -> None:
    """pu of each difference is u of the one before (protocol notes F.3)."""
    books = [event for event in events(market(grids=(BTC,))) if isinstance(event, DepthDiff | DepthSnapshot)]
    for before, after in pairwise(books):
        assert isinstance(after, DepthDiff)
        assert after.pu == before.u
        assert after.pu < after.U <= after.u


def test_marks_come_once_a_second() -> None:
    """One mark per symbol and second."""
    marks = [event.E for event in events(market(minutes=1, grids=(BTC,))) if isinstance(event, Mark)]
    assert marks == [START_US // 1000 + second * 1000 for second in range(61)]


def test_market_starts_at_the_chosen_price() -> None:
    """A signal can be given a market that starts at its entry."""
    chosen = SyntheticMarket(
        seed=1, grids=(BTC,), start_us=START_US, start_prices={"BTCUSDT": Decimal("28155.17")}, duration_us=0
    )
    book = events(chosen)[0]
    assert isinstance(book, DepthSnapshot)
    assert (book.bids[0][0], book.asks[0][0]) == (Decimal("28155.00"), Decimal("28155.10"))


@pytest.mark.parametrize("seed", range(12))
def test_ten_minutes_move_the_price_enough_to_trade(seed: int) -> None:
    """Stops and targets at 0.3 to 1 % are within reach, and nothing runs away."""
    marks = [event.mark for event in events(market(seed, minutes=10, grids=(BTC,))) if isinstance(event, Mark)]
    assert Decimal("0.006") < (max(marks) - min(marks)) / marks[0] < Decimal("0.12")


def test_price_stays_in_reach_of_its_start() -> None:
    """Six hours do not end at nothing or at the moon."""
    chosen = market(2, minutes=360, grids=(BTC,), step_ms=1000)
    marks = [event.mark for event in events(chosen) if isinstance(event, Mark)]
    assert marks[0] / 3 < min(marks)
    assert max(marks) < marks[0] * 3


def test_funding_times_lie_on_their_grid() -> None:
    """Short intervals make funding happen in a demo."""
    chosen = SyntheticMarket(
        seed=1, grids=(BTC,), start_us=START_US, duration_us=1_200_000_000, funding_interval_ms=300_000
    )
    marks = [event for event in events(chosen) if isinstance(event, Mark)]
    assert all(0 < mark.next_funding_ms - mark.E <= 300_000 for mark in marks)
    assert len({mark.rate for mark in marks}) >= 3


@pytest.mark.parametrize("step_ms", [0, 300, 2000])
def test_step_that_does_not_divide_a_second_is_refused(step_ms: int) -> None:
    """Marks need whole seconds."""
    with pytest.raises(MarketFileError, match="step_ms"):
        market(step_ms=step_ms)


def test_start_price_below_a_tick_is_refused() -> None:
    """Such a symbol has no price at all."""
    with pytest.raises(MarketFileError, match="start price of BTCUSDT"):
        SyntheticMarket(seed=1, grids=(BTC,), start_us=0, start_prices={"BTCUSDT": Decimal("0.01")})


def test_market_without_symbols_is_refused() -> None:
    """There is nothing to trade."""
    with pytest.raises(MarketFileError, match="at least one symbol"):
        market(grids=())

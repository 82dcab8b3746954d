"""A local book kept by the recipe of the protocol notes F.3 equals the venue's, over hours of market."""

import gzip
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.sources.feed import read_frames
from holdfast.paper.sources.source import MarketSource, grids, rebase
from holdfast.paper.sources.synthetic import SyntheticMarket
from tests.paper.desk import SECOND, START_US, Desk
from tests.paper.local_book import LocalBook

LOOK_EVERY = 2_000
"""Market events between two comparisons."""


def busy(desk: Desk, symbol: str, number: int) -> None:
    """The account does something near the touch: rests, takes, or cancels everything."""
    row = desk.raw("GET", f"/fapi/v1/ticker/bookTicker?symbol={symbol}").body
    best = Decimal(row["bidPrice" if number % 2 else "askPrice"])
    side = "BUY" if number % 2 else "SELL"
    if number % 7 == 0:
        desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)
    elif number % 5 == 0:
        desk.order(symbol=symbol, side=side, quantity="0.020")
    elif best:
        away = Decimal(number % 11 - 2) / 10
        price = best - away if number % 2 else best + away
        desk.order(symbol=symbol, side=side, type="LIMIT", price=str(price), quantity="0.030")


def follow(source: MarketSource, symbol: str, speed: str, *, trading: bool = False) -> LocalBook:
    """Play a market into an empty venue; answer the local book that followed it. Looks now and then."""
    desk = Desk()
    desk.venue = PaperVenue(desk.config, default_exchange_info(), START_US, desk.log.append)  # type: ignore[arg-type]
    name = f"{symbol.lower()}@depth{speed}"
    desk.venue.ws_open(1, f"/public/stream?streams={name}", desk.now_us)
    local = LocalBook(desk, name, symbol)
    for number, (at_us, event) in enumerate(source, start=1):
        desk.now_us = at_us
        desk.venue.market(event, at_us)
        if trading and number % 17 == 0:
            busy(desk, symbol, number // 17)
        if number % 100 == 0:
            local.hear()
        if number == 300:
            local.take_snapshot()
        if number % LOOK_EVERY == 0:
            desk.wait(SECOND)
            local.hear()
            assert local.equals_the_venue(), number
    assert number > LOOK_EVERY
    assert not trading or len(desk.records("trade")) > 100
    return local


@pytest.mark.parametrize(("speed", "seed"), [("@100ms", 1), ("", 2), ("@500ms", 3)])
def test_a_local_book_follows_hours_of_a_made_up_market(speed: str, seed: int) -> None:
    """Trends, gaps and flash moves: no gap in the chain, every level equal (protocol notes F.3)."""
    grid = grids(default_exchange_info())["ETHUSDT"]
    hours = 2 * 3_600 * SECOND
    market = SyntheticMarket(seed=seed, grids=(grid,), start_us=START_US, duration_us=hours, step_ms=1000)
    local = follow(market.events(), "ETHUSDT", speed)
    assert local.gaps == 0
    assert local.applied > 7_000


@pytest.mark.parametrize("trading", [False, True])
@pytest.mark.parametrize("name", ["btcusdt_20230405.dat.gz", "btcusdt_20240808.gz"])
def test_a_local_book_follows_a_recorded_market(name: str, shared_dir: Path, *, trading: bool) -> None:
    """Best prices, diffs and snapshots as they came, gaps of the recording included, and our orders (notes F.3)."""
    with gzip.open(shared_dir / "data" / "ticks" / "hftbacktest" / name) as lines:
        events = rebase(read_frames(lines), start_us=START_US)
        local = follow(islice(events, 40_000), "BTCUSDT", "@100ms", trading=trading)
    assert local.gaps == 0
    assert local.applied > 100

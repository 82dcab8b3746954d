"""Klines into a market: the path through a candle, the book around it, and what makes a file none."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.market.market import BookTop, DepthSnapshot, Mark, MarketEvent, PublicTrade
from holdfast.paper.sources.klines import HEADER, Kline, parse_klines, path, read_klines
from holdfast.paper.sources.source import Grid, MarketFileError

KLINES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "klines"
GRID = Grid(symbol="BTCUSDT", tick=Decimal("0.1"), step=Decimal("0.001"))
MINUTE = 1_746_372_780_000


def rows(*texts: str) -> list[bytes]:
    """A file with a header."""
    return [line.encode() + b"\n" for line in (HEADER, *texts)]


def row(opened: str, high: str, low: str, close: str, volume: str = "60", at_ms: int = MINUTE) -> str:
    """One candle as text."""
    return f"{at_ms},{opened},{high},{low},{close},{volume}"


def candle(opened: int, high: int, low: int, close: int) -> Kline:
    """One candle in ticks."""
    return Kline(open_ms=MINUTE, open=opened, high=high, low=low, close=close, volume=60)


def market(*texts: str) -> list[MarketEvent]:
    """The events of some candles."""
    return [event for _, event in read_klines(rows(*texts), grid=GRID)]


@st.composite
def candles(draw: st.DrawFn) -> Kline:
    """Any consistent candle."""
    low = draw(st.integers(1, 10_000))
    high = low + draw(st.integers(0, 500))
    inside = st.integers(low, high)
    return candle(draw(inside), high, low, draw(inside))


@given(candles())
def test_path_starts_at_open_and_ends_at_close(kline: Kline) -> None:
    """Sixty seconds, first and last as the candle says."""
    prices = path(kline)
    assert (len(prices), prices[0], prices[-1]) == (60, kline.open, kline.close)


@given(candles())
def test_path_reaches_both_extremes_and_nothing_beyond(kline: Kline) -> None:
    """A stop inside the range is reached, one outside is not."""
    prices = path(kline)
    assert (min(prices), max(prices)) == (kline.low, kline.high)


@pytest.mark.parametrize(
    ("kline", "first", "second"),
    [
        (candle(100, 150, 90, 140), 90, 150),
        (candle(100, 105, 50, 60), 105, 50),
        (candle(100, 110, 90, 105), 90, 110),
        (candle(100, 110, 90, 95), 110, 90),
    ],
)
def test_path_visits_the_nearer_extreme_first(kline: Kline, first: int, second: int) -> None:
    """The documented order; a tie follows the candle's direction."""
    prices = path(kline)
    assert (prices[20], prices[40]) == (first, second)


def test_every_second_has_a_book_and_a_mark() -> None:
    """Marks come at 1 s, as from the venue."""
    events = market(row("100", "101", "99", "100.5"))
    assert sum(isinstance(event, Mark) for event in events) == 60
    assert sum(isinstance(event, DepthSnapshot) for event in events) == 60


def test_book_is_one_tick_wide_around_the_price() -> None:
    """Best bid below best ask, and the mark is one of them."""
    events = market(row("100", "101", "99", "100.5"))
    for book, mark in zip(
        (event for event in events if isinstance(event, DepthSnapshot)),
        (event for event in events if isinstance(event, Mark)),
        strict=True,
    ):
        bid, ask = book.bids[0][0], book.asks[0][0]
        assert ask - bid == GRID.tick
        assert mark.mark in (bid, ask)


def test_touch_of_the_book_is_told_on_its_own() -> None:
    """Streams of the best bid and ask carry it."""
    events = market(row("100", "101", "99", "100.5"))
    books = [event for event in events if isinstance(event, DepthSnapshot)]
    tops = [event for event in events if isinstance(event, BookTop)]
    assert [(top.bid, top.ask) for top in tops] == [(book.bids[0][0], book.asks[0][0]) for book in books]


def test_rising_path_trades_at_the_ask() -> None:
    """The high of a candle was bought by somebody."""
    events = market(row("100", "101", "100", "101"))
    book = [event for event in events if isinstance(event, DepthSnapshot)][40]
    assert book.asks[0][0] == Decimal("101.0")


def test_price_of_one_tick_has_no_bid_of_zero() -> None:
    """No level may stand at price 0."""
    books = [event for event in market(row("0.2", "0.2", "0.1", "0.1")) if isinstance(event, DepthSnapshot)]
    assert all(price > 0 for book in books for price, _ in book.bids)


@pytest.mark.parametrize("volume", ["0", "0.002", "0.060", "0.061", "28.313"])
def test_traded_volume_is_the_candles(volume: str) -> None:
    """Nothing is added or lost when the volume is spread over the minute."""
    trades = [event for event in market(row("100", "101", "99", "100", volume)) if isinstance(event, PublicTrade)]
    assert sum(event.qty for event in trades) == Decimal(volume)


def test_small_volume_trades_at_the_turning_points() -> None:
    """Open, extremes and close are real trades; they come first."""
    trades = [event for event in market(row("100", "102", "99", "101", "0.004")) if isinstance(event, PublicTrade)]
    assert [event.price for event in trades] == [Decimal(100), Decimal(99), Decimal(102), Decimal(101)]


def test_gap_between_candles_is_a_gap_in_time() -> None:
    """Missing minutes are not invented."""
    later = MINUTE + 600_000
    lines = rows(row("1", "1", "1", "1"), row("1", "1", "1", "1", at_ms=later))
    times = [at for at, _ in read_klines(lines, grid=GRID)]
    assert {at // 60_000_000 for at in times} == {MINUTE // 60_000, later // 60_000}


def test_price_between_two_ticks_is_taken_at_the_tick_below() -> None:
    """Old candles may be finer than today's tick."""
    marks = [event.mark for event in market(row("100.05", "100.05", "100.05", "100.05")) if isinstance(event, Mark)]
    assert marks[0] == Decimal("100.0")


def test_next_funding_lies_on_the_eight_hour_grid_ahead() -> None:
    """Never in the past."""
    for event in market(row("1", "1", "1", "1")):
        if isinstance(event, Mark):
            assert event.next_funding_ms % 28_800_000 == 0
            assert 0 < event.next_funding_ms - event.E <= 28_800_000


@pytest.mark.parametrize(
    ("lines", "number", "rule"),
    [
        ([b"time,o,h,l,c,v\n"], 1, "the header is"),
        ([b"\x1f\x8b\x08\n"], 1, "the header is"),
        (rows("1,2,3"), 2, "six fields"),
        (rows(row("x", "1", "1", "1")), 2, "not a decimal number"),
        (rows(row("nan", "1", "1", "1")), 2, "not a finite number"),
        (rows(row("1", "1e309", "1", "1")), 2, "too many digits"),
        (rows(row("1", "1", "1", "1", at_ms=MINUTE + 1)), 2, "whole minute"),
        (rows(row("1", "1", "1", "1"), row("1", "1", "1", "1")), 3, "open times rise"),
        (rows(row("3", "2", "1", "1")), 2, "lie between low and high"),
        (rows(row("1", "2", "1", "0.5")), 2, "lie between low and high"),
        (rows(row("0", "1", "0", "1")), 2, "at least one tick"),
        (rows(row("1", "1", "1", "1", "-1")), 2, "0 or more"),
        (rows(), 0, "at least one kline"),
        ([], 0, "at least one kline"),
    ],
)
def test_broken_file_names_line_and_rule(lines: list[bytes], number: int, rule: str) -> None:
    """The operator learns where and why."""
    with pytest.raises(MarketFileError, match=rule) as caught:
        list(parse_klines(lines, GRID))
    assert caught.value.line == number


def test_real_klines_are_read() -> None:
    """A day of real candles: every extreme is traded or shown, time rises."""
    source = KLINES / "BTCUSDT_1m_2025-05_06.csv.zst"
    if not source.exists():
        pytest.skip(f"recorded klines are not here: {source.name}")
    with source.open("rb") as packed:
        text = zstandard.ZstdDecompressor().stream_reader(packed).read(100_000)
    lines = io.BytesIO(text[: text.rindex(b"\n") + 1]).readlines()[:1441]
    timed = list(read_klines(lines, grid=GRID))
    assert [at for at, _ in timed] == sorted(at for at, _ in timed)
    assert sum(isinstance(event, Mark) for _, event in timed) == 1440 * 60

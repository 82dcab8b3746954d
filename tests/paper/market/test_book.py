"""The recorded book and what our takers took from it."""

import gzip
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from holdfast.paper.market.book import Book, Side
from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, Level
from holdfast.paper.sources.feed import read_frames


def levels(*pairs: tuple[str, str]) -> list[Level]:
    """Levels from texts."""
    return [(Decimal(price), Decimal(qty)) for price, qty in pairs]


def top(u: int, bid: str, ask: str, qty: str = "1") -> BookTop:
    """A best bid and ask."""
    one = Decimal(qty)
    return BookTop(symbol="X", bid=Decimal(bid), bid_qty=one, ask=Decimal(ask), ask_qty=one, u=u, T=u, E=u)


def diff(u: int, bids: list[Level], asks: list[Level]) -> DepthDiff:
    """A depth change."""
    return DepthDiff(symbol="X", U=u, u=u, pu=u - 1, bids=bids, asks=asks, T=u, E=u)


def test_sides_are_best_first() -> None:
    """Bids fall, asks rise; removing the best shows the next."""
    book = Book()
    book.apply_diff(diff(1, levels(("9", "1"), ("10", "2")), levels(("12", "1"), ("11", "3"))))
    assert book.bids.shown(2) == levels(("10", "2"), ("9", "1"))
    assert book.asks.shown(1) == levels(("11", "3"))
    book.apply_diff(diff(2, levels(("10", "0")), []))
    assert book.bids.best() == Decimal(9)


def test_without_depth_only_the_touch_is_known() -> None:
    """Each best-price event replaces the one before."""
    book = Book()
    assert book.apply_top(top(1, "10", "11"))
    assert book.apply_top(top(2, "9", "12"))
    assert (book.bids.shown(5), book.asks.shown(5)) == (levels(("9", "1")), levels(("12", "1")))


def test_a_newer_touch_removes_levels_it_shows_to_be_stale() -> None:
    """Bids above the new best bid cannot exist any more."""
    book = Book()
    book.apply_diff(diff(1, levels(("9", "1"), ("10", "2")), levels(("11", "3"), ("12", "1"))))
    book.apply_top(top(2, "9", "12", "5"))
    assert (book.bids.shown(5), book.asks.shown(5)) == (levels(("9", "5")), levels(("12", "5")))


def test_an_older_touch_is_ignored() -> None:
    """Streams overtake each other; update ids decide."""
    book = Book()
    book.apply_diff(diff(5, levels(("10", "2")), levels(("11", "3"))))
    assert not book.apply_top(top(4, "8", "9"))
    assert book.bids.best() == Decimal(10)


def test_a_newer_touch_survives_an_older_depth_event() -> None:
    """A late depth event does not bring back what the touch has removed."""
    book = Book()
    book.apply_diff(diff(1, levels(("9", "1")), levels(("11", "1"))))
    book.apply_top(top(10, "9", "12"))
    book.apply_diff(diff(5, [], levels(("11", "4"))))
    assert book.asks.best() == Decimal(12)


def test_a_snapshot_replaces_everything() -> None:
    """Levels that the snapshot does not list are gone."""
    book = Book()
    book.apply_diff(diff(1, levels(("9", "1")), levels(("11", "1"))))
    book.apply_snapshot(DepthSnapshot(symbol="X", u=7, bids=levels(("8", "1")), asks=levels(("13", "2")), T=7, E=7))
    assert (book.bids.shown(5), book.asks.shown(5)) == (levels(("8", "1")), levels(("13", "2")))


def test_what_was_taken_stays_taken_until_the_level_changes() -> None:
    """The same quantity reported again does not refill a level; another quantity does."""
    side = Side(buys=False)
    price = Decimal(11)
    side.set(price, Decimal(3))
    side.take(price, Decimal(2))
    side.set(price, Decimal(3))
    assert list(side.levels()) == [(price, Decimal(1))]
    side.set(price, Decimal(4))
    assert list(side.levels()) == [(price, Decimal(4))]


def test_an_exhausted_level_is_not_offered() -> None:
    """A taker moves on to the next level."""
    side = Side(buys=True)
    side.set(Decimal(10), Decimal(1))
    side.set(Decimal(9), Decimal(1))
    side.take(Decimal(10), Decimal(1))
    assert list(side.levels()) == levels(("9", "1"))
    assert side.shown(1) == levels(("10", "1"))


@pytest.mark.parametrize("name", ["btcusdt_20230405.dat.gz", "btcusdt_20240808.gz", "ethusdt_20240808.gz"])
def test_a_recorded_book_never_crosses_and_agrees_with_the_recorded_touch(name: str, shared_dir: Path) -> None:
    """Streams overtake each other and the first snapshot may be missing: the book stays sound all the same."""
    with gzip.open(shared_dir / "data" / "ticks" / "hftbacktest" / name) as file:
        lines = list(islice(file, 20_000))
    book = Book()
    for _, event in read_frames(lines):
        if isinstance(event, BookTop) and book.apply_top(event):
            assert (book.bids.best(), book.asks.best()) == (event.bid, event.ask)
        elif isinstance(event, DepthDiff):
            book.apply_diff(event)
        elif isinstance(event, DepthSnapshot):
            book.apply_snapshot(event)
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid < ask
    assert book.bids.prices == sorted(book.bids.quantities)
    assert book.asks.prices == sorted(book.asks.quantities)

"""Who is told of what happens on a market."""

from holdfast.paper.market.market import BookTop
from holdfast.paper.market.taps import Taps
from tests.paper.desk import Desk


class Ear:
    """Counts what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_book(self) -> None:
        """The book moved."""
        self.heard.append("book")

    def on_top(self, event: BookTop) -> None:
        """Best prices."""
        self.heard.append(f"top {event.u}")


def test_a_best_price_moves_the_book_too() -> None:
    """Those who want each best price hear it before those who want to know that something moved."""
    desk, ear, taps = Desk(), Ear(), Taps()
    taps.tops.append(ear)
    taps.books.append(ear)
    top = desk.venue.exchange.markets["BTCUSDT"].book.top
    assert top is not None
    taps.top(top)
    taps.moved()
    assert ear.heard == [f"top {top.u}", "book", "book"]


def test_a_market_without_listeners_has_none() -> None:
    """Nothing to call."""
    Taps().moved()
    assert not Desk().venue.exchange.markets["BTCUSDT"].taps.books

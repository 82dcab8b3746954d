"""From the name of a stream to the feed behind it."""

import pytest

from holdfast.paper.streams.board import OF_CONTRACT, OF_SYMBOL, OF_VENUE, make
from tests.paper.desk import Desk

OTHERS = ["usdtusd@assetIndex", *(f"btcusdt_perpetual@{kind}" for kind in OF_CONTRACT)]


def feeds(desk: Desk) -> list[str]:
    """The names that are served now."""
    first = desk.venue.exchange.streams.on_first
    board = first.__self__  # type: ignore[attr-defined]
    return list(board.feeds)


@pytest.mark.parametrize("name", [*OF_VENUE, *(f"btcusdt@{kind}" for kind in OF_SYMBOL), *OTHERS])
def test_every_name_of_the_tables_has_a_feed_that_starts_and_stops(name: str) -> None:
    """With nothing left behind (protocol notes F.1)."""
    desk = Desk()
    desk.venue.ws_open(1, "/public/ws", desk.now_us)
    desk.venue.ws_open(2, "/market/ws", desk.now_us)
    for conn in (1, 2):
        desk.venue.exchange.streams.add(desk.venue.exchange.streams.conns[conn], name)
    assert feeds(desk) == [name]
    for conn in (1, 2):
        desk.venue.ws_closed(conn, desk.now_us)
    assert feeds(desk) == []
    taps = desk.venue.exchange.markets["BTCUSDT"].taps
    assert [*taps.books, *taps.tops, *taps.trades, *taps.marks, *taps.liquidations] == []


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT@bookTicker",
        "nosuch@bookTicker",
        "btcusdt@",
        "btcusdt@depth@250ms",
        "@bookTicker",
        "!nothing",
        "!Ticker",
    ],
)
def test_other_names_have_none(name: str) -> None:
    """They are acknowledged and silent (protocol notes F.1)."""
    assert make(Desk().venue.exchange, name) is None


def test_one_feed_serves_all_who_listen() -> None:
    """It ends with the last of them."""
    desk = Desk()
    for conn in (1, 2):
        desk.venue.ws_open(conn, "/public/ws/btcusdt@depth", desk.now_us)
    assert feeds(desk) == ["btcusdt@depth"]
    desk.venue.ws_closed(1, desk.now_us)
    assert feeds(desk) == ["btcusdt@depth"]
    desk.venue.ws_closed(2, desk.now_us)
    assert feeds(desk) == []

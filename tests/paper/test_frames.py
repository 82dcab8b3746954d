"""Market frames: fields and pace."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.market import DepthDiff
from tests.paper.desk import Desk


def listening(*names: str, route: str = "public") -> Desk:
    """A desk with streams subscribed."""
    desk = Desk()
    desk.venue.ws_open(1, f"/{route}/ws/{'/'.join(names)}", desk.now_us)
    desk.venue.drain()
    return desk


def test_the_book_ticker() -> None:
    """Best bid and ask with the venue's digits."""
    desk = listening("btcusdt@bookTicker")
    desk.book("80001.0", "80001.1")
    [frame] = desk.sent()
    assert (frame["e"], frame["b"], frame["B"], frame["a"], frame["A"]) == (
        "bookTicker",
        "80001.00",
        "2.000",
        "80001.10",
        "2.000",
    )


def test_depth_events_chain_even_where_only_the_touch_is_known() -> None:
    """`pu` is the `u` before, and a level that is left is removed."""
    desk = listening("btcusdt@depth@100ms")
    desk.book("80001.0", "80001.1")
    desk.book("80001.0", "80002.0")
    first, second = desk.sent()
    assert second["pu"] == first["u"]
    assert second["U"] <= second["u"]
    assert second["a"] == [["80002.00", "2.000"], ["80001.10", "0.000"]]


def diff(desk: Desk, u: int) -> DepthDiff:
    """A depth event that sets one bid."""
    ms = desk.now_us // 1000
    levels = [(Decimal("79990.0"), Decimal(u))]
    return DepthDiff(symbol="BTCUSDT", U=u, u=u, pu=u - 1, bids=levels, asks=[], T=ms, E=ms)


def test_recorded_depth_passes_through() -> None:
    """Ids and levels as recorded."""
    desk = listening("btcusdt@depth")
    desk.venue.market(diff(desk, 500), desk.now_us)
    [frame] = desk.sent()
    assert (frame["U"], frame["u"], frame["pu"], frame["b"]) == (500, 500, 499, [["79990.00", "500.000"]])


def test_partial_books_keep_their_pace() -> None:
    """One per 100 ms, however many changes there were."""
    desk = listening("btcusdt@depth5@100ms")
    for step in range(20):
        desk.venue.market(diff(desk, 500 + step), desk.now_us)
        desk.wait(10_000)
    frames = desk.sent()
    assert len(frames) == 2
    assert frames[0]["b"][0] == ["80000.00", "2.000"]


@pytest.mark.parametrize(("name", "frames"), [("btcusdt@markPrice@1s", 6), ("btcusdt@markPrice", 2)])
def test_marks_keep_their_pace(name: str, frames: int) -> None:
    """Every second, or every third."""
    desk = listening(name, route="market")
    for _ in range(6):
        desk.mark("80010")
        desk.wait(1_000_000)
    heard = desk.sent()
    assert len(heard) == frames
    assert (heard[0]["p"], heard[0]["e"]) == ("80010.00000000", "markPriceUpdate")


@pytest.mark.parametrize(("route", "name", "number"), [("public", "trade", "t"), ("market", "aggTrade", "a")])
def test_trades(route: str, name: str, number: str) -> None:
    """Public trades on one route, aggregates on the other."""
    desk = listening(f"btcusdt@{name}", route=route)
    desk.trade("80000.5", "0.250", seller_aggressive=True)
    [frame] = desk.sent()
    expected: dict[str, Any] = {"e": name, "p": "80000.50", "q": "0.250", "m": True}
    assert expected.items() <= frame.items()
    assert frame[number] == desk.update_id

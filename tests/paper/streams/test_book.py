"""Streams of the book: chains, paces, and a local book that stays in step."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from holdfast.paper.market.market import DepthDiff, DepthSnapshot
from tests.paper.desk import SECOND, Desk
from tests.paper.local_book import LocalBook

MS = 1000


def listening(*names: str) -> Desk:
    """A desk with public streams subscribed, at the start of a second."""
    desk = Desk()
    desk.venue.ws_open(1, f"/public/stream?streams={'/'.join(names)}", desk.now_us)
    return desk


def diff(desk: Desk, u: int, price: str = "79990.0", qty: str = "") -> None:
    """A recorded depth event that sets one bid."""
    ms = desk.now_us // 1000
    bids = [(Decimal(price), Decimal(qty or u))]
    event = DepthDiff(symbol="BTCUSDT", U=u, u=u, pu=u - 1, bids=bids, asks=[], T=ms, E=ms)
    desk.venue.market(event, desk.now_us)


def heard(desk: Desk, name: str) -> list[Any]:
    """What came on one of the streams."""
    return [frame["data"] for frame in desk.sent() if frame["stream"] == name]


def test_depth_events_chain_even_where_only_the_touch_is_known() -> None:
    """`pu` is the `u` before, and a level that is left is removed (protocol notes F.3)."""
    desk = listening("btcusdt@depth@100ms")
    desk.book("80001.0", "80001.1")
    desk.wait(100 * MS)
    desk.book("80001.0", "80002.0")
    desk.wait(100 * MS)
    first, second = heard(desk, "btcusdt@depth@100ms")
    assert second["pu"] == first["u"]
    assert second["U"] <= second["u"]
    assert second["a"] == [["80001.10", "0.000"], ["80002.00", "2.000"]]


@pytest.mark.parametrize(("suffix", "events"), [("@100ms", 10), ("", 4), ("@500ms", 2)])
@pytest.mark.parametrize("kind", ["depth", "depth5", "depth20"])
def test_each_speed_has_a_pace_and_a_chain_of_its_own(kind: str, suffix: str, events: int) -> None:
    """However many changes there are, one event a period, each with the `u` of the one before (notes F.1, F.3)."""
    name = f"btcusdt@{kind}{suffix}"
    desk = listening("btcusdt@depth@100ms", "btcusdt@depth", "btcusdt@depth@500ms", name)
    for step in range(50):
        diff(desk, 500 + step)
        desk.wait(20 * MS)
    frames = heard(desk, name)
    assert len(frames) == events
    assert all(after["pu"] == before["u"] for before, after in pairwise(frames))
    assert all(frame["pu"] < frame["U"] <= frame["u"] for frame in frames)
    assert frames[-1]["u"] == 549


def test_the_rpi_book_has_a_stream_of_its_own() -> None:
    """Every 500 ms (protocol notes F.1)."""
    desk = listening("btcusdt@rpiDepth@500ms")
    diff(desk, 500)
    desk.wait(500 * MS)
    [frame] = heard(desk, "btcusdt@rpiDepth@500ms")
    assert frame["b"] == [["79990.00", "500.000"]]


def test_an_explicit_speed_of_250_ms_is_silent() -> None:
    """Although it is the speed without one (protocol notes F.1)."""
    desk = listening("btcusdt@depth@250ms")
    diff(desk, 500)
    desk.wait(SECOND)
    assert desk.sent() == []


def test_a_quiet_book_sends_no_event() -> None:
    """An event with an empty range is never sent (protocol notes F.3)."""
    desk = listening("btcusdt@depth@100ms", "btcusdt@depth5@100ms")
    diff(desk, 500)
    desk.wait(SECOND)
    assert len(desk.sent()) == 2
    desk.wait(10 * SECOND)
    assert desk.sent() == []


def test_partial_books_are_whole() -> None:
    """The first levels, whether they have changed or not (protocol notes F.1)."""
    desk = listening("btcusdt@depth5@100ms")
    desk.levels({f"{79000 + n}.0": "1" for n in range(8)}, {f"{80000 + n}.0": "1" for n in range(8)})
    desk.wait(SECOND)
    [frame] = heard(desk, "btcusdt@depth5@100ms")
    assert [price for price, _ in frame["b"]] == [f"7900{n}.00" for n in (7, 6, 5, 4, 3)]
    assert [price for price, _ in frame["a"]] == [f"8000{n}.00" for n in range(5)]


def test_book_tickers_of_a_market_with_depth_alone() -> None:
    """Made from the best levels when these change (protocol notes F.1)."""
    desk = Desk()
    desk.venue.ws_open(1, "/public/ws/ethusdt@bookTicker", desk.now_us)
    for u, best in enumerate(("3000.00", "3000.00", "3001.00"), start=1):
        ms = desk.now_us // 1000
        bids = [(Decimal(best), Decimal(1))]
        event = DepthSnapshot(symbol="ETHUSDT", u=u, bids=bids, asks=[(Decimal(3100), Decimal(1))], T=ms, E=ms)
        desk.venue.market(event, desk.now_us)
    assert [(frame["b"], frame["u"]) for frame in desk.sent()] == [("3000.00", 1), ("3001.00", 3)]


def test_all_book_tickers_come_every_five_seconds() -> None:
    """A frame for each market that has moved (protocol notes F.1)."""
    desk = Desk()
    desk.book("3000.00", "3000.01", symbol="ETHUSDT")
    desk.venue.ws_open(1, "/public/ws/!bookTicker", desk.now_us)
    desk.wait(5 * SECOND)
    assert sorted(frame["s"] for frame in desk.sent()) == ["BTCUSDT", "ETHUSDT"]
    desk.book("3001.00", "3001.01", symbol="ETHUSDT")
    desk.wait(4 * SECOND)
    assert desk.sent() == []
    desk.wait(SECOND)
    assert [frame["s"] for frame in desk.sent()] == ["ETHUSDT"]


@pytest.mark.parametrize("name", ["btcusdt@depth@100ms", "btcusdt@depth", "btcusdt@depth@500ms"])
def test_a_local_book_follows_whatever_moves_the_venue_s(name: str) -> None:
    """Best prices, diffs, snapshots and a shifted market, by the recipe of the protocol notes F.3."""
    desk = listening(name)
    local = LocalBook(desk, name)
    for step in range(40):
        diff(desk, 1000 + 10 * step, price=f"{79900 + step}.0", qty="1" if step % 3 else "0")
        if step % 4 == 0:
            desk.update_id = 1000 + 10 * step + 5
            desk.book(f"{79950 + step}.0", f"{79960 + step}.0", bid_qty="3")
        if step == 20:
            desk.levels({"79000.0": "1", "79500.0": "2"}, {"80500.0": "1"})
        if step == 30:
            desk.control("price", symbol="BTCUSDT", percent="1", only="book")
        if step == 10:
            local.take_snapshot()
        desk.wait(70 * MS)
        local.hear()
    diff(desk, 9000)
    desk.wait(SECOND)
    local.hear()
    assert local.gaps == 0
    assert local.applied >= 4
    assert local.equals_the_venue()


def test_l3_depth_gap() -> None:
    """A lost event shows as `pu` that is not the `u` before; a new snapshot mends it (protocol notes F.3, L.3)."""
    name = "btcusdt@depth@100ms"
    desk = listening(name)
    local = LocalBook(desk, name)
    diff(desk, 500)
    desk.wait(100 * MS)
    local.take_snapshot()
    local.hear()
    desk.control("fault", verb="ws.drop", kinds=["depthUpdate"])
    for u in (501, 502):
        diff(desk, u)
        desk.wait(100 * MS)
    local.hear()
    assert local.gaps == 1
    local.take_snapshot()
    diff(desk, 503)
    desk.wait(100 * MS)
    local.hear()
    assert local.equals_the_venue()


def test_a_recording_that_begins_anew_breaks_the_chain_openly() -> None:
    """Clients see that `pu` does not fit, and take a new snapshot."""
    desk = listening("btcusdt@depth@100ms")
    diff(desk, 500)
    desk.wait(100 * MS)
    desk.update_id = 10
    desk.venue.exchange.markets["BTCUSDT"].book.top = None
    desk.levels({"79000.0": "1"}, {"80500.0": "1"})
    desk.wait(100 * MS)
    frames = heard(desk, "btcusdt@depth@100ms")
    assert (frames[1]["pu"], frames[1]["U"], frames[1]["u"]) == (10, 11, 11)


def test_after_the_last_listener_nothing_is_left_on_the_market() -> None:
    """Work only for what somebody listens to."""
    names = ["btcusdt@depth", "btcusdt@depth5", "btcusdt@bookTicker", "btcusdt@trade", "!bookTicker"]
    desk = listening(*names)
    market = desk.venue.exchange.markets["BTCUSDT"]
    assert market.taps.books
    desk.venue.ws_closed(1, desk.now_us)
    taps = market.taps
    assert [*taps.books, *taps.tops, *taps.trades, *market.book.bids.watchers, *market.book.asks.watchers] == []
    desk.book("80001.0", "80001.1")
    desk.wait(10 * SECOND)
    assert desk.venue.exchange.timers.next_due_us() == desk.now_us - 10 * SECOND + 86_400 * SECOND

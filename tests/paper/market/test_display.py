"""The book that everybody sees: the market's, less what was taken of it, and every account's resting orders."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.config import AccountConfig
from holdfast.paper.market import display
from tests.paper.desk import FUNDS, KEY, SECOND, SECRET, Desk, sign
from tests.paper.local_book import LocalBook

MS = 1000
OTHER, OTHER_SECRET = "other-key", "other-secret"


def pair(*names: str, **config: Any) -> Desk:
    """A desk with two rich accounts, and public streams on connection 1 where some are named."""
    own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS)
    other = AccountConfig(name="other", api_key=OTHER, api_secret=OTHER_SECRET, balances=FUNDS)
    desk = Desk(accounts=[own, other], **config)
    if names:
        desk.venue.ws_open(1, f"/public/stream?streams={'/'.join(names)}", desk.now_us)
    return desk


def other_order(desk: Desk, **params: Any) -> int:
    """The other account places an order; the status of the answer."""
    base = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "timestamp": desk.now_us // 1000}
    text = urlencode({name: value for name, value in {**base, **params}.items() if value != ""})
    path = f"/fapi/v1/order?{text}&signature={sign(text, OTHER_SECRET)}"
    return desk.raw("POST", path, key=OTHER).status


def limit(desk: Desk, side: str, price: str, quantity: str, **params: Any) -> int:
    """Place a limit order; its id."""
    reply = desk.order(type="LIMIT", side=side, price=price, quantity=quantity, **params)
    assert reply.status == 200, reply.body
    number: int = reply.body["orderId"]
    return number


def book(desk: Desk, path: str = "depth", levels: int = 1000) -> Any:
    """The book as REST answers it."""
    return desk.raw("GET", f"/fapi/v1/{path}?symbol=BTCUSDT&limit={levels}").body


def touch(desk: Desk) -> tuple[str, str, str, str]:
    """Best bid and ask with quantities, as REST answers them."""
    row = desk.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT").body
    return row["bidPrice"], row["bidQty"], row["askPrice"], row["askQty"]


def heard(desk: Desk, name: str) -> list[Any]:
    """What came on one of the streams."""
    return [frame["data"] for frame in desk.sent() if frame["stream"] == name]


def test_an_order_inside_the_spread_is_the_best_price() -> None:
    """At once in the best-price stream, under an update id of its own (protocol notes F.1, F.3)."""
    desk = pair("btcusdt@bookTicker")
    desk.book("80000.0", "80010.0")
    desk.sent()
    limit(desk, "BUY", "80005.0", "0.300")
    [frame] = heard(desk, "btcusdt@bookTicker")
    assert (frame["b"], frame["B"], frame["a"]) == ("80005.00", "0.300", "80010.00")
    assert touch(desk)[:2] == ("80005.00", "0.300")
    assert frame["u"] == book(desk)["lastUpdateId"]


def test_an_order_joins_the_quantity_at_its_price_and_leaves_it() -> None:
    """Placed, amended and cancelled: the level follows (protocol notes B.1, C.3, C.4)."""
    desk = pair()
    number = limit(desk, "BUY", "80000.0", "0.500")
    assert touch(desk)[:2] == ("80000.00", "2.500")
    desk.call("PUT", "/fapi/v1/order", symbol="BTCUSDT", orderId=number, side="BUY", quantity="0.700", price="79999.0")
    assert book(desk)["bids"] == [["80000.00", "2.000"], ["79999.00", "0.700"]]
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=number)
    assert book(desk)["bids"] == [["80000.00", "2.000"]]


def test_every_account_is_in_the_book() -> None:
    """Orders of all accounts at a price are one level (protocol notes F)."""
    desk = pair()
    limit(desk, "BUY", "79990.0", "0.500")
    assert other_order(desk, side="BUY", price="79990.0", quantity="0.250") == 200
    assert book(desk)["bids"] == [["80000.00", "2.000"], ["79990.00", "0.750"]]


def test_what_a_taker_took_is_gone_until_the_market_tells_the_level_anew() -> None:
    """A level shows what is left of it, and nothing of it when nothing is left (protocol notes F.3)."""
    desk = pair()
    desk.levels({"80000.0": "2"}, {"80000.1": "1", "80000.2": "1"})
    desk.order(quantity="0.400")
    assert book(desk)["asks"] == [["80000.10", "0.600"], ["80000.20", "1.000"]]
    desk.order(quantity="0.600")
    assert book(desk)["asks"] == [["80000.20", "1.000"]]
    desk.levels({"80000.0": "2"}, {"80000.1": "1", "80000.2": "1"})
    assert book(desk)["asks"] == [["80000.10", "1.000"], ["80000.20", "1.000"]]


def test_a_partly_filled_order_shows_what_is_left_of_it() -> None:
    """Another account takes a part of it (protocol notes F.3)."""
    desk = pair()
    desk.book("80000.0", "80010.0")
    limit(desk, "SELL", "80005.0", "0.500")
    assert other_order(desk, side="BUY", price="80005.0", quantity="0.200") == 200
    assert touch(desk)[2:] == ("80005.00", "0.300")


def test_a_market_that_moves_through_an_order_is_never_shown_crossed() -> None:
    """The order fills in the same step: no frame shows a bid at or above an ask (protocol notes F.1)."""
    desk = pair("btcusdt@bookTicker", "btcusdt@depth5@100ms")
    desk.book("80000.0", "80010.0")
    limit(desk, "BUY", "80008.0", "5.000")
    desk.book("79990.0", "80001.0", ask_qty="1")
    desk.book("79990.0", "80001.0", ask_qty="2")
    desk.wait(SECOND)
    for frame in desk.sent():
        row = frame["data"]
        bid, ask = (row["b"], row["a"]) if row["e"] == "bookTicker" else (row["b"][0][0], (row["a"] or [["9e9"]])[0][0])
        assert Decimal(bid) < Decimal(ask), row
    assert book(desk)["bids"][0] == ["80008.00", "2.000"]
    assert book(desk)["asks"] == []


def test_diffs_carry_our_levels_in_one_chain() -> None:
    """Placing and cancelling give one event each at the pace of the stream, ids without a hole (protocol notes F.3)."""
    desk = pair("btcusdt@depth@100ms")
    number = limit(desk, "BUY", "79995.0", "0.100")
    limit(desk, "SELL", "80005.0", "0.200")
    desk.wait(100 * MS)
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=number)
    desk.wait(100 * MS)
    frames = heard(desk, "btcusdt@depth@100ms")
    assert [(frame["b"], frame["a"]) for frame in frames] == [
        ([["79995.00", "0.100"]], [["80005.00", "0.200"]]),
        ([["79995.00", "0.000"]], []),
    ]
    assert all(after["pu"] == before["u"] and after["U"] == after["pu"] + 1 for before, after in pairwise(frames))


def test_price_match_looks_at_the_book_that_everybody_sees() -> None:
    """QUEUE joins the best bid, whoever placed it (protocol notes C.1)."""
    desk = pair()
    desk.book("80000.0", "80010.0")
    assert other_order(desk, side="BUY", price="80004.0", quantity="0.100") == 200
    reply = desk.order(type="LIMIT", priceMatch="QUEUE", quantity="0.100")
    assert reply.body["price"] == "80004.00"


def test_c1_rpi_orders_show_only_in_their_own_book() -> None:
    """Protocol notes C.1, B.1, F.1: hidden from the usual depth, in rpiDepth and its stream."""
    desk = pair("btcusdt@depth@500ms", "btcusdt@rpiDepth@500ms", "btcusdt@bookTicker")
    desk.book("80000.0", "80010.0")
    desk.wait(SECOND)
    desk.sent()
    number = limit(desk, "BUY", "80005.0", "0.100", timeInForce="RPI")
    assert (touch(desk)[0], book(desk)["bids"][0]) == ("80000.00", ["80000.00", "2.000"])
    assert book(desk, "rpiDepth")["bids"][0] == ["80005.00", "0.100"]
    desk.wait(SECOND)
    [frame] = desk.sent()
    assert (frame["stream"], frame["data"]["b"]) == ("btcusdt@rpiDepth@500ms", [["80005.00", "0.100"]])
    assert limit(desk, "SELL", "80004.0", "0.100")
    assert book(desk, "rpiDepth")["bids"][0] == ["80000.00", "2.000"]
    desk.wait(SECOND)
    [frame] = heard(desk, "btcusdt@rpiDepth@500ms")
    assert (frame["b"], frame["a"]) == ([["80005.00", "0.000"]], [["80004.00", "0.100"]])
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=number)
    desk.wait(SECOND)
    assert [frame["stream"] for frame in desk.sent()] == ["btcusdt@rpiDepth@500ms"]


def test_without_own_orders_frames_are_the_market_s_own() -> None:
    """Update ids and times too (protocol notes F.2)."""
    desk = pair("btcusdt@bookTicker")
    desk.wait(7 * SECOND)
    desk.book("80000.0", "80010.0")
    [frame] = heard(desk, "btcusdt@bookTicker")
    assert (frame["u"], frame["T"]) == (desk.update_id, desk.now_us // 1000)


def test_what_the_book_shows_survives_a_snapshot_of_the_exchange() -> None:
    """Levels, ids and what was taken (protocol notes F.3)."""
    desk = pair()
    limit(desk, "SELL", "80000.2", "0.500")
    desk.order(quantity="0.100")
    before = book(desk)
    desk.venue = desk.venue.restore(desk.venue.snapshot(), desk.log.append)  # type: ignore[arg-type]
    assert book(desk) == before


SIDES = st.sampled_from(["BUY", "SELL"])
NEAR = st.integers(-5, 5)
QUANTITY = st.integers(1, 40)
STEP = st.one_of(
    st.tuples(st.just("limit"), st.booleans(), SIDES, NEAR, QUANTITY, st.sampled_from(["GTC", "GTC", "GTX", "RPI"])),
    st.tuples(st.just("take"), st.booleans(), SIDES, QUANTITY),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("amend"), st.integers(0, 5), NEAR, QUANTITY),
    st.tuples(st.just("top"), NEAR, st.integers(1, 3), QUANTITY),
    st.tuples(st.just("levels"), NEAR, QUANTITY),
    st.tuples(st.just("trade"), NEAR, QUANTITY, st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 400)),
)
STEPS = st.lists(STEP, min_size=20, max_size=60)


class Life:
    """Two accounts and a market in random steps, with everybody listening."""

    def __init__(self) -> None:
        self.desk = pair("btcusdt@depth@100ms", "btcusdt@bookTicker", "btcusdt@rpiDepth@500ms")
        self.frames: list[Any] = []

    def take(self, step: tuple[Any, ...]) -> None:
        """Carry out one step; refusals are part of life."""
        getattr(self, f"do_{step[0]}")(*step[1:])
        self.desk.wait(MS)
        self.frames += self.desk.sent()

    def place(self, ours: bool, **params: Any) -> None:
        """An order of one of the accounts."""
        if ours:
            self.desk.order(**params)
        else:
            other_order(self.desk, **{"timeInForce": "" if params["type"] == "MARKET" else "GTC", **params})

    def do_limit(self, ours: bool, side: str, offset: int, quantity: int, tif: str) -> None:
        """A limit order near the middle."""
        price, qty = f"{80_000 + offset}.0", f"{Decimal(quantity) / 10}"
        self.place(ours, type="LIMIT", side=side, price=price, quantity=qty, timeInForce=tif)

    def do_take(self, ours: bool, side: str, quantity: int) -> None:
        """A market order."""
        self.place(ours, type="MARKET", side=side, quantity=f"{Decimal(quantity) / 10}")

    def open_orders(self) -> list[Any]:
        """What rests of the first account."""
        rows: list[Any] = self.desk.call("GET", "/fapi/v1/openOrders", symbol="BTCUSDT").body
        return rows

    def do_cancel(self, nth: int) -> None:
        """Cancel one."""
        if rows := self.open_orders():
            row = rows[nth % len(rows)]
            self.desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=row["orderId"])

    def do_amend(self, nth: int, offset: int, quantity: int) -> None:
        """Amend one."""
        if rows := self.open_orders():
            row = rows[nth % len(rows)]
            wanted = {"price": f"{80_000 + offset}.0", "quantity": f"{Decimal(quantity) / 10}", "side": row["side"]}
            self.desk.call("PUT", "/fapi/v1/order", symbol="BTCUSDT", orderId=row["orderId"], **wanted)

    def do_top(self, offset: int, width: int, quantity: int) -> None:
        """The market's touch."""
        bid, ask, qty = f"{80_000 + offset}.0", f"{80_000 + offset + width}.0", f"{Decimal(quantity) / 10}"
        self.desk.book(bid, ask, bid_qty=qty, ask_qty=qty)

    def do_levels(self, offset: int, quantity: int) -> None:
        """The market's whole book, then its touch."""
        bids = {f"{80_000 + offset - n}.0": f"{Decimal(quantity + n) / 10}" for n in range(4)}
        asks = {f"{80_001 + offset + n}.0": f"{Decimal(quantity + n) / 10}" for n in range(4)}
        self.desk.levels(bids, asks)
        qty = f"{Decimal(quantity) / 10}"
        self.desk.book(f"{80_000 + offset}.0", f"{80_001 + offset}.0", bid_qty=qty, ask_qty=qty)

    def do_trade(self, offset: int, quantity: int, seller: bool) -> None:
        """A trade of strangers."""
        self.desk.trade(f"{80_000 + offset}.0", f"{Decimal(quantity) / 10}", seller_aggressive=seller)

    def do_wait(self, ms: int) -> None:
        """Time passes."""
        self.desk.wait(ms * MS)

    def naive(self, buying: bool) -> dict[str, Decimal]:
        """A side of the book, put together from the market's levels, what was taken, and every open order."""
        market = self.desk.venue.exchange.markets["BTCUSDT"]
        side = market.book.own(buying=buying)
        shown = {price: qty - side.taken.get(price, Decimal(0)) for price, qty in side.quantities.items()}
        for account in self.desk.venue.exchange.accounts.values():
            for order in account.open_orders.values():
                if order.is_buy == buying and order.tif != "RPI":
                    shown[order.price] = shown.get(order.price, Decimal(0)) + order.remaining
        return {f"{price:.2f}": qty for price, qty in shown.items() if qty}


@given(STEPS)
def test_the_book_is_the_market_s_less_what_was_taken_and_our_orders(steps: list[Any]) -> None:
    """Law: after every step REST shows exactly that, best first, never crossed, and the touch stream agrees."""
    life = Life()
    for step in steps:
        life.take(step)
        shown = book(life.desk)
        for name, buying in (("bids", True), ("asks", False)):
            assert {price: Decimal(qty) for price, qty in shown[name]} == life.naive(buying), step
            prices = [Decimal(price) for price, _ in shown[name]]
            assert prices == sorted(prices, reverse=buying)
        if shown["bids"] and shown["asks"]:
            assert Decimal(shown["bids"][0][0]) < Decimal(shown["asks"][0][0]), step
            told = [frame["data"] for frame in life.frames if frame["stream"].endswith("bookTicker")][-1:]
            for row in told:
                assert [[row["b"], row["B"]], [row["a"], row["A"]]] == [shown["bids"][0], shown["asks"][0]], step


@pytest.mark.parametrize("path", ["depth", "rpiDepth"])
@given(steps=STEPS)
def test_a_book_kept_by_diffs_equals_the_venue_s_at_equal_ids(path: str, steps: list[Any]) -> None:
    """Law: snapshot and diffs by the recipe of the protocol notes F.3, with our orders among the market's moves."""
    life = Life()
    name = f"btcusdt@{path}@{'100ms' if path == 'depth' else '500ms'}"
    local = LocalBook(life.desk, name, path=path)
    for number, step in enumerate(steps):
        life.take(step)
        if number == 2:
            local.take_snapshot()
    for offset in (-20, 20):
        life.take(("levels", offset, 3))
        life.take(("wait", 600))
    local.feed(life.frames)
    assert local.gaps == 0
    assert local.applied
    assert local.equals_the_venue()


def test_looking_costs_nothing_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without listeners no order puts the book together."""
    desk = pair()
    looks: list[int] = []
    monkeypatch.setattr(display, "levels", lambda *_args, **_more: looks.append(1))
    for n in range(5):
        limit(desk, "BUY", f"7999{n}.0", "0.100")
    desk.order(side="SELL", quantity="0.100")
    assert looks == []

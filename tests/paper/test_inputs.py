"""Market events into the exchange."""

from decimal import Decimal

from holdfast.paper.market.market import DepthDiff
from tests.paper.desk import Desk


def test_a_symbol_the_exchange_does_not_have_is_ignored() -> None:
    """A recording may hold more than we serve."""
    desk = Desk()
    before = len(desk.log)
    desk.book("1", "2", symbol="NOPEUSDT")
    assert len(desk.log) == before


def test_marks_are_logged_only_where_somebody_is_exposed() -> None:
    """With a position or a waiting stop: as it stands when exposure begins, then once per change."""
    desk = Desk()
    desk.mark("80010")
    assert desk.records("mark") == []
    desk.order()
    desk.mark("80020")
    desk.mark("80020")
    desk.algo()
    assert [record["mark"] for record in desk.records("mark")] == ["80010", "80020"]
    desk.order(side="SELL")
    desk.call("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")
    desk.mark("80030")
    assert len(desk.records("mark")) == 2


def test_a_depth_event_fills_what_it_crosses() -> None:
    """Depth moves the touch as well as best-price events do."""
    desk = Desk()
    desk.order(type="LIMIT", price="79999.9", quantity="0.010")
    ask = (Decimal("79999.0"), Decimal(1))
    gone = (Decimal("80000.0"), Decimal(0))
    event = DepthDiff(symbol="BTCUSDT", U=900, u=900, pu=899, bids=[gone], asks=[ask], T=1, E=1)
    desk.venue.market(event, desk.now_us)
    assert desk.position() == Decimal("0.010")


def test_a_gap_moves_depth_and_trades_too() -> None:
    """Every kind of event is shifted."""
    desk = Desk()
    desk.levels({"80000.0": "1"}, {"80000.1": "1"})
    desk.trade("80000.0", "1", seller_aggressive=True)
    desk.control("price", symbol="BTCUSDT", percent="1")
    assert desk.call("GET", "/fapi/v1/ticker/price", symbol="BTCUSDT").body["price"] == "80800.00"
    desk.levels({"80000.0": "1"}, {"80000.1": "1"})
    assert desk.call("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=5).body["bids"] == [["80800.00", "1.000"]]
    level = [(Decimal("79999.0"), Decimal(3))]
    desk.venue.market(DepthDiff(symbol="BTCUSDT", U=900, u=900, pu=899, bids=level, asks=[], T=1, E=1), desk.now_us)
    assert desk.call("GET", "/fapi/v1/depth", symbol="BTCUSDT", limit=5).body["bids"][1] == ["80799.00", "3.000"]
    desk.trade("80001.0", "1", seller_aggressive=True)
    assert desk.call("GET", "/fapi/v1/ticker/price", symbol="BTCUSDT").body["price"] == "80801.00"

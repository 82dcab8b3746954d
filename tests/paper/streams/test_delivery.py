"""User events on their way: order, and what stream faults do to it."""

import pytest

from tests.paper.desk import SECOND, Desk, describe

FILL = ["ORDER NEW/NEW", "TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]


def desk_with(verb: str, **fault: object) -> Desk:
    """A desk that listens, with one stream fault armed."""
    desk = Desk()
    desk.listen()
    assert desk.control("fault", verb=verb, **fault)["ok"]
    return desk


def test_the_usual_order_of_one_fill() -> None:
    """TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE (protocol notes E.2)."""
    desk = Desk()
    desk.listen()
    desk.order()
    assert desk.story() == FILL


def test_l3_out_of_order_trade_lite_vs_otu() -> None:
    """The next event of another kind overtakes it (protocol notes L.3)."""
    desk = desk_with("ws.reorder", kinds=["ORDER_TRADE_UPDATE"])
    desk.order()
    assert desk.story() == ["TRADE_LITE", "ORDER NEW/NEW", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]


def test_order_within_a_kind_is_kept() -> None:
    """Two orders: an event never overtakes one of its own kind (protocol notes E.2)."""
    desk = desk_with("ws.reorder", kinds=["ORDER_TRADE_UPDATE"])
    for price in ("79000.0", "79001.0"):
        desk.order(type="LIMIT", price=price)
    assert [event["o"]["p"] for event in desk.sent()] == ["79000.00", "79001.00"]


def test_an_event_that_nothing_overtakes_goes_on_alone() -> None:
    """After a while."""
    desk = desk_with("ws.reorder", ms=200)
    desk.order(type="LIMIT", price="79000.0")
    assert desk.story() == []
    desk.wait(200_000)
    assert desk.story() == ["ORDER NEW/NEW"]


def test_a_delayed_event_holds_back_what_follows() -> None:
    """One connection keeps its order (protocol notes E.2, L.2)."""
    desk = desk_with("ws.delay", ms=500, kinds=["TRADE_LITE"])
    desk.order()
    assert desk.story() == FILL[:1]
    desk.wait(500_000)
    assert desk.story() == FILL[1:]


@pytest.mark.parametrize("verb", ["ws.delay", "ws.reorder"])
def test_what_waits_for_a_connection_that_ends_is_lost(verb: str) -> None:
    """Nothing is sent to nobody, and the log does not say that it was."""
    desk = desk_with(verb, ms=500)
    desk.order(type="LIMIT", price="79000.0")
    desk.venue.ws_closed(1, desk.now_us)
    desk.wait(SECOND)
    assert desk.records("push") == []


def test_the_log_tells_what_was_sent_when() -> None:
    """A delayed event is logged as a fault at once, and as pushed when it leaves, with the number of what it tells."""
    desk = desk_with("ws.delay", ms=500)
    desk.order(type="LIMIT", price="79000.0")
    desk.wait(500_000)
    [push] = desk.records("push")
    assert (push["us"], push["of"]) == (desk.now_us, desk.records("order")[-1]["n"])
    assert [record["verb"] for record in desk.records("fault")] == ["ws.delay", "ws.delay"]


def test_l3_duplicate_events_across_two_connections() -> None:
    """Overlapping connections bring everything twice (protocol notes E.2, L.3)."""
    desk = Desk()
    key = desk.listen(1)
    desk.venue.ws_open(2, f"/private/ws/{key}", desk.now_us)
    desk.order()
    out = desk.venue.drain()
    texts = {conn: [frame.text for frame in out if frame.conn == conn] for conn in (1, 2)}  # type: ignore[union-attr]
    assert texts[1] == texts[2]
    assert len(texts[1]) == len(FILL)


def test_an_event_can_come_twice_or_never() -> None:
    """On one connection (protocol notes L.2)."""
    desk = desk_with("ws.dup", kinds=["TRADE_LITE"])
    desk.control("fault", verb="ws.drop", kinds=["ACCOUNT_UPDATE"])
    desk.order()
    assert [describe(event) for event in desk.sent()] == [FILL[0], FILL[1], FILL[1], FILL[3]]


def test_l2_ack_before_event_and_event_before_ack() -> None:
    """Whether events leave before the reply of the request that caused them is a fact (protocol notes E.2, L.2)."""
    assert not Desk({"event_before_ack": False}).order().outcome.events_first
    assert Desk({"event_before_ack": True}).order().outcome.events_first


def test_a_market_frame_can_be_late() -> None:
    """Of a kind that the fault names."""
    desk = Desk()
    desk.venue.ws_open(1, "/public/ws/btcusdt@bookTicker", desk.now_us)
    desk.control("fault", verb="ws.delay", ms=300, kinds=["bookTicker"])
    desk.book("80001.0", "80001.1")
    assert desk.sent() == []
    desk.wait(300_000)
    assert [frame["b"] for frame in desk.sent()] == ["80001.00"]

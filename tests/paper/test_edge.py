"""Whole conversations through the one door."""

from decimal import Decimal

from holdfast.paper.wire_out import Close
from tests.paper.desk import Desk

DAY = 86_400_000_000


def test_an_intent_s_life_entry_stop_target_exit() -> None:
    """Entry, stop and target; the target fills, the stop is cancelled, and the money adds up."""
    desk = Desk()
    desk.listen()
    desk.order(type="LIMIT", timeInForce="IOC", price="80001.0", newClientOrderId="e")
    desk.algo(clientAlgoId="s")
    desk.order(type="LIMIT", side="SELL", price="80500.0", reduceOnly="true", newClientOrderId="t")
    desk.trade("80500.1", "1", seller_aggressive=False)
    assert desk.position() == 0
    assert desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="s").status == 200
    net = Decimal("4.999") - Decimal("0.4000005") - Decimal("0.161")
    assert desk.wallet() == Decimal(100_000) + net
    assert desk.story()[-1] == "ALGO CANCELED"


def test_the_stop_survives_its_owner() -> None:
    """Nobody connected: the venue closes the position all the same."""
    desk = Desk()
    desk.listen()
    desk.order()
    desk.algo()
    desk.venue.drain()
    desk.venue.ws_closed(1, desk.now_us)
    desk.mark("70000")
    assert desk.position() == 0
    assert desk.sent() == []


def test_a_retry_after_a_lost_answer_can_enter_twice() -> None:
    """The filled first order has freed its id: why an unknown entry is never resent."""
    desk = Desk()
    desk.control("fault", verb="resp.drop", match={"method": "order.place"})
    desk.order(newClientOrderId="same")
    assert desk.order(newClientOrderId="same").status == 200
    assert desk.position() == Decimal("0.020")


def test_a_retry_of_a_resting_order_is_caught() -> None:
    """While it is open the id is taken, which proves that the first attempt arrived."""
    desk = Desk()
    rest = {"type": "LIMIT", "price": "79000.0", "newClientOrderId": "same"}
    desk.control("fault", verb="503-unknown", executed=True)
    assert desk.order(**rest).status == 503
    assert desk.order(**rest).code == -4116


def test_connections_end_after_a_day() -> None:
    """Each kind, each at its own time."""
    desk = Desk()
    desk.listen(1)
    desk.wait(1_000_000)
    desk.venue.ws_open(2, "/ws-fapi/v1", desk.now_us)
    desk.wait(DAY - 1_000_000)
    assert [out.conn for out in desk.venue.drain() if isinstance(out, Close)] == [1]
    desk.wait(1_000_000)
    assert [out.conn for out in desk.venue.drain() if isinstance(out, Close)] == [2]


def test_a_closed_connection_is_forgotten() -> None:
    """Frames of it are ignored, and its day does not end twice."""
    desk = Desk()
    desk.listen(1)
    desk.venue.ws_closed(1, desk.now_us)
    desk.venue.ws_text(1, "{}", desk.now_us)
    desk.wait(DAY)
    assert not any(isinstance(out, Close) for out in desk.venue.drain())
    assert [record["ev"] for record in desk.records("ws")] == ["open", "close"]


def test_what_is_drained_is_handed_out_once() -> None:
    """In the order it was made."""
    desk = Desk()
    desk.listen()
    desk.order()
    assert len(desk.venue.drain()) == 4
    assert desk.venue.drain() == []


def test_the_next_thing_due_is_told() -> None:
    """Nothing at first, then the nearest timer."""
    desk = Desk()
    assert desk.venue.next_due_us() is None
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=500)
    assert desk.venue.next_due_us() == desk.now_us + 500_000


def test_a_partial_entry_is_covered_by_a_close_all_stop_of_any_size() -> None:
    """The rest of the entry fills later, and the stop grows with it."""
    desk = Desk()
    desk.book("80000.0", "80000.1", ask_qty="0.004")
    desk.order(type="LIMIT", price="80000.1")
    assert desk.position() == Decimal("0.004")
    desk.algo()
    desk.book("80000.0", "80000.1", ask_qty="0.006")
    assert desk.position() == Decimal("0.010")
    desk.mark("78000")
    assert desk.position() == 0


def test_stop_and_target_in_one_gap_never_flip_the_position() -> None:
    """The second exit finds nothing left and is rejected."""
    desk = Desk()
    desk.order()
    for name in ("a", "b"):
        desk.algo(quantity="0.010", reduceOnly="true", clientAlgoId=name)
    desk.mark("70000")
    assert desk.position() == 0
    assert [record["status"] for record in desk.records("algo")][-1] == "REJECTED"

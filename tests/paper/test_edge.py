"""Whole conversations through the one door."""

import json
from decimal import Decimal

from holdfast.paper.config import RateLimits
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


def test_a_banned_address_gets_no_ws_api_connection_but_keeps_the_streams() -> None:
    """418 in place of the handshake: the doors share all counters, and the ban's text advises streams (notes G.1)."""
    desk = Desk(limits=RateLimits(weight_per_minute=0, refusals_before_ban=0))
    assert desk.raw("GET", "/fapi/v1/ping").status == 418
    answer = desk.venue.ws_enter(2, "/ws-fapi/v1", desk.now_us)
    assert answer is not None
    assert (answer.status, json.loads(answer.body)["code"]) == (418, -1003)
    assert desk.venue.ws_enter(3, "/market/ws", desk.now_us) is None


def test_a_handshake_beyond_the_weight_is_refused_and_costs_its_weight() -> None:
    """The handshake of the WS API weighs 5 (protocol notes G.1)."""
    desk = Desk(limits=RateLimits(weight_per_minute=9))
    assert desk.venue.ws_enter(2, "/ws-fapi/v1", desk.now_us) is None
    answer = desk.venue.ws_enter(3, "/ws-fapi/v1", desk.now_us)
    assert answer is not None
    assert answer.status == 429
    assert desk.venue.exchange.limits.weight.count == 10


def test_who_is_closed_again_and_again_may_open_no_stream_for_a_while() -> None:
    """Repeated offenders are banned by address (protocol notes F.5)."""
    desk = Desk(limits=RateLimits(ws_messages_per_second=1, ws_closes_before_ban=2))
    for conn in (2, 3, 4):
        assert desk.venue.ws_open(conn, "/public/ws", desk.now_us)
        for _ in range(2):
            desk.venue.ws_text(conn, '{"method":"LIST_SUBSCRIPTIONS","id":1}', desk.now_us)
    answer = desk.venue.ws_enter(5, "/public/ws", desk.now_us)
    assert answer is not None
    assert answer.status == 418
    assert str(desk.now_us // 1000 + 120_000) in answer.body.decode()
    assert desk.raw("GET", "/fapi/v1/ping").status == 200
    desk.wait(120_000_000)
    assert desk.venue.ws_open(6, "/public/ws", desk.now_us)


def test_connections_of_an_address_can_be_limited() -> None:
    """300 in five minutes are a figure of the spot market: no limit unless one is set (protocol notes F.5)."""
    assert RateLimits().connections_per_5_minutes is None
    desk = Desk(limits=RateLimits(connections_per_5_minutes=2))
    assert [desk.venue.ws_open(conn, "/public/ws", desk.now_us) for conn in (2, 3, 4)] == [True, True, False]
    answer = desk.venue.ws_enter(5, "/ws-fapi/v1", desk.now_us)
    assert answer is not None
    assert (answer.status, json.loads(answer.body)["code"]) == (429, -1003)
    desk.wait(300_000_000)
    assert desk.venue.ws_open(6, "/public/ws", desk.now_us)


def test_a_sixth_ping_in_a_second_ends_a_ws_api_connection() -> None:
    """Five pings and pongs a second; requests are not counted with them (protocol notes G.1)."""
    desk = Desk(limits=RateLimits())
    assert desk.venue.ws_open(2, "/ws-fapi/v1", desk.now_us)
    for _ in range(5):
        desk.venue.ws_text(2, '{"id":1,"method":"ticker.book"}', desk.now_us)
        desk.venue.ws_beat(2, desk.now_us)
    assert not [out for out in desk.venue.drain() if isinstance(out, Close)]
    desk.venue.ws_beat(2, desk.now_us)
    (close,) = [out for out in desk.venue.drain() if isinstance(out, Close)]
    assert (close.conn, close.code, close.reason) == (2, 1008, "Too many requests")


def test_a_path_without_a_door_is_answered_as_any_other() -> None:
    """404 and -5000, whoever asks for an upgrade (protocol notes A.6)."""
    desk = Desk()
    answer = desk.venue.ws_enter(2, "/somewhere", desk.now_us)
    assert answer is not None
    assert (answer.status, json.loads(answer.body)["code"]) == (404, -5000)

"""Stream connections: routes, subscriptions, and silence where the venue is silent."""

import json
from typing import Any

import pytest

from holdfast.paper.config import RateLimits
from holdfast.paper.streams import route_of
from holdfast.paper.wire_out import Close, Outgoing
from tests.paper.desk import Desk


def say(desk: Desk, message: Any, conn: int = 1) -> list[Any]:
    """Send a control message; answer what comes back."""
    desk.venue.ws_text(conn, message if isinstance(message, str) else json.dumps(message), desk.now_us)
    return desk.sent(conn)


def open_stream(target: str, desk: Desk | None = None) -> Desk:
    """A desk with one stream connection."""
    desk = desk or Desk()
    assert desk.venue.ws_open(1, target, desk.now_us)
    return desk


@pytest.mark.parametrize(
    ("target", "heard"),
    [
        ("/public/ws/btcusdt@bookTicker", True),
        ("/public/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker", True),
        ("/ws/btcusdt@bookTicker", True),
        ("/stream?streams=btcusdt@bookTicker", True),
        ("/market/ws/btcusdt@bookTicker", False),
        ("/private/ws/btcusdt@bookTicker", False),
        ("/public/ws/BTCUSDT@bookTicker", False),
        ("/public/ws/btcusdt@nothing", False),
        ("/public/ws/0", False),
    ],
)
def test_a_connection_opens_in_any_case_and_hears_only_its_route(target: str, heard: bool) -> None:
    """A handshake proves nothing."""
    desk = open_stream(target)
    desk.book("80001.0", "80001.1")
    assert bool(desk.sent()) == heard


def test_a_path_that_is_none_of_the_venue_s_is_refused() -> None:
    """Anything that is not a stream path."""
    desk = Desk()
    assert not desk.venue.ws_open(1, "/somewhere", desk.now_us)
    assert not desk.venue.ws_open(1, "/public/elsewhere", desk.now_us)


@pytest.mark.parametrize(
    ("target", "wrapped"),
    [
        ("/private/ws/{key}", False),
        ("/private/ws?listenKey={key}", False),
        ("/private/stream?listenKey={key}", True),
    ],
)
def test_the_user_stream_is_reached_in_every_form(target: str, wrapped: bool) -> None:
    """Raw on /ws, wrapped with the listen key on /stream."""
    desk = Desk()
    key = desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
    open_stream(target.format(key=key), desk)
    desk.order(type="LIMIT", price="79000.0")
    [frame] = desk.sent()
    assert (frame.get("stream") == key) == wrapped
    assert (frame["data"] if wrapped else frame)["o"]["x"] == "NEW"


def test_the_user_stream_can_be_subscribed_to() -> None:
    """The official client opens /private/stream and subscribes to its listen key."""
    desk = open_stream("/private/stream")
    key = desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
    assert say(desk, {"method": "SUBSCRIBE", "params": [key], "id": "a-uuid"}) == [{"result": None, "id": "a-uuid"}]
    desk.order(type="LIMIT", price="79000.0")
    assert desk.sent()[0]["stream"] == key


def test_only_the_wanted_user_events_arrive() -> None:
    """`events` filters by kind."""
    desk = Desk()
    key = desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
    open_stream(f"/private/ws?listenKey={key}&events=ACCOUNT_UPDATE", desk)
    desk.order()
    assert desk.story() == ["ACCOUNT ORDER"]


@pytest.mark.parametrize("target", ["/private/ws/bogus", "/ws/{key}", "/public/ws/{key}"])
def test_a_bogus_key_or_a_missing_route_stays_silent(target: str) -> None:
    """The connection opens, and nothing ever comes."""
    desk = Desk()
    key = desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
    open_stream(target.format(key=key), desk)
    desk.order()
    assert desk.sent() == []


def test_rules_14_an_unrouted_connection_may_carry_everything() -> None:
    """The demo venue still does so: a working demo address proves nothing about production."""
    desk = Desk({"unrouted_ws": "all"})
    key = desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
    open_stream(f"/ws/{key}", desk)
    desk.order(type="LIMIT", price="79000.0")
    assert desk.story() == ["ORDER NEW/NEW"]


def test_subscriptions_come_and_go() -> None:
    """Acknowledged always, even for what does not exist."""
    desk = open_stream("/public/ws")
    names = ["btcusdt@bookTicker", "no@such"]
    assert say(desk, {"method": "SUBSCRIBE", "params": names, "id": 1}) == [{"result": None, "id": 1}]
    assert say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 2}) == [{"result": names, "id": 2}]
    desk.book("80001.0", "80001.1")
    assert len(desk.sent()) == 1
    say(desk, {"method": "UNSUBSCRIBE", "params": names, "id": 3})
    desk.book("80002.0", "80002.1")
    assert desk.sent() == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"params": [], "id": 1}, 2),
        ({"method": "SING", "id": 1}, 2),
        ({"method": "SUBSCRIBE", "params": "x", "id": 1}, 2),
        ({"method": "SET_PROPERTY", "params": ["colour", True], "id": 1}, 0),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1),
        ({"method": "GET_PROPERTY", "params": ["colour"], "id": 1}, 0),
    ],
)
def test_bad_control_messages_are_answered_with_their_code(message: Any, code: int) -> None:
    """The connection survives them."""
    [answer] = say(open_stream("/public/ws"), message)
    assert answer["error"]["code"] == code


def test_what_is_not_json_ends_the_connection() -> None:
    """Error 3, then a close."""
    answer, close = say(open_stream("/public/ws"), "not json")
    assert answer["error"]["code"] == 3
    assert isinstance(close, Close)


def test_the_combined_property_wraps_frames() -> None:
    """It can be switched on a raw connection."""
    desk = open_stream("/public/ws/btcusdt@bookTicker")
    assert say(desk, {"method": "GET_PROPERTY", "params": ["combined"], "id": 1})[0]["result"] is False
    say(desk, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 2})
    desk.book("80001.0", "80001.1")
    assert desk.sent()[0]["stream"] == "btcusdt@bookTicker"


def test_more_than_1024_streams_end_the_connection() -> None:
    """Error 4, then a close with 1008."""
    names = [f"s{n}@bookTicker" for n in range(1025)]
    answer, close = say(open_stream("/public/ws"), {"method": "SUBSCRIBE", "params": names, "id": 1})
    assert answer["error"]["code"] == 4
    assert close.code == 1008


def test_too_many_messages_in_a_second_end_the_connection() -> None:
    """The eleventh message of a second; the next second starts anew."""
    desk = open_stream("/public/ws", Desk(limits=RateLimits()))
    for _ in range(10):
        say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    [close] = say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    assert (close.code, close.reason) == (1008, "Too many requests")
    desk.wait(1_000_000)
    [answer] = say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    assert answer["result"] == []


def test_two_connections_hear_the_same() -> None:
    """Overlapping connections duplicate events: clients must recognise them."""
    desk = Desk()
    key = desk.listen(1)
    desk.venue.ws_open(2, f"/private/ws/{key}", desk.now_us)
    desk.order(type="LIMIT", price="79000.0")
    assert sorted(frame.conn for frame in desk.venue.drain() if isinstance(frame, Outgoing)) == [1, 2]


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("btcusdt@depth@100ms", "public"),
        ("btcusdt@trade", "public"),
        ("!bookTicker", "public"),
        ("btcusdt@markPrice@1s", "market"),
        ("btcusdt@aggTrade", "market"),
        ("!markPrice@arr", "market"),
    ],
)
def test_the_route_of_a_stream(name: str, route: str) -> None:
    """Book and trades are public; marks, aggregates and the rest are market."""
    assert route_of(name) == route

"""What a client says on a stream connection, and what it is told."""

import json
from typing import Any

import pytest

from holdfast.paper.config import RateLimits
from holdfast.paper.wire_out import Close
from tests.paper.desk import SECOND, Desk


def opened(target: str = "/public/ws", desk: Desk | None = None) -> Desk:
    """A desk with one stream connection."""
    desk = desk or Desk()
    assert desk.venue.ws_open(1, target, desk.now_us)
    return desk


def say(desk: Desk, message: Any) -> list[Any]:
    """Send a control message; answer what comes back."""
    desk.venue.ws_text(1, message if isinstance(message, str) else json.dumps(message), desk.now_us)
    return desk.sent()


def test_subscriptions_come_and_go() -> None:
    """Acknowledged always, even for what does not exist (protocol notes F.4)."""
    desk = opened()
    names = ["btcusdt@bookTicker", "no@such"]
    assert say(desk, {"method": "SUBSCRIBE", "params": names, "id": 1}) == [{"result": None, "id": 1}]
    assert say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 2}) == [{"result": names, "id": 2}]
    desk.book("80001.0", "80001.1")
    assert len(desk.sent()) == 1
    assert say(desk, {"method": "UNSUBSCRIBE", "params": names, "id": 3}) == [{"result": None, "id": 3}]
    desk.book("80002.0", "80002.1")
    assert desk.sent() == []


@pytest.mark.parametrize("ident", [1, "5f0c1b6e-a-uuid", None, -1, 1.5, [1], {"a": 1}, True])
def test_any_id_is_echoed(ident: Any) -> None:
    """Clients send texts although documents ask for a whole number (protocol notes F.4)."""
    [answer] = say(opened(), {"method": "LIST_SUBSCRIPTIONS", "id": ident})
    assert answer == {"result": [], "id": ident}


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ({"params": [], "id": 1}, 2, "missing field `method`"),
        ([1], 2, "missing field `method`"),
        ({"method": "SING", "id": 1}, 2, "unknown variant `SING`, expected one of `SUBSCRIBE`"),
        ({"method": 7, "id": 1}, 2, "unknown variant `7`"),
        ({"method": "SUBSCRIBE", "params": "x", "id": 1}, 2, "params must be an array"),
        ({"method": "SUBSCRIBE", "params": [7], "id": 1}, 2, "must be a string"),
        ({"method": "UNSUBSCRIBE", "params": [7], "id": 1}, 2, "must be a string"),
        ({"method": "LIST_SUBSCRIPTIONS", "params": ["x"], "id": 1}, 2, "too many parameters"),
        ({"method": "SET_PROPERTY", "params": ["colour", True], "id": 1}, 0, "Unknown property"),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1, "Invalid value type: expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["combined"], "id": 1}, 1, "expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["combined", True, 1], "id": 1}, 2, "too many parameters"),
        ({"method": "SET_PROPERTY", "params": [], "id": 1}, 2, "property name must be a string"),
        ({"method": "GET_PROPERTY", "params": ["colour"], "id": 1}, 0, "Unknown property"),
        ({"method": "GET_PROPERTY", "params": [1], "id": 1}, 2, "property name must be a string"),
        ({"method": "GET_PROPERTY", "params": ["combined", 1], "id": 1}, 2, "too many parameters"),
    ],
)
def test_bad_control_messages_are_answered_with_their_code(message: Any, code: int, text: str) -> None:
    """The connection survives them (protocol notes F.4)."""
    desk = opened()
    [answer] = say(desk, message)
    assert answer["error"]["code"] == code
    assert text in answer["error"]["msg"]
    assert say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 2}) == [{"result": [], "id": 2}]


@pytest.mark.parametrize("message", ["not json", "", "{", "\ud800", "[" * 100_000])
def test_what_is_not_json_ends_the_connection(message: str) -> None:
    """Error 3, then a close (protocol notes F.4)."""
    desk = opened()
    desk.venue.ws_text(1, message.encode("utf-8", "surrogatepass"), desk.now_us)
    answer, close = desk.sent()
    assert answer["error"]["code"] == 3
    assert isinstance(close, Close)
    assert say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1}) == []


def test_the_combined_property_wraps_frames() -> None:
    """It starts false on /ws and true on /stream, and can be switched (protocol notes F.4)."""
    desk = opened("/public/ws/btcusdt@bookTicker")
    assert say(desk, {"method": "GET_PROPERTY", "params": ["combined"], "id": 1})[0]["result"] is False
    assert say(desk, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 2})[0]["result"] is None
    desk.book("80001.0", "80001.1")
    assert desk.sent()[0]["stream"] == "btcusdt@bookTicker"
    assert say(opened("/market/stream"), {"method": "GET_PROPERTY", "params": ["combined"], "id": 1})[0]["result"]


def test_more_than_1024_streams_end_the_connection() -> None:
    """Error 4, then a close with 1008; 1024 are fine (protocol notes F.5)."""
    desk = opened()
    names = [f"s{n}@bookTicker" for n in range(1025)]
    assert say(desk, {"method": "SUBSCRIBE", "params": names[:1024], "id": 1}) == [{"result": None, "id": 1}]
    answer, close = say(desk, {"method": "SUBSCRIBE", "params": names[1024:], "id": 2})
    assert answer == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 2}
    assert (close.code, close.reason) == (1008, "Invalid request")


def test_more_than_1024_streams_in_the_address_end_the_connection_too() -> None:
    """The same limit, whichever way the names come (protocol notes F.5)."""
    desk = opened("/public/stream?streams=" + "/".join(f"s{n}@bookTicker" for n in range(1025)))
    assert [frame.code for frame in desk.sent()] == [1008]


def test_too_many_messages_in_a_second_end_the_connection() -> None:
    """The eleventh message of a second (protocol notes F.5)."""
    desk = opened(desk=Desk(limits=RateLimits()))
    for _ in range(10):
        say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    [close] = say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    assert (close.code, close.reason) == (1008, "Too many requests")
    assert say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1}) == []
    assert [record["ev"] for record in desk.records("ws")] == ["open", "close"]


def test_each_second_starts_anew() -> None:
    """Ten messages a second may go on for ever (protocol notes F.5)."""
    desk = opened(desk=Desk(limits=RateLimits()))
    for _ in range(3):
        for _ in range(10):
            assert len(say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})) == 1
        desk.wait(SECOND)


def test_pings_and_pongs_count_as_messages() -> None:
    """Five of them and six requests are eleven (protocol notes F.5)."""
    desk = opened(desk=Desk(limits=RateLimits()))
    for _ in range(5):
        desk.venue.ws_beat(1, desk.now_us)
    for _ in range(5):
        say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
    assert [close.code for close in say(desk, {"method": "LIST_SUBSCRIPTIONS", "id": 1})] == [1008]


def test_the_limit_of_messages_can_be_changed_while_it_runs() -> None:
    """Shrinkable rate limits (protocol notes L.2)."""
    desk = opened(desk=Desk(limits=RateLimits()))
    assert desk.control("limits", set={"ws_messages_per_second": 1})["ok"]
    request = {"method": "LIST_SUBSCRIPTIONS", "id": 1}
    assert say(desk, request) == [{"result": [], "id": 1}]
    (close,) = say(desk, request)
    assert isinstance(close, Close)

"""Stream connections: routes, subscriptions, and silence where the venue is silent."""

import json
from typing import Any

import pytest

from holdfast.paper.config import AccountConfig
from holdfast.paper.streams.connections import route_of
from holdfast.paper.wire_out import Outgoing
from tests.paper.desk import FUNDS, SECOND, SECRET, Desk


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
        ("/public/ws/btcusdt@bookTicker/", False),
        ("/public/ws?btcusdt@bookTicker", False),
    ],
)
def test_a_connection_opens_in_any_case_and_hears_only_its_route(target: str, heard: bool) -> None:
    """A handshake proves nothing; a slash at the end and a bare name as query are not supported (notes F.1)."""
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
        ("/private/stream?streams={key}", True),
        ("/private/ws/0/{key}", False),
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
        ("btcusdt@rpiDepth@500ms", "public"),
        ("btcusdt_perpetual@continuousKline_1m", "market"),
        ("tradingSession", "market"),
        ("!contractInfo", "market"),
        ("!markPrice@arr", "market"),
    ],
)
def test_the_route_of_a_stream(name: str, route: str) -> None:
    """Book and trades are public; marks, aggregates and the rest are market."""
    assert route_of(name) == route


def test_several_accounts_share_one_connection() -> None:
    """Each event tells by its listen key whose it is; each key has its own filter (protocol notes E.1)."""
    names = ("one", "two")
    accounts = [AccountConfig(name=name, api_key=f"key-{name}", api_secret=SECRET, balances=FUNDS) for name in names]
    desk = Desk(accounts=accounts)
    keys = [desk.raw("POST", "/fapi/v1/listenKey", key=f"key-{name}").body["listenKey"] for name in names]
    target = f"/private/stream?listenKey={keys[0]}&events=ORDER_TRADE_UPDATE/TRADE_LITE&listenKey={keys[1]}"
    open_stream(f"{target}&events=ACCOUNT_UPDATE", desk)
    for name in names:
        desk.control("human.trade", account=name, symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
    heard = [(frame["stream"], frame["data"]["e"]) for frame in desk.sent()]
    first = [(keys[0], kind) for kind in ("ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE")]
    assert heard == [*first, (keys[1], "ACCOUNT_UPDATE")]


def test_listen_keys_are_told_apart_by_case() -> None:
    """Unlike names of markets, which are lower-case only (protocol notes E.1)."""
    desk = Desk()
    key = desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
    open_stream(f"/private/ws/{key.upper()}", desk)
    desk.order()
    assert desk.sent() == []


def test_rules_14_the_fact_of_unrouted_connections_can_change_at_run_time() -> None:
    """What is opened afterwards follows it (protocol notes L.2)."""
    desk = Desk()
    desk.control("facts", set={"unrouted_ws": "all"})
    open_stream("/ws/btcusdt@markPrice@1s", desk)
    desk.mark("80010")
    assert desk.sent()[0]["e"] == "markPriceUpdate"


def test_a_day_ends_the_connection() -> None:
    """The forced disconnect comes after a configured time (protocol notes E.1, L.2)."""
    desk = open_stream("/public/ws/btcusdt@bookTicker", Desk(connection_life_ms=5_000))
    desk.wait(4 * SECOND)
    assert desk.sent() == []
    desk.wait(SECOND)
    assert [close.code for close in desk.sent()] == [1001]


def test_l3_subscribe_acked_but_silent() -> None:
    """An acknowledgement proves nothing: unknown names, upper case and wrong routes bring nothing (notes L.3)."""
    desk = open_stream("/public/ws")
    names = ["BTCUSDT@bookTicker", "btcusdt@markPrice", "btcusdt@depth@250ms", "nosuch@bookTicker", "btcusdt@depth7"]
    assert say(desk, {"method": "SUBSCRIBE", "params": names, "id": 1}) == [{"result": None, "id": 1}]
    desk.book("80001.0", "80001.1")
    desk.mark("80010")
    desk.wait(10 * SECOND)
    assert desk.sent() == []


def test_l3_wrong_route_silent() -> None:
    """Each route carries its own streams only (protocol notes F.1, L.3)."""
    desk = open_stream("/market/ws/btcusdt@bookTicker/btcusdt@depth/btcusdt@trade")
    desk.venue.ws_open(2, "/public/ws/btcusdt@markPrice@1s/btcusdt@aggTrade", desk.now_us)
    desk.book("80001.0", "80001.1")
    desk.mark("80010")
    desk.trade("80000.5", "0.250", seller_aggressive=True)
    desk.wait(SECOND)
    assert desk.venue.drain() == []


def test_l3_listen_key_silently_dead_and_bogus_listen_key_accepted() -> None:
    """After its end a key brings one event, then nothing; a made-up key never brings any (protocol notes L.3)."""
    desk = Desk(listen_key_life_ms=60_000)
    desk.listen()
    desk.venue.ws_open(2, "/private/ws/bogus", desk.now_us)
    desk.wait(60 * SECOND)
    desk.order()
    assert desk.story() == ["listenKeyExpired"]


def test_l1_listen_key_60_min() -> None:
    """listenKeyExpired with a number as time, an open connection, and -1125 for a keepalive (protocol notes L.1)."""
    desk = Desk()
    key = desk.listen()
    desk.wait(3600 * SECOND)
    [event] = desk.sent()
    assert event == {"e": "listenKeyExpired", "E": desk.now_us // 1000, "listenKey": key}
    assert desk.raw("PUT", "/fapi/v1/listenKey").code == -1125

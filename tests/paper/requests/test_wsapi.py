"""The WS API: envelopes, signing, sessions, and replies among events."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import KEY, START_US, Desk, sign
from tests.paper.requests.test_auth import ED25519, PEM

NOW_MS = START_US // 1000
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


class Line:
    """One WS API connection of a desk."""

    def __init__(self, desk: Desk | None = None, query: str = "") -> None:
        self.desk = desk or Desk()
        assert self.desk.venue.ws_open(9, f"/ws-fapi/v1{query}", self.desk.now_us)

    def send(self, method: str, params: dict[str, Any], ident: Any = "r1") -> list[Any]:
        """Send a request as it is; answer everything that comes back on the line."""
        text = json.dumps({"id": ident, "method": method, "params": params})
        self.desk.venue.ws_text(9, text, self.desk.now_us)
        return self.desk.sent(9)

    def ask(self, method: str, params: dict[str, Any] | None = None, *, encode: bool = False) -> Any:
        """Send a signed request; answer its reply."""
        full = {"apiKey": KEY, "timestamp": self.desk.now_us // 1000, **(params or {})}
        shown = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in full.items()}
        pairs = sorted((name, quote(value, safe="") if encode else value) for name, value in shown.items())
        full["signature"] = sign("&".join(f"{name}={value}" for name, value in pairs))
        [reply] = self.send(method, full)
        return reply


def session_line() -> Line:
    """A line whose account has an Ed25519 key."""
    account = AccountConfig(name="paper", api_key=KEY, api_secret="s", ed25519_api_key="ed", ed25519_public_pem=PEM)
    return Line(Desk(accounts=[account]))


def logon(line: Line) -> Any:
    """session.logon with the Ed25519 key."""
    text = f"apiKey=ed&timestamp={NOW_MS}"
    signature = base64.b64encode(ED25519.sign(text.encode())).decode()
    return line.send("session.logon", {"apiKey": "ed", "timestamp": NOW_MS, "signature": signature})[0]


def test_an_order_is_placed_and_the_reply_carries_the_limits() -> None:
    """Same fields as over REST, inside an envelope with the request's id."""
    reply = Line().ask("order.place", ORDER)
    assert (reply["id"], reply["status"], reply["result"]["status"]) == ("r1", 200, "NEW")
    assert [row["count"] for row in reply["rateLimits"]] == [1, 1, 5]


def test_limits_can_be_left_out() -> None:
    """returnRateLimits=false on the address."""
    assert "rateLimits" not in Line(query="?returnRateLimits=false").ask("order.place", ORDER)


def test_an_error_has_the_code_and_no_result() -> None:
    """A refused order."""
    reply = Line().ask("order.place", {**ORDER, "quantity": "0"})
    assert (reply["status"], reply["error"]["code"]) == (400, -4003)
    assert "result" not in reply


def test_values_may_be_texts_numbers_or_booleans() -> None:
    """Real clients send every variant; the digits survive."""
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.010, "recvWindow": 5000}
    assert Line().ask("order.place", {**params, "reduceOnly": False})["result"]["origQty"] == "0.010"


@pytest.mark.parametrize("encode", [True, False])
def test_a_client_id_with_a_slash_verifies_either_way(encode: bool) -> None:
    """Percent-encoded or raw when signed."""
    reply = Line().ask("order.place", {**ORDER, "newClientOrderId": "a:b/c"}, encode=encode)
    assert reply["result"]["clientOrderId"] == "a:b/c"


@pytest.mark.parametrize("ident", [7, "text", None, {"any": ["json"]}])
def test_any_id_is_echoed(ident: Any) -> None:
    """Whatever JSON it is."""
    [reply] = Line().send("ticker.price", {"symbol": "BTCUSDT"}, ident)
    assert reply["id"] == ident


def test_events_come_after_the_reply_or_before_it() -> None:
    """A venue fact; clients must stand both."""

    def order_of(facts: dict[str, Any]) -> list[int]:
        desk = Desk(facts)
        desk.listen()
        line = Line(desk)
        desk.venue.drain()
        text = f"apiKey={KEY}&quantity=0.010&side=BUY&symbol=BTCUSDT&timestamp={NOW_MS}&type=MARKET"
        params = dict(pair.split("=") for pair in text.split("&"))
        message = {"id": 1, "method": "order.place", "params": {**params, "signature": sign(text)}}
        desk.venue.ws_text(9, json.dumps(message), desk.now_us)
        assert line.desk is desk
        return [frame.conn for frame in desk.venue.drain()]

    assert order_of({})[0] == 9
    assert order_of({"event_before_ack": True})[-1] == 9


def test_a_session_needs_no_key_and_no_signature_afterwards() -> None:
    """Ed25519 logon once, then only the timestamp."""
    line = session_line()
    assert logon(line)["result"]["apiKey"] == "ed"
    [reply] = line.send("order.place", {**ORDER, "timestamp": NOW_MS})
    assert reply["status"] == 200
    assert line.send("order.place", {**ORDER, "timestamp": NOW_MS - 9000})[0]["error"]["code"] == -1021
    assert line.send("session.status", {})[0]["result"]["authorizedSince"] == NOW_MS
    assert line.send("session.logout", {})[0]["result"]["apiKey"] is None
    assert line.send("order.place", {**ORDER, "timestamp": NOW_MS})[0]["error"]["code"] == -2014
    assert [record["ev"] for record in line.desk.records("ws")] == ["open", "logon"]


def test_an_hmac_key_cannot_log_on() -> None:
    """Only Ed25519 keys may."""
    reply = Line().ask("session.logon")
    assert reply["error"]["code"] == -4056
    assert session_line().send("session.logon", {"apiKey": "nobody", "timestamp": NOW_MS})[0]["error"]["code"] == -2015


@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("account.position", 0),
        ("v2/account.position", None),
        ("account.balance", 0),
        ("v2/account.balance", 0),
        ("account.status", "canTrade"),
        ("v2/account.status", "totalWalletBalance"),
        ("userDataStream.start", "listenKey"),
        ("userDataStream.stop", None),
    ],
)
def test_every_account_method_answers(method: str, field: Any) -> None:
    """Versions by prefix."""
    reply = Line().ask(method)
    assert reply["status"] == 200
    if field is not None:
        assert reply["result"][field]


@pytest.mark.parametrize("method", ["ticker.price", "ticker.book", "depth"])
def test_market_methods_need_no_key(method: str) -> None:
    """Public reads."""
    assert Line().send(method, {"symbol": "BTCUSDT"})[0]["status"] == 200


def test_an_order_is_queried_and_cancelled() -> None:
    """status, cancel, and a second cancel that finds nothing; an amendment without a side is refused."""
    line = Line()
    line.ask(
        "order.place", {**ORDER, "type": "LIMIT", "timeInForce": "GTC", "price": "79000.0", "newClientOrderId": "o"}
    )
    ids = {"symbol": "BTCUSDT", "origClientOrderId": "o"}
    assert line.ask("order.status", ids)["result"]["status"] == "NEW"
    assert line.ask("order.modify", ids)["error"]["code"] == -1102
    assert line.ask("order.cancel", ids)["result"]["status"] == "CANCELED"
    assert line.ask("order.cancel", ids)["error"]["code"] == -2011


def test_a_conditional_order_is_placed_and_cancelled() -> None:
    """The cancel's code is a text."""
    line = Line()
    stop = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
    placed = line.ask("algoOrder.place", {**stop, "triggerPrice": "79000.0", "closePosition": True})
    assert placed["result"]["algoStatus"] == "NEW"
    assert line.ask("algoOrder.cancel", {"algoId": placed["result"]["algoId"]})["result"]["code"] == "200"


def test_what_is_no_request_is_answered() -> None:
    """Broken JSON, an unknown method, and a wrong signature."""
    line = Line()
    line.desk.venue.ws_text(9, "{", line.desk.now_us)
    assert line.desk.sent(9)[0]["status"] == 400
    assert line.send("order.juggle", {})[0]["error"]["code"] == -1020
    wrong = {**ORDER, "apiKey": KEY, "timestamp": NOW_MS, "signature": "00"}
    assert line.send("order.place", wrong)[0]["error"]["code"] == -1022
    assert line.send("order.place", {**ORDER, "apiKey": KEY, "timestamp": NOW_MS})[0]["error"]["code"] == -1102
    assert line.send("order.place", {**ORDER, "apiKey": "nobody", "timestamp": NOW_MS})[0]["error"]["code"] == -2015


def test_the_handshake_costs_weight() -> None:
    """Five, on the same counter as REST."""
    line = Line()
    assert line.desk.raw("GET", "/fapi/v1/ping").headers["X-MBX-USED-WEIGHT-1M"] == "6"

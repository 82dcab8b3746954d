"""The REST door."""

from tests.paper.desk import KEY, Desk


def test_an_unknown_path_is_said_to_be_unknown() -> None:
    """404 with -5000, as JSON."""
    reply = Desk().raw("GET", "/fapi/v9/moon")
    assert (reply.status, reply.body) == (404, {"code": -5000, "msg": "Path /fapi/v9/moon, Method GET is invalid"})


def test_errors_are_json_with_code_and_text() -> None:
    """Clients parse an error only when its type says JSON."""
    reply = Desk().order(symbol="NOPE")
    assert reply.body == {"code": -1121, "msg": "Invalid symbol."}
    assert reply.headers["Content-Type"] == "application/json"


def test_the_key_header_is_found_in_any_case() -> None:
    """HTTP header names have no case."""
    desk = Desk()
    for name in ("X-MBX-APIKEY", "x-mbx-apikey", "X-Mbx-ApiKey"):
        outcome = desk.venue.http("POST", "/fapi/v1/listenKey", {name: KEY}, b"", desk.now_us)
        assert outcome.status == 200


def test_a_body_that_is_no_text_is_refused_as_unsigned() -> None:
    """Nothing breaks on bytes that are no UTF-8."""
    desk = Desk()
    outcome = desk.venue.http("POST", "/fapi/v1/order", {"X-MBX-APIKEY": KEY}, b"\xff\xfe=1", desk.now_us)
    assert outcome.status == 400


def test_whether_events_go_first_is_told_to_the_server() -> None:
    """A venue fact."""
    assert not Desk().order().outcome.events_first
    assert Desk({"event_before_ack": True}).order().outcome.events_first

"""Requests by what they do, replies by what they tell."""

from __future__ import annotations

import pytest

from holdfast.verify.evidence import Shows, cancelled_id_of, client_id_of, is_signed_read, shows, trouble_of
from holdfast.verify.obligation import KEY_REFUSED
from holdfast.verify.records import Reply, Request


def request(method: str, via: str = "rest", account: str = "main", **params: str) -> Request:
    """A request as logged."""
    return Request(n=1, us=1, via=via, method=method, account=account, params=params)


@pytest.mark.parametrize(
    ("method", "via", "told"),
    [
        ("GET /fapi/v3/positionRisk", "rest", Shows.POSITION),
        ("GET /fapi/v2/account", "rest", Shows.POSITION),
        ("v2/account.position", "wsapi", Shows.POSITION),
        ("GET /fapi/v1/userTrades", "rest", Shows.FILLS),
        ("order.status", "wsapi", Shows.FILLS),
        ("GET /fapi/v1/openAlgoOrders", "rest", Shows.ALGOS),
        ("POST /fapi/v1/order", "rest", None),
        ("GET /fapi/v1/time", "rest", None),
    ],
)
def test_what_a_reply_tells(method, via, told):
    """Reads tell of positions, fills or stops; others of nothing."""
    assert shows(request(method, via)) is told


def test_a_full_reply_to_an_order_tells_its_fills():
    """RESULT carries the final state, ACK does not."""
    assert shows(request("order.place", "wsapi", newOrderRespType="RESULT")) is Shows.FILLS
    assert shows(request("order.place", "wsapi", newOrderRespType="ACK")) is None


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        (request("GET /fapi/v3/positionRisk", timestamp="1"), True),
        (request("GET /fapi/v1/time", account=""), False),
        (request("POST /fapi/v1/order", timestamp="1"), False),
        (request("order.status", "wsapi", timestamp="1"), True),
        (request("order.place", "wsapi", timestamp="1"), False),
    ],
)
def test_rules_15_a_process_lives_from_its_first_signed_read(signed, expected):
    """Public calls and writes do not make it live."""
    assert is_signed_read(signed) is expected


def test_ids_by_either_name():
    """Plain and conditional orders name their ids differently."""
    assert client_id_of(request("x", newClientOrderId="a")) == client_id_of(request("x", clientAlgoId="a")) == "a"
    assert cancelled_id_of(request("x", origClientOrderId="b")) == "b"
    assert cancelled_id_of(request("x", orderId="1")) == ""


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(200, None, ""), (400, -2019, ""), (429, -1015, "throttled"), (418, None, "throttled"), (401, -2015, KEY_REFUSED)],
)
def test_rules_15_what_is_turned_away_has_a_class(status, code, kind):
    """Throttled and refused keys are counted apart; any other refusal is the engine's to answer."""
    assert trouble_of(Reply(n=2, us=1, req=1, status=status, code=code)) == kind

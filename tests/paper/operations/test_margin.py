"""Leverage, margin type, isolated margin and multi-assets mode."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import KEY, SECRET, Desk
from tests.paper.money.test_positions import isolated_desk, isolated_wallet


def margin(desk: Desk, **params: Any) -> Any:
    """POST positionMargin."""
    return desk.call("POST", "/fapi/v1/positionMargin", **{"symbol": "BTCUSDT", "type": 1, "amount": "100"} | params)


def test_margin_is_added_and_taken_back() -> None:
    """The reply's amount is a number; the stream tells MARGIN_TRANSFER (protocol notes C.11, L.1)."""
    desk = isolated_desk()
    desk.order()
    desk.listen()
    assert margin(desk).body == {
        "amount": Decimal("100.0"),
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": 1,
    }
    assert isolated_wallet(desk) == Decimal("140.00005")
    assert margin(desk, type=2, amount="99.5").status == 200
    assert isolated_wallet(desk) == Decimal("40.50005")
    assert desk.story() == ["ACCOUNT MARGIN_TRANSFER", "ACCOUNT MARGIN_TRANSFER"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"amount": "0"}, -4055),
        ({"amount": "-1"}, -4055),
        ({"amount": ""}, -1102),
        ({"type": 3}, -1130),
        ({"amount": "99999"}, -4050),
        ({"type": 2, "amount": "1"}, -4051),
        ({"positionSide": "LONG"}, -4061),
    ],
)
def test_a_margin_change_is_refused(params: dict[str, Any], code: int) -> None:
    """-4055 not above 0, -4050 more than is free, -4051 more than can be spared."""
    desk = isolated_desk()
    desk.order()
    assert margin(desk, **params).code == code


def test_a_margin_change_needs_an_isolated_position() -> None:
    """-4049 in cross, -4054 when flat."""
    desk = Desk()
    desk.order()
    assert margin(desk).code == -4049
    assert margin(isolated_desk()).code == -4054


def test_the_history_tells_trades_and_requests() -> None:
    """Oldest first, by type, without a sign (protocol notes C.11)."""
    desk = isolated_desk()
    desk.order()
    margin(desk)
    margin(desk, type=2, amount="50")

    def rows(**params: Any) -> list[tuple[int, str, str]]:
        body = desk.call("GET", "/fapi/v1/positionMargin/history", symbol="BTCUSDT", **params).body
        return [(row["type"], row["deltaType"], row["amount"]) for row in body]

    assert rows() == [
        (1, "TRADE", "40.00005000"),
        (1, "USER_ADJUST", "100.00000000"),
        (2, "USER_ADJUST", "50.00000000"),
    ]
    assert len(rows(type=1)) == 2
    assert rows(limit=1) == [(2, "USER_ADJUST", "50.00000000")]
    assert desk.call("GET", "/fapi/v1/positionMargin/history").code == -1102


def test_isolated_leverage_is_not_lowered_under_a_position() -> None:
    """-4161; raising it is fine."""
    desk = isolated_desk()
    desk.order()
    assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=10).code == -4161
    assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=50).status == 200


@pytest.mark.parametrize(("facts", "story"), [({}, ["ACCOUNT MARGIN_TYPE_CHANGE"]), ({"margin_type_event": False}, [])])
def test_a_margin_type_change_is_told(facts: dict[str, Any], story: list[str]) -> None:
    """With the flat position in its new mode, where the venue sends it at all (protocol notes E.4)."""
    desk = Desk(facts)
    desk.listen()
    desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    assert desk.story() == story


def test_multi_assets_mode_excludes_isolated_margin() -> None:
    """-4167 one way, -4168 the other."""
    assert isolated_desk().call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true").code == -4167
    desk = Desk()
    desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    assert desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED").code == -4168


def test_multi_assets_mode_changes_without_orders_and_debts() -> None:
    """-4170 open orders, -4172 a wallet below zero."""
    desk = Desk()
    order_id = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    assert desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true").code == -4170
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id)
    desk.control("fund", amount="-1", asset="USDC")
    assert desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true").code == -4172


def test_in_multi_assets_mode_every_wallet_backs_every_position() -> None:
    """Totals are in dollars; leaving the mode with a position that only another asset backs is -4169."""
    balances = {"USDT": Decimal(100), "BNB": Decimal(10)}
    desk = Desk(
        accounts=[AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=balances, fee_burn=False)]
    )
    assert desk.order(quantity="0.100").code == -2019
    desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    body = desk.call("GET", "/fapi/v3/account").body
    assert (body["totalWalletBalance"], body["availableBalance"]) == ("6100.00000000", "6100.00000000")
    assert body["assets"][1]["availableBalance"] == "10.16666666"
    assert desk.order(quantity="0.100").status == 200
    assert desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="false").code == -4169


def test_the_place_in_the_queue_is_told() -> None:
    """In the middle for who is alone (protocol notes C.11)."""
    desk = Desk()
    desk.order()
    rows = [{"symbol": "BTCUSDT", "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": 2}}]
    assert desk.call("GET", "/fapi/v1/adlQuantile").body == rows
    assert desk.call("GET", "/fapi/v1/adlQuantile", symbol="ETHUSDT").body == []


@pytest.mark.parametrize(("leverage", "code"), [(1, 200), (125, 200), (0, -4028), (126, -4028), ("x", -1102)])
def test_leverage_is_set_within_the_tiers(leverage: Any, code: int) -> None:
    """And shown by symbolConfig and v2/positionRisk."""
    desk = Desk()
    reply = desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=leverage)
    assert reply.code == code
    shown = desk.call("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT").body[0]["leverage"]
    assert shown == (leverage if code == 200 else 20)


def test_leverage_must_fit_position_and_money() -> None:
    """-2027 for a position beyond the tier, -2028 when lowering it needs more margin than there is."""
    desk = Desk()
    desk.levels({"80000.0": "50"}, {"80000.1": "50"})
    desk.order(quantity="20")
    assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=125).code == -2027
    assert desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5).code == -2028
    assert desk.call("GET", "/fapi/v1/symbolConfig", symbol="BTCUSDT").body[0]["leverage"] == 20


def test_the_margin_type_changes_only_on_an_untouched_symbol() -> None:
    """-4046 already so, -4047 with orders, -4048 with a position."""
    desk = Desk()

    def change(kind: str) -> int:
        return desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType=kind).code

    assert [change("CROSSED"), change("SIDEWAYS"), change("ISOLATED"), change("ISOLATED")] == [-4046, -1130, 200, -4046]
    order_id = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    assert change("CROSSED") == -4047
    desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id)
    desk.order()
    assert change("CROSSED") == -4048


def test_multi_assets_mode() -> None:
    """-4171 already so."""
    desk = Desk()
    assert desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="false").code == -4171
    assert desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true").body["code"] == 200
    assert desk.call("GET", "/fapi/v1/multiAssetsMargin").body == {"multiAssetsMargin": True}

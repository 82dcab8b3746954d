"""Account reads, settings and the listen key."""

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import FUNDS, KEY, SECRET, Desk
from tests.paper.requests.test_auth import PEM

HOUR = 3_600_000_000


def hedge_desk() -> Desk:
    """An account in hedge mode."""
    return Desk(accounts=[AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, hedge_mode=True)])


def test_the_position_mode_changes_only_on_an_idle_account() -> None:
    """-4059 already so, -4067 with orders, -4068 with a position."""
    desk = Desk()

    def change(value: str) -> int:
        return desk.call("POST", "/fapi/v1/positionSide/dual", dualSidePosition=value).code

    assert change("false") == -4059
    desk.algo()
    assert change("true") == -4067
    desk.call("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")
    desk.order()
    assert change("true") == -4068
    desk.order(side="SELL")
    assert change("true") == 200
    assert desk.call("GET", "/fapi/v1/positionSide/dual").body == {"dualSidePosition": True}


def test_hedge_mode_has_two_independent_positions() -> None:
    """Direction and side decide; reduceOnly has no place; a leg cannot turn over."""
    desk = hedge_desk()
    assert desk.order().code == -4061
    assert desk.order(positionSide="LONG", quantity="0.020").status == 200
    assert desk.order(side="SELL", positionSide="SHORT", quantity="0.010").status == 200
    assert desk.order(side="SELL", positionSide="LONG", reduceOnly="true").code == -1106
    assert desk.order(side="SELL", positionSide="LONG", quantity="0.030").code == -2022
    rows = desk.call("GET", "/fapi/v3/positionRisk").body
    assert {row["positionSide"]: row["positionAmt"] for row in rows} == {"LONG": "0.020", "SHORT": "-0.010"}
    assert desk.order(side="SELL", positionSide="LONG", quantity="0.020").status == 200


def test_a_close_all_stop_in_hedge_mode_closes_its_leg() -> None:
    """And cannot be placed in the opening direction."""
    desk = hedge_desk()
    desk.order(positionSide="LONG")
    desk.order(side="SELL", positionSide="SHORT")
    assert desk.algo(side="BUY", positionSide="LONG", triggerPrice="81000.0").code == -4061
    assert desk.algo(positionSide="LONG").status == 200
    desk.mark("79000")
    assert [row["positionSide"] for row in desk.call("GET", "/fapi/v3/positionRisk").body] == ["SHORT"]


def test_income_by_type_symbol_and_time() -> None:
    """Oldest first."""
    desk = Desk()
    desk.order()
    desk.wait(1_000_000)
    desk.order(side="SELL")
    every = desk.call("GET", "/fapi/v1/income").body
    assert [row["incomeType"] for row in every] == ["COMMISSION", "REALIZED_PNL", "COMMISSION"]
    fees = desk.call("GET", "/fapi/v1/income", incomeType="COMMISSION", symbol="BTCUSDT").body
    assert fees[0]["income"] == "-0.40000050"
    assert desk.call("GET", "/fapi/v1/income", symbol="ETHUSDT").body == []
    late = desk.call("GET", "/fapi/v1/income", startTime=desk.now_us // 1000, limit=1).body
    assert [row["incomeType"] for row in late] == ["REALIZED_PNL"]


def test_the_tiers_are_json_numbers() -> None:
    """The one reply whose decimals are not text."""
    text = Desk().call("GET", "/fapi/v1/leverageBracket", symbol="BTCUSDT").outcome.body
    assert b'"maintMarginRatio":0.004' in text
    assert b'"notionalCap":300000' in text


def test_fees_limits_and_restrictions() -> None:
    """What an engine reads at its start."""
    desk = Desk()
    assert desk.call("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT").body["takerCommissionRate"] == "0.000500"
    assert len(desk.call("GET", "/fapi/v1/rateLimit/order").body) == 2
    restrictions = desk.call("GET", "/sapi/v1/account/apiRestrictions").body
    assert (restrictions["enableFutures"], restrictions["enableWithdrawals"]) == (True, False)
    assert desk.call("GET", "/fapi/v1/accountConfig").body["canTrade"] is True


def test_a_listen_key_lives_an_hour_after_its_last_extension() -> None:
    """Then one event, silence on an open connection, and -1125 for the next extension."""
    desk = Desk()
    key = desk.listen()
    desk.wait(HOUR // 2)
    assert desk.raw("PUT", "/fapi/v1/listenKey").body == {"listenKey": key}
    assert desk.raw("POST", "/fapi/v1/listenKey").body == {"listenKey": key}
    desk.wait(HOUR - 1)
    assert desk.story() == []
    desk.wait(1)
    assert desk.story() == ["listenKeyExpired"]
    desk.order()
    assert desk.story() == []
    assert desk.raw("PUT", "/fapi/v1/listenKey").code == -1125
    assert desk.raw("POST", "/fapi/v1/listenKey").body["listenKey"] != key


def test_deleting_the_listen_key_ends_everybody_s_stream() -> None:
    """Which is why nobody should."""
    desk = Desk()
    desk.listen()
    assert desk.raw("DELETE", "/fapi/v1/listenKey").body == {}
    assert desk.story() == ["CLOSE 1000"]
    assert desk.raw("POST", "/fapi/v1/listenKey", key="").status == 401


@pytest.mark.parametrize("owner", ["account", "key"])
def test_v9_one_listen_key_for_all_keys_or_one_each(owner: str) -> None:
    """Protocol notes V.9, `listen_key_of`: either way both streams tell everything, until one of them is ended."""
    own = AccountConfig(
        name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, ed25519_api_key="second", ed25519_public_pem=PEM
    )
    desk = Desk({"listen_key_of": owner}, accounts=[own])
    first = desk.listen(1)
    second = desk.raw("POST", "/fapi/v1/listenKey", key="second").body["listenKey"]
    assert (first == second) == (owner == "account")
    assert desk.venue.ws_open(2, f"/private/ws/{second}", desk.now_us)
    desk.order(type="LIMIT", price="79000.0")
    heard = desk.venue.drain()
    assert [frame.conn for frame in heard] == [1, 2]
    desk.raw("DELETE", "/fapi/v1/listenKey", key="second")
    assert [frame.conn for frame in desk.venue.drain()] == ([1, 2] if owner == "account" else [2])


def test_c12_each_listen_key_ends_by_itself() -> None:
    """Where each API key has its own: one is extended, the other runs out (protocol notes C.12, V.9)."""
    own = AccountConfig(
        name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, ed25519_api_key="second", ed25519_public_pem=PEM
    )
    desk = Desk({"listen_key_of": "key"}, accounts=[own])
    desk.listen(1)
    assert desk.raw("PUT", "/fapi/v1/listenKey", key="second").code == -1125
    second = desk.raw("POST", "/fapi/v1/listenKey", key="second").body["listenKey"]
    assert desk.venue.ws_open(2, f"/private/ws/{second}", desk.now_us)
    desk.wait(HOUR // 2)
    desk.raw("PUT", "/fapi/v1/listenKey", key="second")
    desk.wait(HOUR // 2)
    assert desk.story(1) == ["listenKeyExpired"]
    desk.order(type="LIMIT", price="79000.0")
    assert [frame.conn for frame in desk.venue.drain()] == [2]

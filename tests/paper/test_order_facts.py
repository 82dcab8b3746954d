"""Switches of the venue's uncertain behaviour that concern orders, both ways (protocol notes L.2, M)."""

from typing import Any

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import FUNDS, KEY, SECRET, Desk


def hedged(facts: dict[str, Any] | None = None) -> Desk:
    """A desk in hedge mode."""
    own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, hedge_mode=True)
    return Desk(facts, accounts=[own])


@pytest.mark.parametrize("code", ["-1106", "-4062"])
def test_rules_14_reduce_only_in_hedge_mode(code: str) -> None:
    """Protocol notes M.1."""
    assert str(hedged({"hedge_reduce_only": code}).order(positionSide="LONG", reduceOnly="true").code) == code


@pytest.mark.parametrize("code", ["-4045", "-2025"])
def test_rules_14_one_conditional_order_too_many(code: str) -> None:
    """Protocol notes M.1: 200 over all symbols."""
    desk = Desk({"algo_limit_code": code})
    for _ in range(200):
        desk.algo(quantity="0.010")
    assert str(desk.algo(symbol="ETHUSDT", triggerPrice="1000.00", quantity="1").code) == code


@pytest.mark.parametrize("code", ["-4117", "-2011"])
def test_rules_14_cancelling_while_it_triggers(code: str) -> None:
    """Protocol notes D.6."""
    desk = Desk({"cancel_triggering": code})
    desk.algo(clientAlgoId="stop", quantity="0.010")
    desk.control("fault", verb="algo.stuck")
    desk.mark("78000")
    assert str(desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="stop").code) == code


@pytest.mark.parametrize("code", ["-2011", "-4132"])
def test_rules_14_cancelling_what_is_not_open(code: str) -> None:
    """-4132 was seen by others for a gone order."""
    desk = Desk({"unknown_cancel": code})
    assert str(desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=1).code) == code


@pytest.mark.parametrize(("fact", "name"), [("conditional", "STOP_MARKET"), ("plain", "MARKET")])
def test_rules_14_the_original_type_of_a_spawned_order(fact: str, name: str) -> None:
    """Protocol notes M.13."""
    desk = Desk({"spawned_original_type": fact})
    desk.algo(quantity="0.010")
    desk.mark("78000")
    assert desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT").body[0]["origType"] == name


@pytest.mark.parametrize(
    ("fact", "executed"), [("marketTakeBound", "0.010"), ("PERCENT_PRICE", "0.020"), ("none", "0.030")]
)
def test_rules_14_the_bound_of_a_market_order(fact: str, executed: str) -> None:
    """Protocol notes M.12: the symbol's own bound, the wider price band, or none."""
    desk = Desk({"market_bound": fact})
    desk.control(
        "symbol",
        symbol="BTCUSDT",
        filters={"PERCENT_PRICE": {"multiplierUp": "1.1000", "multiplierDown": "0.9000"}},
    )
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010", "87000.0": "0.010", "89000.0": "9"})
    assert desk.order(quantity="0.030", newOrderRespType="RESULT").body["executedQty"] == executed


@pytest.mark.parametrize(
    ("status", "opening", "closing", "plain"),
    [
        ("PENDING_TRADING", -4022, -4022, -1122),
        ("PRE_SETTLE", -4140, 200, -1122),
        ("SETTLING", -1122, -1122, -1122),
        ("CLOSE", -4141, -4141, -1122),
    ],
)
def test_rules_14_the_code_of_a_contract_that_does_not_trade(
    status: str, opening: int, closing: int, plain: int
) -> None:
    """Protocol notes C.1: by status, or always -1122; before a settlement positions may still be closed."""
    for fact, codes in (("by status", (opening, closing)), ("-1122", (plain, plain))):
        desk = Desk({"symbol_status_codes": fact})
        desk.order(quantity="0.010")
        desk.control("symbol", symbol="BTCUSDT", status=status)
        assert desk.order(quantity="0.010").code == codes[0]
        assert desk.order(side="SELL", quantity="0.010", reduceOnly="true").code == codes[1]


@pytest.mark.parametrize(
    ("restricted", "buy", "sell"),
    [("NONE", 200, 200), ("BUY", -4106, 200), ("SELL", 200, -4107), ("ALL", -4105, -4105)],
)
def test_b2_position_risk_control(restricted: str, buy: int, sell: int) -> None:
    """Protocol notes B.2: opening is refused on the restricted side; closing never is."""
    desk = Desk()
    desk.control("symbol", symbol="BTCUSDT", filters={"POSITION_RISK_CONTROL": {"positionControlSide": restricted}})
    assert (desk.order().code, desk.order(side="SELL", quantity="0.020").code) == (buy, sell)
    desk = Desk()
    desk.order(quantity="0.020")
    desk.control("symbol", symbol="BTCUSDT", filters={"POSITION_RISK_CONTROL": {"positionControlSide": restricted}})
    assert desk.order(side="SELL", quantity="0.010").code == 200
    assert desk.order(side="SELL", quantity="0.010", reduceOnly="true").code == 200

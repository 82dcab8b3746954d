"""Conditional orders: two objects, one client id, and the order of their events."""

from typing import Any

import pytest

from tests.paper.desk import Desk

TRIGGERED = [
    "ALGO TRIGGERING",
    "ORDER NEW/NEW",
    "TRADE_LITE",
    "ACCOUNT ORDER",
    "ORDER TRADE/FILLED",
    "ALGO TRIGGERED",
    "ALGO FINISHED",
]

REFUSALS: list[tuple[int, dict[str, Any]]] = [
    (-1102, {"algoType": ""}),
    (-1130, {"algoType": "TWAP"}),
    (-1121, {"symbol": "NOPE"}),
    (-1117, {"side": "UP"}),
    (-1102, {"type": ""}),
    (-1106, {"type": "TRAILING_STOP_MARKET"}),
    (-4138, {"reduceOnly": "false"}),
    (-1116, {"type": "MARKET"}),
    (-1115, {"timeInForce": "DAY"}),
    (-4031, {"workingType": "INDEX"}),
    (-1102, {"triggerPrice": ""}),
    (-4006, {"triggerPrice": "0"}),
    (-1111, {"triggerPrice": "79000.001"}),
    (-4014, {"triggerPrice": "79000.05"}),
    (-4007, {"triggerPrice": "9000000.0"}),
    (-2021, {"triggerPrice": "80000.0"}),
    (-2021, {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "79999.0"}),
    (-4137, {"closePosition": "true", "quantity": "0.010"}),
    (-1106, {"reduceOnly": "true"}),
    (-1106, {"type": "STOP"}),
    (-1106, {"price": "79000.0"}),
    (-5038, {"priceMatch": "QUEUE"}),
    (-1102, {"closePosition": "false"}),
    (-4005, {"quantity": "121"}),
    (-1102, {"type": "STOP", "quantity": "0.010"}),
    (-4014, {"type": "STOP", "quantity": "0.010", "price": "78000.05"}),
    (-4015, {"clientAlgoId": "no spaces"}),
    (-4061, {"positionSide": "LONG"}),
]


@pytest.mark.parametrize(("code", "params"), REFUSALS)
def test_a_bad_conditional_order_is_refused_with_its_code(code: int, params: dict[str, Any]) -> None:
    """Refused, and nothing of it is left."""
    desk = Desk()
    reply = desk.algo(**params)
    assert (reply.status, reply.code) == (400, code)
    assert desk.records("algo") == []


def test_rules_6_a_stop_is_two_objects_linked_by_the_client_id() -> None:
    """The algo spawns an order with a new id and the same client id; the fills are the order's."""
    desk = Desk()
    desk.order(quantity="0.010")
    desk.listen()
    algo_id = desk.algo(clientAlgoId="stop-1").body["algoId"]
    assert desk.story() == ["ALGO NEW"]
    desk.mark("78999.9")
    events = desk.sent()
    orders = [event["o"] for event in events if event["e"] == "ORDER_TRADE_UPDATE"]
    assert {order["c"] for order in orders} == {"stop-1"}
    assert (orders[0]["o"], orders[0]["ot"]) == ("MARKET", "STOP_MARKET")
    last = events[-1]["o"]
    assert (last["ai"], last["aq"]) == (str(orders[0]["i"]), "0.010")
    asked = desk.call("GET", "/fapi/v1/algoOrder", algoId=algo_id).body
    assert (asked["algoStatus"], asked["actualOrderId"]) == ("FINISHED", str(orders[0]["i"]))
    assert desk.position() == 0


def test_the_events_of_a_trigger_come_in_the_observed_order() -> None:
    """The fill is told before the algo is called triggered."""
    desk = Desk()
    desk.order(quantity="0.010")
    desk.algo()
    desk.listen()
    desk.mark("79000.0")
    assert desk.story() == TRIGGERED


def test_there_is_no_order_before_the_trigger() -> None:
    """An untriggered stop is unknown to every order endpoint."""
    desk = Desk()
    desk.algo(clientAlgoId="stop-1")
    assert desk.call("GET", "/fapi/v1/openOrders").body == []
    assert desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT").body == []
    assert desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="stop-1").code == -2013
    assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="stop-1").code == -2011


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "price", "fires"),
    [
        ("STOP_MARKET", "SELL", "79000.0", "79000.0", True),
        ("STOP_MARKET", "SELL", "79000.0", "79000.1", False),
        ("STOP_MARKET", "BUY", "81000.0", "81000.0", True),
        ("STOP_MARKET", "BUY", "81000.0", "80999.9", False),
        ("TAKE_PROFIT_MARKET", "SELL", "81000.0", "81000.0", True),
        ("TAKE_PROFIT_MARKET", "SELL", "81000.0", "80999.9", False),
        ("TAKE_PROFIT_MARKET", "BUY", "79000.0", "79000.0", True),
        ("TAKE_PROFIT_MARKET", "BUY", "79000.0", "79000.1", False),
    ],
)
@pytest.mark.parametrize("working_type", ["MARK_PRICE", "CONTRACT_PRICE"])
def test_a_trigger_fires_at_its_price(
    kind: str, side: str, trigger: str, price: str, fires: bool, working_type: str
) -> None:
    """Each type in each direction, on the mark and on the last trade."""
    desk = Desk()
    desk.algo(type=kind, side=side, triggerPrice=trigger, quantity="0.010", workingType=working_type)
    if working_type == "MARK_PRICE":
        desk.mark(price)
    else:
        desk.trade(price, "0.001", seller_aggressive=True)
    assert (desk.records("algo")[-1]["status"] == "FINISHED") == fires


def test_the_other_price_does_not_trigger() -> None:
    """A stop on the mark ignores a wick of trades."""
    desk = Desk()
    desk.algo(quantity="0.010")
    desk.trade("70000.0", "0.001", seller_aggressive=True)
    assert desk.records("algo")[-1]["status"] == "NEW"


def test_price_protection_holds_a_trigger_back_while_mark_and_last_are_apart() -> None:
    """The condition stays armed and fires when the prices agree again."""
    desk = Desk()
    desk.trade("80000.0", "0.001", seller_aggressive=True)
    desk.algo(quantity="0.010", priceProtect="true", triggerPrice="76000.0")
    desk.mark("75000")
    assert desk.records("algo")[-1]["status"] == "NEW"
    desk.trade("75001.0", "0.001", seller_aggressive=True)
    desk.mark("74999")
    assert desk.records("algo")[-1]["status"] == "FINISHED"


def test_a_close_all_stop_takes_the_position_as_it_is_at_the_trigger() -> None:
    """Its size is not known before."""
    desk = Desk()
    desk.order(quantity="0.010")
    desk.algo()
    desk.order(quantity="0.030")
    desk.mark("78000")
    assert desk.records("trade")[-1]["qty"] == "0.040"
    assert desk.position() == 0


@pytest.mark.parametrize("params", [{}, {"quantity": "0.010", "reduceOnly": "true"}])
def test_a_closing_stop_on_a_flat_account_is_rejected_at_its_trigger(params: dict[str, Any]) -> None:
    """Not at placement, and not as an HTTP error: as REJECTED with a reason."""
    desk = Desk()
    desk.listen()
    desk.algo(**params)
    desk.mark("78000")
    events = desk.sent()
    assert [event["o"]["X"] for event in events] == ["NEW", "TRIGGERING", "REJECTED"]
    assert events[-1]["o"]["rm"] == "Reduce Only reject"


def test_a_stop_is_margin_checked_only_when_it_triggers() -> None:
    """It is accepted without money and ends rejected."""
    desk = Desk()
    assert desk.algo(side="BUY", triggerPrice="81000.0", quantity="100").status == 200
    desk.mark("81000")
    assert desk.records("algo")[-1]["reason"] == "Margin is insufficient."


def test_a_stop_limit_rests_after_its_trigger_and_finishes_with_its_order() -> None:
    """TRIGGERED while the order works, FINISHED when it is cancelled through the ordinary door."""
    desk = Desk()
    desk.algo(type="STOP", side="BUY", triggerPrice="81000.0", price="79000.0", quantity="0.010", clientAlgoId="sl")
    desk.mark("81000")
    assert desk.records("algo")[-1]["status"] == "TRIGGERED"
    assert desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="sl").code == -2011
    assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="sl").status == 200
    assert desk.records("algo")[-1]["status"] == "FINISHED"


def test_cancelling_a_stop() -> None:
    """The code is a text here; a second cancel finds nothing."""
    desk = Desk()
    algo_id = desk.algo().body["algoId"]
    assert desk.call("DELETE", "/fapi/v1/algoOrder", algoId=algo_id).body["code"] == "200"
    assert desk.call("DELETE", "/fapi/v1/algoOrder", algoId=algo_id).code == -2011
    assert desk.call("DELETE", "/fapi/v1/algoOrder").code == -1102
    assert desk.call("GET", "/fapi/v1/algoOrder", algoId=algo_id).body["algoStatus"] == "CANCELED"
    assert desk.call("GET", "/fapi/v1/algoOrder", algoId=1).code == -2013
    assert desk.call("GET", "/fapi/v1/openAlgoOrders").body == []
    assert len(desk.call("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT").body) == 1


def test_the_id_of_an_open_stop_is_taken() -> None:
    """Like order ids: unique among the open ones."""
    desk = Desk()
    desk.algo(clientAlgoId="s", quantity="0.010")
    assert desk.algo(clientAlgoId="s", quantity="0.010").code == -4116
    desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="s")
    assert desk.algo(clientAlgoId="s", quantity="0.010").status == 200


def test_at_most_two_hundred_stops_are_open() -> None:
    """Over all symbols; the next is refused."""
    desk = Desk()
    assert {desk.algo(quantity="0.010").status for _ in range(200)} == {200}
    assert desk.algo(quantity="0.010").code == -4045


@pytest.mark.parametrize(("fact", "expected"), [("-4130", -4130), ("accept", 200)])
def test_rules_14_a_second_close_all_stop(fact: str, expected: int) -> None:
    """Refused per direction where the venue does so; a target beside the stop is always welcome."""
    desk = Desk({"second_close_position": fact})
    desk.algo()
    assert desk.algo(type="TAKE_PROFIT_MARKET", triggerPrice="82000.0").status == 200
    assert desk.algo(triggerPrice="78000.0").code == expected


@pytest.mark.parametrize(
    ("fact", "code", "statuses"),
    [("accept", 200, ["NEW"]), ("-4509", -4509, []), ("accept-then-REJECTED", 200, ["NEW", "REJECTED"])],
)
def test_rules_14_a_stop_without_a_position(fact: str, code: int, statuses: list[str]) -> None:
    """Three venues: one takes it, one refuses it, one takes it and then rejects it."""
    desk = Desk({"stop_without_position": fact})
    assert desk.algo().code == code
    assert [record["status"] for record in desk.records("algo")] == statuses
    desk.order()
    assert desk.algo(triggerPrice="78500.0", quantity="0.010", reduceOnly="true").status == 200


def test_gte_gtc_ends_with_the_position() -> None:
    """The undocumented time in force is cancelled by the venue when the position is gone."""
    desk = Desk()
    desk.order()
    desk.algo(timeInForce="GTE_GTC")
    desk.order(side="SELL")
    assert desk.records("algo")[-1]["status"] == "EXPIRED"
    assert Desk({"gte_gtc": "-1115"}).algo(timeInForce="GTE_GTC").code == -1115


def test_a_stale_close_all_stop_closes_a_later_position() -> None:
    """Without GTE nothing removes a stop: this is why a trade ends only when its stop is proved gone."""
    desk = Desk()
    desk.order()
    desk.algo()
    desk.order(side="SELL")
    desk.order(quantity="0.020")
    desk.mark("79000")
    assert desk.position() == 0


def test_trigger_bands_are_a_switch() -> None:
    """Where the venue has them, a trigger outside the price band is refused."""
    desk = Desk({"trigger_bands": "-4210"})
    assert desk.algo(triggerPrice="75000.0").code == -4211
    assert desk.algo(side="BUY", triggerPrice="85000.0").code == -4210
    assert desk.algo(triggerPrice="77000.0").status == 200


def test_several_stops_fire_nearest_first() -> None:
    """A gap through two triggers fires the nearer one before the farther one."""
    desk = Desk()
    desk.order(quantity="0.020")
    for trigger, name in (("78000.0", "far"), ("79000.0", "near")):
        desk.algo(triggerPrice=trigger, quantity="0.010", reduceOnly="true", clientAlgoId=name)
    desk.book("70000.0", "70000.1")
    desk.mark("70000")
    fired = [record["client_id"] for record in desk.records("algo") if record["status"] == "TRIGGERING"]
    assert fired == ["near", "far"]
    assert desk.position() == 0

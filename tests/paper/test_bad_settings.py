"""Bad conditional orders and settings, and their exact answers: status 400, code, text (protocol notes C.11, D, H)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.desk import Desk
from tests.paper.test_bad_input import invalid, mandatory

QTY = {"quantity": "0.010"}
TRAIL = {**QTY, "type": "TRAILING_STOP_MARKET", "triggerPrice": "", "callbackRate": "1"}
STOP_LIMIT = {**QTY, "type": "STOP", "price": "79000.0"}


def unwanted(name: str) -> str:
    """The text of -1106."""
    return f"Parameter '{name}' sent when not required."


ALGOS: list[tuple[dict[str, Any], int, str]] = [
    ({**QTY, "algoType": ""}, -1102, mandatory("algoType")),
    ({**QTY, "algoType": "TWAP"}, -1130, invalid("algoType")),
    ({**QTY, "symbol": "NOPE"}, -1121, "Invalid symbol."),
    ({**QTY, "side": "UP"}, -1117, "Invalid side."),
    ({**QTY, "type": "MARKET"}, -1116, "Invalid orderType."),
    ({**QTY, "positionSide": "LONG"}, -4061, "Order's position side does not match user's setting."),
    ({**QTY, "timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
    ({**QTY, "workingType": "INDEX_PRICE"}, -4031, "Invalid workingType."),
    ({**QTY, "triggerPrice": ""}, -1102, mandatory("triggerPrice")),
    ({**QTY, "triggerPrice": "low"}, -1102, mandatory("triggerPrice")),
    ({**QTY, "triggerPrice": "0"}, -4006, "Stop price less than zero."),
    ({**QTY, "triggerPrice": "9000000"}, -4007, "Stop price greater than max price."),
    ({**QTY, "triggerPrice": "79000.05"}, -4014, "Price not increased by tick size."),
    ({**QTY, "triggerPrice": "79000.001"}, -1111, "Precision is over the maximum defined for this asset."),
    ({**QTY, "triggerPrice": "80000.0"}, -2021, "Order would immediately trigger."),
    ({**QTY, "priceProtect": "perhaps"}, -1130, invalid("priceProtect")),
    ({**QTY, "clientAlgoId": "a b"}, -4015, "Client order id is not valid."),
    ({**QTY, "price": "79000.0"}, -1106, unwanted("price")),
    ({**QTY, "priceMatch": "QUEUE"}, -5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT."),
    ({"quantity": ""}, -1102, mandatory("quantity")),
    ({"quantity": "0"}, -4003, "Quantity less than or equal to zero."),
    ({"quantity": "500"}, -4005, "Quantity greater than max quantity."),
    ({**QTY, "closePosition": "true"}, -4137, "Quantity must be zero with closePosition equals true."),
    ({**QTY, "newOrderRespType": "FULL"}, -1136, "Invalid newOrderRespType."),
    ({**STOP_LIMIT, "price": ""}, -1102, mandatory("price")),
    ({**STOP_LIMIT, "price": "79000.05"}, -4014, "Price not increased by tick size."),
    ({**STOP_LIMIT, "priceMatch": "QUEUE"}, -1106, unwanted("price")),
    ({**TRAIL, "callbackRate": ""}, -1102, mandatory("callbackRate")),
    ({**TRAIL, "callbackRate": "0.09"}, -1130, invalid("callbackRate")),
    ({**TRAIL, "callbackRate": "20.1"}, -1130, invalid("callbackRate")),
    ({**TRAIL, "activatePrice": "81000.05"}, -4135, "Invalid activation price."),
    ({**TRAIL, "triggerPrice": "79000.0"}, -1106, unwanted("triggerprice")),
]

SETTINGS: list[tuple[str, dict[str, Any], int, str]] = [
    ("leverage", {"symbol": "BTCUSDT"}, -1102, mandatory("leverage")),
    ("leverage", {"symbol": "BTCUSDT", "leverage": "1.5"}, -1102, mandatory("leverage")),
    ("leverage", {"symbol": "BTCUSDT", "leverage": "126"}, -4028, "Leverage 126 is not valid"),
    ("leverage", {"symbol": "NOPE", "leverage": "5"}, -1121, "Invalid symbol."),
    ("marginType", {"symbol": "BTCUSDT"}, -1102, mandatory("marginType")),
    ("marginType", {"symbol": "BTCUSDT", "marginType": "cross"}, -1130, invalid("marginType")),
    ("marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046, "No need to change margin type."),
    ("positionSide/dual", {}, -1102, mandatory("dualSidePosition")),
    ("positionSide/dual", {"dualSidePosition": "both"}, -1130, invalid("dualSidePosition")),
    ("positionSide/dual", {"dualSidePosition": "false"}, -4059, "No need to change position side."),
    ("multiAssetsMargin", {}, -1102, mandatory("multiAssetsMargin")),
    ("multiAssetsMargin", {"multiAssetsMargin": "false"}, -4171, "No need to change multi-assets mode."),
    ("positionMargin", {"symbol": "BTCUSDT", "amount": "1"}, -1102, mandatory("type")),
    ("positionMargin", {"symbol": "BTCUSDT", "type": "1"}, -1102, mandatory("amount")),
    ("positionMargin", {"symbol": "BTCUSDT", "type": "3", "amount": "1"}, -1130, invalid("type")),
    ("feeBurn", {}, -1102, mandatory("feeBurn")),
    ("feeBurn", {"feeBurn": "often"}, -1130, invalid("feeBurn")),
    ("countdownCancelAll", {"symbol": "BTCUSDT"}, -1102, mandatory("countdownTime")),
    ("countdownCancelAll", {"symbol": "BTCUSDT", "countdownTime": "-1"}, -1102, mandatory("countdownTime")),
]


@pytest.mark.parametrize(("changes", "code", "text"), ALGOS)
def test_d3_a_bad_conditional_order_has_its_code_and_text(changes: dict[str, Any], code: int, text: str) -> None:
    """Protocol notes D.3, D.4, H: and nothing waits afterwards."""
    desk = Desk()
    reply = desk.algo(**changes)
    assert (reply.status, reply.body) == (400, {"code": code, "msg": text})
    assert desk.call("GET", "/fapi/v1/openAlgoOrders").body == []


@pytest.mark.parametrize(("path", "params", "code", "text"), SETTINGS)
def test_c11_a_bad_setting_has_its_code_and_text(path: str, params: dict[str, Any], code: int, text: str) -> None:
    """Protocol notes C.11 (and C.6, C.9, H): and nothing has changed."""
    desk = Desk()
    before = [desk.call("GET", f"/fapi/v1/{name}").body for name in ("symbolConfig", "accountConfig", "feeBurn")]
    reply = desk.call("POST", f"/fapi/v1/{path}", **params)
    assert (reply.status, reply.body) == (400, {"code": code, "msg": text})
    after = [desk.call("GET", f"/fapi/v1/{name}").body for name in ("symbolConfig", "accountConfig", "feeBurn")]
    assert before == after

"""The replies about orders, conditional orders and the account: every name, and its JSON type (protocol notes C, D).

`s` is a text, `n` a whole number, `b` a boolean, `d` a number with or without decimals, `0` null, `[]` a list,
`{}` an object. A reply has these names, no other ones, and no other types.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import FUNDS, KEY, SECRET, Desk

LIMIT = {"type": "LIMIT", "price": "79000.0", "newClientOrderId": "mine"}
ONE = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}

PLACED = """orderId:n symbol:s status:s clientOrderId:s price:s origQty:s executedQty:s cumQty:s timeInForce:s type:s
    reduceOnly:b closePosition:b side:s positionSide:s stopPrice:s workingType:s priceProtect:b origType:s priceMatch:s
    selfTradePreventionMode:s goodTillDate:n updateTime:n"""
QUERIED = PLACED.replace("cumQty:s", "") + " avgPrice:s cumQuote:s time:n pair:s cumBase:s"
ALGO = """algoId:n clientAlgoId:s algoType:s orderType:s symbol:s side:s positionSide:s timeInForce:s quantity:s
    algoStatus:s triggerPrice:s price:s icebergQuantity:0 selfTradePreventionMode:s workingType:s priceMatch:s
    closePosition:b priceProtect:b reduceOnly:b activatePrice:s callbackRate:s createTime:n updateTime:n triggerTime:n
    goodTillDate:n"""
WAITING = ALGO + " actualOrderId:s actualPrice:s tpOrderType:s"
RISK_V2 = """symbol:s positionSide:s positionAmt:s entryPrice:s breakEvenPrice:s markPrice:s unRealizedProfit:s
    liquidationPrice:s isolatedMargin:s notional:s isolatedWallet:s updateTime:n"""
RISK_V3 = (
    RISK_V2
    + """ marginAsset:s initialMargin:s maintMargin:s positionInitialMargin:s openOrderInitialMargin:s adl:n
    bidNotional:s askNotional:s"""
)
TOTALS = """totalInitialMargin:s totalMaintMargin:s totalWalletBalance:s totalUnrealizedProfit:s totalMarginBalance:s
    totalPositionInitialMargin:s totalOpenOrderInitialMargin:s totalCrossWalletBalance:s totalCrossUnPnl:s
    availableBalance:s maxWithdrawAmount:s assets:[] positions:[]"""
FLAGS = "feeTier:n canTrade:b canDeposit:b canWithdraw:b updateTime:n multiAssetsMargin:b tradeGroupId:n"
ASSET = """asset:s walletBalance:s unrealizedProfit:s marginBalance:s maintMargin:s initialMargin:s
    positionInitialMargin:s openOrderInitialMargin:s crossWalletBalance:s crossUnPnl:s availableBalance:s
    maxWithdrawAmount:s updateTime:n"""
POSITION_V3 = """symbol:s positionSide:s positionAmt:s unrealizedProfit:s isolatedMargin:s notional:s isolatedWallet:s
    initialMargin:s maintMargin:s updateTime:n"""
POSITION_V2 = (
    POSITION_V3
    + """ leverage:s isolated:b entryPrice:s breakEvenPrice:s maxNotional:s bidNotional:s askNotional:s
    positionInitialMargin:s openOrderInitialMargin:s"""
)
TRADE = """buyer:b commission:s commissionAsset:s id:n maker:b orderId:n price:s qty:s quoteQty:s realizedPnl:s side:s
    positionSide:s symbol:s pair:s marginAsset:s baseQty:s time:n"""

Ask = Callable[[Desk], Any]


def get(path: str, *into: str, **params: Any) -> Ask:
    """Ask, and take one part of the answer: the first row of a list, or what stands under a name."""

    def ask(desk: Desk) -> Any:
        body = desk.call("GET", f"/fapi/{path}", **params).body
        for name in into:
            body = body[0] if name == "first" else body[name]
        return body

    return ask


def do(method: str, path: str, **params: Any) -> Ask:
    """Ask with another method."""
    return lambda desk: desk.call(method, f"/fapi/v1/{path}", **params).body


CASES: dict[str, tuple[Ask, str]] = {
    "C.1 POST order": (lambda desk: desk.order().body, PLACED),
    "C.1 POST order RESULT": (lambda desk: desk.order(newOrderRespType="RESULT").body, PLACED),
    "C.2 POST order/test": (
        do("POST", "order/test", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010"),
        PLACED,
    ),
    "C.3 PUT order": (
        do("PUT", "order", **ONE, side="BUY", quantity="0.020", price="79000.0", modifyId=7),
        PLACED + " pair:s modifyId:n",
    ),
    "C.4 DELETE order": (do("DELETE", "order", **ONE), PLACED),
    "C.5 DELETE batchOrders": (
        lambda desk: do("DELETE", "batchOrders", symbol="BTCUSDT", origClientOrderIdList='["mine"]')(desk)[0],
        PLACED,
    ),
    "C.6 DELETE allOpenOrders": (do("DELETE", "allOpenOrders", symbol="BTCUSDT"), "code:n msg:s"),
    "C.6 POST countdownCancelAll": (
        do("POST", "countdownCancelAll", symbol="BTCUSDT", countdownTime=30_000),
        "symbol:s countdownTime:s",
    ),
    "C.7 GET order": (get("v1/order", **ONE), QUERIED),
    "C.7 GET openOrder": (get("v1/openOrder", **ONE), QUERIED),
    "C.7 GET openOrders": (get("v1/openOrders", "first"), QUERIED),
    "C.7 GET allOrders": (get("v1/allOrders", "first", symbol="BTCUSDT"), QUERIED),
    "C.7 GET rateLimit/order": (
        get("v1/rateLimit/order", "first"),
        "rateLimitType:s interval:s intervalNum:n limit:n",
    ),
    "C.8 GET userTrades": (get("v1/userTrades", "first", symbol="BTCUSDT"), TRADE),
    "C.9 GET income": (
        get("v1/income", "first"),
        "symbol:s incomeType:s income:s asset:s info:s time:n tranId:n tradeId:s",
    ),
    "C.9 GET commissionRate": (
        get("v1/commissionRate", symbol="BTCUSDT"),
        "symbol:s makerCommissionRate:s takerCommissionRate:s rpiCommissionRate:s",
    ),
    "C.9 GET feeBurn": (get("v1/feeBurn"), "feeBurn:b"),
    "C.10 GET v3/positionRisk": (get("v3/positionRisk", "first"), RISK_V3),
    "C.10 GET v2/positionRisk": (
        get("v2/positionRisk", "first"),
        RISK_V2 + " leverage:s maxNotionalValue:s marginType:s isAutoAddMargin:s",
    ),
    "C.10 GET v3/account": (get("v3/account"), TOTALS),
    "C.10 GET v3/account assets": (get("v3/account", "assets", "first"), ASSET),
    "C.10 GET v3/account positions": (get("v3/account", "positions", "first"), POSITION_V3),
    "C.10 GET v2/account": (get("v2/account"), f"{TOTALS} {FLAGS} feeBurn:b"),
    "C.10 GET v2/account positions": (get("v2/account", "positions", "first"), POSITION_V2),
    "C.10 GET v3/balance": (
        get("v3/balance", "first"),
        "accountAlias:s asset:s balance:s crossWalletBalance:s crossUnPnl:s availableBalance:s maxWithdrawAmount:s"
        " marginAvailable:b updateTime:n",
    ),
    "C.10 GET symbolConfig": (
        get("v1/symbolConfig", "first"),
        "symbol:s marginType:s isAutoAddMargin:b leverage:n maxNotionalValue:s",
    ),
    "C.10 GET accountConfig": (get("v1/accountConfig"), f"{FLAGS} dualSidePosition:b"),
    "C.11 POST leverage": (
        do("POST", "leverage", symbol="BTCUSDT", leverage=10),
        "leverage:n maxNotionalValue:s symbol:s",
    ),
    "C.11 POST marginType": (do("POST", "marginType", symbol="ETHUSDT", marginType="ISOLATED"), "code:n msg:s"),
    "C.11 GET positionSide/dual": (get("v1/positionSide/dual"), "dualSidePosition:b"),
    "C.11 GET multiAssetsMargin": (get("v1/multiAssetsMargin"), "multiAssetsMargin:b"),
    "C.11 GET leverageBracket": (get("v1/leverageBracket", "first", symbol="BTCUSDT"), "symbol:s brackets:[]"),
    "C.11 GET leverageBracket brackets": (
        get("v1/leverageBracket", "first", "brackets", "first", symbol="BTCUSDT"),
        "bracket:n initialLeverage:n notionalCap:d notionalFloor:d maintMarginRatio:d cum:d",
    ),
    "C.11 GET adlQuantile": (get("v1/adlQuantile", "first"), "symbol:s adlQuantile:{}"),
    "C.11 GET adlQuantile one-way": (get("v1/adlQuantile", "first", "adlQuantile"), "LONG:n SHORT:n BOTH:n"),
    "D.5 POST algoOrder": (lambda desk: desk.algo(triggerPrice="70000.0").body, ALGO),
    "D.5 GET algoOrder waiting": (get("v1/algoOrder", clientAlgoId="waits"), WAITING),
    "D.5 GET algoOrder finished": (
        get("v1/algoOrder", clientAlgoId="fired"),
        WAITING + " actualType:s actualQty:s",
    ),
    "D.5 GET openAlgoOrders": (get("v1/openAlgoOrders", "first"), WAITING),
    "D.5 GET allAlgoOrders": (get("v1/allAlgoOrders", "first", symbol="BTCUSDT"), WAITING),
    "D.5 DELETE algoOrder": (do("DELETE", "algoOrder", clientAlgoId="waits"), "algoId:n clientAlgoId:s code:s msg:s"),
    "D.5 DELETE algoOpenOrders": (do("DELETE", "algoOpenOrders", symbol="BTCUSDT"), "code:n msg:s"),
}


def busy_desk() -> Desk:
    """A position, a resting order, a conditional order that waits and one that has fired."""
    desk = Desk()
    desk.order(quantity="0.050")
    desk.order(**LIMIT)
    desk.algo(clientAlgoId="waits", triggerPrice="60000.0", quantity="0.010")
    desk.algo(clientAlgoId="fired", triggerPrice="79900.0", quantity="0.010")
    desk.mark("79900")
    return desk


def kind(value: object) -> str:
    """The sign of a JSON type."""
    if value is None:
        return "0"
    signs: dict[type, str] = {bool: "b", int: "n", str: "s", Decimal: "d", list: "[]", dict: "{}"}
    return signs[type(value)]


@pytest.mark.parametrize("case", CASES)
def test_c_d_a_reply_has_these_names_in_these_types(case: str) -> None:
    """Protocol notes C, D.5: texts, numbers and booleans where the documents have them."""
    ask, spec = CASES[case]
    body = ask(busy_desk())
    wanted = dict(word.split(":") for word in spec.split())
    got = {name: kind(value) for name, value in body.items()}
    assert got == {name: "n" if sign == "d" and got.get(name) == "n" else sign for name, sign in wanted.items()}


def test_c11_the_reply_to_moved_margin_has_a_number() -> None:
    """Protocol notes C.11: amount 100.0, not a text."""
    desk = Desk()
    desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    desk.order(quantity="0.050")
    reply = desk.call("POST", "/fapi/v1/positionMargin", symbol="BTCUSDT", amount=100, type=1)
    assert reply.outcome.body == (b'{"amount":100.0,"code":200,"msg":"Successfully modify position margin.","type":1}')


def test_c11_a_hedge_account_has_other_names_in_the_queue() -> None:
    """Protocol notes C.11: HEDGE instead of BOTH."""
    own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, hedge_mode=True)
    desk = Desk(accounts=[own])
    desk.order(positionSide="LONG")
    [row] = desk.call("GET", "/fapi/v1/adlQuantile").body
    assert list(row["adlQuantile"]) == ["LONG", "SHORT", "HEDGE"]

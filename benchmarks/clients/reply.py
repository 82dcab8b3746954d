"""The reply to an order as typed structs: what the bare clients decode into."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Result(msgspec.Struct):
    """The reply to an order, every field of it."""

    orderId: int
    symbol: str
    status: str
    clientOrderId: str
    price: Decimal
    origQty: Decimal
    executedQty: Decimal
    cumQty: Decimal
    timeInForce: str
    type: str
    reduceOnly: bool
    closePosition: bool
    side: str
    positionSide: str
    stopPrice: Decimal
    workingType: str
    priceProtect: bool
    origType: str
    priceMatch: str
    selfTradePreventionMode: str
    goodTillDate: int
    updateTime: int


class RateLimit(msgspec.Struct):
    """One row of the limits that come with every reply."""

    rateLimitType: str
    interval: str
    intervalNum: int
    limit: int
    count: int


class Reply(msgspec.Struct):
    """The envelope."""

    id: int
    status: int
    result: Result
    rateLimits: list[RateLimit]


decode = msgspec.json.Decoder(Reply).decode

"""The order that every contestant places, and the proof that the stub took it."""

from __future__ import annotations

from typing import Any

API_KEY = "benchmark-key-benchmark-key"
API_SECRET = "benchmark-secret-benchmark-secret"
PATH = "/ws-fapi/v1"
SYMBOL = "BTCUSDT"
PRICE = "65000.00"
QUANTITY = "0.010"
RECV_WINDOW_MS = 1_500

FIXED: dict[str, str | int] = {
    "newOrderRespType": "RESULT",
    "positionSide": "BOTH",
    "price": PRICE,
    "quantity": QUANTITY,
    "recvWindow": RECV_WINDOW_MS,
    "selfTradePreventionMode": "EXPIRE_MAKER",
    "side": "BUY",
    "symbol": SYMBOL,
    "timeInForce": "GTC",
    "type": "LIMIT",
}
"""The parameters that Holdfast sends; the others send the same where their interface lets them."""

SYMBOL_ROW: dict[str, Any] = {
    "symbol": SYMBOL,
    "pair": SYMBOL,
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "onboardDate": 1569398400000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "50"},
    ],
}
"""For clients that round by themselves and would load all symbols first."""


class WrongReply(Exception):
    """The reply is not the one to the order that was placed: such a measurement is worth nothing."""


def client_id(n: int) -> str:
    """The client order id of the n-th order, as long as Holdfast's."""
    return f"hf-e1-{n:024d}"


def check(n: int, replied_id: object, status: object) -> None:
    """Raises `WrongReply` unless it is the reply to order n."""
    if replied_id != client_id(n) or status not in ("NEW", "open"):
        raise WrongReply(f"order {n} was answered with {replied_id!r}, {status!r}")

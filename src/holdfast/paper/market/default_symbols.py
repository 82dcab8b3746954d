"""A small exchangeInfo and leverage tiers, so that the exchange works with nothing else at hand.

The numbers are in the range production showed in October 2026 (protocol notes B.2); prices of the
filters are wide enough for any recorded year.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from holdfast.paper.config import Bracket

# symbol: price precision, quantity precision, min price, max price, tick, min quantity, max quantity,
# max market quantity, min notional, percent price up, percent price down
_ROWS: dict[str, tuple[int, int, str, str, str, str, str, str, str, str, str]] = {
    "BTCUSDT": (2, 3, "556.80", "4529764", "0.10", "0.001", "1000", "120", "50", "1.0500", "0.9500"),
    "ETHUSDT": (2, 3, "39.86", "306177", "0.01", "0.001", "10000", "2000", "20", "1.0500", "0.9500"),
    "SOLUSDT": (4, 2, "0.4200", "6857", "0.0100", "0.01", "1000000", "5000", "5", "1.0500", "0.9500"),
    "XRPUSDT": (4, 1, "0.0143", "100000", "0.0001", "0.1", "10000000", "2000000", "5", "1.0500", "0.9500"),
    "DOGEUSDT": (6, 0, "0.002440", "30", "0.000010", "1", "50000000", "30000000", "5", "1.0500", "0.9500"),
}

_ORDER_TYPES = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")


def default_exchange_info() -> dict[str, Any]:
    """An exchangeInfo document with five contracts."""
    return {
        "timezone": "UTC",
        "futuresType": "U_MARGINED",
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_row(name) for name in _ROWS],
    }


def _row(name: str) -> dict[str, Any]:
    (price_digits, quantity_digits, low, high, tick, least, most, market_most, notional, up, down) = _ROWS[name]
    step = "1" if quantity_digits == 0 else f"0.{'0' * (quantity_digits - 1)}1"
    return {
        "symbol": name,
        "pair": name,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1567965300000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": name.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": price_digits,
        "quantityPrecision": quantity_digits,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": low, "maxPrice": high, "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": least, "maxQty": most, "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": least, "maxQty": market_most, "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": notional},
            {"filterType": "PERCENT_PRICE", "multiplierUp": up, "multiplierDown": down, "multiplierDecimal": "4"},
            {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
        ],
        "orderTypes": list(_ORDER_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY", "DCA", "PSB"],
    }


def build_brackets(rows: tuple[tuple[int, str, str], ...]) -> list[Bracket]:
    """Leverage tiers from (leverage, notional cap, maintenance rate); floors and `cum` follow (notes I.1)."""
    brackets: list[Bracket] = []
    floor, rate_before, cum = Decimal(0), Decimal(0), Decimal(0)
    for index, (leverage, cap, rate_text) in enumerate(rows, start=1):
        rate = Decimal(rate_text)
        cum += floor * (rate - rate_before) if index > 1 else Decimal(0)
        brackets.append(
            Bracket(
                bracket=index,
                initialLeverage=leverage,
                notionalCap=Decimal(cap),
                notionalFloor=floor,
                maintMarginRatio=rate,
                cum=cum,
            )
        )
        floor, rate_before = Decimal(cap), rate
    return brackets


_MAJOR = build_brackets(
    (
        (125, "300000", "0.004"),
        (100, "800000", "0.005"),
        (75, "3000000", "0.0065"),
        (50, "12000000", "0.01"),
        (25, "70000000", "0.02"),
        (20, "100000000", "0.025"),
        (10, "230000000", "0.05"),
        (5, "480000000", "0.1"),
        (1, "1800000000", "0.5"),
    )
)
_OTHER = build_brackets(
    (
        (75, "10000", "0.01"),
        (50, "60000", "0.015"),
        (25, "600000", "0.02"),
        (20, "1500000", "0.025"),
        (10, "3000000", "0.05"),
        (5, "7500000", "0.1"),
        (1, "30000000", "0.5"),
    )
)


def default_brackets(symbol: str) -> list[Bracket]:
    """The built-in tiers of a symbol: wider ones for the two largest contracts."""
    return _MAJOR if symbol in ("BTCUSDT", "ETHUSDT") else _OTHER

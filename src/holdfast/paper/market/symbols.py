"""The exchange's own reading of exchangeInfo rows: filters, precisions and formats.

A row that contradicts itself (a step of zero, a missing filter, a maximum below its minimum) is
quarantined with its reason instead of stopping the exchange.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model import num

_FINEST = Decimal(1).scaleb(-18)


class QuantityRule(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and step of a quantity; the step counts from `minimum`."""

    minimum: Decimal
    maximum: Decimal
    step: Decimal


class PaperSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """One contract. Prices and quantities print with `price_exponent` and `quantity_exponent`."""

    name: str
    pair: str
    status: str
    contract_type: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    price_precision: int
    quantity_precision: int
    price_exponent: Decimal
    quantity_exponent: Decimal
    minimum_price: Decimal
    maximum_price: Decimal
    tick: Decimal
    lot: QuantityRule
    market_lot: QuantityRule
    minimum_notional: Decimal
    multiplier_up: Decimal
    multiplier_down: Decimal
    maximum_orders: int
    maximum_amendments: int
    position_control: str
    """Who may open positions: `NONE` restricts nobody (filter POSITION_RISK_CONTROL)."""
    trigger_protect: Decimal
    market_take_bound: Decimal
    liquidation_fee: Decimal

    def price_text(self, price: Decimal) -> str:
        """A price with the contract's storage decimals."""
        return format(price.quantize(self.price_exponent), "f")

    def quantity_text(self, quantity: Decimal) -> str:
        """A quantity with the contract's storage decimals."""
        return format(quantity.quantize(self.quantity_exponent), "f")

    def quote_text(self, value: Decimal) -> str:
        """A traded value with the decimals that a price times a quantity can have."""
        return format(value.quantize(max(self.price_exponent * self.quantity_exponent, _FINEST)), "f")


class Quarantined(msgspec.Struct, frozen=True):
    """A row that cannot be traded, and why."""

    symbol: str
    reason: str


def load_symbols(info: dict[str, Any]) -> tuple[dict[str, PaperSymbol], list[Quarantined]]:
    """Read every row of an exchangeInfo document: the good ones by name, and the bad ones with a reason."""
    good: dict[str, PaperSymbol] = {}
    bad: list[Quarantined] = []
    for row in info.get("symbols", []):
        name = str(row.get("symbol", "")) if isinstance(row, dict) else ""
        try:
            symbol = parse_row(row)
        except (KeyError, TypeError, ValueError) as error:
            bad.append(Quarantined(name, f"{type(error).__name__}: {error}"))
            continue
        good[symbol.name] = symbol
    return good, bad


def parse_row(row: dict[str, Any]) -> PaperSymbol:
    """Read one row; raise KeyError, TypeError or ValueError when it makes no sense."""
    filters = {item["filterType"]: item for item in row["filters"]}
    price = filters["PRICE_FILTER"]
    percent = filters["PERCENT_PRICE"]
    price_precision = _precision(row["pricePrecision"])
    quantity_precision = _precision(row["quantityPrecision"])
    return PaperSymbol(
        name=_text(row["symbol"]),
        pair=_text(row.get("pair", row["symbol"])),
        status=_text(row["status"]),
        contract_type=str(row.get("contractType", "")),
        base_asset=_text(row["baseAsset"]),
        quote_asset=_text(row["quoteAsset"]),
        margin_asset=_text(row["marginAsset"]),
        price_precision=price_precision,
        quantity_precision=quantity_precision,
        price_exponent=Decimal(1).scaleb(-price_precision),
        quantity_exponent=Decimal(1).scaleb(-quantity_precision),
        minimum_price=_number(price["minPrice"]),
        maximum_price=_number(price["maxPrice"]),
        tick=_positive(price["tickSize"], "tickSize"),
        lot=_quantity_rule(filters["LOT_SIZE"]),
        market_lot=_quantity_rule(filters.get("MARKET_LOT_SIZE", filters["LOT_SIZE"])),
        minimum_notional=_number(filters.get("MIN_NOTIONAL", {}).get("notional", "0")),
        multiplier_up=_positive(percent["multiplierUp"], "multiplierUp"),
        multiplier_down=_number(percent["multiplierDown"]),
        maximum_orders=int(filters.get("MAX_NUM_ORDERS", {}).get("limit", 200)),
        maximum_amendments=int(row.get("maxMoveOrderLimit", 10_000)),
        position_control=str(filters.get("POSITION_RISK_CONTROL", {}).get("positionControlSide", "NONE")).upper(),
        trigger_protect=_number(row.get("triggerProtect", "0.05")),
        market_take_bound=_positive(row.get("marketTakeBound", "0.05"), "marketTakeBound"),
        liquidation_fee=_number(row.get("liquidationFee", "0.0125")),
    )


def _quantity_rule(item: dict[str, Any]) -> QuantityRule:
    rule = QuantityRule(
        minimum=_number(item["minQty"]),
        maximum=_positive(item["maxQty"], "maxQty"),
        step=_positive(item["stepSize"], "stepSize"),
    )
    if rule.maximum < rule.minimum:
        raise ValueError(f"maxQty {rule.maximum} is below minQty {rule.minimum}")
    return rule


def _number(value: object) -> Decimal:
    if not isinstance(value, str):
        raise TypeError(f"a decimal must be a string, got {value!r}")
    return num.parse(value)


def _positive(value: object, name: str) -> Decimal:
    number = _number(value)
    if number <= 0:
        raise ValueError(f"{name} must be above 0, got {value}")
    return number


def _precision(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= 18:
        raise TypeError(f"a precision must be a whole number from 0 to 18, got {value!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a name must be a text, got {value!r}")
    return value

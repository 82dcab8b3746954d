"""exchangeInfo → instruments. A row that is broken is quarantined with its reason; the others load (RULES 5: a
missing number is never 0).

Rounding comes from the filters; `pricePrecision` is not even decoded (protocol notes 0.3 no. 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from holdfast.binance import payloads as pl
from holdfast.binance.replies import Unreadable, decoder, number, read
from holdfast.model import num
from holdfast.model.instrument import Bracket, Instrument

KNOWN_CONTRACTS: Final = (
    "PERPETUAL",
    "CURRENT_MONTH",
    "NEXT_MONTH",
    "CURRENT_QUARTER",
    "NEXT_QUARTER",
    "PERPETUAL_DELIVERING",
    "TRADIFI_PERPETUAL",
)
"""A contract of a kind nobody here has read the rules of is not traded (fault D18)."""

_DEFAULT_MAX_ORDERS: Final = 200

_info: Final = decoder(pl.ExchangeInfoPayload)
_symbol: Final = decoder(pl.SymbolPayload)
_brackets: Final = decoder(list[pl.SymbolBracketsPayload])


class _Name(msgspec.Struct):
    symbol: str


_name: Final = decoder(_Name)


class Quarantined(ValueError):
    """A symbol's row breaks a rule; the text names it."""


class ExchangeInfo(NamedTuple):
    """What exchangeInfo says, row by row."""

    instruments: tuple[Instrument, ...]
    quarantined: dict[str, str]
    rate_limits: tuple[pl.RateLimitPayload, ...]


def exchange_info_of(body: bytes, version: int = 1) -> ExchangeInfo:
    """All symbols, good and quarantined. Raises `Unreadable` when the body as a whole is not exchangeInfo."""
    info = read(_info, body)
    instruments: dict[str, Instrument] = {}
    quarantined: dict[str, str] = {}
    for place, raw in enumerate(info.symbols):
        name = _name_of(raw, place)
        try:
            if name in instruments or name in quarantined:
                raise Quarantined("listed twice")
            instruments[name] = _instrument(read(_symbol, raw), version)
        except (Quarantined, Unreadable) as error:
            instruments.pop(name, None)
            quarantined[name] = str(error)
    return ExchangeInfo(tuple(instruments.values()), quarantined, tuple(info.rate_limits))


def brackets_of(body: bytes) -> dict[str, tuple[Bracket, ...]]:
    """Leverage tiers by symbol, lowest first. Raises `Unreadable`."""
    return {row.symbol: _tiers(row) for row in read(_brackets, body)}


def with_brackets(instruments: Sequence[Instrument], tiers: dict[str, tuple[Bracket, ...]]) -> tuple[Instrument, ...]:
    """The instruments with their tiers. One without tiers keeps none, and the risk gate denies it for that."""
    return tuple(msgspec.structs.replace(item, brackets=tiers.get(item.symbol, ())) for item in instruments)


def with_fees(instruments: Sequence[Instrument], taker: dict[str, Decimal]) -> tuple[Instrument, ...]:
    """The instruments with the account's taker fees, where they were read."""
    return tuple(msgspec.structs.replace(item, taker_fee=taker.get(item.symbol, num.ZERO)) for item in instruments)


def _name_of(raw: msgspec.Raw, place: int) -> str:
    try:
        return read(_name, raw).symbol
    except Unreadable:
        return f"#{place}"


def _instrument(row: pl.SymbolPayload, version: int) -> Instrument:
    filters = {item.filter_type: item for item in row.filters}
    if len(filters) != len(row.filters):
        raise Quarantined("a filter stands twice")
    if row.contract_type not in KNOWN_CONTRACTS:
        raise Quarantined(f"unknown contract type {row.contract_type!r}")
    if row.margin_asset != row.quote_asset:
        raise Quarantined(f"margined in {row.margin_asset}, quoted in {row.quote_asset}")
    price, lot = _needed(filters, "PRICE_FILTER"), _needed(filters, "LOT_SIZE")
    market = _needed(filters, "MARKET_LOT_SIZE")
    band, control = _needed(filters, "PERCENT_PRICE"), filters.get("POSITION_RISK_CONTROL")
    restricted = control is not None and control.position_control_side != "NONE"
    orders = filters.get("MAX_NUM_ORDERS")
    found = Instrument(
        symbol=row.symbol,
        # A symbol that may only be reduced is listed as TRADING all the same; entries must not see it so.
        status="POSITION_RISK_CONTROL" if restricted and row.status == "TRADING" else row.status,
        contract_type=row.contract_type,
        base_asset=row.base_asset,
        quote_asset=row.quote_asset,
        margin_asset=row.margin_asset,
        tick_size=_positive("PRICE_FILTER.tickSize", price.tick_size),
        price_min=_given("PRICE_FILTER.minPrice", price.min_price),
        price_max=_given("PRICE_FILTER.maxPrice", price.max_price),
        step_size=_positive("LOT_SIZE.stepSize", lot.step_size),
        quantity_min=_positive("LOT_SIZE.minQty", lot.min_qty),
        quantity_max=_given("LOT_SIZE.maxQty", lot.max_qty),
        market_step_size=_positive("MARKET_LOT_SIZE.stepSize", market.step_size),
        market_quantity_min=_positive("MARKET_LOT_SIZE.minQty", market.min_qty),
        market_quantity_max=_given("MARKET_LOT_SIZE.maxQty", market.max_qty),
        notional_min=_given("MIN_NOTIONAL.notional", _needed(filters, "MIN_NOTIONAL").notional),
        multiplier_up=_given("PERCENT_PRICE.multiplierUp", band.multiplier_up),
        multiplier_down=_given("PERCENT_PRICE.multiplierDown", band.multiplier_down),
        max_orders=orders.limit if orders is not None else _DEFAULT_MAX_ORDERS,
        delivery_ms=row.delivery_date,
        market_take_bound=number(row.market_take_bound),
        trigger_protect=number(row.trigger_protect),
        version=version,
    )
    _check_ranges(found)
    return found


def _check_ranges(item: Instrument) -> None:
    for name, low, high in (
        ("price", item.price_min, item.price_max),
        ("quantity", item.quantity_min, item.quantity_max),
        ("market quantity", item.market_quantity_min, item.market_quantity_max),
    ):
        if high and low > high:
            raise Quarantined(f"smallest {name} {low} above the largest {high}")


def _needed(filters: dict[str, pl.FilterPayload], name: str) -> pl.FilterPayload:
    try:
        return filters[name]
    except KeyError:
        raise Quarantined(f"no filter {name}") from None


def _given(name: str, text: str) -> Decimal:
    if not text:
        raise Quarantined(f"{name} is missing")
    value = number(text)
    if value < 0:
        raise Quarantined(f"{name} is negative: {text}")
    return value


def _positive(name: str, text: str) -> Decimal:
    value = _given(name, text)
    if value == 0:
        raise Quarantined(f"{name} is 0")
    return value


def _tiers(row: pl.SymbolBracketsPayload) -> tuple[Bracket, ...]:
    # Whether the bounds already contain a custom multiplier is not said. Taking the smaller reading of each is safe:
    # a multiplier below one is applied, one above is not (protocol notes C.11).
    scale = min(row.notional_coef or num.ONE, num.ONE)
    tiers = [
        Bracket(
            floor=number(tier.notional_floor) * scale,
            cap=number(tier.notional_cap) * scale,
            max_leverage=tier.initial_leverage,
            maintenance_ratio=number(tier.maint_margin_ratio),
            cum=number(tier.cum) * scale,
        )
        for tier in row.brackets
    ]
    return tuple(sorted(tiers, key=lambda tier: tier.floor))

"""Leverage tier files: the venue's own reply, or the one that maps each symbol to rows with the reply in `info`.

A row that contradicts itself is quarantined with its reason; its symbol then has the built-in tiers.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from holdfast.model.num import ZERO
from holdfast.paper.config import Bracket
from holdfast.paper.market.symbols import Quarantined

_FIELDS = ("bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum")


_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class TierError(ValueError):
    """The document as a whole is no list of leverage tiers."""


def decode_tiers(data: bytes) -> tuple[dict[str, list[Bracket]], list[Quarantined]]:
    """The tiers of a JSON document. Raises `TierError` when it is none."""
    try:
        document = _decode(data)
    except msgspec.DecodeError as error:
        raise TierError(f"leverage tiers are JSON: {error}") from None
    return read_tiers(document)


def read_tiers(document: object) -> tuple[dict[str, list[Bracket]], list[Quarantined]]:
    """The good tiers by symbol, and the broken rows with a reason. Raises `TierError` for another document."""
    if isinstance(document, dict):
        rows = [(_symbol_of(name), _info(tiers)) for name, tiers in document.items()]
    elif isinstance(document, list):
        rows = [(str(row.get("symbol", "")), row.get("brackets")) for row in document if isinstance(row, dict)]
    else:
        raise TierError("leverage tiers are the reply of GET /fapi/v1/leverageBracket, or an object by symbol")
    good: dict[str, list[Bracket]] = {}
    bad: list[Quarantined] = []
    for symbol, tiers in rows:
        try:
            good[symbol] = _checked(tiers)
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            bad.append(Quarantined(symbol, f"{type(error).__name__}: {error}"))
    return good, bad


def _symbol_of(name: str) -> str:
    """`BTC/USDT:USDT` is BTCUSDT; a dated contract (`BTC/USDT:USDT-261225`) is BTCUSDT_261225."""
    pair, _, settled = name.partition(":")
    dated = settled.partition("-")[2]
    return pair.replace("/", "") + (f"_{dated}" if dated else "")


def _info(tiers: object) -> object:
    if not isinstance(tiers, list):
        return tiers
    return [tier.get("info", tier) if isinstance(tier, dict) else tier for tier in tiers]


def _checked(tiers: object) -> list[Bracket]:
    if not isinstance(tiers, list) or not tiers:
        raise TypeError("tiers are a list with at least one")
    found = sorted((_bracket(tier) for tier in tiers), key=lambda tier: tier.notionalFloor)
    floor = ZERO
    for number, tier in enumerate(found, start=1):
        if tier.notionalFloor != floor:
            raise ValueError(f"tier {number} starts at {tier.notionalFloor} and the one before ends at {floor}")
        if tier.notionalCap <= floor:
            raise ValueError(f"tier {number} ends at {tier.notionalCap}, at or below its start {floor}")
        if tier.initialLeverage < 1 or not 0 < tier.maintMarginRatio < 1:
            raise ValueError(f"tier {number} needs a leverage of 1 or more and a maintenance rate between 0 and 1")
        floor = tier.notionalCap
    return found


def _bracket(tier: Any) -> Bracket:
    values = {name: _number(tier[name], name) for name in _FIELDS}
    return Bracket(
        bracket=int(values["bracket"]),
        initialLeverage=int(values["initialLeverage"]),
        notionalCap=values["notionalCap"],
        notionalFloor=values["notionalFloor"],
        maintMarginRatio=values["maintMarginRatio"],
        cum=values["cum"],
    )


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError(f"{name} must be a number, got {value!r}")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{name} must be a number, got {value!r}")
    return number

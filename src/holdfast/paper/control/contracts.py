"""What happens to a contract while the exchange runs: filters, tiers, status, funding interval, delisting.

Clients see it where they see it on the real venue: in exchangeInfo, leverageBracket, `!contractInfo`
and in what is refused from then on. Orders that rest keep resting, as a changed filter concerns new ones.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from holdfast.paper.control import bending
from holdfast.paper.control.refusals import ControlError, Request, known_fields, market_of, whole_of
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.market import Mark
from holdfast.paper.market.markets import Market
from holdfast.paper.market.symbols import parse_row
from holdfast.paper.market.tiers import TierError, read_tiers
from holdfast.paper.streams.venue import contract_changed
from holdfast.paper.trading import settlement

STATUSES = (
    "PENDING_TRADING",
    "TRADING",
    "BREAK",
    "HALT",
    "PRE_DELIVERING",
    "DELIVERING",
    "DELIVERED",
    "PRE_SETTLE",
    "SETTLING",
    "CLOSE",
)
_HOURS = (1, 2, 4, 8)


def change(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Change a contract's `status`, `deliveryDate` or fields of its `filters`. It is answered as it is now."""
    market = market_of(exchange, request)
    known_fields(request, "symbol", "status", "filters", "deliveryDate")
    changes = request.get("filters", {})
    status = request.get("status", market.symbol.status)
    if not isinstance(status, str) or status not in STATUSES:
        raise ControlError("status", f"must be a name, a text of {', '.join(STATUSES)}; got {status!r}", '"TRADING"')
    row = copy.deepcopy(market.row) | {"status": status}
    if "deliveryDate" in request:
        row["deliveryDate"] = whole_of(request, "deliveryDate", least=1)
    filters = {item["filterType"]: item for item in row["filters"]}
    if not isinstance(changes, dict) or not changes.keys() <= filters.keys():
        raise ControlError("filters", f"must be named by type; known: {', '.join(filters)}", '{"MIN_NOTIONAL": {…}}')
    try:
        for name, fields in changes.items():
            filters[name].update(fields)
        parse_row(row)
    except (KeyError, TypeError, ValueError) as error:
        passes = '{"PRICE_FILTER": {"tickSize": "0.10"}}'
        raise ControlError("filters", f"that makes no contract: {error}", passes) from None
    _put(exchange, market, row)
    exchange.log("control", what="symbol", symbol=market.symbol.name, set=_without_symbol(request))
    return {"row": row}


def _without_symbol(request: Request) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "symbol"}


def _put(exchange: Exchange, market: Market, row: dict[str, Any]) -> None:
    rows = [row if old is market.row else old for old in exchange.info["symbols"]]
    exchange.info = {**exchange.info, "symbols": rows}
    market.row, market.symbol = row, parse_row(row)
    contract_changed(exchange, market)


def relist(exchange: Exchange, market: Market, row: dict[str, Any]) -> None:
    """The mirrored venue lists the contract so; what was set by hand and is no part of its row stays."""
    own = {name: value for name, value in market.row.items() if name not in row}
    if {**own, **row} == market.row:
        return
    _put(exchange, market, {**own, **row})
    exchange.log("control", what="listed", symbol=market.symbol.name)


def set_brackets(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Change the leverage tiers of a contract: `brackets` as the venue lists them (protocol notes C.11)."""
    market = market_of(exchange, request)
    known_fields(request, "symbol", "brackets")
    name = market.symbol.name
    try:
        tiers, broken = read_tiers([{"symbol": name, "brackets": request.get("brackets")}])
    except TierError as error:
        raise ControlError("brackets", str(error)) from None
    if broken:
        raise ControlError("brackets", broken[0].reason, "the brackets of GET /fapi/v1/leverageBracket")
    market.brackets = tiers[name]
    contract_changed(exchange, market)
    exchange.log("control", what="brackets", symbol=name, set=msgspec.to_builtins(market.brackets))
    return {"brackets": len(market.brackets)}


def set_funding(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Change the funding interval of a contract to `hours` (1, 2, 4 or 8); the next instant moves to its grid."""
    market = market_of(exchange, request)
    known_fields(request, "symbol", "hours")
    hours = request.get("hours")
    if hours not in _HOURS or isinstance(hours, bool):
        raise ControlError("hours", f"must be one of 1, 2, 4, 8, got {hours!r}", '"hours": 4')
    _put(exchange, market, {**market.row, "fundingIntervalHours": hours})
    bending.bend(market)
    exchange.log("control", what="funding", symbol=market.symbol.name, hours=hours)
    if market.mark is not None and market.index is not None:
        event = Mark(
            symbol=market.symbol.name,
            mark=market.mark,
            index=market.index,
            rate=market.funding_rate,
            next_funding_ms=bending.next_funding_ms(market, exchange.now_ms),
            E=market.mark_ms,
        )
        settlement.on_funding(exchange, market, event)
    return {"next_funding_ms": market.next_funding_ms}

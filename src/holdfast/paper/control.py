"""The control door: faults, money, prices, a human's hand, contracts, facts, limits, and a look inside.

A request is `{"do": <verb>, ...}`; the answer is `{"ok": true, ...}`, or `{"ok": false, "error": ...}`
for a request that makes no sense. Nothing of this exists on the real venue.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model import num
from holdfast.model.num import ZERO, text
from holdfast.paper import algo, inputs, ops_account, ops_trade, placement, wire
from holdfast.paper.account import Account
from holdfast.paper.config import RateLimits, VenueFacts
from holdfast.paper.errors import VenueError
from holdfast.paper.events import account_event
from holdfast.paper.exchange import Exchange
from holdfast.paper.faults import IMMEDIATE_VERBS, VERBS, Fault
from holdfast.paper.params import Params
from holdfast.paper.stream_venue import contract_changed
from holdfast.paper.symbols import parse_row

_PERCENT = Decimal("0.01")


class ControlError(Exception):
    """A control request that makes no sense."""


def handle(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one control request."""
    verb = _VERBS.get(str(request.get("do", "")))
    if verb is None:
        return {"ok": False, "error": f"unknown verb {request.get('do')!r}; known: {', '.join(_VERBS)}"}
    try:
        return {"ok": True, **verb(exchange, {key: value for key, value in request.items() if key != "do"})}
    except VenueError as error:
        return {"ok": False, "error": error.message, "code": error.code}
    except (ControlError, msgspec.ValidationError, num.NumberError) as error:
        return {"ok": False, "error": str(error)}


def _account(exchange: Exchange, request: dict[str, Any]) -> Account:
    """The named account, or the only one."""
    name = request.get("account")
    if name is None and len(exchange.accounts) == 1:
        return next(iter(exchange.accounts.values()))
    account = exchange.accounts.get(str(name))
    if account is None:
        raise ControlError(f"unknown account {name!r}; known: {', '.join(exchange.accounts)}")
    return account


def _decimal(request: dict[str, Any], name: str) -> Decimal:
    """A decimal, given as text or as a whole number; anything else is refused."""
    value = request.get(name)
    if isinstance(value, Decimal):
        return num.check(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ControlError(f"{name} must be a decimal as text, got {value!r}")
    return num.parse(str(value))


def _fault(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    if request.get("verb") == "clear":
        exchange.faults.clear()
        exchange.log("fault", verb="clear")
        return {}
    fault = msgspec.convert(request, Fault)
    if fault.verb not in VERBS:
        raise ControlError(f"unknown fault {fault.verb!r}; known: {', '.join(VERBS)}")
    exchange.log("fault", armed=True, **_described(fault))
    if fault.verb in IMMEDIATE_VERBS:
        return _IMMEDIATE[fault.verb](exchange, fault)
    if fault.verb == "algo.vanish" and fault.count:
        gone = algo.vanish_matching(exchange, fault.match, fault.count) if not fault.ms else 0
        fault.count = fault.count - gone if fault.count > 0 else fault.count
        if not fault.count:
            return {"vanished": gone}
    exchange.faults.arm(fault, exchange.now_us)
    return {}


def _described(fault: Fault) -> dict[str, Any]:
    """The parts of a fault that differ from the defaults, for the log."""
    plain: dict[str, Any] = msgspec.to_builtins(fault)
    usual: dict[str, Any] = msgspec.to_builtins(Fault(verb=fault.verb))
    return {key: value for key, value in plain.items() if key == "verb" or value != usual[key]}


def _close_connections(exchange: Exchange, fault: Fault) -> dict[str, Any]:
    """Close connections now: `kinds` among stream, private, public, market, wsapi; empty means all."""
    closed = 0
    for conn in [*exchange.streams.conns.values(), *exchange.ws_api.values()]:
        if fault.kinds and conn.kind not in fault.kinds and conn.route not in fault.kinds:
            continue
        if fault.match.account and not _belongs(exchange, conn.ident, fault.match.account):
            continue
        exchange.close_conn(conn.ident, fault.code or 1001, fault.msg, abort=not fault.code)
        closed += 1
    return {"closed": closed}


def _belongs(exchange: Exchange, ident: int, name: str) -> bool:
    account = exchange.accounts.get(name)
    if account is None:
        return False
    conn = exchange.ws_api.get(ident)
    if conn is not None:
        key = exchange.keys.get(conn.session_key)
        return key is not None and key.account == name
    return ident in exchange.listened(account)


def _query_lag(exchange: Exchange, fault: Fault) -> dict[str, Any]:
    """Hide orders younger than `ms` from every query; 0 ends it."""
    exchange.faults.query_lag_us = fault.ms * 1000 if fault.count else 0
    return {}


def _expire_key(exchange: Exchange, fault: Fault) -> dict[str, Any]:
    """Let listen keys run out now."""
    for account in exchange.accounts.values():
        if fault.match.account in ("", account.name):
            ops_account.expire_listen_key(exchange, account)
    return {}


_IMMEDIATE: dict[str, Callable[[Exchange, Fault], dict[str, Any]]] = {
    "ws.close": _close_connections,
    "query.lag": _query_lag,
    "lk.expire": _expire_key,
}


def _fund(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Transfer a signed amount into a wallet: `amount`, `asset` (USDT), `account`."""
    account = _account(exchange, request)
    asset, amount = str(request.get("asset", "USDT")), _decimal(request, "amount")
    exchange.log("control", what="fund", account=account.name, asset=asset, amount=text(amount))
    exchange.add_income(account, "TRANSFER", asset, amount)
    account_event(exchange, account, "DEPOSIT" if amount > 0 else "WITHDRAW", assets=(asset,), change=amount)
    return {"balance": text(account.wallets[asset])}


def _price(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """A gap that stays: `percent` of the mark, for book and mark, or only one of them with `only`."""
    market = exchange.market(str(request.get("symbol", "")))
    reference = market.reference()
    if reference is None:
        raise ControlError("the symbol has no price yet")
    shift = reference * _decimal(request, "percent") * _PERCENT
    shift -= shift % market.symbol.tick
    only = request.get("only", "")
    if only not in ("", "book", "mark"):
        raise ControlError("only must be book or mark")
    exchange.log("control", what="price", symbol=market.symbol.name, shift=text(shift), only=only)
    book, mark = (ZERO if only == "mark" else shift), (ZERO if only == "book" else shift)
    inputs.shift_prices(exchange, market, book=book, mark=mark)
    return {"shift": text(shift)}


def _human_trade(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """A person places an order on the account: the parameters of an order, or of a conditional one."""
    account = _account(exchange, request)
    named = {key: str(value) for key, value in request.items() if key != "account"}
    params = Params({**named, "newClientOrderId": named.get("newClientOrderId") or f"web_{exchange.client_id()[:18]}"})
    exchange.log("control", what="human.trade", account=account.name, params=named)
    if "algoType" in named:
        placed = algo.place(exchange, account, params)
        return {"algo": wire.algo_reply(exchange.markets[placed.symbol].symbol, placed)}
    order = placement.place(exchange, account, params)
    return {"order": wire.query_reply(exchange.markets[order.symbol].symbol, order)}


def _human_cancel(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """A person cancels one order, one conditional order, or with `all` everything of a symbol."""
    account = _account(exchange, request)
    named = {key: str(value) for key, value in request.items() if key != "account"}
    params = Params(named)
    exchange.log("control", what="human.cancel", account=account.name, params=named)
    if request.get("all"):
        symbol = exchange.market(params.get("symbol")).symbol.name
        ops_trade.cancel_symbol(exchange, account, symbol, with_algos=True)
    elif params.has("algoId") or params.has("clientAlgoId"):
        algo.cancel(exchange, account, params)
    else:
        placement.cancel(exchange, account, params)
    return {}


def _symbol(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Change a contract: its `status`, or fields of its `filters` by filter type. It is answered as it is now."""
    market = exchange.market(str(request.get("symbol", "")))
    unknown = sorted(request.keys() - {"symbol", "status", "filters"})
    if unknown:
        raise ControlError(f"unknown field {unknown[0]!r}; known: symbol, status, filters")
    changes = request.get("filters", {})
    row = copy.deepcopy(market.row) | {key: request[key] for key in ("status",) if key in request}
    known = {item["filterType"]: item for item in row["filters"]}
    if not isinstance(changes, dict) or not changes.keys() <= known.keys():
        raise ControlError(f"filters must be named by type; known: {', '.join(known)}")
    try:
        for name, fields in changes.items():
            known[name].update(fields)
        symbol = parse_row(row)
    except (KeyError, TypeError, ValueError) as error:
        raise ControlError(f"that makes no contract: {error}") from None
    rows = [row if old is market.row else old for old in exchange.info["symbols"]]
    exchange.info = {**exchange.info, "symbols": rows}
    market.row, market.symbol = row, symbol
    contract_changed(exchange, market)
    exchange.log("control", what="symbol", symbol=symbol.name, set={k: v for k, v in request.items() if k != "symbol"})
    return {"row": row}


def _facts(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Read the venue facts, or change some with `set`."""
    changes = request.get("set")
    if changes is not None:
        merged = {**msgspec.to_builtins(exchange.facts), **changes}
        exchange.facts = exchange.config.facts = msgspec.convert(merged, VenueFacts)
        exchange.log("control", what="facts", set=changes)
    return {"facts": msgspec.to_builtins(exchange.facts)}


def _limits(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Read the rate limits, or change those of weight and orders with `set`; null lifts one."""
    changes = request.get("set")
    if changes is not None:
        if "ws_messages_per_second" in changes:
            raise ControlError("ws_messages_per_second is fixed when the exchange starts")
        merged = {**msgspec.to_builtins(exchange.limits.config), **changes}
        exchange.limits.change(msgspec.convert(merged, RateLimits))
        exchange.log("control", what="limits", set=changes)
    return {"limits": msgspec.to_builtins(exchange.limits.config)}


def _key(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Revoke an API key, or give it back: `api_key`, `revoked` (true)."""
    api_key, revoked = str(request.get("api_key", "")), request.get("revoked", True)
    if not isinstance(revoked, bool):
        raise ControlError(f"revoked must be true or false, got {revoked!r}")
    if not exchange.revoke_key(api_key, revoked=revoked):
        raise ControlError(f"unknown api_key {api_key!r}")
    exchange.log("control", what="key", revoked=revoked)
    return {"revoked": list(exchange.revoked)}


def _log(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Log records after number `since`, at most `limit` (10,000); only recent ones are kept in memory."""
    since, limit = int(request.get("since", 0)), int(request.get("limit", 10_000))
    records = [record for record in exchange.log_ring if int(str(record["n"])) > since]
    return {"last": exchange.log_number, "records": records[:limit]}


def _state(exchange: Exchange, _request: dict[str, Any]) -> dict[str, Any]:
    """Everything that is open, per account, with prices, connections and armed faults."""
    return {
        "us": exchange.now_us,
        "log": exchange.log_number,
        "accounts": [_account_state(exchange, account) for account in exchange.accounts.values()],
        "prices": {
            name: {"mark": text(market.mark or ZERO), "last": text(market.last or ZERO)}
            for name, market in exchange.markets.items()
            if market.reference() is not None
        },
        "connections": len(exchange.streams.conns) + len(exchange.ws_api),
        "faults": exchange.faults.armed(),
        "quarantined": exchange.quarantined,
    }


def _account_state(exchange: Exchange, account: Account) -> dict[str, Any]:
    return {
        "account": account.name,
        "wallets": {asset: text(amount) for asset, amount in account.wallets.items()},
        "positions": [
            {"symbol": name, "position_side": leg.side, "amt": text(leg.amt), "entry": text(leg.entry)}
            for name, exposure in account.exposures.items()
            for leg in exposure.legs.values()
            if leg.amt
        ],
        "orders": [
            wire.query_reply(exchange.markets[order.symbol].symbol, order) for order in account.open_orders.values()
        ],
        "algos": [
            wire.algo_query_reply(exchange.markets[waiting.symbol].symbol, waiting)
            for waiting in account.open_algos.values()
        ],
    }


_VERBS: dict[str, Callable[[Exchange, dict[str, Any]], dict[str, Any]]] = {
    "fault": _fault,
    "fund": _fund,
    "price": _price,
    "human.trade": _human_trade,
    "human.cancel": _human_cancel,
    "symbol": _symbol,
    "facts": _facts,
    "limits": _limits,
    "key": _key,
    "log": _log,
    "state": _state,
}

"""The control door: faults, money, prices, a human's hand, contracts, facts, limits, and a look inside.

A request is `{"do": <verb>, ...}`; the answer is `{"ok": true, ...}`, or `{"ok": false, "error": ...}`
for a request that makes no sense. Nothing of this exists on the real venue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from holdfast.model import num
from holdfast.model.num import ZERO, text
from holdfast.paper.account import Account
from holdfast.paper.control import acts, closings, contracts
from holdfast.paper.control.refusals import (
    ControlError,
    account_of,
    changed,
    known_fields,
    market_of,
    object_of,
    whole_of,
)
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange
from holdfast.paper.facts import FactError, turned
from holdfast.paper.faults import IMMEDIATE_VERBS, VERBS, Fault
from holdfast.paper.operations import account as ops_account
from holdfast.paper.operations import trade as ops_trade
from holdfast.paper.operations import wire
from holdfast.paper.params import Params
from holdfast.paper.trading import algo, placement


def handle(exchange: Exchange, request: dict[str, Any], also: tuple[str, ...] = ()) -> dict[str, Any]:
    """Carry out one control request. `also`: verbs that are known elsewhere, for the refusal of one that is not."""
    verb = _VERBS.get(str(request.get("do", "")))
    if verb is None:
        return {"ok": False, "error": f"do: unknown verb {request.get('do')!r}; known: {', '.join((*_VERBS, *also))}"}
    try:
        return {"ok": True, **verb(exchange, {key: value for key, value in request.items() if key != "do"})}
    except VenueError as error:
        return {"ok": False, "error": error.message, "code": error.code}
    except (ControlError, msgspec.ValidationError, num.NumberError) as error:
        return {"ok": False, "error": str(error)}


def _fault(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    name = str(request.get("verb"))
    if name == "clear":
        exchange.faults.clear()
        exchange.log("fault", verb="clear")
        return {}
    if name in WORLD_VERBS:
        return _VERBS[name](exchange, {key: value for key, value in request.items() if key != "verb"})
    if name not in VERBS:
        raise ControlError("verb", f"unknown fault {name!r}; known: {', '.join((*VERBS, *WORLD_VERBS))}", '"reset"')
    fault = msgspec.convert(request, Fault)
    _check_match(exchange, fault)
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


def _check_match(exchange: Exchange, fault: Fault) -> None:
    """A fault that waits for an account or a symbol that does not exist would never fire."""
    if fault.match.account:
        account_of(exchange, {"account": fault.match.account})
    if fault.match.symbol:
        market_of(exchange, {"symbol": fault.match.symbol})
    if fault.ms < 0:
        raise ControlError("ms", f"must be 0 or more, got {fault.ms}", '"ms": 1000')


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
    """Hide orders younger than `ms` from the queries that match; 0 ends it."""
    exchange.faults.lag(fault)
    return {}


def _expire_key(exchange: Exchange, fault: Fault) -> dict[str, Any]:
    """Let listen keys run out now."""
    for account in exchange.accounts.values():
        if fault.match.account in ("", account.name):
            ops_account.expire_listen_keys(exchange, account)
    return {}


def _delete_key(exchange: Exchange, fault: Fault) -> dict[str, Any]:
    """Somebody with the account's key ends the listen key, and with it everybody's streams."""
    for account in exchange.accounts.values():
        if fault.match.account in ("", account.name):
            ops_account.delete_listen_keys(exchange, account)
    return {}


_IMMEDIATE: dict[str, Callable[[Exchange, Fault], dict[str, Any]]] = {
    "ws.close": _close_connections,
    "query.lag": _query_lag,
    "lk.expire": _expire_key,
    "lk.delete": _delete_key,
}


def _human_trade(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """A person places an order on the account: the parameters of an order, or of a conditional one."""
    account = account_of(exchange, request)
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
    account = account_of(exchange, request)
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


_TURNED = '"set": {"unrouted_ws": "all"}'


def _facts(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Read the venue facts, or change some with `set`."""
    known_fields(request, "set")
    if "set" in request:
        try:
            exchange.facts = exchange.config.facts = turned(exchange.facts, object_of(request, "set", _TURNED))
        except FactError as error:
            passes = f'"{error.near}": {msgspec.json.encode(error.passes).decode()}'
            raise ControlError(error.name, error.rule, passes) from None
        exchange.log("control", what="facts", set=request["set"])
    return {"facts": msgspec.to_builtins(exchange.facts)}


def _limits(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Read the rate limits, or change some with `set`; null lifts one."""
    known_fields(request, "set")
    if "set" in request:
        exchange.limits.change(changed(request, exchange.limits.config))
        exchange.log("control", what="limits", set=request["set"])
    return {"limits": msgspec.to_builtins(exchange.limits.config)}


def _key(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Revoke an API key, or give it back: `api_key`, `revoked` (true)."""
    known_fields(request, "api_key", "revoked")
    api_key, revoked = str(request.get("api_key", "")), request.get("revoked", True)
    if not isinstance(revoked, bool):
        raise ControlError("revoked", f"must be true or false, got {revoked!r}", '"revoked": true')
    if not exchange.revoke_key(api_key, revoked=revoked):
        raise ControlError("api_key", f"unknown api_key {api_key!r}", f'"api_key": "{next(iter(exchange.keys), "")}"')
    exchange.log("control", what="key", revoked=revoked)
    return {"revoked": list(exchange.revoked)}


def _log(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Log records after number `since`, at most `limit` (10,000); only recent ones are kept in memory."""
    known_fields(request, "since", "limit")
    since, limit = whole_of(request, "since", least=0, default=0), whole_of(request, "limit", least=1, default=10_000)
    records = [record for record in exchange.log_ring if int(str(record["n"])) > since]
    return {"last": exchange.log_number, "records": records[:limit]}


def _state(exchange: Exchange, request: dict[str, Any]) -> dict[str, Any]:
    """Everything that is open, per account, with prices, connections and armed faults."""
    known_fields(request)
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
        "stale": {name: market.stale for name, market in exchange.markets.items() if market.stale},
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
    "fund": acts.fund,
    "account": acts.add_account,
    "price": acts.price,
    "human.trade": _human_trade,
    "human.cancel": _human_cancel,
    "symbol": contracts.change,
    "funding": contracts.set_funding,
    "delist": closings.delist,
    "facts": _facts,
    "limits": _limits,
    "key": _key,
    "log": _log,
    "state": _state,
    "book.gap": acts.price,
    "book.thin": acts.thin_book,
    "filters.set": contracts.change,
    "bracket.set": contracts.set_brackets,
    "status.set": contracts.change,
    "acct.mode": acts.account_mode,
    "acct.perm": acts.account_permission,
    "liq": closings.liquidate,
    "adl": closings.deleverage,
    "settle": closings.settle,
}
WORLD_VERBS = (*list(_VERBS)[list(_VERBS).index("book.gap") :], "human.trade", "human.cancel")
"""Verbs of the fault vocabulary that change the world instead of waiting for a message. `fault` takes them too."""

KNOWN = tuple(_VERBS)
"""Every verb of the control door."""

FAULTS = ("clear", *VERBS, *WORLD_VERBS)
"""Every verb that `fault` takes."""

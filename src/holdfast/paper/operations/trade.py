"""Orders, conditional orders and their queries (protocol notes C.1, C.4, C.6 to C.8, D.2)."""

from __future__ import annotations

from typing import Any

from holdfast.paper.account import Account
from holdfast.paper.call import Call, page, visible, window
from holdfast.paper.errors import VenueError, missing
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.operations import retention, wire
from holdfast.paper.orders import Algo, Order
from holdfast.paper.trading import algo as algos
from holdfast.paper.trading import amend, checks, matching, placement

_CANCELLED_ALL = {"code": 200, "msg": "The operation of cancel all open order is done."}


def _symbol(call: Call, record: Order | Algo) -> PaperSymbol:
    return call.exchange.markets[record.symbol].symbol


def place_order(call: Call) -> Any:
    """Place an order. ACK shows it as accepted, RESULT as it stands after matching."""
    acknowledged = checks.read_response_type(call.params) == "ACK"
    order = placement.place(call.exchange, call.account, call.params)
    facts = call.exchange.facts
    if facts.limit_result == "NEW" and order.type == "LIMIT" and order.tif not in ("IOC", "FOK"):
        acknowledged = True
    legacy = facts.legacy_place_fields
    return wire.place_reply(_symbol(call, order), order, acknowledged=acknowledged, legacy=legacy)


def cancel_order(call: Call) -> Any:
    """Cancel one order."""
    order = placement.cancel(call.exchange, call.account, call.params)
    legacy = call.exchange.facts.legacy_place_fields
    return wire.place_reply(_symbol(call, order), order, acknowledged=False, legacy=legacy)


def test_order(call: Call) -> Any:
    """Check an order and place nothing: the reply looks like one, with the order id 0."""
    checks.read_response_type(call.params)
    order = placement.test(call.exchange, call.account, call.params)
    legacy = call.exchange.facts.legacy_place_fields
    return wire.place_reply(_symbol(call, order), order, acknowledged=True, legacy=legacy)


def modify_order(call: Call) -> Any:
    """Amend price and quantity of one order; the reply shows it as it stands afterwards."""
    order = amend.amend(call.exchange, call.account, call.params)
    symbol = _symbol(call, order)
    body = wire.place_reply(symbol, order, acknowledged=False, legacy=call.exchange.facts.legacy_place_fields)
    body["pair"] = symbol.pair
    if order.modify_id is not None:
        body["modifyId"] = order.modify_id
    return body


def order_amendments(call: Call) -> Any:
    """The amendments of a symbol, of one order or of all, in a time window of any length up to three months."""
    name = call.exchange.market(call.params.need("symbol")).symbol.name
    limit = call.params.limit(default=50, maximum=100)
    order_id, client_id = call.params.integer("orderId"), call.params.get("origClientOrderId")
    start, end = retention.span(call)
    rows = [
        row
        for row in call.account.amendments.get(name, ())
        if start <= row.us // 1000 <= end
        and (row.order_id == order_id if order_id is not None else client_id in ("", row.client_id))
    ]
    symbol = call.exchange.markets[name].symbol
    from_start = call.params.has("startTime")
    return [wire.amendment_reply(symbol, row) for row in page(rows, limit=limit, from_start=from_start)]


def _find_visible(call: Call) -> Order:
    market = call.exchange.market(call.params.need("symbol"))
    order = placement.find(call.account, market, call.params)
    if order is None or not visible(call, order.created_us) or not retention.keeps(call.exchange, order):
        raise VenueError(-2013)
    return order


def query_order(call: Call) -> Any:
    """One order, open or closed; -2013 when there is none."""
    return _queried(call, _find_visible(call))


def query_open_order(call: Call) -> Any:
    """One open order, however old; -2013 when it is closed."""
    order = placement.find(call.account, call.exchange.market(call.params.need("symbol")), call.params)
    if order is None or not order.is_open or not visible(call, order.created_us):
        raise VenueError(-2013)
    return _queried(call, order)


def _queried(call: Call, order: Order) -> dict[str, Any]:
    """A single order as a query shows it; at some venues without its average price (protocol notes M.9)."""
    body = wire.query_reply(_symbol(call, order), order)
    if not call.exchange.facts.query_average:
        del body["avgPrice"]
    return body


def open_orders(call: Call) -> Any:
    """Every open order, of one symbol or of all."""
    name = call.exchange.market(call.params.get("symbol")).symbol.name if call.params.has("symbol") else ""
    return [
        wire.query_reply(_symbol(call, order), order)
        for order in call.account.open_orders.values()
        if name in ("", order.symbol) and visible(call, order.created_us)
    ]


def all_orders(call: Call) -> Any:
    """Orders in any state, from an order id on or in a time window."""
    limit = call.params.limit(default=500, maximum=1000)
    from_id = call.params.integer("orderId")
    orders = _orders_of(call)
    if from_id is not None:
        rows = [order for order in orders if order.order_id >= from_id]
    else:
        start, end = window(call)
        rows = [order for order in orders if start <= order.created_us // 1000 <= end]
    exchange = call.exchange
    rows = [order for order in rows if visible(call, order.created_us) and retention.keeps(exchange, order)]
    from_start = from_id is not None or call.params.has("startTime")
    return [wire.query_reply(_symbol(call, order), order) for order in page(rows, limit=limit, from_start=from_start)]


def _orders_of(call: Call) -> list[Order]:
    by_symbol = call.account.orders
    if call.params.has("symbol"):
        name = call.exchange.market(call.params.get("symbol")).symbol.name
        return list(by_symbol.get(name, {}).values())
    every = [order for orders in by_symbol.values() for order in orders.values()]
    return sorted(every, key=lambda order: (order.created_us, order.symbol, order.order_id))


def cancel_all_orders(call: Call) -> Any:
    """Cancel every open order of a symbol; conditional orders only where the venue fact says so."""
    name = call.exchange.market(call.params.need("symbol")).symbol.name
    cancel_symbol(call.exchange, call.account, name, with_algos=call.exchange.facts.cancel_all_touches_algos)
    return _CANCELLED_ALL


def cancel_symbol(exchange: Exchange, account: Account, symbol: str, *, with_algos: bool) -> None:
    """Cancel what is open on a symbol."""
    for order in list(account.open_orders.values()):
        if order.symbol == symbol and order.is_open:
            matching.close(exchange, account, order)
    if with_algos:
        algos.cancel_all(exchange, account, symbol)


def countdown_cancel_all(call: Call) -> Any:
    """The dead-man switch of one symbol: a new call replaces it, 0 disarms it."""
    exchange, account = call.exchange, call.account
    name = exchange.market(call.params.need("symbol")).symbol.name
    countdown_ms = call.params.integer("countdownTime")
    if countdown_ms is None or countdown_ms < 0:
        raise missing("countdownTime")
    account.countdowns.pop(name, None)
    if countdown_ms:
        deadline = exchange.now_us + countdown_ms * 1000
        account.countdowns[name] = deadline

        def fire(_now_us: int) -> None:
            if account.countdowns.get(name) == deadline:
                del account.countdowns[name]
                with_algos = exchange.facts.countdown_touches_algos
                cancel_symbol(exchange, account, name, with_algos=with_algos)

        exchange.timers.at(deadline, fire)
    return {"symbol": name, "countdownTime": str(countdown_ms)}


def user_trades(call: Call) -> Any:
    """Executions of a symbol: of one order, from a trade id on, or in a time window."""
    market = call.exchange.market(call.params.need("symbol"))
    limit = call.params.limit(default=500, maximum=1000)
    order_id, from_id = call.params.integer("orderId"), call.params.integer("fromId")
    rows = [
        trade
        for trade in call.account.trades.get(market.symbol.name, ())
        if retention.keeps_trade(call.exchange, trade)
    ]
    if order_id is not None:
        rows = [trade for trade in rows if trade.order_id == order_id]
    if from_id is not None:
        rows = [trade for trade in rows if trade.trade_id >= from_id]
    elif order_id is None or call.params.has("startTime"):
        start, end = window(call)
        rows = [trade for trade in rows if start <= trade.us // 1000 <= end]
    from_start = from_id is not None or call.params.has("startTime")
    return [wire.trade_reply(market.symbol, trade) for trade in page(rows, limit=limit, from_start=from_start)]


def place_algo(call: Call) -> Any:
    """Place a conditional order."""
    algo = algos.place(call.exchange, call.account, call.params)
    body = wire.algo_reply(_symbol(call, algo), algo)
    # The reply is written before a later status of the same instant can be known.
    return {**body, "algoStatus": "NEW", "updateTime": algo.created_us // 1000}


def cancel_algo(call: Call) -> Any:
    """Cancel one conditional order."""
    return wire.algo_cancel_reply(algos.cancel(call.exchange, call.account, call.params))


def cancel_all_algos(call: Call) -> Any:
    """Cancel every waiting conditional order of a symbol."""
    name = call.exchange.market(call.params.need("symbol")).symbol.name
    algos.cancel_all(call.exchange, call.account, name)
    return _CANCELLED_ALL


def _shows(call: Call, algo: Algo) -> bool:
    keeps = retention.keeps_algo(call.exchange, algo)
    return keeps and not algo.vanished and visible(call, algo.created_us)


def query_algo(call: Call) -> Any:
    """One conditional order in any state; -2013 when there is none."""
    algo = algos.find(call.account, call.params)
    if algo is None or not _shows(call, algo):
        raise VenueError(-2013)
    return wire.algo_query_reply(_symbol(call, algo), algo)


def open_algos(call: Call) -> Any:
    """Every waiting conditional order, of one symbol or of all."""
    name = call.exchange.market(call.params.get("symbol")).symbol.name if call.params.has("symbol") else ""
    algo_id = call.params.integer("algoId")
    if call.params.get("algoType").upper() not in ("", "CONDITIONAL"):
        return []
    return [
        wire.algo_query_reply(_symbol(call, algo), algo)
        for algo in call.account.open_algos.values()
        if name in ("", algo.symbol) and algo_id in (None, algo.algo_id) and _shows(call, algo)
    ]


def all_algos(call: Call) -> Any:
    """Conditional orders of a symbol in any state, from an algo id on or in a time window."""
    name = call.exchange.market(call.params.need("symbol")).symbol.name
    limit = call.params.limit(default=500, maximum=1000)
    from_id = call.params.integer("algoId")
    rows = [algo for algo in call.account.algos.values() if algo.symbol == name and _shows(call, algo)]
    if from_id is not None:
        rows = [algo for algo in rows if algo.algo_id >= from_id]
    else:
        start, end = window(call)
        rows = [algo for algo in rows if start <= algo.created_us // 1000 <= end]
    from_start = from_id is not None or call.params.has("startTime")
    return [wire.algo_query_reply(_symbol(call, algo), algo) for algo in page(rows, limit=limit, from_start=from_start)]

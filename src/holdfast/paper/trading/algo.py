"""The algo service: conditional orders before, at and after their trigger (protocol notes D).

A conditional order has an id space of its own, is not margin-checked when placed, and spawns an
order with a new order id and the same client id when its price condition comes true.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.num import floor_to
from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError, needs_either
from holdfast.paper.exchange import Exchange
from holdfast.paper.faults import Match, algo_meets
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import Algo, Order
from holdfast.paper.params import Params
from holdfast.paper.streams.events import algo_event, initial_record
from holdfast.paper.trading import algo_read, matching, restrictions, trailing
from holdfast.paper.trading.algo_state import end_algo, set_status
from holdfast.paper.trading.placement import admit, matched_price

MOST_OPEN = 200
_REASONS = {-2022: "Reduce Only reject"}
_PROTECTED = "Price protection"


def place(exchange: Exchange, account: Account, params: Params) -> Algo:
    """Place a conditional order; raises VenueError when the venue refuses it."""
    if params.need("algoType").upper() != "CONDITIONAL":
        raise VenueError(-1130, "algoType")
    market = exchange.market(params.need("symbol"))
    algo = algo_read.read(exchange, account, market, params)
    _check_account(exchange, account, market, algo)
    exchange.log_mark(market)
    algo.algo_id = exchange.algo_id()
    account.add_algo(algo)
    market.triggers_for(algo.working_type).add(algo)
    algo_event(exchange, account, algo)
    if _closes(algo) and exchange.facts.stop_without_position == "accept-then-REJECTED" and _is_flat(account, algo):
        end_algo(exchange, account, algo, "REJECTED", "Reduce Only reject")
    _schedule_vanishing(exchange, account, algo)
    if algo.good_till_ms:
        _schedule_expiry(exchange, account, algo)
    return algo


def _check_account(exchange: Exchange, account: Account, market: Market, algo: Algo) -> None:
    restrictions.check(exchange, account, closes=_closes(algo))
    if account.open_algo_with_client(algo.client_id) is not None:
        raise VenueError(int(exchange.facts.duplicate_client_id))
    used = account.algo_clients.get(algo.client_id)
    if used is not None and not _may_reuse(exchange, used):
        raise VenueError(int(exchange.facts.duplicate_client_id))
    if len(account.open_algos) >= MOST_OPEN:
        raise VenueError(int(exchange.facts.algo_limit_code))
    price = market.price_for(algo.working_type)
    if price is not None and _is_due_at_once(algo, price):
        raise VenueError(int(exchange.facts.stop_through_market))
    if exchange.facts.second_close_position == "-4130" and _is_counted(exchange, algo):
        _check_single_close(exchange, account, algo)
    if exchange.facts.stop_without_position == "-4509" and _closes(algo) and _is_flat(account, algo):
        raise VenueError(-4509)


def _may_reuse(exchange: Exchange, used: Algo) -> bool:
    """Whether the client id of a conditional order that has ended is free again."""
    fact = exchange.facts.reuse_algo_client_id
    return fact == "accept" or (fact == "after cancel" and not used.triggered_us)


def _is_counted(exchange: Exchange, algo: Algo) -> bool:
    """Whether a conditional order is one of which there may be only one."""
    return algo.close_position and exchange.facts.second_close_scope in ("close-all", algo.tif)


def _check_single_close(exchange: Exchange, account: Account, algo: Algo) -> None:
    """At most one close-all stop, and one close-all target, per position and direction."""
    wanted = (algo.symbol, algo.side, algo.position_side, algo.is_stop)
    for other in account.open_algos.values():
        if _is_counted(exchange, other) and (other.symbol, other.side, other.position_side, other.is_stop) == wanted:
            raise VenueError(-4130)


def _closes(algo: Algo) -> bool:
    """Whether a conditional order can only close a position."""
    return algo.close_position or algo.reduce_only or algo.tif == "GTE_GTC"


def _is_flat(account: Account, algo: Algo) -> bool:
    """Whether there is no position that the conditional order would close."""
    amt = account.leg(algo.symbol, algo.position_side).amt
    return not (amt < 0 if algo.side == "BUY" else amt > 0)


def _is_due_at_once(algo: Algo, price: Decimal) -> bool:
    """Whether its condition is true already; for a trailing stop: whether its activation price is behind the price."""
    if algo.is_trailing:
        return not algo.activated and trailing.is_reached(algo, price)
    return price >= algo.trigger if algo.triggers_up else price <= algo.trigger


def _schedule_expiry(exchange: Exchange, account: Account, algo: Algo) -> None:
    def expire(_now_us: int) -> None:
        if algo.status == "NEW":
            end_algo(exchange, account, algo, "EXPIRED")

    exchange.timers.at(algo.good_till_ms * 1000, expire)


def _schedule_vanishing(exchange: Exchange, account: Account, algo: Algo) -> None:
    fault = exchange.faults.for_algo("algo.vanish", algo) if exchange.faults.algos else None
    if fault is None:
        return

    def disappear(_now_us: int) -> None:
        vanish(exchange, account, algo)

    exchange.timers.at(exchange.now_us + fault.ms * 1000, disappear)


def vanish(exchange: Exchange, account: Account, algo: Algo) -> None:
    """A waiting conditional order is gone without a word to its owner; only the venue log knows."""
    if algo.status != "NEW":
        return
    exchange.log("fault", verb="algo.vanish", account=account.name, algo_id=algo.algo_id)
    algo.vanished = True
    end_algo(exchange, account, algo, "EXPIRED", "vanished by an injected fault")


def find(account: Account, params: Params) -> Algo | None:
    """The conditional order by `algoId`, which wins, or by `clientAlgoId` (the newest match)."""
    algo_id = params.integer("algoId")
    if algo_id is not None:
        return account.algos.get(algo_id)
    client_id = params.get("clientAlgoId")
    if not client_id:
        raise needs_either("algoId", "clientAlgoId")
    return account.algo_clients.get(client_id)


def cancel(exchange: Exchange, account: Account, params: Params) -> Algo:
    """Cancel a waiting conditional order; -4117 while it triggers, -2011 when none waits under the id."""
    algo = find(account, params)
    if algo is None or not algo.is_open:
        raise VenueError(-2011)
    if algo.status == "TRIGGERING":
        raise VenueError(int(exchange.facts.cancel_triggering))
    end_algo(exchange, account, algo, "CANCELED")
    return algo


def cancel_all(exchange: Exchange, account: Account, symbol: str) -> None:
    """Cancel every waiting conditional order of a symbol."""
    for algo in list(account.open_algos.values()):
        if algo.symbol == symbol and algo.status == "NEW":
            end_algo(exchange, account, algo, "CANCELED")


def on_price(exchange: Exchange, market: Market, working_type: str, price: Decimal | None = None) -> None:
    """A working price has changed, or was `price` for a moment: trigger what is due, nearest trigger first."""
    price = market.price_for(working_type) if price is None else price
    triggers = market.triggers_for(working_type)
    if price is None or market.stale or not triggers.waits():
        return
    for algo in triggers.due(price):
        if algo.status == "NEW":
            _fire(exchange, market, algo)
    for algo in list(triggers.trailing.values()):
        if algo.status == "NEW":
            _follow(exchange, market, algo, price)


def on_other_price(exchange: Exchange, market: Market, working_type: str) -> None:
    """The price they do not look at has changed: what price protection held back may be due now."""
    if market.triggers_for(working_type).protected:
        on_price(exchange, market, working_type)


def _follow(exchange: Exchange, market: Market, algo: Algo, price: Decimal) -> None:
    """A trailing stop learns of a price; its activation is told by a second NEW (notes D.7, `ia`)."""
    was_activated = algo.activated
    fires = trailing.follow(algo, price)
    if algo.activated and not was_activated:
        algo.updated_us = exchange.now_us
        algo_event(exchange, exchange.accounts[algo.account], algo)
    if fires:
        if not _is_protected(market, algo):
            algo.trigger = floor_to(trailing.turning_price(algo), market.symbol.tick)
        _fire(exchange, market, algo)


def _fire(exchange: Exchange, market: Market, algo: Algo) -> None:
    """The condition is true: trigger, unless price protection holds the trigger back or ends it."""
    if not _is_protected(market, algo):
        trigger(exchange, market, algo)
    elif exchange.facts.protected_trigger == "REJECTED":
        end_algo(exchange, exchange.accounts[algo.account], algo, "REJECTED", _PROTECTED)


def _is_protected(market: Market, algo: Algo) -> bool:
    """Whether price protection holds a trigger back: mark and last trade are too far apart."""
    if not algo.price_protect or market.mark is None or market.last is None:
        return False
    return abs(market.mark - market.last) > market.mark * market.symbol.trigger_protect


def trigger(exchange: Exchange, market: Market, algo: Algo) -> None:
    """The condition came true: spawn the order, or end rejected with a reason (notes D.6)."""
    account = exchange.accounts[algo.account]
    market.triggers_for(algo.working_type).remove(algo)
    algo.triggered_us = exchange.now_us
    set_status(exchange, account, algo, "TRIGGERING")
    if exchange.faults.algos:
        stuck = exchange.faults.for_algo("algo.stuck", algo)
        if stuck is not None:
            exchange.log("fault", verb="algo.stuck", account=account.name, algo_id=algo.algo_id)
            if stuck.ms:
                exchange.timers.at(
                    exchange.now_us + stuck.ms * 1000, lambda _now_us: _go_on(exchange, account, market, algo)
                )
            return
        fault = exchange.faults.for_algo("algo.reject", algo)
        if fault is not None:
            exchange.log("fault", verb="algo.reject", account=account.name, algo_id=algo.algo_id)
            set_status(exchange, account, algo, "REJECTED", fault.reason or "Margin is insufficient.")
            return
    _spawn(exchange, account, market, algo)


def _go_on(exchange: Exchange, account: Account, market: Market, algo: Algo) -> None:
    """What stuck spawns its order after all, unless it has ended meanwhile, as with its contract."""
    if algo.status == "TRIGGERING":
        _spawn(exchange, account, market, algo)


def _spawn(exchange: Exchange, account: Account, market: Market, algo: Algo) -> None:
    try:
        order = _child(exchange, account, market, algo)
        admit(exchange, account, market, order)
    except VenueError as refusal:
        set_status(exchange, account, algo, "REJECTED", _REASONS.get(refusal.code, refusal.message))
        return
    algo.child = order
    if exchange.facts.stop_record == "EXPIRED" and not algo.is_market:
        initial_record(exchange, account, msgspec.structs.replace(order, original_type=algo.type))
    if exchange.facts.triggered_event == "before NEW":
        set_status(exchange, account, algo, "TRIGGERED")
    matching.submit(exchange, account, market, order)
    if exchange.facts.triggered_event == "after fills":
        set_status(exchange, account, algo, "TRIGGERED")
    if not order.is_open and algo.status == "TRIGGERED":
        set_status(exchange, account, algo, "FINISHED")


def _child(exchange: Exchange, account: Account, market: Market, algo: Algo) -> Order:
    """The order a conditional order spawns; a close-all one takes the size of the position as it is now."""
    position = abs(account.leg(algo.symbol, algo.position_side).amt)
    if algo.close_position and (not position or _is_flat(account, algo)):
        raise VenueError(-2022)
    price = algo.price
    if algo.price_match != "NONE":
        price = matched_price(market, algo.price_match, buying=algo.side == "BUY")
    dated = algo.tif == "GTD" and algo.good_till_ms <= exchange.now_ms
    tif = "GTC" if algo.is_market or dated else algo.tif
    plain = "MARKET" if algo.is_market else "LIMIT"
    return Order(
        account=account.name,
        order_id=0,
        client_id=algo.client_id,
        symbol=algo.symbol,
        side=algo.side,
        position_side=algo.position_side,
        type=plain,
        original_type=algo.type if exchange.facts.spawned_original_type == "conditional" else plain,
        tif=tif,
        price=price,
        qty=position if algo.close_position else algo.qty,
        trigger=algo.trigger,
        reduce_only=algo.reduce_only or (algo.close_position and algo.position_side == "BOTH"),
        close_position=algo.close_position,
        working_type=algo.working_type,
        price_protect=algo.price_protect,
        price_match=algo.price_match,
        stp=algo.stp,
        good_till_ms=algo.good_till_ms if tif == "GTD" else 0,
        algo=algo,
    )


def vanish_matching(exchange: Exchange, match: Match, count: int) -> int:
    """Make up to `count` waiting conditional orders that match vanish now (-1: all); answer how many did."""
    gone = 0
    for account in exchange.accounts.values():
        for algo in list(account.open_algos.values()):
            if algo.status == "NEW" and gone != count and algo_meets(match, algo):
                vanish(exchange, account, algo)
                gone += 1
    return gone

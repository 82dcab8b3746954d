"""The matching engine: takers walk the recorded book and our resting orders; resting orders wait.

A resting order fills when the recording trades through its price, when it trades at its price more
than stood before us, and when the recorded opposite side reaches it. Fills of resting orders are
always at the order's own price.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from holdfast.model.num import ONE, ZERO, text
from holdfast.paper.account import Account, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.facts import VenueFacts
from holdfast.paper.market import tape
from holdfast.paper.market.display import stir, stir_order
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.markets import Market
from holdfast.paper.money import fees, money, positions
from holdfast.paper.orders import (
    IOC_LEFTOVER,
    IOC_SELF_TRADE,
    MARKET_LEFTOVER,
    POSITION_GONE,
    REASON_WORDS,
    REDUCE_ONLY_LEFTOVER,
    SELF_TRADE,
    Order,
    Trade,
)
from holdfast.paper.streams.events import order_event, trade_events
from holdfast.paper.trading import lifetimes
from holdfast.paper.trading.algo_state import end_algo, finish_parent, set_status
from holdfast.paper.trading.crowding import knocked_out

_NOTHING: dict[int, Order] = {}


def submit(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    """Put an admitted order into the matching engine: report NEW, take what it may, rest or expire."""
    order.created_us = order.updated_us = exchange.now_us
    account.add_order(order)
    order_event(exchange, account, order, "NEW")
    if order.algo is not None and exchange.facts.triggered_event == "after NEW":
        set_status(exchange, account, order.algo, "TRIGGERED")
    stopped = _take(exchange, account, market, order)
    if order.is_open:
        _settle_remainder(exchange, account, market, order, stopped)
    if order.executed:
        settle_position(exchange, account, market, order.position_side)


def amend(exchange: Exchange, account: Account, market: Market, order: Order, *, price: Decimal, qty: Decimal) -> None:
    """Give a resting order another price and quantity: it goes to the back of the queue, and takes what it may."""
    uncount(account, order)
    _unrest(exchange, account, market, order)
    order.sequence = 0
    order.price, order.qty = price, qty
    order.updated_us = order.amended_us = exchange.now_us
    order.amendments += 1
    order_event(exchange, account, order, "AMENDMENT")
    executed = order.executed
    stopped = _take(exchange, account, market, order)
    if order.is_open:
        _settle_remainder(exchange, account, market, order, stopped)
    if order.executed != executed:
        settle_position(exchange, account, market, order.position_side)


def take_forced(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    """An order of the venue itself: report NEW and take what book and limit give. The rest is the caller's."""
    order.created_us = order.updated_us = exchange.now_us
    account.add_order(order)
    order_event(exchange, account, order, "NEW")
    if order.price:
        _take(exchange, account, market, order)


def _settle_remainder(exchange: Exchange, account: Account, market: Market, order: Order, stopped: str) -> None:
    if stopped == SELF_TRADE:
        reason = IOC_SELF_TRADE if order.tif == "IOC" else SELF_TRADE
        close(exchange, account, order, x="EXPIRED", status="EXPIRED_IN_MATCH", reason=reason)
    elif stopped:
        close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=stopped)
    elif order.type != "LIMIT":
        close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=MARKET_LEFTOVER)
    elif order.tif in ("IOC", "FOK"):
        close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=IOC_LEFTOVER)
    else:
        _rest(exchange, account, market, order)


def _rest(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    exchange.rested += 1
    order.sequence = exchange.rested
    market.rest(order)
    stir_order(exchange, market, order)
    _count(account, order, order.remaining)
    key = (order.symbol, order.position_side)
    if order.closes_only or order.tif == "GTE_GTC":
        account.reducing.setdefault(key, {})[order.order_id] = order
        _knock_out(exchange, account, key)
    lifetimes.watch(exchange, account, order, _expire)


def _expire(exchange: Exchange, account: Account, order: Order) -> None:
    close(exchange, account, order, x="EXPIRED", status="EXPIRED")


def _unrest(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    market.unrest(order)
    stir_order(exchange, market, order)
    waiting = account.reducing.get((order.symbol, order.position_side))
    if waiting:
        waiting.pop(order.order_id, None)


def _knock_out(exchange: Exchange, account: Account, key: tuple[str, str]) -> None:
    """End the reduce-only orders for which others leave nothing of the position."""
    if exchange.facts.reduce_only_crowding == "displace":
        for order in knocked_out(account, *key):
            _displace(exchange, account, order)


def _displace(exchange: Exchange, account: Account, order: Order) -> None:
    """End a resting reduce-only order that has nothing left to reduce."""
    told = exchange.facts.displaced_status
    close(exchange, account, order, x=told, status=told, reason=REDUCE_ONLY_LEFTOVER)


def _count(account: Account, order: Order, quantity: Decimal) -> None:
    """Add the notional of a resting order that may open exposure to what margin must cover."""
    if order.closes_only:
        return
    leg = account.leg(order.symbol, order.position_side)
    if order.is_buy:
        leg.bids += order.price * quantity
    else:
        leg.asks += order.price * quantity


def uncount(account: Account, order: Order) -> None:
    """A resting order stops weighing on the margin."""
    _count(account, order, -order.remaining)


def recount(account: Account, order: Order) -> None:
    """A resting order weighs on the margin again."""
    _count(account, order, order.remaining)


def limit_price(market: Market, order: Order, facts: VenueFacts) -> Decimal | None:
    """The worst price an order may trade at: its limit, or the market bound around the mark."""
    if order.type == "LIMIT":
        return order.price
    mark = market.reference()
    if mark is None or facts.market_bound == "none":
        return None
    symbol = market.symbol
    if facts.market_bound == "PERCENT_PRICE":
        return mark * (symbol.multiplier_up if order.is_buy else symbol.multiplier_down)
    return mark * (ONE + symbol.market_take_bound if order.is_buy else ONE - symbol.market_take_bound)


def beyond(price: Decimal, limit: Decimal | None, *, buying: bool) -> bool:
    """Whether a taker of the given direction may not trade at `price`."""
    return limit is not None and (price > limit if buying else price < limit)


def reducible(account: Account, order: Order) -> Decimal:
    """How much of an order may still execute, given that a reduce-only order never opens exposure."""
    if not order.closes_only:
        return order.remaining
    amt = account.leg(order.symbol, order.position_side).amt
    opposite = amt < 0 if order.is_buy else amt > 0
    return min(order.remaining, abs(amt)) if opposite else ZERO


def _take(exchange: Exchange, account: Account, market: Market, order: Order) -> str:
    """Trade as far as price and quantities allow; answer why it stopped early, or an empty text."""
    buying = order.is_buy
    limit = limit_price(market, order, exchange.facts)
    side = market.book.opposite(buying=buying)
    levels = side.levels()
    level = next(levels, None)
    while order.is_open:
        quantity = reducible(account, order)
        if not quantity:
            return REDUCE_ONLY_LEFTOVER
        rival = _first_rival(market, order, level[0] if level is not None else None)
        if rival is not None:
            if beyond(rival.price, limit, buying=buying):
                return ""
            if _is_self_trade(exchange, order, rival):
                if order.stp != "EXPIRE_TAKER":
                    owner = exchange.accounts[rival.account]
                    close(exchange, owner, rival, x="EXPIRED", status="EXPIRED_IN_MATCH", reason=SELF_TRADE)
                if order.stp != "EXPIRE_MAKER":
                    return SELF_TRADE
                continue
            _cross(exchange, account, market, order, rival, quantity)
            continue
        if level is None or beyond(level[0], limit, buying=buying):
            return ""
        price, left = level
        traded = min(quantity, left)
        queue = market.resting(buying=not buying).queue(price)
        if queue is not None:
            first = next((rival for rival in queue.orders.values() if rival.tif != "RPI"), None)
            if first is not None:
                traded = min(traded, queue.ahead(first))
            queue.trade(traded)
        side.take(price, traded)
        stir(exchange, market, price, buying=not buying)
        level = (price, left - traded) if traded < left else next(levels, None)
        trade_id = market.trade_id()
        fill(exchange, account, market, order, price=price, qty=traded, maker=False, trade_id=trade_id)
        tape.tell(exchange, market, trade_id=trade_id, price=price, qty=traded, buyer_maker=not buying)
    return ""


def _is_self_trade(exchange: Exchange, order: Order, rival: Order) -> bool:
    """Whether self-trade prevention keeps two orders apart: same account, or accounts of one trade group."""
    if order.stp == "NONE" or order.tif == "FOK":
        return False
    if rival.account == order.account:
        return True
    group = exchange.accounts[order.account].config.trade_group_id
    return group >= 0 and group == exchange.accounts[rival.account].config.trade_group_id


def rivals(market: Market, order: Order) -> Iterator[Order]:
    """Our resting orders that a taker may meet, best first: RPI orders never meet an order of an API (notes C.1)."""
    return (rival for rival in market.resting(buying=not order.is_buy) if rival.tif != "RPI")


def _first_rival(market: Market, order: Order, book_price: Decimal | None) -> Order | None:
    """Our best resting order on the other side, if its turn is before the recorded level's."""
    rival = next(rivals(market, order), None)
    if rival is None or book_price is None:
        return rival
    if rival.price == book_price:
        queue = market.resting(buying=not order.is_buy).queue(book_price)
        return rival if queue is not None and not queue.ahead(rival) else None
    better = rival.price < book_price if order.is_buy else rival.price > book_price
    return rival if better else None


def _cross(exchange: Exchange, account: Account, market: Market, order: Order, rival: Order, quantity: Decimal) -> None:
    """Trade a taker against one of our resting orders; both sides share the trade id."""
    owner = exchange.accounts[rival.account]
    traded = min(quantity, reducible(owner, rival))
    if not traded:
        _displace(exchange, owner, rival)
        return
    trade_id = market.trade_id()
    fill(exchange, owner, market, rival, price=rival.price, qty=traded, maker=True, trade_id=trade_id)
    fill(exchange, account, market, order, price=rival.price, qty=traded, maker=False, trade_id=trade_id)
    tape.tell(exchange, market, trade_id=trade_id, price=rival.price, qty=traded, buyer_maker=not order.is_buy)
    if owner is not account or rival.position_side != order.position_side:
        settle_position(exchange, owner, market, rival.position_side)


def fill(
    exchange: Exchange,
    account: Account,
    market: Market,
    order: Order,
    *,
    price: Decimal,
    qty: Decimal,
    maker: bool,
    trade_id: int,
) -> None:
    """Execute a quantity of an order: position, wallet, histories, log, events."""
    leg = account.leg(order.symbol, order.position_side)
    quote = price * qty
    fee = fees.commission(exchange, account, market, order, quote, maker=maker)
    delta = qty if order.is_buy else -qty
    realized = positions.trade(exchange, account, market, leg, delta=delta, price=price, rate=fee.rate)
    leg.updated_us = order.updated_us = exchange.now_us
    if order.sequence:
        _count(account, order, -qty)
        market.resting(buying=order.is_buy).lessen(order, qty)
    order.executed += qty
    order.quote += quote
    order.status = "FILLED" if order.executed >= order.qty else "PARTIALLY_FILLED"
    trade = Trade(
        account=account.name,
        symbol=order.symbol,
        order_id=order.order_id,
        client_id=order.client_id,
        trade_id=trade_id,
        side=order.side,
        position_side=order.position_side,
        price=price,
        qty=qty,
        quote=quote,
        fee=fee.amount,
        fee_asset=fee.asset,
        realized=realized,
        maker=maker,
        us=exchange.now_us,
    )
    _book(exchange, account, market, leg, trade, settled=order.forced == "SETTLEMENT")
    if not order.is_open:
        _leave_book(exchange, account, market, order)
    elif order.sequence:
        stir_order(exchange, market, order)
    trade_events(exchange, account, market, order, trade, exchange.facts.forced_execution if order.forced else "TRADE")
    if not order.is_open:
        finish_parent(exchange, account, order.algo)


def _book(
    exchange: Exchange, account: Account, market: Market, leg: Leg, trade: Trade, *, settled: bool = False
) -> None:
    """Record a trade, its income rows and the position it leaves."""
    account.add_trade(trade)
    exchange.log_mark(market)
    exchange.log(
        "trade",
        account=trade.account,
        symbol=trade.symbol,
        order_id=trade.order_id,
        client_id=trade.client_id,
        trade_id=trade.trade_id,
        side=trade.side,
        position_side=trade.position_side,
        price=text(trade.price),
        qty=text(trade.qty),
        quote=text(trade.quote),
        fee=text(trade.fee),
        fee_asset=trade.fee_asset,
        realized=text(trade.realized),
        maker=trade.maker,
    )
    ids = {"symbol": trade.symbol, "trade_id": str(trade.trade_id)}
    if trade.realized:
        kind = exchange.facts.settlement_income if settled else "REALIZED_PNL"
        exchange.add_income(account, kind, market.symbol.margin_asset, trade.realized, **ids)
    if trade.fee:
        exchange.add_income(account, "COMMISSION", trade.fee_asset, -trade.fee, **ids)
    if account.exposure(trade.symbol).has_position():
        market.holders[account.name] = account
    else:
        market.holders.pop(account.name, None)
    exchange.log(
        "position",
        account=account.name,
        symbol=trade.symbol,
        position_side=leg.side,
        amt=text(leg.amt),
        entry=money.trim(leg.entry),
    )


def _leave_book(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    if order.sequence:
        _unrest(exchange, account, market, order)
    account.close_order(order)


def close(
    exchange: Exchange,
    account: Account,
    order: Order,
    *,
    x: str = "CANCELED",
    status: str = "CANCELED",
    reason: str = "0",
) -> None:
    """End an open order without a fill."""
    market = exchange.markets[order.symbol]
    if order.sequence:
        _count(account, order, -order.remaining)
    order.status = status
    order.expiry_reason = reason
    order.updated_us = exchange.now_us
    _leave_book(exchange, account, market, order)
    order_event(exchange, account, order, x)
    finish_parent(exchange, account, order.algo)


def settle_position(exchange: Exchange, account: Account, market: Market, position_side: str) -> None:
    """After executions: what depended on a position that is gone ends too."""
    symbol = market.symbol.name
    key = (symbol, position_side)
    amt = account.leg(symbol, position_side).amt
    for order in list(account.reducing.get(key, _NOTHING).values()):
        if order.closes_only and not reducible(account, order):
            _displace(exchange, account, order)
        elif order.tif == "GTE_GTC" and not amt:
            close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=POSITION_GONE)
    _knock_out(exchange, account, key)
    if amt:
        return
    for algo in list(account.open_algos.values()):
        ours = algo.symbol == symbol and algo.position_side == position_side and algo.status == "NEW"
        if ours and algo.tif == "GTE_GTC":
            end_algo(exchange, account, algo, "EXPIRED", REASON_WORDS[POSITION_GONE])


def on_trade(exchange: Exchange, market: Market, event: PublicTrade) -> Decimal:
    """A recorded trade: it fills what it passes, and advances the queue of what it meets.

    Answers how much of this very trade was ours: what it passes trades besides it.
    """
    buying = event.buyer_maker
    passed = ZERO
    resting = market.resting(buying=buying)
    queue = resting.queue(event.price)
    if queue is not None and market.book.own(buying=buying).available(event.price) <= 0:
        queue.free()
    for order in resting.reached(event.price):
        if order.price != event.price:
            _fill_resting(exchange, market, order, order.remaining)
        elif queue is not None:
            open_quantity = event.qty - queue.ahead(order) - passed
            if open_quantity > 0:
                passed += _fill_resting(exchange, market, order, open_quantity)
    if queue is not None:
        queue.trade(event.qty)
    return passed


def on_touch(exchange: Exchange, market: Market) -> None:
    """The recorded book has moved: it fills the resting orders that it now crosses."""
    for buying in (True, False):
        side = market.book.opposite(buying=buying)
        best = side.best()
        for order in market.resting(buying=buying).reached(best) if best is not None else ():
            for price, left in side.levels():
                if beyond(price, order.price, buying=buying) or not order.is_open:
                    break
                filled = _fill_resting(exchange, market, order, left)
                if filled:
                    side.take(price, filled)
                    stir(exchange, market, price, buying=not buying)


def _fill_resting(exchange: Exchange, market: Market, order: Order, quantity: Decimal) -> Decimal:
    """Fill a resting order at its own price with up to `quantity`; answer what was filled."""
    if not order.is_open:
        return ZERO
    account = exchange.accounts[order.account]
    traded = min(quantity, reducible(account, order))
    if traded:
        trade_id, price, is_rpi = market.trade_id(), order.price, order.tif == "RPI"
        fill(exchange, account, market, order, price=price, qty=traded, maker=True, trade_id=trade_id)
        tape.tell(exchange, market, trade_id=trade_id, price=price, qty=traded, buyer_maker=order.is_buy, rpi=is_rpi)
    settle_position(exchange, account, market, order.position_side)
    return traded

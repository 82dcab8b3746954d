"""What the venue settles by itself: funding at its instants, and the positions of a contract that ends (notes I.4)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO
from holdfast.paper.account import Account, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.market import Mark
from holdfast.paper.market.markets import FundingPoint, Market
from holdfast.paper.money import money, positions
from holdfast.paper.orders import DELISTED, REASON_WORDS
from holdfast.paper.streams.events import account_event
from holdfast.paper.trading import matching
from holdfast.paper.trading.algo_state import end_algo
from holdfast.paper.trading.forced import closing_order

_SETTLING_MS = 60_000


def on_funding(exchange: Exchange, market: Market, event: Mark) -> None:
    """A mark event: settle funding when it reports that the next funding time has passed.

    The instant comes either from the recording (the announced time moves on) or from venue time
    (a timer set when the announced time is still ahead); each instant is settled once. A time that
    is announced anew while it is still well ahead was rescheduled: the interval of the contract changed.
    """
    before = market.next_funding_ms
    if before and event.next_funding_ms > before and before <= exchange.now_ms + _SETTLING_MS:
        _come_due(exchange, market, before)
    market.funding_rate = event.rate
    if event.next_funding_ms == before:
        return
    market.next_funding_ms = event.next_funding_ms
    if event.next_funding_ms * 1000 > exchange.now_us:
        due = event.next_funding_ms

        def settle(_now_us: int) -> None:
            if market.next_funding_ms == due:
                _come_due(exchange, market, due)

        exchange.timers.at(due * 1000, settle)


def _come_due(exchange: Exchange, market: Market, instant_ms: int) -> None:
    """A funding instant has come: settle it now, or as much later as the venue takes (protocol notes I.4)."""
    lag_us = exchange.facts.funding_lag_ms * 1000
    if not lag_us:
        settle_funding(exchange, market, instant_ms, market.funding_rate)
        return
    rate = market.funding_rate
    exchange.timers.at(exchange.now_us + lag_us, lambda _now_us: settle_funding(exchange, market, instant_ms, rate))


def settle_funding(exchange: Exchange, market: Market, instant_ms: int, rate: Decimal) -> None:
    """Charge or pay every position at one funding instant: positive rates are paid by longs."""
    if instant_ms <= market.funded_ms or market.mark is None:
        return
    market.funded_ms = instant_ms
    if market.history is not None:
        market.history.on_funding(instant_ms, rate, market.mark)
    point = FundingPoint(time_ms=instant_ms, rate=rate, mark=market.mark)
    market.funding.append(point)
    for account in list(market.holders.values()):
        _charge(exchange, account, market, point)


def _charge(exchange: Exchange, account: Account, market: Market, point: FundingPoint) -> None:
    """One account's funding: from the cross wallet, or from the isolated one, whose position the event then shows."""
    name, asset = market.symbol.name, market.symbol.margin_asset
    exposure = account.exposure(name)
    isolated = exposure.margin_type == "ISOLATED"
    total = ZERO
    told: list[tuple[Market, Leg]] = []
    for leg in exposure.legs.values():
        amount = money.cut(-leg.amt * point.mark * point.rate)
        if amount:
            exchange.add_income(account, "FUNDING_FEE", asset, amount, symbol=name)
            leg.costs -= amount
            total += amount
            if isolated:
                positions.set_aside(account, market, leg, amount)
                told.append((market, leg))
    if total or told:
        account_event(exchange, account, "FUNDING_FEE", assets=(asset,), legs=tuple(told), change=total, symbol=name)


def settle_symbol(exchange: Exchange, market: Market) -> int:
    """End a delisted contract: orders expire with reason 7, positions are closed at the mark; answer how many."""
    name, closed = market.symbol.name, 0
    for account in exchange.accounts.values():
        for order in [one for one in account.open_orders.values() if one.symbol == name]:
            matching.close(exchange, account, order, x="EXPIRED", status="EXPIRED", reason=DELISTED)
        for algo in [one for one in account.open_algos.values() if one.symbol == name]:
            end_algo(exchange, account, algo, "EXPIRED", REASON_WORDS[DELISTED])
        exposure = account.exposures.get(name)
        for leg in list(exposure.legs.values()) if exposure is not None else ():
            if leg.amt:
                order = closing_order(account, market, leg, "SETTLEMENT")
                matching.take_forced(exchange, account, market, order)
                price, trade_id = market.reference() or leg.entry, market.trade_id()
                matching.fill(
                    exchange, account, market, order, price=price, qty=order.qty, maker=False, trade_id=trade_id
                )
                closed += 1
    return closed

"""Builds the picture that the risk gate sees. Unknown numbers stay None; nothing here decides.

It is made from a `Basis` and nothing else, so that a replay makes the same one from the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from holdfast.core import exposure
from holdfast.core.basis import Basis
from holdfast.core.context import Context
from holdfast.core.exposure import Tally
from holdfast.core.gate_view import Exposures, GateView, LiveTrade
from holdfast.core.state import TradeState
from holdfast.model import num
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.reasons import TradePhase, TradingState


def of_trade(basis: Basis, trade: TradeState) -> GateView:
    """The picture for a second look at an accepted trade: the trade itself does not stand in its own way."""
    return of_symbol(basis, trade.plan.source, without=trade.plan.trade_id)


def of_symbol(basis: Basis, source: str, without: str = "") -> GateView:
    """Everything a verdict on the basis' symbol depends on."""
    state, settings, seen, symbol = basis.state, basis.settings, basis.seen, basis.symbol
    asset = basis.instrument.margin_asset if basis.instrument is not None else "USDT"
    balance = state.balances.get(asset)
    book = _book(basis, without)
    live = state.trade_of(symbol)
    if live is not None and live.plan.trade_id == without:
        live = None
    quarantine = state.quarantines.get(symbol)
    return GateView(
        now_ms=basis.now_ms,
        settings=settings,
        source=settings.source(source),
        instrument=basis.instrument,
        quarantined=seen.unusable,
        contradictions=basis.contradictions,
        commanded=state.commanded or TradingState.HALTED,
        effective=state.effective,
        health_reasons=tuple(state.effective_reasons),
        reconciled=seen.reconciled,
        journal_ok=seen.journal_ok,
        stream_ok=seen.stream_ok,
        clock_ok=seen.clock_ok,
        clock_offset_ms=seen.clock_offset_ms,
        watch_age_ms=seen.watch_age_ms,
        modes_ok=_modes_ok(basis),
        mark=seen.mark,
        mark_age_ms=None if seen.mark is None else seen.mark_age_ms,
        bid=seen.bid,
        ask=seen.ask,
        touch_age_ms=None if seen.bid is None else seen.touch_age_ms,
        mark_low_1m=seen.mark_low_1m,
        mark_high_1m=seen.mark_high_1m,
        equity=None if balance is None else balance.wallet + book.unrealized,
        wallet=None if balance is None else balance.wallet,
        available=None if balance is None else balance.available,
        account_age_ms=seen.account_age_ms,
        exposures=book.exposures,
        live_trade=None if live is None else LiveTrade(live.direction, live.plan.trade_id),
        foreign_amount=_foreign(basis),
        quarantine_until_ms=quarantine.until_ms if quarantine is not None else None,
        quarantine_ids=_quarantine_ids(basis),
        unresolved_ids=_unresolved(basis),
        symbol_halted=state.halted_symbols.get(symbol),
        recent_rejects=_recent_rejects(basis),
        daily_loss=state.loss_latched,
        open_orders_symbol=book.open_orders_symbol + seen.foreign_orders,
        open_orders_total=book.open_orders + seen.foreign_orders_total,
        conditionals_used=2 * len([t for t in state.live_trades.values() if t != without]) + seen.foreign_algos_total,
        live_trades=len([t for t in state.live_trades.values() if t != without]),
        open_positions=book.positions,
        symbol_config=seen.symbol_config,
        symbol_in_use=_in_use(basis, without),
        rates=seen.rates,
        weight=seen.weight,
        orders_owed=book.owed,
    )


def _foreign(basis: Basis) -> Decimal:
    """What our journal does not explain; a difference that is still being looked into counts as foreign.

    So does what booked executions, or the venue's newest word, leave open while no trade of ours holds anything: a
    stranger is told of a moment before a read confirms him, and perhaps while our entry waits for its settings.
    """
    state, symbol = basis.state, basis.symbol
    known, booked = state.foreign.get(symbol, ZERO), state.positions.get(symbol, ZERO)
    held = basis.held(symbol)
    if known:
        return known
    if held.in_question is not None and held.in_question != booked:
        return held.in_question - booked
    trade = state.trade_of(symbol)
    if trade is not None and (trade.base or trade.entry_filled):
        return ZERO
    return booked if held.row is None else held.row


def _modes_ok(basis: Basis) -> bool | None:
    hedge_mode, multi_assets = basis.seen.hedge_mode, basis.seen.multi_assets
    if hedge_mode is None or multi_assets is None:
        return None
    return not hedge_mode and multi_assets == basis.settings.multi_assets


@dataclass(slots=True)
class _Book:
    """What all live trades amount to."""

    exposures: Exposures
    positions: int = 0
    unrealized: Decimal = ZERO
    open_orders: int = 0
    open_orders_symbol: int = 0
    owed: int = 0


def _book(basis: Basis, without: str) -> _Book:
    """Add the live trades up. Each is looked at once: this stands before every verdict."""
    book, state = _Book(Exposures()), basis.state
    for trade_id in state.live_trades.values():
        trade = state.trades[trade_id]
        counts = exposure.tally(state, trade)
        exposed = exposure.by_any_evidence(state, trade, counts.booked, basis.row(trade.symbol))
        book.unrealized += _profit(trade, basis.mark(trade.symbol), exposed)
        book.open_orders += counts.live
        if trade.symbol == basis.symbol:
            book.open_orders_symbol = counts.live
        if trade_id != without:
            _add(basis, book, trade, exposed, counts)
    for name, amount in sorted(state.foreign.items()):
        _add_foreign(basis, book, name, amount)
    return book


def unrealized(ctx: Context) -> Decimal:
    """Open profit of our trades at the newest marks; a trade without a mark counts at its entry."""
    trades = (ctx.state.trades[trade_id] for trade_id in ctx.state.live_trades.values())
    return sum((_profit(trade, ctx.mark(trade.symbol), exposure.open_quantity(ctx, trade)) for trade in trades), ZERO)


def _profit(trade: TradeState, mark: Decimal | None, exposed: Decimal) -> Decimal:
    if mark is None or not trade.entry_filled:
        return ZERO
    entry = num.divide(trade.entry_value, trade.entry_filled)
    return (mark - entry) * exposed * trade.direction.sign


def _worst(trade: TradeState, exposed: Decimal, working: Decimal, *, retry_due: bool) -> Decimal:
    """What the trade can at most amount to: what is open, plus what its entries may still fill (RULES 4, P12)."""
    if trade.phase is TradePhase.ACCEPTED:
        return trade.plan.quantity
    if retry_due:
        working = max(working, trade.plan.quantity)
    return exposed + working


def _add(basis: Basis, book: _Book, trade: TradeState, exposed: Decimal, counts: Tally) -> None:
    held = basis.held(trade.symbol)
    quantity = _worst(trade, exposed, counts.working, retry_due=held.retry_due)
    mark = basis.mark(trade.symbol) or trade.plan.mark
    open_now, notional = min(exposed, quantity), quantity * mark
    margin = num.divide(notional, Decimal(trade.plan.leverage))
    shown = held.shown and open_now == quantity and _margin_shown(basis, trade)
    here = trade.symbol == basis.symbol
    reserved = ZERO if shown else margin
    book.exposures.add(trade.direction, quantity, notional, open_now * mark, margin, reserved, here=here)
    book.owed += _owed(trade, counts)
    if open_now:
        book.positions += 1


def _add_foreign(basis: Basis, book: _Book, name: str, amount: Decimal) -> None:
    notional = _foreign_notional(basis, name, amount)
    leverage = basis.held(name).leverage
    margin = num.divide(notional, num.ONE if leverage is None else Decimal(leverage))
    # It could go either way, and what holds it may be gone in a moment.
    book.exposures.add(None, abs(amount), notional, ZERO, margin, ZERO, here=name == basis.symbol)


def _foreign_notional(basis: Basis, name: str, amount: Decimal) -> Decimal:
    """The value of a position that is not ours. Where no price is known it fills every limit: unknown is never 0."""
    price = basis.mark(name)
    if price is None:
        price = basis.held(name).entry_price or None
    return basis.settings.limits.max_gross_notional + 1 if price is None else abs(amount) * price


def _margin_shown(basis: Basis, trade: TradeState) -> bool:
    """Whether the account was read after the trade's entry ended, so that `available` already holds its margin."""
    age_ms = basis.seen.account_age_ms
    return age_ms is not None and basis.now_ms - age_ms > (trade.covered_ms or basis.now_ms)


def _quarantine_ids(basis: Basis) -> tuple[str, ...]:
    """Earlier orders that may still act on the symbol; a running flatten closes whatever it finds there (RULES 4)."""
    state = basis.state
    quarantine = state.quarantines.get(basis.symbol)
    ids = list(quarantine.client_ids) if quarantine is not None else []
    loop = state.flattens.get(basis.symbol)
    orders = ((client_id, state.order(client_id)) for client_id in ids)
    live = tuple(client_id for client_id, order in orders if order is not None and order.live)
    return live if loop is None else (*live, *(loop.orders or [loop.subject]))


def _unresolved(basis: Basis) -> tuple[str, ...]:
    trade = basis.state.trade_of(basis.symbol)  # A trade is not closed before all its orders are resolved.
    if trade is None:
        return ()
    return tuple(order.client_id for order in basis.state.orders_of(trade, Role.ENTRY) if order.unknown)


def _recent_rejects(basis: Basis) -> int:
    since = basis.now_ms - basis.settings.limits.reject_breaker_window_ms
    return sum(1 for at in basis.state.rejects.get(basis.symbol, ()) if at > since)


def _in_use(basis: Basis, without: str) -> bool:
    state, symbol = basis.state, basis.symbol
    live = state.live_trades.get(symbol)
    return (
        (live is not None and live != without)
        or bool(state.positions.get(symbol))
        or bool(state.foreign.get(symbol))
        or bool(basis.seen.foreign_orders)
        or bool(basis.seen.foreign_algos)
    )


def _owed(trade: TradeState, counts: Tally) -> int:
    """Orders that the trade has yet to send: its stop and one replacement, and its targets."""
    if trade.phase in (TradePhase.EXITING, TradePhase.FLATTENING):
        return 0
    return (0 if counts.stop_sent else 2) + max(0, len(trade.plan.targets) - counts.targets)

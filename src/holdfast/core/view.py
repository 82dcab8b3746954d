"""Builds the picture that the risk gate sees. Unknown numbers stay None; nothing here decides."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from holdfast.core import budgets, exposure
from holdfast.core.context import Context
from holdfast.core.exposure import Tally
from holdfast.core.gate_view import Exposures, GateView, LiveTrade
from holdfast.core.state import TradeState
from holdfast.model import num
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.reasons import TradePhase, TradingState
from holdfast.model.reports import BalanceReport


def of_trade(ctx: Context, trade: TradeState) -> GateView:
    """The picture for a second look at an accepted trade: the trade itself does not stand in its own way."""
    return of_symbol(ctx, trade.symbol, trade.plan.source, without=trade.plan.trade_id)


def of_symbol(ctx: Context, symbol: str, source: str, without: str = "") -> GateView:
    """Everything a verdict on `symbol` depends on, now."""
    state, around, settings = ctx.state, ctx.around, ctx.settings
    instrument = around.instruments.get(symbol)
    market = around.market(symbol)
    lowest, highest = market.range_of_minute(ctx.now_ms)
    asset = instrument.margin_asset if instrument is not None else "USDT"
    balance = state.balances.get(asset)
    book = _book(ctx, symbol, without)
    live = state.trade_of(symbol)
    if live is not None and live.plan.trade_id == without:
        live = None
    quarantine = state.quarantines.get(symbol)
    return GateView(
        now_ms=ctx.now_ms,
        settings=settings,
        source=settings.source(source),
        instrument=instrument,
        quarantined=around.quarantined.get(symbol),
        contradictions=around.contradictions.get(symbol, ()),
        commanded=state.commanded or TradingState.HALTED,
        effective=state.effective,
        health_reasons=tuple(state.effective_reasons),
        reconciled=around.reconciled,
        journal_ok=around.journal_ok,
        stream_ok=around.user_stream,
        clock_ok=around.clock_ok,
        clock_offset_ms=around.clock_offset_ms,
        watch_age_ms=None if around.watch_ms is None else ctx.now_ms - max(around.watch_ms, around.exposed_since_ms),
        modes_ok=_modes_ok(ctx),
        mark=market.mark,
        mark_age_ms=None if market.mark is None else ctx.now_ms - market.mark_ms,
        bid=market.bid,
        ask=market.ask,
        touch_age_ms=None if market.bid is None else ctx.now_ms - market.touch_ms,
        mark_low_1m=lowest,
        mark_high_1m=highest,
        equity=None if balance is None else balance.wallet + book.unrealized,
        wallet=None if balance is None else balance.wallet,
        available=_available(ctx, balance),
        account_age_ms=None if around.account_ms is None else ctx.now_ms - around.account_ms,
        exposures=book.exposures,
        live_trade=None if live is None else LiveTrade(live.direction, live.plan.trade_id),
        foreign_amount=_foreign(ctx, symbol),
        quarantine_until_ms=quarantine.until_ms if quarantine is not None else None,
        quarantine_ids=_quarantine_ids(ctx, symbol),
        unresolved_ids=_unresolved(ctx, symbol),
        symbol_halted=state.halted_symbols.get(symbol),
        recent_rejects=_recent_rejects(ctx, symbol),
        daily_loss=state.loss_latched,
        open_orders_symbol=book.open_orders_symbol + len(around.foreign_orders.get(symbol, ())),
        open_orders_total=book.open_orders + sum(map(len, around.foreign_orders.values())),
        conditionals_used=2 * len([t for t in state.live_trades.values() if t != without])
        + sum(map(len, around.foreign_algos.values())),
        live_trades=len([t for t in state.live_trades.values() if t != without]),
        open_positions=book.positions,
        symbol_config=around.symbol_configs.get(symbol),
        symbol_in_use=_in_use(ctx, symbol, without),
        rates=around.windows.current(ctx.now_ms),
        weight=budgets.of_this_window(around.weight, around.weight_ms, ctx.now_ms),
        orders_owed=book.owed,
    )


def _foreign(ctx: Context, symbol: str) -> Decimal:
    """What our journal does not explain; a difference that is still being looked into counts as foreign.

    So does what booked executions, or the venue's newest word, leave open while no trade of ours holds anything: a
    stranger is told of a moment before a read confirms him, and perhaps while our entry waits for its settings.
    """
    known, booked = ctx.state.foreign.get(symbol, ZERO), ctx.state.positions.get(symbol, ZERO)
    seen = ctx.around.venue_positions.get(symbol)
    if known:
        return known
    if symbol in ctx.around.mismatch and seen is not None and seen[0].amount != booked:
        return seen[0].amount - booked
    trade = ctx.state.trade_of(symbol)
    if trade is not None and (trade.base or trade.entry_filled):
        return ZERO
    row = exposure.newest_row(ctx, symbol)
    return row[0] if row is not None and row[1] > ctx.around.executed_ms.get(symbol, 0) else booked


def _modes_ok(ctx: Context) -> bool | None:
    if ctx.around.hedge_mode is None or ctx.around.multi_assets is None:
        return None
    return not ctx.around.hedge_mode and ctx.around.multi_assets == ctx.settings.multi_assets


@dataclass(slots=True)
class _Book:
    """What all live trades amount to."""

    exposures: Exposures
    positions: int = 0
    unrealized: Decimal = ZERO
    open_orders: int = 0
    open_orders_symbol: int = 0
    owed: int = 0


def _book(ctx: Context, symbol: str, without: str) -> _Book:
    """Add the live trades up. Each is looked at once: this stands before every verdict."""
    book = _Book(Exposures())
    for trade_id in ctx.state.live_trades.values():
        trade = ctx.state.trades[trade_id]
        counts = exposure.tally(ctx, trade)
        exposed = exposure.by_any_evidence(ctx, trade, counts.booked)
        book.unrealized += _profit(ctx, trade, exposed)
        book.open_orders += counts.live
        if trade.symbol == symbol:
            book.open_orders_symbol = counts.live
        if trade_id != without:
            _add(ctx, book, trade, exposed, counts, symbol)
    for name, amount in sorted(ctx.state.foreign.items()):
        _add_foreign(ctx, book, name, amount, symbol)
    return book


def unrealized(ctx: Context) -> Decimal:
    """Open profit of our trades at the newest marks; a trade without a mark counts at its entry."""
    trades = (ctx.state.trades[trade_id] for trade_id in ctx.state.live_trades.values())
    return sum((_profit(ctx, trade, exposure.open_quantity(ctx, trade)) for trade in trades), ZERO)


def _profit(ctx: Context, trade: TradeState, exposed: Decimal) -> Decimal:
    mark = ctx.mark(trade.symbol)
    if mark is None or not trade.entry_filled:
        return ZERO
    entry = num.divide(trade.entry_value, trade.entry_filled)
    return (mark - entry) * exposed * trade.direction.sign


def _available(ctx: Context, balance: BalanceReport | None) -> Decimal | None:
    if balance is None:
        return None
    return balance.available


def _worst(ctx: Context, trade: TradeState, exposed: Decimal, working: Decimal) -> Decimal:
    """What the trade can at most amount to: what is open, plus what its entries may still fill (RULES 4, P12)."""
    if trade.phase is TradePhase.ACCEPTED:
        return trade.plan.quantity
    if f"retry:{trade.plan.trade_id}" in ctx.around.timers:
        working = max(working, trade.plan.quantity)
    return exposed + working


def _add(ctx: Context, book: _Book, trade: TradeState, exposed: Decimal, counts: Tally, symbol: str) -> None:
    quantity = _worst(ctx, trade, exposed, counts.working)
    mark = ctx.mark(trade.symbol) or trade.plan.mark
    held, notional = min(exposed, quantity), quantity * mark
    margin = num.divide(notional, Decimal(trade.plan.leverage))
    shown = trade.symbol in ctx.around.venue_positions and held == quantity and _margin_shown(ctx, trade)
    here = trade.symbol == symbol
    reserved = ZERO if shown else margin
    book.exposures.add(trade.direction, quantity, notional, held * mark, margin, reserved, here=here)
    book.owed += _owed(trade, counts)
    if held:
        book.positions += 1


def _add_foreign(ctx: Context, book: _Book, name: str, amount: Decimal, symbol: str) -> None:
    notional = _foreign_notional(ctx, name, amount)
    config = ctx.around.symbol_configs.get(name)
    leverage = Decimal(config.leverage) if config is not None else num.ONE
    margin = num.divide(notional, leverage)
    # It could go either way, and what holds it may be gone in a moment.
    book.exposures.add(None, abs(amount), notional, ZERO, margin, ZERO, here=name == symbol)


def _foreign_notional(ctx: Context, symbol: str, amount: Decimal) -> Decimal:
    """The value of a position that is not ours. Where no price is known it fills every limit: unknown is never 0."""
    price = ctx.mark(symbol)
    if price is None and symbol in ctx.around.venue_positions:
        price = ctx.around.venue_positions[symbol][0].entry_price or None
    return ctx.settings.limits.max_gross_notional + 1 if price is None else abs(amount) * price


def _margin_shown(ctx: Context, trade: TradeState) -> bool:
    """Whether the account was read after the trade's entry ended, so that `available` already holds its margin."""
    return ctx.around.account_ms is not None and ctx.around.account_ms > (trade.covered_ms or ctx.now_ms)


def _quarantine_ids(ctx: Context, symbol: str) -> tuple[str, ...]:
    """Earlier orders that may still act on the symbol; a running flatten closes whatever it finds there (RULES 4)."""
    quarantine = ctx.state.quarantines.get(symbol)
    ids = list(quarantine.client_ids) if quarantine is not None else []
    loop = ctx.state.flattens.get(symbol)
    orders = ((client_id, ctx.state.order(client_id)) for client_id in ids)
    live = tuple(client_id for client_id, order in orders if order is not None and order.live)
    return live if loop is None else (*live, *(loop.orders or [loop.subject]))


def _unresolved(ctx: Context, symbol: str) -> tuple[str, ...]:
    trade = ctx.state.trade_of(symbol)  # A trade is not closed before all its orders are resolved.
    if trade is None:
        return ()
    return tuple(order.client_id for order in ctx.state.orders_of(trade, Role.ENTRY) if order.unknown)


def _recent_rejects(ctx: Context, symbol: str) -> int:
    since = ctx.now_ms - ctx.settings.limits.reject_breaker_window_ms
    return sum(1 for at in ctx.state.rejects.get(symbol, ()) if at > since)


def _in_use(ctx: Context, symbol: str, without: str) -> bool:
    live = ctx.state.live_trades.get(symbol)
    return (
        (live is not None and live != without)
        or bool(ctx.state.positions.get(symbol))
        or bool(ctx.state.foreign.get(symbol))
        or bool(ctx.around.foreign_orders.get(symbol))
        or bool(ctx.around.foreign_algos.get(symbol))
    )


def _owed(trade: TradeState, counts: Tally) -> int:
    """Orders that the trade has yet to send: its stop and one replacement, and its targets."""
    if trade.phase in (TradePhase.EXITING, TradePhase.FLATTENING):
        return 0
    return (0 if counts.stop_sent else 2) + max(0, len(trade.plan.targets) - counts.targets)

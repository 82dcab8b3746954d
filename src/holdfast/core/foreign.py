"""Positions and orders as the venue shows them, against our books: what none of ours explains is not ours (RULES 4)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from holdfast.core import evidence, exposure, flatten, sending
from holdfast.core.context import Context
from holdfast.core.state import TradeState
from holdfast.model import events as ev
from holdfast.model import num
from holdfast.model.effects import Lane, ReadKind
from holdfast.model.ids import attribution_of, is_kill, is_ours
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, Direction
from holdfast.model.reasons import AlarmCode, TradePhase
from holdfast.model.reports import AlgoReport, Fill, OrderReport, PositionReport

PATIENCE_MS = 2_000
"""How long books and venue may differ before the difference is called foreign: executions may be on their way."""
EXPLAIN_MS = 86_400_000
"""How far back executions are looked for that explain a difference: orders are forgotten two days after their trade."""
CLOCK_MS = 1_000
"""Our first record is dated by our clock and an execution by the venue's: what is so close to it is booked. It cannot
be booked twice, and what the first position had before is settled by the venue's word on it."""
FORCED = ("LIQUIDATION", "ADL", "SETTLEMENT")
CLEARED_MS = 30_000
"""How long after a forced execution the income record has what the venue took for it (INSURANCE_CLEAR): no event tells
of that, and no execution."""


def see_position(ctx: Context, row: PositionReport, asked_ms: int) -> None:
    """A position row of the venue, newer than any we know: compare it with our books."""
    known = ctx.around.venue_positions.get(row.symbol)
    if known is not None and known[1] > asked_ms:
        return
    ctx.around.venue_positions[row.symbol] = (row, asked_ms)
    trade = ctx.state.trade_of(row.symbol)
    if row.amount == ctx.state.positions.get(row.symbol, ZERO):
        ctx.around.mismatch.pop(row.symbol, None)
        if ask_for_owners(ctx, row.symbol):
            ctx.timer_once(f"position:{row.symbol}", ctx.now_ms + 1_000)
        else:
            _declare(ctx, row, trade)
        return
    # The books and the venue differ: fetch the executions first; what they do not explain is not ours. A difference
    # that changes, or during which something executed, is a new one: no execution may vanish in the venue's word.
    difference = row.amount - ctx.state.positions.get(row.symbol, ZERO)
    first, earlier = ctx.around.mismatch.get(row.symbol, (asked_ms, difference))
    quiet = ctx.around.executed_ms.get(row.symbol, 0) <= first
    first = first if earlier == difference and quiet else asked_ms
    ctx.around.mismatch[row.symbol] = (first, difference)
    explain(ctx, row.symbol)
    if asked_ms - first >= PATIENCE_MS and _all_told(ctx, row.symbol, first):
        _unexplained(ctx, row, trade, asked_ms)
    else:
        ctx.timer_once(f"position:{row.symbol}", ctx.now_ms + 1_000)


def explain(ctx: Context, symbol: str) -> None:
    """Fetch the executions of a symbol that may be missing from our books, whoever made them."""
    ctx.read(ReadKind.TRADES, f"explain:{symbol}", symbol=symbol, since_ms=explained_ms(ctx, symbol))


def see_others(ctx: Context, asked_for: str, rows: Sequence[PositionReport], asked_ms: int) -> None:
    """What a read for one symbol shows of the others. A difference into which nobody looks yet may be the only word of
    an execution whose events were lost; a row from before the last execution says nothing."""
    for row in rows:
        symbol = row.symbol
        if symbol == asked_for or symbol in ctx.state.flattens or asked_ms <= ctx.around.executed_ms.get(symbol, 0):
            continue
        difference = row.amount - ctx.state.positions.get(symbol, ZERO)
        _, known = ctx.around.mismatch.get(symbol, (0, ZERO))
        if difference not in (ZERO, known):
            see_position(ctx, row, asked_ms)
            ctx.touch(symbol)


def told(ctx: Context, symbol: str, amount: Decimal, at_ms: int) -> None:
    """A position that came with something else, an event of the account or its balances: where it differs from our
    books it is looked into, a moment later, when the executions have had time to come."""
    known = ctx.around.pushed_positions.get(symbol)
    if known is not None and known[1] > at_ms:
        return
    ctx.around.pushed_positions[symbol] = (amount, at_ms)
    ctx.touch(symbol)
    seen = ctx.around.venue_positions.get(symbol)
    # A read from before the last execution that happened to show the same has looked into nothing.
    looked = seen is not None and seen[0].amount == amount and seen[1] > ctx.around.executed_ms.get(symbol, 0)
    if amount != ctx.state.positions.get(symbol, ZERO) and not looked:
        ctx.timer_once(f"position:{symbol}", ctx.now_ms + 1_500)


def explained_ms(ctx: Context, symbol: str) -> int:
    """Until when no execution of the symbol is missing from our books, whoever made it; a day back at most.

    What was before this journal, and what the venue's own word on the position has settled, needs no execution.
    """
    began_ms = ctx.state.began_ms - CLOCK_MS
    return max(began_ms, ctx.state.baselines.get(symbol, 0), ctx.now_ms - EXPLAIN_MS)


def _all_told(ctx: Context, symbol: str, first: int) -> bool:
    """Whether the executions were read since the difference was seen, and each of them has its order."""
    if ctx.around.explained_read.get(symbol, 0) < first:
        return False  # Could not ask is never nothing there.
    return not ask_for_owners(ctx, symbol)


def ask_for_owners(ctx: Context, symbol: str) -> bool:
    """Ask again for the orders of executions that wait for them. Whether any does."""
    waiting = evidence.waiting(ctx, symbol)
    for fill in waiting:
        if not evidence.placeable(ctx, fill):
            evidence.ask_whose(ctx, symbol, fill.order_id)
    return bool(waiting)


def _unexplained(ctx: Context, row: PositionReport, trade: TradeState | None, asked_ms: int) -> None:
    """A difference that our journal does not explain: the venue's word becomes our books' (RULES 12)."""
    symbol = row.symbol
    ours = ctx.state.positions.get(symbol, ZERO)
    ctx.around.mismatch.pop(symbol, None)
    ctx.emit(
        ev.PositionSeen(
            at_ms=ctx.now_ms,
            symbol=symbol,
            amount=row.amount,
            entry_price=row.entry_price,
            ours=ours,
            asked_ms=asked_ms,
        )
    )
    _declare(ctx, row, trade)


def _declare(ctx: Context, row: PositionReport, trade: TradeState | None) -> None:
    """Say what part of the position is not ours, when that changes; adopt it where the configuration says so."""
    symbol, policy = row.symbol, ctx.settings.on_foreign
    # Books and row agree here, and both count booked executions only; so does our share of them. What our closes took
    # beyond our own part was the stranger's, and is gone.
    if trade is not None:
        net(ctx, trade)
    ours = _held(trade) if trade is not None else ZERO
    amount = row.amount - ours
    if amount != ctx.state.foreign.get(symbol, ZERO):
        told = policy if amount else "explained"
        ctx.emit(ev.ForeignSeen(at_ms=ctx.now_ms, symbol=symbol, amount=amount, policy=told))
        ctx.touch(symbol)
        if amount:
            ctx.alarm(AlarmCode.FOREIGN_POSITION, symbol, f"the venue shows {row.amount:f}, ours are {ours:f}")
            if trade is not None and stops_entries(policy, amount, trade.direction):
                flatten.kill_entries(ctx, symbol, "the symbol has a foreign position")
        else:
            ctx.clear_alarm(AlarmCode.FOREIGN_POSITION, symbol)
    # It may have been known while a trade of ours stood beside it; now it is alone.
    free = trade is None and symbol not in ctx.state.flattens
    if amount and free and policy == "adopt" and ctx.settings.adopt_stop_pct is not None:
        adopt(ctx, row)


def stops_entries(policy: str, amount: Decimal, direction: Direction) -> bool:
    """Whether a foreign quantity stops entries in a direction (RULES 4): always, unless it is to be ignored; one on the
    other side in any case, because the venue nets the two."""
    return bool(amount) and not (policy == "ignore" and amount * direction.sign > 0)


def _held(trade: TradeState) -> Decimal:
    """What booked executions left open of a trade, signed."""
    return max(ZERO, trade.left) * trade.direction.sign


def _netted(ctx: Context, trade: TradeState) -> Decimal:
    """How much of a trade cannot be there by the booked executions of everybody: a one-way account has one position."""
    standing = max(ZERO, ctx.state.positions.get(trade.symbol, ZERO) * trade.direction.sign)
    return max(ZERO, trade.left - standing)


def net(ctx: Context, trade: TradeState) -> bool:
    """Record what of a trade stood against somebody else's opposite quantity, once books and venue agree on what is
    left of both (RULES 4). Whether there was any."""
    symbol = trade.symbol
    seen, netted = ctx.around.venue_positions.get(symbol), _netted(ctx, trade)
    if seen is None or not netted or seen[0].amount != ctx.state.positions.get(symbol, ZERO):
        return False
    ctx.emit(ev.TradeNetted(at_ms=ctx.now_ms, trade_id=trade.plan.trade_id, symbol=symbol, quantity=netted))
    ctx.touch(symbol)
    return True


def ask_if_netted(ctx: Context, trade_id: str) -> None:
    """An entry of ours met an opposite position: there may be nothing to protect, and the venue says so at once."""
    trade = ctx.state.trades.get(trade_id)
    if trade is not None and trade.live and _netted(ctx, trade):
        ctx.read(ReadKind.POSITIONS, f"foreign:{trade.symbol}", symbol=trade.symbol, lane=Lane.PROTECT)


def own_share(ctx: Context, trade: TradeState, fill: Fill) -> Decimal | None:
    """How much of an execution of our own closing order was the trade's; None: all of it, or nobody can tell.

    A close or a `closePosition` stop takes the whole position (RULES 5, 7). What is beyond our part is somebody
    else's if he is known to hold it.
    """
    if fill.side is not trade.direction.exit_side:
        return None
    ours = max(ZERO, trade.left + exposure.told_entries(ctx, trade))
    theirs = ctx.state.positions.get(fill.symbol, ZERO) * trade.direction.sign - max(ZERO, trade.left)
    beyond = fill.quantity - ours
    return ours if ZERO < beyond <= theirs else None


def book(ctx: Context, fill: Fill, client_id: str) -> None:
    """An execution that is not ours: attributed (I26), and booked on our trade only as far as it takes from it."""
    cause = attribution_of(client_id)
    trade = ctx.state.trade_of(fill.symbol)
    taken = _taken(ctx, trade, fill, cause) if trade is not None else ZERO
    ctx.emit(
        ev.FillBooked(
            at_ms=ctx.now_ms,
            fill=fill,
            client_id=client_id,
            trade_id=trade.plan.trade_id if trade is not None and taken else "",
            cause=cause,
            taken=taken if ZERO < taken < fill.quantity else None,
        )
    )
    ctx.around.executed_ms[fill.symbol] = ctx.now_ms
    if cause in FORCED:
        ctx.alarm(AlarmCode.LIQUIDATION, fill.symbol, f"the venue closed {fill.quantity:f} by {cause}")
        ctx.emit(ev.SymbolHalted(at_ms=ctx.now_ms, symbol=fill.symbol, reason=cause))
        ctx.timer("late-income", ctx.now_ms + CLEARED_MS)
    ctx.read(ReadKind.POSITIONS, f"foreign:{fill.symbol}", symbol=fill.symbol)
    ctx.touch(fill.symbol)


def _taken(ctx: Context, trade: TradeState, fill: Fill, cause: str) -> Decimal:
    """How much of an execution closes our part. A stranger closes what was his own first; the venue asks nobody.

    His own is told by the booked executions: what the last position read declared foreign may be older than they are.
    """
    if fill.side is not trade.direction.exit_side or fill.trade_id < trade.first_fill:
        return ZERO  # What was executed before ours took nothing of it, whenever we hear of it.
    theirs = (ctx.state.positions.get(fill.symbol, ZERO) - _held(trade)) * trade.direction.sign
    own = ZERO if cause in FORCED else max(ZERO, theirs)
    return min(max(ZERO, fill.quantity - own), exposure.booked(ctx, trade))


def see_order(ctx: Context, report: OrderReport) -> None:
    """One order that is not ours: while it is open it counts, and the symbol's settings stay as they are (RULES 13)."""
    if is_ours(report.client_id) or is_kill(report.client_id):
        return
    found = ctx.around.foreign_orders.setdefault(report.symbol, {})
    if report.status.terminal:
        found.pop(report.order_id, None)
    else:
        found[report.order_id] = None
    if not found:
        del ctx.around.foreign_orders[report.symbol]


def see_open_orders(ctx: Context, symbol: str, orders: Sequence[OrderReport]) -> None:
    """The whole list of open orders, of a symbol or (with "") of the account: what it does not show has ended."""
    if symbol:
        ctx.around.foreign_orders.pop(symbol, None)
    else:
        ctx.around.foreign_orders.clear()
    for report in orders:
        see_order(ctx, report)


def see_algo(ctx: Context, report: AlgoReport) -> None:
    """One conditional order that is not ours: while it waits it takes a slot (P15), and the symbol is in use."""
    if is_ours(report.client_id):
        return
    found = ctx.around.foreign_algos.setdefault(report.symbol, {})
    if report.status is AlgoStatus.ARMED:
        found[report.algo_id] = None
    else:
        found.pop(report.algo_id, None)
    if not found:
        del ctx.around.foreign_algos[report.symbol]


def see_open_algos(ctx: Context, symbol: str, algos: Sequence[AlgoReport]) -> None:
    """The whole list of open conditional orders, of a symbol or (with "") of the account."""
    if symbol:
        ctx.around.foreign_algos.pop(symbol, None)
    else:
        ctx.around.foreign_algos.clear()
    for report in algos:
        see_algo(ctx, report)


def adopt(ctx: Context, row: PositionReport) -> None:
    """The whole foreign position becomes a trade with a stop at the configured distance (RULES 4)."""
    pct = ctx.settings.adopt_stop_pct
    assert pct is not None, "invariant: adopting needs adopt.stop_pct"
    instrument = ctx.around.instruments.get(row.symbol)
    base = ctx.mark(row.symbol) or row.entry_price
    if instrument is None or base == 0:
        return
    direction = Direction.LONG if row.amount > 0 else Direction.SHORT
    stop_price = instrument.round_stop(num.divide(base * (num.PERCENT - pct * direction.sign), num.PERCENT), direction)
    plan = sending.plan_of_position(ctx, row.symbol, row.amount, row.entry_price, stop_price, "adopted")
    ctx.emit(ev.TradeAdopted(at_ms=ctx.now_ms, plan=plan, cause="adopted"))
    ctx.emit(ev.ForeignSeen(at_ms=ctx.now_ms, symbol=row.symbol, amount=ZERO, policy="adopted"))
    ctx.phase(ctx.state.trades[plan.trade_id], TradePhase.ENTERING, "adopted")
    ctx.touch(row.symbol)

"""Evidence from any channel becomes events, once, whatever its order (RULES 3; invariants I8, I10, I26).

Only what changes our knowledge is journalled. An order with our prefix that the journal lacks is never adopted and
never cancelled: it means a second engine or a lost journal (RULES 8).
"""

from __future__ import annotations

from holdfast.core import flatten, foreign, order_machine, protection, sending
from holdfast.core.context import Context
from holdfast.core.state import AlgoState, OrderState, fill_key, order_key
from holdfast.model import events as ev
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role, is_ours
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, OrderStatus, Pending
from holdfast.model.reasons import AlarmCode, TradePhase
from holdfast.model.reports import AlgoReport, Channel, Fill, OrderReport


def take_order(ctx: Context, report: OrderReport) -> None:
    """One report about a plain order, or about the child of an algo order; and the executions that waited for it."""
    _take_order(ctx, report)
    if order_key(report.symbol, report.order_id) in ctx.around.unplaced:
        _take_waiting(ctx, report.symbol)


def _take_order(ctx: Context, report: OrderReport) -> None:
    client_id = report.client_id
    if _is_foreign(ctx, client_id):
        ctx.around.remember_foreign(order_key(report.symbol, report.order_id), client_id)
        foreign.see_order(ctx, report)
        return
    order = ctx.state.plain.get(client_id)
    algo = ctx.state.algos.get(client_id)
    if order is None and algo is None:
        _second_engine(ctx, client_id)
    elif report.status is OrderStatus.SENT:
        _unclear(ctx, order or algo, report)
    elif order is not None and order.order_id not in (None, report.order_id):
        _namesake(ctx, report)
    elif order is not None and _order_news(order, report):
        _order_changed(ctx, order, report)
    elif algo is not None and _child_news(algo, report):
        if algo.algo_id is None:
            _settle_unknown(ctx, algo, report.channel)
        _note_execution(ctx, algo, report)
        ctx.emit(ev.OrderUpdated(at_ms=ctx.now_ms, report=report))
        ctx.touch(report.symbol)


def _unclear(ctx: Context, order: OrderState | AlgoState | None, report: OrderReport | AlgoReport) -> None:
    """A status text that this version does not know claims nothing: a human is told, and the venue is asked (B10).

    Only a pushed report leads to a question; the answer to one, just as unclear, would lead to the next for ever.
    """
    assert order is not None, "invariant: only an order of ours is asked about"
    ctx.alarm(AlarmCode.UNKNOWN_CODE, order.client_id, report.reason)
    if report.channel is Channel.STREAM:
        sending.query(ctx, order, f"state:{order.client_id}")


def _namesake(ctx: Context, report: OrderReport) -> None:
    """Another order under the same name: a close that left while the journal could not be written (RULES 8), whose name
    the next process used again. It is remembered, so that its executions find their trade, and changes nothing else."""
    if order_key(report.symbol, report.order_id) not in ctx.state.by_order_id:
        ctx.emit(ev.OrderUpdated(at_ms=ctx.now_ms, report=report))
        ctx.touch(report.symbol)


def _order_news(order: OrderState, report: OrderReport) -> bool:
    if order.order_id is None or report.executed > order.executed or order.pending in _ANSWERABLE:
        return True
    signal = order_machine.SIGNAL_OF_STATUS[report.status]
    table = order_machine.ORDER_TABLE[order.status]
    return signal in table and table[signal] is not order.status


_ANSWERABLE = (Pending.PLACE, Pending.PLACE_UNKNOWN)


def _child_news(algo: AlgoState, report: OrderReport) -> bool:
    if algo.child_id is None or algo.child_status is None or report.executed > algo.executed:
        return True
    signal = order_machine.SIGNAL_OF_STATUS[report.status]
    table = order_machine.ORDER_TABLE[algo.child_status]
    return signal in table and table[signal] is not algo.child_status


def _order_changed(ctx: Context, order: OrderState, report: OrderReport) -> None:
    surfaced = order.status in (OrderStatus.NEVER_PLACED, OrderStatus.REJECTED) and report.status in _EXISTS
    _settle_unknown(ctx, order, report.channel)
    _note_execution(ctx, order, report)
    ctx.emit(ev.OrderUpdated(at_ms=ctx.now_ms, report=report))
    ctx.touch(report.symbol)
    if surfaced and order.role is Role.ENTRY:
        _late_entry(ctx, order)
    _sweep_late(ctx, order)


def _note_execution(ctx: Context, order: OrderState | AlgoState, report: OrderReport) -> None:
    if report.executed > order.executed:
        ctx.around.executed_ms[report.symbol] = ctx.now_ms


_EXISTS = (OrderStatus.WORKING, OrderStatus.PARTLY_FILLED, OrderStatus.FILLED)


def _settle_unknown(ctx: Context, order: OrderState | AlgoState, channel: Channel) -> None:
    if order.unknown_since_ms is not None:
        ctx.emit(
            ev.UnknownResolved(
                at_ms=ctx.now_ms, client_id=order.client_id, resolution="confirmed", evidence=channel.value
            )
        )
        ctx.clear_timer(f"resolve:{order.client_id}")
        ctx.clear_alarm(AlarmCode.UNKNOWN_ENTRY, order.client_id)


def _late_entry(ctx: Context, order: OrderState) -> None:
    """An entry that was shown absent has surfaced: the published result stands, the fills get their own trade."""
    trade = ctx.state.trades.get(order.trade_id)
    if trade is not None and trade.live:
        return  # Its own trade still lives: supervision covers or flattens what fills.
    symbol = order.spec.symbol
    policy = ctx.settings.late_entry
    ctx.emit(ev.LateEntryFound(at_ms=ctx.now_ms, client_id=order.client_id, intent_id=order.subject, policy=policy))
    ctx.alarm(AlarmCode.LATE_ENTRY, symbol, f"entry {order.client_id} surfaced after it was shown never placed")
    if ctx.state.trade_of(symbol) is not None:
        flatten.start(ctx, symbol, "a late entry surfaced on a symbol in use")
        return
    stop_price = trade.plan.stop_price if trade is not None else ZERO
    price = order.spec.price or ctx.mark(symbol) or ZERO
    amount = order.spec.quantity * (1 if order.spec.side.value == "BUY" else -1)
    plan = sending.plan_of_position(ctx, symbol, amount, price, stop_price, "late_entry")
    ctx.emit(ev.TradeAdopted(at_ms=ctx.now_ms, plan=plan, cause="late_entry", order=order.client_id))
    adopted = ctx.state.trades[plan.trade_id]
    ctx.phase(adopted, TradePhase.ENTERING, "late entry")
    if policy == "flatten" or symbol in ctx.state.flattens:  # A running flatten binds what surfaces too (RULES 7).
        flatten.start(ctx, symbol, "late entry")


def take_algo(ctx: Context, report: AlgoReport) -> None:
    """One report about an algo order."""
    if _is_foreign(ctx, report.client_id):
        foreign.see_algo(ctx, report)
        return
    algo = ctx.state.algos.get(report.client_id)
    if algo is None:
        _second_engine(ctx, report.client_id)
        return
    if report.status is AlgoStatus.SENT:
        _unclear(ctx, algo, report)
        return
    table = order_machine.ALGO_TABLE[algo.status]
    moves = table[order_machine.SIGNAL_OF_ALGO[report.status]] is not algo.status
    links = report.order_id is not None and algo.child_id != report.order_id
    newer = algo.algo_id is None or report.algo_id > algo.algo_id
    if not (moves or links or newer or algo.pending in _ANSWERABLE):
        return
    if _older_life(algo, report):
        return
    if not (report.status.terminal and report.algo_id == algo.algo_id):
        _settle_unknown(ctx, algo, report.channel)  # Else it is the end of what stood before the unknown repeat.
    protection.replaced(ctx, algo, report)
    ctx.emit(ev.AlgoUpdated(at_ms=ctx.now_ms, report=report))
    if algo.status.terminal and f"cancel:{algo.client_id}" in ctx.around.timers:
        ctx.clear_timer(f"cancel:{algo.client_id}")
    _sweep_late(ctx, algo)
    protection.compare_trigger(ctx, algo, report)
    ctx.touch(report.symbol)
    if report.order_id is not None and order_key(report.symbol, report.order_id) in ctx.around.unplaced:
        _take_waiting(ctx, report.symbol)


def _sweep_late(ctx: Context, order: OrderState | AlgoState) -> None:
    """A reducing order that came to life after its trade was closed (an earlier send, overtaken) goes at once."""
    trade = ctx.state.trades.get(order.trade_id)
    closed = trade is not None and not trade.live
    if closed and order.live and order.role is not Role.ENTRY and order.client_id not in ctx.around.cancelling:
        sending.cancel(ctx, order, "its trade is closed")


def _older_life(algo: AlgoState, report: AlgoReport) -> bool:
    """Whether the report speaks of an earlier algo under the same client id, which was sent again since; or is an
    earlier word, overtaken on its way, of one whose end was told: what a reply says of a birth, what came before a
    rejection."""
    if algo.outlived(report.algo_id) or report.algo_id != algo.algo_id:
        return algo.outlived(report.algo_id)
    rejected = algo.status is AlgoStatus.REJECTED and report.status in _BEFORE_ITS_END
    return rejected or (report.channel is Channel.REPLY and algo.status.terminal)


_BEFORE_ITS_END = (AlgoStatus.ARMED, AlgoStatus.TRIGGERING)


def take_fill(ctx: Context, fill: Fill) -> None:
    """One execution: book it once, complete it if its fee was missing, or ask whose it is."""
    key = fill_key(*fill.key)
    known = ctx.state.fills.get(key)
    if known is not None:
        if not known.complete and fill.fee is not None:
            _complete(ctx, fill)
        return
    venue_key = order_key(fill.symbol, fill.order_id)
    client_id = fill.client_id or ctx.state.by_order_id.get(venue_key) or ctx.around.foreign_ids.get(venue_key)
    if client_id is None:
        _wait(ctx, fill)
        ask_whose(ctx, fill.symbol, fill.order_id)
    elif _is_foreign(ctx, client_id):
        if ctx.state.trade_of(fill.symbol) is not None and _earlier_waits(ctx, fill):
            _wait(ctx, fill)  # What he closed may have been his own, by an execution that nobody has told yet.
        else:
            foreign.book(ctx, fill, client_id)
    elif ctx.state.order(client_id) is None:
        _second_engine(ctx, client_id)
    else:
        _book(ctx, fill, client_id)


def _wait(ctx: Context, fill: Fill) -> None:
    waiting = ctx.around.unplaced.setdefault(order_key(fill.symbol, fill.order_id), {})
    key = fill_key(*fill.key)
    if fill.fee is not None or key not in waiting:
        waiting[key] = fill


def waiting(ctx: Context, symbol: str) -> list[Fill]:
    """Executions of a symbol that wait until their order, or that of an earlier one, is known: in the venue's order."""
    keys = [key for key in ctx.around.unplaced if key.startswith(f"{symbol}:")]
    found = [fill for key in keys for fill in ctx.around.unplaced[key].values()]
    return sorted(found, key=lambda fill: fill.trade_id)


def placeable(ctx: Context, fill: Fill) -> bool:
    """Whether the order of an execution is known."""
    key = order_key(fill.symbol, fill.order_id)
    return bool(fill.client_id) or key in ctx.state.by_order_id or key in ctx.around.foreign_ids


def _earlier_waits(ctx: Context, fill: Fill) -> bool:
    return any(other.trade_id < fill.trade_id for other in waiting(ctx, fill.symbol))


def _take_waiting(ctx: Context, symbol: str) -> None:
    """The order of an execution became known: it is taken, and with it what waited for it, in the venue's order."""
    for fill in waiting(ctx, symbol):
        if not placeable(ctx, fill):
            continue  # Still nobody's. Whether those after it must wait is asked for each.
        key = order_key(symbol, fill.order_id)
        left = ctx.around.unplaced[key]
        del left[fill_key(*fill.key)]
        if not left:
            del ctx.around.unplaced[key]
        take_fill(ctx, fill)


def mapped(ctx: Context, fill: Fill) -> bool:
    """Whether the order of an execution is known, so that it can be booked or attributed at once."""
    key = order_key(fill.symbol, fill.order_id)
    return key in ctx.state.by_order_id or fill_key(*fill.key) in ctx.state.fills


def _complete(ctx: Context, fill: Fill) -> None:
    assert fill.fee is not None, "invariant: a fill is completed by its fee"
    ctx.emit(
        ev.FillCompleted(
            at_ms=ctx.now_ms,
            symbol=fill.symbol,
            order_id=fill.order_id,
            trade_id=fill.trade_id,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            realized=fill.realized,
            maker=fill.maker,
            client_id=fill.client_id,
        )
    )
    ctx.touch(fill.symbol)


def ask_whose(ctx: Context, symbol: str, order_id: int) -> None:
    """Ask for the order of an execution that we cannot place, at most once a second."""
    asked, key = ctx.around.asked_whose, order_key(symbol, order_id)
    for old in [name for name, at_ms in asked.items() if ctx.now_ms - at_ms >= 1_000]:
        del asked[old]
    if key not in asked:
        asked[key] = ctx.now_ms
        ctx.read(ReadKind.ORDER, f"whose:{symbol}", symbol=symbol, order_id=order_id)


def _book(ctx: Context, fill: Fill, client_id: str) -> None:
    order = ctx.state.order(client_id)
    assert order is not None, "invariant: a booked fill has its order"
    if isinstance(order, OrderState) and order.status in (OrderStatus.NEVER_PLACED, OrderStatus.REJECTED):
        _surface(ctx, order, fill)
    if not isinstance(order, AlgoState) or order.algo_id is None:
        _settle_unknown(ctx, order, fill.channel)  # Else it may be of what stood before the unknown repeat.
    trade_id = _owner(ctx, order, fill)
    trade = ctx.state.trades.get(trade_id)
    share = foreign.own_share(ctx, trade, fill) if trade is not None and order.role is not Role.ENTRY else None
    ctx.around.executed_ms[fill.symbol] = ctx.now_ms
    ctx.emit(
        ev.FillBooked(
            at_ms=ctx.now_ms,
            fill=fill,
            client_id=client_id,
            trade_id="" if share == 0 else trade_id,
            cause="OURS",
            role=order.role,
            taken=share or None,
        )
    )
    if order.role is Role.ENTRY:
        foreign.ask_if_netted(ctx, trade_id)
    _correct(ctx, trade_id, fill)
    ctx.touch(fill.symbol)


def _owner(ctx: Context, order: OrderState | AlgoState, fill: Fill) -> str:
    """Whose books an execution belongs to: what an earlier order took from the live trade's position is the live
    trade's exit (RULES 7: closes bind to the symbol)."""
    live = ctx.state.trade_of(fill.symbol)
    owner = ctx.state.trades.get(order.trade_id)
    if owner is not None and order.role is not Role.ENTRY and fill.side is owner.direction.entry_side:
        return ""  # A flatten of the symbol closed what stood on the other side, and that was not ours.
    if order.role is Role.ENTRY or live is None or order.trade_id == live.plan.trade_id:
        return order.trade_id
    if fill.venue_ms and fill.venue_ms < live.accepted_ms:
        return order.trade_id
    flatten.start(ctx, fill.symbol, "an order of an earlier trade filled")
    return live.plan.trade_id


def _correct(ctx: Context, trade_id: str, fill: Fill) -> None:
    """Nothing published is rewritten: a fill that a closed trade still gets is a new event that names it (RULES 15)."""
    trade = ctx.state.trades.get(trade_id)
    if trade is not None and not trade.live:
        facts = {"order_id": str(fill.order_id), "trade": str(fill.trade_id), "quantity": f"{fill.quantity:f}"}
        ctx.emit(ev.ResultCorrected(at_ms=ctx.now_ms, trade_id=trade_id, reason="a late execution", facts=facts))


def _surface(ctx: Context, order: OrderState, fill: Fill) -> None:
    """A fill is the first word of an order that we took for absent or refused."""
    take_order(
        ctx,
        OrderReport(
            channel=fill.channel,
            symbol=fill.symbol,
            client_id=order.client_id,
            order_id=fill.order_id,
            side=fill.side,
            status=OrderStatus.PARTLY_FILLED,
            executed=fill.quantity,
            quantity=order.spec.quantity,
        ),
    )


def _is_foreign(ctx: Context, client_id: str) -> bool:
    """Whether an order is somebody else's: another prefix, or one of ours that an operator accepted as unexplained."""
    return not is_ours(client_id) or client_id in ctx.state.strangers


def _second_engine(ctx: Context, client_id: str) -> None:
    first = not ctx.around.unexplained
    ctx.around.unexplained[client_id] = None
    if first:
        ctx.alarm(
            AlarmCode.SECOND_ENGINE,
            "account",
            f"order {client_id} has our prefix, but the journal does not know it: a second engine, or a lost journal",
        )


def algo_gone(ctx: Context, client_id: str) -> None:
    """A query says that the venue does not know an algo order whose cancel we asked for: it is gone (RULES 2)."""
    algo = ctx.state.algos.get(client_id)
    if algo is None or not algo.cancel_asked or algo.unknown or algo.status.terminal:
        return
    ctx.emit(
        ev.AlgoUpdated(
            at_ms=ctx.now_ms,
            report=AlgoReport(
                channel=Channel.QUERY,
                symbol=algo.spec.symbol,
                client_id=client_id,
                algo_id=algo.algo_id or 0,
                side=algo.spec.side,
                status=AlgoStatus.CANCELLED,
                trigger_price=algo.spec.trigger_price,
                reason="absent after its cancel was confirmed",
            ),
        )
    )
    ctx.touch(algo.spec.symbol)

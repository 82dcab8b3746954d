"""Planning, sending and cancelling orders: the only file of the core that asks for a Place or a Cancel.

Persist before act: the event of a command stands before its effect in the same step.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core.authority import authorise_entry, authorise_reducing
from holdfast.core.context import Context
from holdfast.core.order_machine import ALGO_TABLE, AlgoSignal
from holdfast.core.state import AlgoState, Order, OrderState, TradeState
from holdfast.model import events as ev
from holdfast.model.effects import Authorised, Cancel, Lane, Place, Read, ReadKind
from holdfast.model.ids import Role, client_order_id, subject_tag
from holdfast.model.orders import AlgoSpec, AlgoType, Direction, OrderSpec, OrderType, Side, Spec, TimeInForce
from holdfast.model.plans import TradePlan

REDUCING_RULES: dict[Role, str] = {
    Role.STOP: "cover (RULES 5)",
    Role.TARGET: "take profit",
    Role.EXIT: "partial exit",
    Role.CLOSE: "flatten (RULES 7)",
}


def next_id(ctx: Context, trade: TradeState, role: Role) -> tuple[str, int]:
    """The client id and number of the trade's next order in a role."""
    return free_id(ctx, subject_of(trade), role, trade.counters.get(role.value, 0) + 1)


def free_id(ctx: Context, subject: str, role: Role, n: int) -> tuple[str, int]:
    """The first client id from number `n` on, and its number, that no order accepted as a stranger's has (RULES 8)."""
    while (client_id := client_order_id(ctx.settings.account, subject, role, n)) in ctx.state.strangers:
        n += 1
    return client_id, n


def subject_of(trade: TradeState) -> str:
    """What the trade's orders are named after: its intent, or its own id when no intent asked for it."""
    return trade.plan.intent_id or trade.plan.trade_id


def entry_spec(ctx: Context, trade: TradeState) -> tuple[OrderSpec, int]:
    """The entry order of a plan (RULES 10, 11)."""
    plan = trade.plan
    client_id, n = next_id(ctx, trade, Role.ENTRY)
    market = plan.entry_type is OrderType.MARKET
    return OrderSpec(
        client_id=client_id,
        role=Role.ENTRY,
        symbol=plan.symbol,
        side=plan.direction.entry_side,
        type=plan.entry_type,
        quantity=plan.quantity,
        price=None if market else plan.cap_price,
        time_in_force=None if market else plan.time_in_force,
        good_till_ms=plan.good_till_ms if plan.time_in_force is TimeInForce.GTD else None,
    ), n


def backstop_spec(ctx: Context, trade: TradeState) -> tuple[AlgoSpec, int]:
    """The closePosition stop that stays for the trade's life (RULES 5)."""
    client_id, n = next_id(ctx, trade, Role.STOP)
    return AlgoSpec(
        client_id=client_id,
        role=Role.STOP,
        symbol=trade.symbol,
        side=trade.direction.exit_side,
        type=AlgoType.STOP_MARKET,
        trigger_price=trade.plan.stop_price,
        close_position=True,
    ), n


def quantity_stop_spec(ctx: Context, trade: TradeState, quantity: Decimal) -> tuple[AlgoSpec, int]:
    """The quantity + reduce-only form of the stop, for when the closePosition form is refused (RULES 2).

    Its price is on the grid of today, toward safety: the venue may have changed the tick since the trade was planned.
    """
    client_id, n = next_id(ctx, trade, Role.STOP)
    rules, price = ctx.around.instruments.get(trade.symbol), trade.plan.stop_price
    return AlgoSpec(
        client_id=client_id,
        role=Role.STOP,
        symbol=trade.symbol,
        side=trade.direction.exit_side,
        type=AlgoType.STOP_MARKET,
        trigger_price=price if rules is None else rules.round_stop(price, trade.direction),
        quantity=quantity,
        reduce_only=True,
    ), n


def close_spec(symbol: str, side: Side, quantity: Decimal, client_id: str, price: Decimal | None) -> OrderSpec:
    """A full-close order: MARKET, or with a price LIMIT IOC at the band edge (RULES 7)."""
    return OrderSpec(
        client_id=client_id,
        role=Role.CLOSE,
        symbol=symbol,
        side=side,
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=quantity,
        price=price,
        time_in_force=None if price is None else TimeInForce.IOC,
        reduce_only=True,
    )


def plan_order(ctx: Context, spec: Spec, *, subject: str, trade_id: str, n: int, preauthorised: bool = False) -> None:
    """Journal the command record of an order."""
    settings = ctx.settings
    bounded = spec.role in (Role.ENTRY, Role.TARGET, Role.EXIT)
    verdict = ctx.state.trades[trade_id].verdict if spec.role is Role.ENTRY else REDUCING_RULES[spec.role]
    ctx.emit(
        ev.OrderPlanned(
            at_ms=ctx.now_ms,
            spec=spec,
            subject=subject,
            trade_id=trade_id,
            n=n,
            timestamp_ms=ctx.now_ms,
            recv_window_ms=settings.entry_recv_window_ms if bounded else settings.safe_recv_window_ms,
            verdict=verdict,
            preauthorised=preauthorised,
        )
    )


def place(ctx: Context, order: Order, *, preauthorised: bool = False) -> None:
    """Hand a planned order to the gateway. Its record is already in this step's events, or durable."""
    spec: Spec = order.spec
    bounded = spec.role in (Role.ENTRY, Role.TARGET, Role.EXIT)
    authorised: Authorised[Spec]
    if spec.role is Role.ENTRY:
        assert isinstance(spec, OrderSpec), "invariant: an entry is a plain order"
        authorised = authorise_entry(spec, order.verdict)
    else:
        authorised = authorise_reducing(spec, order.verdict)
    ctx.around.windows.note_send(ctx.now_ms)
    ctx.do(
        Place(
            order=authorised,
            timestamp_ms=order.timestamp_ms if bounded else None,
            recv_window_ms=order.recv_window_ms,
            lane=Lane.ENTRY if bounded else Lane.PROTECT,
            preauthorised=preauthorised,
        )
    )


def send_again(ctx: Context, order: Order, *, preauthorised: bool, quantity: Decimal | None = None) -> None:
    """Send a stop (again), or a planned close, under its own id: late or twice, it only reduces (RULES 2).

    `quantity` adapts a close that was planned with its entry to what is really open (RULES 8).
    """
    assert order.role in (Role.STOP, Role.CLOSE), "invariant: entries and partial exits are never sent again"
    if isinstance(order, AlgoState) and AlgoSignal.SEND not in ALGO_TABLE[order.status]:
        return  # It has triggered meanwhile; what is still open is looked at as such.
    again = order.sends if isinstance(order, AlgoState) else 0
    ctx.emit(
        ev.OrderSendDue(
            at_ms=ctx.now_ms, client_id=order.client_id, timestamp_ms=ctx.now_ms, again=again, quantity=quantity
        )
    )
    place(ctx, order, preauthorised=preauthorised)


def cancel(ctx: Context, order: Order, reason: str, *, preauthorised: bool = False) -> None:
    """Ask the venue to remove an order, unless that is under way."""
    ctx.emit(ev.CancelPlanned(at_ms=ctx.now_ms, client_id=order.client_id, reason=reason))
    ctx.do(
        Cancel(
            client_id=order.client_id,
            symbol=order.spec.symbol,
            role=order.role,
            algo=isinstance(order, AlgoState),
            preauthorised=preauthorised,
        )
    )
    ctx.around.cancelling[order.client_id] = None
    ctx.timer(f"cancel:{order.client_id}", ctx.now_ms + 1_000)


def see_to_cancel(ctx: Context, order: Order) -> None:
    """Whatever became of a cancel that was asked for: somebody looks after it. One that was throttled waits for its
    window already, and is not hurried (RULES 2)."""
    if f"cancel:{order.client_id}" not in ctx.around.timers:
        ctx.timer(f"cancel:{order.client_id}", ctx.now_ms + 1_000)


def query(ctx: Context, order: Order, purpose: str) -> None:
    """Ask for one order by its client id (an algo's child is asked for by its order id)."""
    ctx.do(
        Read(
            kind=ReadKind.ALGO if isinstance(order, AlgoState) else ReadKind.ORDER,
            purpose=purpose,
            symbol=order.spec.symbol,
            client_id=order.client_id,
            lane=Lane.PROTECT if order.role in (Role.STOP, Role.CLOSE) else Lane.QUERY,
        )
    )
    if isinstance(order, AlgoState) and order.child_id is not None and order.child_live:
        ctx.read(ReadKind.ORDER, purpose, symbol=order.spec.symbol, order_id=order.child_id, client_id=order.client_id)


def live_entries(ctx: Context, trade: TradeState) -> list[OrderState]:
    """The trade's entries that may still fill."""
    entries = ctx.state.orders_of(trade, Role.ENTRY)
    return [order for order in entries if isinstance(order, OrderState) and order.live]


def plan_of_position(
    ctx: Context, symbol: str, amount: Decimal, entry_price: Decimal, stop_price: Decimal, cause: str
) -> TradePlan:
    """A plan for a position that no intent of ours opened, so that it can be covered or closed like any trade."""
    episode = ctx.state.episodes.get(symbol, 0) + 1
    direction = Direction.LONG if amount > 0 else Direction.SHORT
    mark = ctx.mark(symbol) or entry_price
    instrument = ctx.around.instruments.get(symbol)
    return TradePlan(
        trade_id=subject_tag(ctx.settings.account, f"position:{symbol}:{episode}"),
        intent_id="",
        source=cause,
        symbol=symbol,
        direction=direction,
        quantity=abs(amount),
        entry_type=OrderType.MARKET,
        time_in_force=None,
        cap_price=entry_price,
        stop_price=stop_price,
        targets=(),
        leverage=ctx.settings.default_leverage,
        arrival_mid=mark,
        mark=mark,
        deadline_ms=ctx.now_ms,
        margin_asset=instrument.margin_asset if instrument is not None else "USDT",
    )

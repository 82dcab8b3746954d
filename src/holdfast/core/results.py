"""What is published: one terminal result per intent, one closing record per trade (RULES 15)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.core.context import Context
from holdfast.core.state import AlgoState, Order, OrderState, TradeState
from holdfast.model import events as ev
from holdfast.model import num
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import OrderStatus
from holdfast.model.plans import IntentResult, OrderRef, TradeResult
from holdfast.model.reasons import ResultStatus


def average(value: Decimal, quantity: Decimal) -> Decimal | None:
    """An average price from fills, or None when nothing filled."""
    return num.divide(value, quantity) if quantity else None


def slippage_bps(trade: TradeState) -> Decimal | None:
    """Entry slippage against the arrival mid in basis points; positive = paid."""
    price = average(trade.entry_value, trade.entry_filled)
    if price is None or not trade.plan.arrival_mid or not trade.intent:
        return None
    moved = (price - trade.plan.arrival_mid) * trade.direction.sign
    return num.divide(moved * num.BPS, trade.plan.arrival_mid).quantize(Decimal("0.01"))


def order_refs(ctx: Context, trade: TradeState) -> tuple[OrderRef, ...]:
    """The ids of everything that was sent for a trade."""
    refs = []
    for client_id in trade.orders:
        order = ctx.state.order(client_id)
        if isinstance(order, AlgoState) and order.sends:
            refs.append(_ref(order, order.algo_id, order.spec.trigger_price))
        elif isinstance(order, OrderState) and order.status is not OrderStatus.PLANNED:
            refs.append(_ref(order, order.order_id, order.spec.price))
    return tuple(refs)


def _ref(order: Order, venue_id: int | None, price: Decimal | None) -> OrderRef:
    return OrderRef(
        role=order.role.value,
        client_id=order.client_id,
        venue_id=venue_id,
        price=price,
        quantity=order.spec.quantity,
        status=order.status.value,
    )


def publish_opening(ctx: Context, trade: TradeState, status: ResultStatus, code: str = "", reason: str = "") -> None:
    """The terminal result of an opening intent, unless it was published."""
    if not trade.intent:
        return
    record = ctx.state.intents[trade.plan.intent_id]
    if record.result is not None:
        return
    plan = trade.plan
    result = IntentResult(
        intent_id=plan.intent_id,
        source=plan.source,
        symbol=plan.symbol,
        action="open",
        status=status,
        venue=ctx.settings.venue.value,
        version=ctx.version,
        trade_id=plan.trade_id,
        requested=plan.requested,
        rounded=plan.quantity,
        filled=trade.entry_filled,
        average_price=average(trade.entry_value, trade.entry_filled),
        fees=dict(trade.fees),
        slippage_bps=slippage_bps(trade),
        orders=order_refs(ctx, trade),
        naked_ms=trade.naked_ms,
        code=code,
        reason=reason,
    )
    ctx.emit(ev.ResultPublished(at_ms=ctx.now_ms, result=result))


def publish_denied(ctx: Context, intent_id: str) -> None:
    """The terminal result of an intent that the gate refused."""
    record = ctx.state.intents[intent_id]
    denied = record.denied
    assert denied is not None, "invariant: only a denied intent has a denied result"
    ctx.emit(
        ev.ResultPublished(
            at_ms=ctx.now_ms,
            result=IntentResult(
                intent_id=intent_id,
                source=record.source,
                symbol=record.symbol,
                action=record.action,
                status=ResultStatus.DENIED,
                venue=ctx.settings.venue.value,
                version=ctx.version,
                code=denied.code.value,
                reason=denied.facts.get("sentence", ""),
                facts=denied.facts,
                counterfactual=denied.counterfactual,
            ),
        )
    )


def publish_closings(ctx: Context, symbol: str, trade: TradeState | None = None, *, executed: bool = False) -> None:
    """The results of all close and flatten intents that wait on a symbol.

    `executed` says that a close order filled, although nothing was known to be open when the intent came.
    """
    for intent_id in list(ctx.state.closing.get(symbol, [])):
        was_open = ctx.state.intents[intent_id].was_open or trade is not None or executed
        _publish_closing(ctx, intent_id, ResultStatus.CLOSED if was_open else ResultStatus.NOTHING_OPEN, trade)


def publish_nothing_open(ctx: Context, intent_id: str) -> None:
    """The result of a close whose side has nothing open."""
    _publish_closing(ctx, intent_id, ResultStatus.NOTHING_OPEN, None)


def _publish_closing(ctx: Context, intent_id: str, status: ResultStatus, trade: TradeState | None) -> None:
    record = ctx.state.intents[intent_id]
    ctx.emit(
        ev.ResultPublished(
            at_ms=ctx.now_ms,
            result=IntentResult(
                intent_id=intent_id,
                source=record.source,
                symbol=record.symbol,
                action=record.action,
                status=status,
                venue=ctx.settings.venue.value,
                version=ctx.version,
                trade_id=trade.plan.trade_id if trade is not None else "",
                filled=trade.exit_filled if trade is not None else ZERO,
                average_price=average(trade.exit_value, trade.exit_filled) if trade is not None else None,
                orders=order_refs(ctx, trade) if trade is not None else (),
            ),
        )
    )


def publish_trade(ctx: Context, trade: TradeState) -> None:
    """The one closing record of a trade, when it is proved closed and its books are complete."""
    assets = sorted({*trade.gross, *trade.fees, *trade.funding})
    net = {
        asset: trade.gross.get(asset, ZERO) - trade.fees.get(asset, ZERO) + trade.funding.get(asset, ZERO)
        for asset in assets
    }
    plan = trade.plan
    ctx.emit(
        ev.TradeClosed(
            at_ms=ctx.now_ms,
            result=TradeResult(
                trade_id=plan.trade_id,
                intent_id=plan.intent_id,
                source=plan.source,
                symbol=plan.symbol,
                direction=plan.direction,
                venue=ctx.settings.venue.value,
                version=ctx.version,
                quantity=trade.entry_filled + trade.base,
                entry_price=average(trade.entry_value, trade.entry_filled),
                exit_price=average(trade.exit_value, trade.exit_filled),
                gross=dict(trade.gross),
                fees=dict(trade.fees),
                funding=dict(trade.funding),
                net=net,
                fills=trade.fills,
                opened_ms=trade.accepted_ms,
                closed_ms=ctx.now_ms,
                exit_reason=trade.exit_reason,
                slippage_bps=slippage_bps(trade),
                naked_ms=trade.naked_ms,
                orders=order_refs(ctx, trade),
                foreign_quantity=trade.netted + trade.beyond + max(ZERO, -trade.left),
            ),
        )
    )


def exit_reason_of(ctx: Context, trade: TradeState) -> str:
    """Why a trade ended, by what filled: stop, target, close, or what somebody else did."""
    filled = {order.role for order in (ctx.state.order(c) for c in trade.orders) if order is not None and order.filled}
    for role, reason in (
        (Role.CLOSE, trade.phase_reason or "closed"),
        (Role.STOP, "stop"),
        (Role.TARGET, "target"),
    ):
        if role in filled:
            return reason
    if trade.exit_filled:
        return "external"
    return "netted against a foreign position" if trade.netted else "no fill"

"""Intents: remembered for ever, judged once, answered alike every time (DESIGN §4 "Once", RULES 4, 7)."""

from __future__ import annotations

from holdfast.core import entry, flatten, results, verdicts
from holdfast.core.basis import gather
from holdfast.core.context import Context
from holdfast.model import events as ev
from holdfast.model.inputs import IntentReceived


def received(ctx: Context, message: IntentReceived) -> None:
    """One intent from any source."""
    intent = message.intent
    known = ctx.state.intents.get(intent.id)
    if known is not None:
        if known.content_hash != message.content_hash:
            ctx.emit(verdicts.on_repeat(ctx.now_ms, intent, message.content_hash, known.content_hash))
        return  # The same content: the answer is what is remembered.
    if intent.action == "open":
        _open(ctx, message)
    else:
        _close(ctx, message)


def _open(ctx: Context, message: IntentReceived) -> None:
    intent = message.intent
    verdict, needed = verdicts.on_open(gather(ctx, intent.symbol), intent, message.content_hash)
    ctx.emit(verdict)
    if isinstance(verdict, ev.IntentDenied):
        results.publish_denied(ctx, intent.id)
        return
    assert verdict.plan is not None, "invariant: an accepted opening has a plan"
    trade = ctx.state.trades[verdict.plan.trade_id]
    entry.begin(ctx, trade, needed.leverage if needed else None, needed.margin_type if needed else None)


def _close(ctx: Context, message: IntentReceived) -> None:
    """`close` and `flatten` bind to the symbol; they run in every state, because they only reduce risk."""
    intent = message.intent
    symbol = intent.symbol
    other_side = verdicts.concerns_other_side(ctx.state, intent)
    verdict = verdicts.on_close(gather(ctx, symbol), intent, message.content_hash)
    ctx.emit(verdict)
    if isinstance(verdict, ev.IntentDenied):
        results.publish_denied(ctx, intent.id)
    elif other_side:
        results.publish_nothing_open(ctx, intent.id)
    else:
        flatten.start(ctx, symbol, f"{intent.action} by {intent.source}")
        ctx.touch(symbol)

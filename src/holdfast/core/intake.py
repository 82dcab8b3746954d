"""Intents: remembered for ever, judged once, answered alike every time (DESIGN §4 "Once", RULES 4, 7)."""

from __future__ import annotations

from holdfast.core import entry, flatten, results, view
from holdfast.core.context import Context
from holdfast.core.risk import Accepted, judge, judge_close
from holdfast.model import events as ev
from holdfast.model.inputs import IntentReceived
from holdfast.model.num import ZERO
from holdfast.model.reasons import DENY_SENTENCES, DenyCode


def received(ctx: Context, message: IntentReceived) -> None:
    """One intent from any source."""
    intent = message.intent
    known = ctx.state.intents.get(intent.id)
    if known is not None:
        if known.content_hash != message.content_hash:
            _deny(ctx, message, DenyCode.OTHER_CONTENT, {"first_hash": known.content_hash}, {"id": "a new id"})
        return  # The same content: the answer is what is remembered.
    if intent.action == "open":
        _open(ctx, message)
    else:
        _close(ctx, message)


def _open(ctx: Context, message: IntentReceived) -> None:
    intent = message.intent
    verdict = judge(intent, view.of_symbol(ctx, intent.symbol, intent.source))
    if not isinstance(verdict, Accepted):
        _deny(ctx, message, verdict.code, verdict.facts, verdict.counterfactual)
        return
    ctx.emit(
        ev.IntentAccepted(
            at_ms=ctx.now_ms,
            intent=intent,
            content_hash=message.content_hash,
            verdict=f"v-{verdict.plan.trade_id}",
            plan=verdict.plan,
            facts=verdict.facts,
        )
    )
    trade = ctx.state.trades[verdict.plan.trade_id]
    needed = verdict.needs_settings
    entry.begin(ctx, trade, needed.leverage if needed else None, needed.margin_type if needed else None)


def _close(ctx: Context, message: IntentReceived) -> None:
    """`close` and `flatten` bind to the symbol; they run in every state, because they only reduce risk."""
    intent = message.intent
    symbol = intent.symbol
    denied = judge_close(intent, view.of_symbol(ctx, symbol, intent.source))
    if denied is not None:
        _deny(ctx, message, denied.code, denied.facts, denied.counterfactual)
        return
    trade = ctx.state.trade_of(symbol)
    other_side = trade is not None and intent.side is not None and trade.direction.value != intent.side
    was_open = (trade is not None and not other_side) or bool(ctx.state.positions.get(symbol, ZERO))
    ctx.emit(
        ev.IntentAccepted(
            at_ms=ctx.now_ms,
            intent=intent,
            content_hash=message.content_hash,
            verdict="reduces",
            facts={"was_open": "true" if was_open else "false"},
        )
    )
    if other_side:
        results.publish_nothing_open(ctx, intent.id)
        return
    flatten.start(ctx, symbol, f"{intent.action} by {intent.source}")
    ctx.touch(symbol)


def _deny(
    ctx: Context, message: IntentReceived, code: DenyCode, facts: dict[str, str], counterfactual: dict[str, str]
) -> None:
    intent = message.intent
    repeat = intent.id in ctx.state.intents
    ctx.emit(
        ev.IntentDenied(
            at_ms=ctx.now_ms,
            intent_id=intent.id,
            source=intent.source,
            symbol=intent.symbol,
            action=intent.action,
            content_hash=message.content_hash,
            code=code,
            facts={"sentence": DENY_SENTENCES[code], **facts},
            counterfactual=counterfactual,
        )
    )
    if not repeat:
        results.publish_denied(ctx, intent.id)

"""From a basis to the record of a verdict. Pure, and used twice: by the engine, and by whoever checks its journal.

The record is all there is to a verdict: when the same basis gives the same record, byte for byte, the engine decided
as its rules say (I13).
"""

from __future__ import annotations

from holdfast.core import view
from holdfast.core.basis import Basis
from holdfast.core.risk import Accepted, SettingsNeeded, judge, judge_close, rejudge
from holdfast.core.state import EngineState, TradeState
from holdfast.model import events as ev
from holdfast.model.intent import Intent
from holdfast.model.num import ZERO
from holdfast.model.reasons import DENY_SENTENCES, DenyCode

REDUCES = "reduces"
"""The verdict of a close: no limit stood in its way, because it only reduces risk."""

Verdict = ev.IntentAccepted | ev.IntentDenied


def on_open(basis: Basis, intent: Intent, content_hash: str) -> tuple[Verdict, SettingsNeeded | None]:
    """The verdict on an opening intent, and what has to be changed at the venue before its entry."""
    verdict = judge(intent, view.of_symbol(basis, intent.source))
    if not isinstance(verdict, Accepted):
        return _denied(basis, intent, content_hash, verdict.code, verdict.facts, verdict.counterfactual), None
    accepted = ev.IntentAccepted(
        at_ms=basis.now_ms,
        intent=intent,
        content_hash=content_hash,
        verdict=f"v-{verdict.plan.trade_id}",
        plan=verdict.plan,
        facts=verdict.facts,
        seen=basis.seen,
    )
    return accepted, verdict.needs_settings


def on_close(basis: Basis, intent: Intent, content_hash: str) -> Verdict:
    """The verdict on a close or flatten intent."""
    denied = judge_close(intent, view.of_symbol(basis, intent.source))
    if denied is not None:
        return _denied(basis, intent, content_hash, denied.code, denied.facts, denied.counterfactual)
    position = basis.state.positions.get(intent.symbol, ZERO)
    trade = basis.state.trade_of(intent.symbol)
    was_open = (trade is not None and not concerns_other_side(basis.state, intent)) or bool(position)
    return ev.IntentAccepted(
        at_ms=basis.now_ms,
        intent=intent,
        content_hash=content_hash,
        verdict=REDUCES,
        facts={"was_open": "true" if was_open else "false"},
        seen=basis.seen,
    )


def concerns_other_side(state: EngineState, intent: Intent) -> bool:
    """Whether a close names the side on which the symbol's trade is not."""
    trade = state.trade_of(intent.symbol)
    return trade is not None and intent.side is not None and trade.direction.value != intent.side


def on_repeat(now_ms: int, intent: Intent, content_hash: str, first_hash: str) -> ev.IntentDenied:
    """The verdict on other content under a used id. Nothing else is looked at."""
    return ev.IntentDenied(
        at_ms=now_ms,
        intent_id=intent.id,
        source=intent.source,
        symbol=intent.symbol,
        action=intent.action,
        content_hash=content_hash,
        code=DenyCode.OTHER_CONTENT,
        facts={"sentence": DENY_SENTENCES[DenyCode.OTHER_CONTENT], "first_hash": first_hash},
        counterfactual={"id": "a new id"},
        intent=intent,
    )


def on_entry_again(basis: Basis, trade: TradeState) -> ev.EntryRejudged:
    """The second look at an accepted entry that is sent later (RULES 2, 13). Each look has its own name."""
    denied = rejudge(trade.plan, view.of_trade(basis, trade))
    name = f"v-{trade.plan.trade_id}-{trade.looks + 2}"
    if denied is None:
        return ev.EntryRejudged(at_ms=basis.now_ms, trade_id=trade.plan.trade_id, verdict=name, seen=basis.seen)
    return ev.EntryRejudged(
        at_ms=basis.now_ms,
        trade_id=trade.plan.trade_id,
        verdict=name,
        code=denied.code,
        facts=denied.facts,
        counterfactual=denied.counterfactual,
        seen=basis.seen,
    )


def _denied(
    basis: Basis,
    intent: Intent,
    content_hash: str,
    code: DenyCode,
    facts: dict[str, str],
    counterfactual: dict[str, str],
) -> ev.IntentDenied:
    return ev.IntentDenied(
        at_ms=basis.now_ms,
        intent_id=intent.id,
        source=intent.source,
        symbol=intent.symbol,
        action=intent.action,
        content_hash=content_hash,
        code=code,
        facts={"sentence": DENY_SENTENCES[code], **facts},
        counterfactual=counterfactual,
        intent=intent,
        seen=basis.seen,
    )

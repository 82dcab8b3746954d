"""The answer to an intent, once it is durable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from holdfast.model.events import AnyEvent, IntentAccepted, IntentDenied
from holdfast.model.inputs import IntentReceived
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import DENY_SENTENCES
from holdfast.ports import Head


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the gate said. The same id with the same content always gets the same one (DESIGN §4 "Once").

    `seq` and `hash` are the journal's head at which it was durable; `repeated` is True for every answer but the first.
    """

    intent_id: str
    accepted: bool
    seq: int = 0
    hash: str = ""
    verdict: str = ""
    trade_id: str = ""
    plan: TradePlan | None = None
    code: str = ""
    reason: str = ""
    facts: dict[str, str] = {}
    counterfactual: dict[str, str] = {}
    repeated: bool = False


def verdict_of(received: IntentReceived, events: Sequence[AnyEvent], state: Any) -> Verdict:
    """The answer to an intent that was just stepped, without the head, which is known when it is durable.

    A denial that stands in the step's own events is the answer (an id used with other content leaves no other trace);
    anything else is what the state remembers of the id.
    """
    intent_id = received.intent.id
    repeated = True
    for event in events:
        if isinstance(event, IntentDenied) and event.intent_id == intent_id:
            return _denied(event, repeated=False)
        if isinstance(event, IntentAccepted) and event.intent.id == intent_id:
            repeated = False
    record = state.intents.get(intent_id)
    assert record is not None, "invariant: a stepped intent is remembered"
    if record.denied is not None:
        return _denied(record.denied, repeated=repeated)
    trade = state.trades.get(record.trade_id)
    return Verdict(
        intent_id=intent_id,
        accepted=True,
        verdict=record.verdict,
        trade_id=record.trade_id,
        plan=trade.plan if trade is not None else None,
        repeated=repeated,
    )


def durable_at(verdict: Verdict, head: Head) -> Verdict:
    """The verdict with the journal's head: whoever keeps it can prove later that the journal was not cut."""
    return msgspec.structs.replace(verdict, seq=head.seq, hash=head.hash)


def _denied(event: IntentDenied, *, repeated: bool) -> Verdict:
    return Verdict(
        intent_id=event.intent_id,
        accepted=False,
        code=event.code.value,
        reason=DENY_SENTENCES[event.code],
        facts=event.facts,
        counterfactual=event.counterfactual,
        repeated=repeated,
    )

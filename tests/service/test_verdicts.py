"""The answer to an intent: from the step that decided it, or from what is remembered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from holdfast.model.inputs import IntentReceived
from holdfast.ports import Head
from holdfast.service.verdicts import durable_at, verdict_of
from tests.service import story
from tests.service.story import ACCEPTED, DENIED, INTENT, PLAN, STARTED

RECEIVED = IntentReceived(now_ms=0, intent=INTENT, content_hash="h")


def state(*, denied: Any = None, trades: dict[str, Any] | None = None) -> Any:
    """What the engine remembers of the intent."""
    record = SimpleNamespace(denied=denied, verdict="v-t-1", trade_id="" if denied else "t-1", content_hash="h")
    return SimpleNamespace(intents={"i-1": record}, trades=trades if trades is not None else {})


def test_an_accepted_intent_names_its_trade_and_plan() -> None:
    """Sized and rounded."""
    trades = {"t-1": SimpleNamespace(plan=PLAN)}
    verdict = verdict_of(RECEIVED, [STARTED, ACCEPTED], state(trades=trades))
    assert (verdict.accepted, verdict.repeated) == (True, False)
    assert (verdict.trade_id, verdict.verdict, verdict.plan) == ("t-1", "v-t-1", PLAN)


def test_a_repeat_is_answered_from_memory() -> None:
    """Events of other subjects in the same step do not make it a first answer."""
    verdict = verdict_of(RECEIVED, [STARTED], state())
    assert (verdict.accepted, verdict.repeated) == (True, True)


def test_a_remembered_denial_is_given_again_with_its_numbers() -> None:
    """The same code, facts and counterfactual."""
    verdict = verdict_of(RECEIVED, [], state(denied=story.denied_as("i-1")))
    assert (verdict.accepted, verdict.repeated, verdict.code) == (False, True, "POSITION_EXISTS")
    assert (verdict.facts, verdict.counterfactual) == (DENIED.facts, DENIED.counterfactual)


def test_the_denial_of_this_step_outweighs_what_is_remembered() -> None:
    """The id was used before with other content, and that was accepted."""
    verdict = verdict_of(RECEIVED, [story.denied_as("i-1")], state())
    assert (verdict.accepted, verdict.repeated) == (False, False)


def test_a_denial_of_another_intent_in_the_step_is_not_ours() -> None:
    """By id."""
    assert verdict_of(RECEIVED, [DENIED, ACCEPTED], state()).accepted


def test_the_head_is_added_when_it_is_durable() -> None:
    """Nothing else changes."""
    verdict = verdict_of(RECEIVED, [ACCEPTED], state())
    assert (durable_at(verdict, Head(7, "ab")).seq, durable_at(verdict, Head(7, "ab")).hash) == (7, "ab")
    assert durable_at(verdict, Head(0, "")) == verdict

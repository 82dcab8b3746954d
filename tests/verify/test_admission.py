"""What must have been true when an entry was planned (RULES 2, 3, 4, 9, 12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.reasons import Outcome, TradingState
from tests.verify.builders import SYMBOL, D, Story, drop, entry_spec, is_a, stop_spec, whole_trade


def begun() -> Story:
    """An engine that may trade."""
    return Story().begin().wait(1_000)


def enters(story: Story, intent_id: str = "i9") -> list[str]:
    """The rules that an entry breaks now."""
    story.accept(intent_id)
    story.plan(entry_spec(intent_id), intent_id)
    return story.verdict().broken()


def test_an_entry_with_nothing_against_it_is_fine():
    """The others in this file must be found for their own reason."""
    assert enters(begun()) == []


def test_rules_9_an_entry_before_reconciliation_is_found():
    """A new process knows nothing yet."""
    story = begun()
    drop(story.events, is_a(ev.Reconciled))
    assert enters(story) == ["RULES 9"]


FORBIDDING: dict[str, tuple[Callable[[Story], None], str]] = {
    "not active": (lambda s: s.event(ev.EffectiveChanged, state=TradingState.REDUCING, reasons=("x",)), "RULES 9"),
    "symbol halted": (lambda s: s.event(ev.SymbolHalted, symbol=SYMBOL, reason="lost"), "RULES 12"),
    "foreign": (lambda s: s.event(ev.ForeignSeen, symbol=SYMBOL, amount=D(1), policy="halt"), "RULES 4"),
}
ALLOWING: dict[str, Callable[[Story], None]] = {
    "active again": lambda s: s.event(ev.EffectiveChanged, state=TradingState.ACTIVE, reasons=()),
    "released": lambda s: s.event(ev.QuarantineLifted, symbol=SYMBOL, by="ops"),
    "gone": lambda s: s.event(ev.ForeignSeen, symbol=SYMBOL, amount=D(0), policy="explained"),
}


@pytest.mark.parametrize(("forbid", "rule"), FORBIDDING.values(), ids=FORBIDDING)
def test_what_forbids_entries_holds_until_it_ends(forbid, rule):
    """A record says so, and no later one takes it back."""
    story = begun()
    forbid(story)
    assert enters(story) == [rule]


@pytest.mark.parametrize(("why", "end"), list(zip(FORBIDDING, ALLOWING, strict=True)), ids=ALLOWING)
def test_what_forbade_entries_may_end(why, end):
    """By the record that ends it."""
    story = begun()
    FORBIDDING[why][0](story)
    ALLOWING[end](story)
    assert enters(story) == []


def test_rules_4_foreign_quantity_that_is_ignored_forbids_nothing():
    """The configuration says so."""
    story = begun()
    story.event(ev.ForeignSeen, symbol=SYMBOL, amount=D(1), policy="ignore")
    assert enters(story) == []


@pytest.mark.parametrize(("pause_ms", "broken"), [(9_000, ["RULES 4"]), (10_010, [])])
def test_rules_4_the_quarantine_lasts_until_no_order_may_act(pause_ms, broken):
    """Timestamp + recvWindow + 5 s of the last trade's stop."""
    story = whole_trade()
    story.wait(pause_ms - 5_012)
    assert enters(story) == broken


def test_rules_4_a_quarantine_may_be_lifted_by_name():
    """An operator takes it on himself; time alone does not."""
    story = whole_trade()
    story.event(ev.QuarantineLifted, symbol=SYMBOL, by="time")
    assert "RULES 4" in enters(story)
    story = whole_trade()
    story.event(ev.QuarantineLifted, symbol=SYMBOL, by="ops")
    assert enters(story) == []


def test_rules_2_a_third_try_is_found():
    """Once more, and no more."""
    story = begun()
    story.accept()
    for n in (1, 2, 3):
        spec = entry_spec(n=n)
        story.plan(spec, n=n)
        story.reply(story.send(spec), status=400, code=-5028)
        story.answer(spec.client_id, Outcome.REJECTED, code=-5028)
        story.wait(1)
    assert story.verdict().broken() == ["RULES 2"]


@pytest.mark.parametrize("resolved", [False, True])
def test_rules_3_no_entry_beside_an_unknown_one(resolved):
    """On the same symbol."""
    story = begun()
    story.accept()
    story.plan(entry_spec())
    story.answer(entry_spec().client_id, Outcome.UNKNOWN)
    story.event(ev.UnknownOpened, client_id=entry_spec().client_id, reason="timeout")
    if resolved:
        story.event(ev.UnknownResolved, client_id=entry_spec().client_id, resolution="confirmed", evidence="stream")
    assert ("RULES 3" in enters(story)) is not resolved


def test_rules_9_a_resume_needs_its_two_steps():
    """The first start alone may begin active."""
    story = begun()
    story.event(ev.StateCommanded, state=TradingState.HALTED, by="ops", reason="")
    story.event(ev.StateCommanded, state=TradingState.ACTIVE, by="configuration", reason="")
    assert story.verdict().broken() == ["RULES 9"]


@pytest.mark.parametrize(("waited_ms", "broken"), [(120_000, []), (120_001, ["RULES 9"])])
def test_rules_9_a_prepared_resume_expires(waited_ms, broken):
    """After two minutes somebody must look again."""
    story = begun()
    story.event(ev.ResumePrepared, token="t", by="ops", expires_ms=story.ms + 120_000)
    story.wait(waited_ms).event(ev.StateCommanded, state=TradingState.ACTIVE, by="ops", reason="")
    assert story.verdict().broken() == broken


def test_stops_are_no_entries():
    """What only reduces is asked for in every state."""
    story = begun()
    story.accept()
    story.event(ev.EffectiveChanged, state=TradingState.HALTED, reasons=("x",))
    assert stop_spec().role is Role.STOP
    story.plan(stop_spec())
    assert story.verdict().violations == []

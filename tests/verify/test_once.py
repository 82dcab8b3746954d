"""I1 and I11: at most one entry per intent; what is rejected or absent stays so."""

from __future__ import annotations

from holdfast.model import events as ev
from holdfast.model.reasons import Outcome, ResultStatus
from holdfast.verify.records import OrderLine, Request, TradeLine
from tests.verify.builders import D, Story, change, entry_spec, is_a, open_trade, whole_trade


def refused_entry(outcome: Outcome = Outcome.REJECTED, code: int = -1021) -> Story:
    """An intent whose first entry was answered without an order."""
    story = Story().begin()
    story.wait(1_000).accept()
    spec = entry_spec()
    story.plan(spec)
    request = story.send(spec)
    story.reply(request, status=400, code=code)
    story.answer(spec.client_id, outcome, code=code)
    return story


def absent_entry() -> Story:
    """An intent whose entry was shown never placed, after a timeout."""
    story = refused_entry(Outcome.UNKNOWN, 0)
    story.event(ev.UnknownOpened, client_id=entry_spec().client_id, reason="timeout")
    story.absences(entry_spec().client_id)
    story.event(ev.UnknownResolved, client_id=entry_spec().client_id, resolution="never_placed", evidence="absences")
    story.result(ResultStatus.NEVER_PLACED, filled="0")
    return story


def surfaced(story: Story) -> None:
    """The entry appears at the venue after all, resting, and the stream says so."""
    story.wait(1_000).order(entry_spec(), 777, "NEW")
    story.push("ORDER_TRADE_UPDATE", entry_spec().client_id)


def test_rules_3_a_second_entry_of_one_intent_is_found():
    """Two accepted entries of one intent, whatever their numbers."""
    story, _ = open_trade()
    story.fill_entry(n=2)
    story.arm_stop(n=2)
    assert "I1" in story.verdict().broken()


def test_a_duplicate_under_the_same_id_is_found():
    """The venue frees the id of a filled order, so a resent entry fills again."""
    story, _ = open_trade()
    story.send(entry_spec())
    story.order(entry_spec(), 5_000, "NEW")
    sentences = " ".join(v.sentence for v in story.verdict().violations if v.invariant == "I1")
    assert "entered the market 2 times" in sentences
    assert "was sent 2 times" in sentences


def test_more_executed_than_planned_is_found():
    """The sum of executions is bounded by the plan."""
    story = whole_trade()
    change(story.lines, is_a(TradeLine, side="BUY"), qty=D(3))
    assert "I1" in story.verdict().broken()


def test_rules_2_a_proved_refusal_may_be_tried_again_once():
    """After −1021 the entry goes out as n+1."""
    story = refused_entry()
    story.wait(10).fill_entry(n=2)
    story.arm_stop()
    assert story.verdict().violations == []


def test_rules_2_an_unknown_entry_is_never_sent_again():
    """A second number after an unknown outcome is a violation, even when the first never arrived."""
    story = refused_entry(Outcome.UNKNOWN, 0)
    story.wait(10).fill_entry(n=2)
    story.arm_stop()
    assert story.verdict().broken() == ["I1"]


def test_rules_17_a_rejected_order_never_appears():
    """Journalled as rejected, accepted by the venue."""
    story = whole_trade()
    change(story.events, is_a(ev.OrderAnswered, client_id=entry_spec().client_id), outcome=Outcome.REJECTED, code=-2019)
    report = story.verdict()
    assert report.broken() == ["I11"]
    assert report.violations[0].ns


def test_an_answer_that_something_exists_is_no_rejection():
    """−4116 says that an order of that id is there: it may be."""
    story = whole_trade()
    change(story.events, is_a(ev.OrderAnswered, client_id=entry_spec().client_id), outcome=Outcome.REJECTED, code=-4116)
    assert story.verdict().violations == []


def test_rules_8_what_was_dropped_unsent_must_not_arrive():
    """`late` means that no byte left."""
    story = refused_entry()
    change(story.events, is_a(ev.OrderAnswered), local="late", code=0)
    assert story.verdict().broken() == ["I11"]
    story.lines = [line for line in story.lines if not is_a(Request, method="order.place")(line)]
    assert story.verdict().violations == []


def test_rules_3_a_surfaced_entry_with_its_event_is_legal():
    """A late entry is announced within the bound."""
    story = absent_entry()
    surfaced(story)
    story.wait(1).event(ev.LateEntryFound, client_id=entry_spec().client_id, intent_id="i1", policy="flatten")
    assert story.verdict().violations == []


def test_rules_3_a_surfaced_entry_without_its_event_is_found():
    """Once the engine could know, silence is a violation."""
    story = absent_entry()
    surfaced(story)
    assert story.verdict().violations == []
    story.wait(3_000).event(ev.Reconciled)
    assert story.verdict().broken() == ["I11"]


def test_a_late_event_that_comes_too_late_is_found():
    """At most two seconds from the first evidence."""
    story = absent_entry()
    surfaced(story)
    story.wait(2_500).event(ev.LateEntryFound, client_id=entry_spec().client_id, intent_id="i1", policy="flatten")
    assert story.verdict().broken() == ["I11"]


def test_a_late_entry_that_never_was_is_found():
    """An event about an order that the venue never had."""
    story = absent_entry()
    story.event(ev.LateEntryFound, client_id=entry_spec().client_id, intent_id="i1", policy="flatten")
    assert story.verdict().broken() == ["I11"]


def test_a_planned_order_is_not_planned_again():
    """One command record per client id."""
    story, stop = open_trade()
    story.plan(stop)
    assert story.verdict().broken() == ["I1"]


def test_orders_of_others_are_no_entries():
    """Foreign ids are nobody's intent."""
    story = whole_trade()
    story.line(
        OrderLine, account="main", symbol="ETHUSDT", order_id=1, client_id="web_1", side="BUY", status="NEW", qty=D(1),
        executed=D(0),
    )  # fmt: skip
    assert story.verdict().violations == []

"""I21, I20, I13 and RULES 4: one fate per intent, one closing per trade, one trade at a time."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from holdfast.model import events as ev
from holdfast.model.reasons import DenyCode, ResultStatus
from holdfast.verify.records import Request
from tests.verify.builders import D, Story, change, drop, entry_spec, is_a, last_index, open_trade, whole_trade


def denied(story: Story, intent_id: str = "i1") -> None:
    """The gate refuses an intent."""
    story.event(
        ev.IntentDenied, intent_id=intent_id, source="s", symbol="BTCUSDT", action="open", content_hash="x",
        code=DenyCode.OTHER_CONTENT,
    )  # fmt: skip


def test_rules_15_two_terminal_results_are_found():
    """Published once, whatever is redelivered."""
    story = whole_trade()
    story.result(ResultStatus.PROTECTED)
    report = story.verdict()
    assert report.broken() == ["I21"]
    assert len(report.violations[0].seqs) == 2


def test_rules_15_an_intent_without_result_is_found_at_the_end():
    """A cut run may still owe it."""
    story = whole_trade()
    drop(story.events, is_a(ev.ResultPublished))
    assert story.verdict().counts["intents_pending"] == 1
    assert story.verdict(complete=True).broken() == ["I21"]


def test_a_result_for_nobody_is_found():
    """Neither accepted nor denied."""
    story = whole_trade()
    story.accept("i2", symbol="ETHUSDT")
    story.result(ResultStatus.REJECTED, "i2", filled="0")
    drop(story.events, is_a(ev.IntentAccepted))
    assert "I21" in story.verdict().broken()


@pytest.mark.parametrize("status", [ResultStatus.DENIED, ResultStatus.PROTECTED])
def test_the_result_fits_the_verdict(status):
    """Denied intents are denied, accepted ones are not."""
    story = Story().begin()
    story.accept()
    if status is ResultStatus.PROTECTED:
        drop(story.events, is_a(ev.IntentAccepted))
        denied(story)
    story.result(status, filled="0")
    assert "I21" in story.verdict().broken()


def test_other_content_under_a_used_id_is_denied_beside_the_first():
    """The first intent's result stands alone."""
    story = whole_trade()
    denied(story)
    assert story.verdict(complete=True).violations == []


def test_an_intent_accepted_twice_is_found():
    """Its id is remembered for ever."""
    story = whole_trade()
    story.events.append(story.events[last_index(story.events, is_a(ev.IntentAccepted))])
    assert "I21" in story.verdict().broken()


def test_rules_15_a_trade_closed_twice_is_found():
    """One closing record."""
    story = whole_trade()
    story.events.append(story.events[-1])
    assert story.verdict().broken() == ["I21"]


def test_rules_15_a_trade_that_opened_is_closed_once():
    """At the end of a complete run."""
    story = whole_trade()
    drop(story.events, is_a(ev.TradeClosed))
    assert story.verdict(complete=True).broken() == ["I21"]


def test_a_closing_of_no_trade_is_found():
    """Only what opened closes."""
    story = whole_trade()
    plan = story.accept("i2")
    story.closed("i2", fills=0)
    drop(story.events, is_a(ev.IntentAccepted))
    assert plan.trade_id in story.verdict().violations[0].sentence


def test_a_result_without_trade_must_have_no_fills():
    """Expired, and yet it traded."""
    story = whole_trade()
    index = last_index(story.events, is_a(ev.ResultPublished))
    story.events[index] = ev.ResultPublished(
        at_ms=story.events[index].at_ms,
        result=type(story.events[index].result)(  # type: ignore[attr-defined]
            intent_id="i1", source="s", symbol="BTCUSDT", action="open", status=ResultStatus.EXPIRED, venue="paper",
            version="1", trade_id="t-i1", filled=D(2),
        ),
    )  # fmt: skip
    assert "I21" in story.verdict().broken()


def test_an_entry_after_its_time_to_live_is_found():
    """A stale decision is not carried out."""
    story = Story().begin()
    story.wait(1_000).accept(deadline_ms=story.ms + 10)
    story.plan(entry_spec())
    planned_ms = story.ms
    request = story.wait(1_770).send(entry_spec(), timestamp=str(planned_ms))
    story.reply(request, status=400)
    assert story.verdict().violations == [], "the venue turned away what the network had held up"
    story.lines.pop()
    story.order(entry_spec(), 500, "NEW")
    assert "I21" in story.verdict().broken()


def test_what_was_acknowledged_must_be_there():
    """Accepted or denied: both are answers."""
    story = whole_trade()
    denied(story, "i2")
    assert story.verdict(acknowledged=("i1", "i2")).violations == []
    assert story.verdict(acknowledged=("i1", "i3")).broken() == ["I20"]


def test_rules_4_one_trade_at_a_time():
    """The next one begins after the last one's proved close."""
    story, _ = open_trade()
    story.accept("i2")
    assert story.verdict().broken() == ["RULES 4"]


def test_rules_4_a_trade_that_never_filled_is_over_with_its_result():
    """Then the symbol is free."""
    story = Story().begin()
    story.accept()
    story.result(ResultStatus.EXPIRED, filled="0")
    story.accept("i2")
    assert story.verdict().violations == []


def test_an_entry_names_the_verdict_that_allowed_it():
    """Every command passed the gate."""
    story = whole_trade()
    change(story.events, is_a(ev.OrderPlanned, spec=entry_spec()), verdict="")
    assert story.verdict().broken() == ["I13"]


def test_answers_and_requests_of_other_kinds_are_left_alone():
    """Only entries have a time to live."""
    story = whole_trade()
    story.wait(100_000).line(Request, via="rest", method="GET /fapi/v1/time", account="", params={})
    assert story.verdict().violations == []


def never_placed_and_closed(foreign_quantity: str) -> Story:
    """The entry never arrived; a close that its trade sent took what a stranger held."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.plan(entry_spec())
    story.trade(replace(entry_spec("i9"), client_id="web_1"), 900, "2", "100", book=False)
    story.close("2", "99")
    story.result(ResultStatus.NEVER_PLACED, filled="0")
    story.closed(quantity=D(0), foreign_quantity=D(foreign_quantity))
    return story


def test_rules_17_never_placed_speaks_of_the_entry():
    """What a close of the symbol took besides (RULES 7) was somebody else's, and the closing record must say so."""
    assert "I21" not in never_placed_and_closed("2").verdict().broken()
    assert "I21" in never_placed_and_closed("1").verdict().broken()

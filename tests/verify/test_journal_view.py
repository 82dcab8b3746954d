"""The journal filed for questions."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from holdfast.model.orders import OrderStatus
from holdfast.model.reasons import Outcome
from holdfast.verify import VerifyError
from holdfast.verify.journal_view import MomentKind, fold
from holdfast.verify.records import JournalRow
from tests.verify.builders import Story, change, entry_spec, is_a, last_index, open_trade, rows, whole_trade


def test_a_story_is_filed_under_its_keys():
    """Who, what, and where it stands."""
    story = whole_trade()
    view = fold(rows(story.events))
    assert view.account == "main"
    assert view.records == view.head[0] == len(story.events)
    assert list(view.accepted) == ["i1"]
    assert view.trade_of(entry_spec().client_id) == "t-i1"
    assert [plan.intent_id for plan in view.tag_plans().values()] == ["i1"]
    assert len(view.fills) == 2


def test_an_entry_is_pending_until_the_first_word_of_its_end():
    """Later words change nothing."""
    view = fold(rows(whole_trade().events))
    kinds = [moment.kind for moment in view.moments if moment.client_id == entry_spec().client_id]
    assert kinds == [MomentKind.ENTRY_PENDING, MomentKind.ENTRY_SETTLED]


def test_a_record_of_another_format_is_refused():
    """It is named, not skipped."""
    body = b'{"event":"something_new","at_ms":1}'
    with pytest.raises(VerifyError, match="journal seq 1"):
        fold([JournalRow(1, 1, "something_new", body, "")])


def test_a_record_filed_under_another_kind_is_refused():
    """The kind beside the body is what readers filter by."""
    row = rows(whole_trade().events)[0]
    with pytest.raises(VerifyError, match="filed as alarm_raised"):
        fold([row._replace(kind="alarm_raised")])


def test_a_journal_of_two_accounts_is_refused():
    """One account, one journal."""
    story = whole_trade()
    start = story.events[last_index(story.events, is_a(ev.EngineStarted))]
    story.event(
        ev.EngineStarted, **{f: getattr(start, f) for f in start.__struct_fields__ if f != "at_ms"} | {"account": "b"}
    )
    with pytest.raises(VerifyError, match="belongs to account main, not to b"):
        fold(rows(story.events))


def test_an_unknown_stop_is_settled_by_its_next_send():
    """The same stop goes again under its id; the answer to that, or any evidence, ends the question (RULES 2)."""
    story, stop = open_trade()
    story.event(ev.UnknownOpened, client_id=stop.client_id, reason="timeout")
    assert list(fold(rows(story.events)).unknown) == [stop.client_id]
    story.answer(stop.client_id, Outcome.REJECTED, code=-4116)
    assert fold(rows(story.events)).unknown == {}


def test_an_unknown_entry_needs_evidence():
    """No answer to anything else settles it."""
    story = Story().begin()
    story.accept()
    story.plan(entry_spec())
    story.event(ev.UnknownOpened, client_id=entry_spec().client_id, reason="timeout")
    story.answer(entry_spec().client_id, Outcome.REJECTED, code=-4116)
    assert list(fold(rows(story.events)).unknown) == [entry_spec().client_id]
    story.report(entry_spec(), 1, OrderStatus.WORKING, "0")
    assert fold(rows(story.events)).unknown == {}


def test_each_process_ends_with_its_last_record():
    """So that silence can be told from work."""
    story = Story().begin()
    first_us = story.ms * 1000
    story.wait(5_000).start_engine(conn=2)
    story.wait(1_000).event(ev.Reconciled)
    assert fold(rows(story.events)).process_ends == [first_us, story.ms * 1000]


def test_a_journal_of_a_later_format_is_refused_by_its_start():
    """What a program of tomorrow writes is not guessed at."""
    story = whole_trade()
    story.start_engine(conn=2)
    change(story.events, is_a(ev.EngineStarted), format=3, version="9.0")
    with pytest.raises(VerifyError, match=r"journal seq \d+: written in journal format 3 by version 9\.0"):
        fold(rows(story.events))

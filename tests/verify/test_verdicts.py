"""Verdicts are found with what they saw and the settings of their process."""

from __future__ import annotations

import msgspec

from holdfast.model import events as ev
from holdfast.model.reasons import DenyCode
from holdfast.verify.journal_view import fold
from holdfast.verify.verdicts import passed
from tests.verify.builders import SAW, SETTINGS, Story, change, is_a, rows


def test_accepted_intents_and_later_looks_are_verdicts():
    """Not those that refuse, and not those of intents that open nothing."""
    story = Story().begin()
    story.accept()
    first = len(story.events)
    story.event(ev.EntryRejudged, trade_id="t-i1", verdict="v2", code=DenyCode.MARK_STALE, seen=SAW)
    story.event(ev.EntryRejudged, trade_id="t-i1", verdict="v3", seen=SAW)
    found = list(passed(fold(rows(story.events))))
    assert [(verdict.seq, verdict.first) for verdict in found] == [(first, True), (first + 2, False)]
    assert all(verdict.settings == SETTINGS and verdict.seen == SAW and verdict.cites for verdict in found)


def test_settings_are_those_of_the_newest_start():
    """A process may have been configured anew."""
    story = Story().begin()
    story.start_engine()
    change(story.events, is_a(ev.EngineStarted), settings=msgspec.structs.replace(SETTINGS, default_leverage=3))
    story.accept()
    (found,) = passed(fold(rows(story.events)))
    assert found.settings is not None
    assert found.settings.default_leverage == 3

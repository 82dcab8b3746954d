"""The whole check: a right story is clean, and logs that cannot be judged are refused."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.verify import Options, VerifyError, check
from holdfast.verify.records import OrderLine, Start
from holdfast.verify.run import Stage
from tests.verify.builders import D, Story, is_a, open_trade, renumbered, rows, whole_trade


def refusal(story: Story, lines=None, **options) -> VerifyError:
    """Why a story cannot be judged."""
    with pytest.raises(VerifyError) as caught:
        check(rows(story.events), lines if lines is not None else renumbered(story.lines), Options(**options))
    return caught.value


def test_a_right_story_is_clean():
    """Nothing is found where nothing is wrong, and everything was counted."""
    report = whole_trade().verdict(complete=True)
    assert report.violations == []
    assert report.counts["fills"] == 2
    assert report.counts["trades_closed"] == report.counts["intents_accepted"] == 1


def test_a_cut_story_may_end_in_mid_trade():
    """Open trades are legal unless the run says that it is complete."""
    story, _ = open_trade()
    assert story.verdict().violations == []
    assert {"I24", "I21"} <= set(story.verdict(complete=True).broken())


def test_what_was_not_checked_is_said():
    """A reader of the list of invariants finds each that is missing, with the reason."""
    left_out = {entry.what for entry in whole_trade().verdict().not_checked}
    assert {"I12", "I18", "I20 for intents", "I23", "I24"} <= left_out


def test_a_gap_in_the_log_is_refused():
    """A line taken out of the venue log shows by its number."""
    story = whole_trade()
    lines = renumbered(story.lines)
    assert refusal(story, [*lines[:6], *lines[7:]]).record == "venue log n 7"


def test_a_log_that_does_not_begin_is_refused():
    """Without its start record nobody knows whose log it is."""
    story = whole_trade()
    del story.lines[0]
    assert "start record" in refusal(story).problem


def test_an_empty_log_is_refused():
    """Nothing is no log."""
    assert "empty" in refusal(whole_trade(), []).problem


def test_time_that_runs_backwards_is_refused():
    """The log is in total order."""
    story = whole_trade()
    story.lines[5] = msgspec.structs.replace(story.lines[5], us=1)
    assert refusal(story).record == "venue log n 6"


def test_a_log_of_another_format_is_refused():
    """A format of tomorrow is not guessed at."""
    story = whole_trade()
    story.lines[0] = msgspec.structs.replace(story.lines[0], format=2)
    assert "format 2" in refusal(story).problem


def test_a_log_that_does_not_belong_is_refused():
    """A log that knows none of the confirmed orders is another exchange's."""
    story, other = whole_trade(), Story().begin()
    error = refusal(story, renumbered(other.lines))
    assert "does not belong" in error.problem
    assert error.record.startswith("journal seq ")


def test_an_order_confirmed_by_the_journal_alone_is_a_violation():
    """One order that the venue never had is a finding, not a refusal."""
    story = whole_trade()
    story.answer("hf-s9-" + "a" * 24)
    assert story.verdict().broken() == ["I10"]


def test_one_account_of_several_is_judged():
    """Lines of other accounts are passed over; which account is judged must be clear."""
    story = whole_trade()
    other = Start(n=2, us=story.lines[0].us, format=1, engine="holdfast-paper", account="other")
    line = next(line for line in story.lines if is_a(OrderLine)(line))
    story.lines.insert(1, msgspec.structs.replace(other, n=1000))
    story.lines.append(msgspec.structs.replace(line, n=1001, us=story.ms * 1000, account="other", executed=D(9)))
    assert story.verdict(complete=True).violations == []
    assert "no account third" in refusal(story, account="third").problem


def test_accounts_that_nobody_names_are_refused():
    """Two accounts, and the journal's is neither: say which."""
    story = whole_trade()
    starts = [Start(n=n, us=1, format=1, engine="holdfast-paper", account=name) for n, name in ((1, "a"), (2, "b"))]
    assert "name one" in refusal(story, starts).problem


def test_every_check_is_on_stage():
    """A check that nobody plays would never fail; so each one that exists is listed once."""
    from holdfast.verify.base import Check, Scene
    from holdfast.verify.journal_view import JournalView

    stage = Stage(Scene(JournalView(), Options()))
    played = [type(one) for one in stage.checks]
    assert sorted(played, key=str) == sorted(Check.__subclasses__(), key=str)

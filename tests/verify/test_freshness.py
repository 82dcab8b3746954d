"""I22: what a verdict rested on was fresh."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.model import events as ev
from tests.verify.builders import SAW, D, Story, change, is_a, open_trade, whole_trade


def problems(story: Story) -> list[str]:
    """What is said of verdicts."""
    return [violation.sentence for violation in story.verdict().violations if violation.invariant == "I22"]


def saw(**changed: object) -> list[str]:
    """What is said of a verdict that saw something else than a healthy engine."""
    story = Story().begin()
    story.accept(saw=msgspec.structs.replace(SAW, **changed))
    return problems(story)


def test_a_healthy_verdict_is_fine():
    """And counted."""
    assert saw() == []
    assert whole_trade().verdict().counts["verdicts_with_data"] == 1


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"mark_age_ms": 3_001}, "a mark price 3001 ms old; at most 3000 ms"),
        ({"mark_age_ms": -1}, "a mark price -1 ms old"),
        ({"touch_age_ms": 3_001}, "a best bid and ask 3001 ms old; at most 3000 ms"),
        ({"bid": D(101)}, "no best bid and ask"),
        ({"ask": None}, "no best bid and ask"),
        ({"account_age_ms": 120_001}, "a balance 120001 ms old; at most 120000 ms"),
        ({"account_age_ms": None}, "a balance that was never read"),
        ({"watch_age_ms": 180_001}, "at most 180000 ms old; it had one 180001 ms old"),
        ({"watch_age_ms": None}, "it had none"),
        ({"clock_offset_ms": -251}, "a clock -251 ms off the venue's; at most 250 ms"),
        ({"clock_offset_ms": None}, "a clock whose offset to the venue was not known"),
        ({"clock_ok": False}, "a clock whose offset to the venue was not known"),
        ({"stream_ok": False}, "without its user stream"),
        ({"journal_ok": False}, "although the journal could not be written"),
        ({"reconciled": False}, "before the process was reconciled"),
        ({"rules": False}, "rules of the symbol that were not known"),
        ({"unusable": "a tick of 0"}, "rules of the symbol that were a tick of 0"),
    ],
)
def test_each_bound_is_kept(changed, named):
    """One number beyond it is one violation."""
    (found,) = saw(**changed)
    assert named in found


def test_a_mark_that_is_none_and_one_that_was_not_planned_with():
    """What is cited is what the plan was made of."""
    assert [text for text in saw(mark=None) if "no mark price" in text]
    (found,) = saw(mark=D(99))
    assert "plans with the mark 100 and cites 99" in found


def test_a_verdict_without_data_is_found():
    """Every one cites what it saw since format 2."""
    story = whole_trade()
    change(story.events, is_a(ev.IntentAccepted), seen=None)
    (found,) = problems(story)
    assert "cites no data" in found


def test_a_journal_that_is_older_is_not_judged():
    """It never said."""
    story = whole_trade()
    change(story.events, is_a(ev.IntentAccepted), seen=None)
    change(story.events, is_a(ev.EngineStarted), settings=None, format=1)
    report = story.verdict()
    assert report.violations == []
    assert {"I22 for 1 verdicts", "I14 for 1 entries"} <= {entry.what for entry in report.not_checked}


@pytest.mark.parametrize(("since_ms", "found"), [(14_000, 0), (16_000, 1)])
def test_while_something_is_open_the_watch_is_younger(since_ms, found):
    """Three rounds of five seconds, once a trade has been open for so long."""
    story, _ = open_trade()
    story.wait(since_ms - 1_000)
    story.accept("i2", symbol="ETHUSDT", saw=msgspec.structs.replace(SAW, watch_age_ms=15_001))
    assert len(problems(story)) == found

"""Reports for people and for programs."""

from __future__ import annotations

import json

from holdfast.verify import NotChecked, Report, Violation, as_json, as_text
from tests.verify.builders import Story, open_trade, whole_trade


def test_a_clean_report_says_so():
    """And lists what it did not look at."""
    text = as_text(whole_trade().verdict(complete=True))
    assert text.startswith("No violations.")
    assert "Not checked:" in text
    assert "naked while an engine was live" in text


def test_a_violation_shows_its_records():
    """So that a reader can look them up on both sides."""
    story, stop = open_trade()
    story.cancel_stop(stop)
    text = as_text(story.verdict())
    assert "I17  stop hf-s1-" in text
    assert "journal seq " in text
    assert "venue log n " in text


def test_many_of_a_kind_are_cut_for_people():
    """The JSON holds them all."""
    found = [Violation(invariant="I8", sentence=f"fill {n}") for n in range(30)]
    report = Report(violations=found, measures={}, not_checked=[NotChecked(what="a", reason="b")], counts={})
    assert "and 10 more" in as_text(report)
    assert len(json.loads(as_json(report))["violations"]) == 30


def test_the_json_has_its_five_parts():
    """The form that `holdfast verify --json` prints; times are numbers."""
    made = json.loads(as_json(whole_trade().verdict(complete=True)))
    assert list(made) == ["violations", "measures", "not_checked", "counts", "head"]
    assert made["violations"] == []
    assert made["measures"]["naked_ms"]["max"] == 1.0
    assert made["counts"]["fills"] == 2


def test_classes_appear_when_they_occurred():
    """A dead engine's time is published beside the rest."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    story.die()
    story.wait(3_000).start_engine(conn=2)
    story.arm_stop()
    assert "uncovered stretches: dead" in as_text(story.verdict())

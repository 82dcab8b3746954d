"""Log lines for people."""

import json
import os

import pytest

from holdfast.adapters.clock_system import SystemClock
from holdfast.service.log import LineWriter, make_logger
from holdfast.service.log_console import ReadableWriter, readable, writer_for

LINE = json.dumps(
    {"at": "2026-01-02T03:04:05.678+00:00", "level": "warning", "event": "link_changed", "venue": "paper", "up": False,
     "link": "user_stream", "reason": "no frames for 9 s"}
)  # fmt: skip


def test_a_line_reads_from_left_to_right() -> None:
    """Time, level, event, fields; what the banner said is left out."""
    expected = '03:04:05.678 warning link_changed up=false link=user_stream reason="no frames for 9 s"'
    assert readable(LINE, colour=False) == expected


def test_colour_marks_the_level_only() -> None:
    """The rest stays copyable."""
    assert readable(LINE, colour=True).count("\x1b[") == 2


def test_a_traceback_stands_on_lines_of_its_own() -> None:
    """As Python prints it."""
    line = json.dumps({"at": "", "level": "error", "event": "task_died", "traceback": "Traceback\n  here\n"})
    assert readable(line, colour=False).endswith("task_died\nTraceback\n  here\n")


def test_what_is_not_json_is_left_alone() -> None:
    """Nothing is lost."""
    assert readable("plain words", colour=False) == "plain words"


@pytest.mark.parametrize("form, kind", [("json", LineWriter), ("auto", LineWriter), ("console", ReadableWriter)])
def test_the_form_decides_and_auto_is_json_in_a_pipe(form: str, kind: type) -> None:
    """Programs read pipes."""
    read, write = os.pipe()
    assert type(writer_for(form, write)) is kind  # type: ignore[arg-type]
    os.close(read)
    os.close(write)


def test_it_works_behind_the_real_logger() -> None:
    """From a call to a line."""
    read, write = os.pipe()
    make_logger("info", clock=SystemClock(), writer=writer_for("console", write)).info("started", port=8420)
    os.close(write)
    with os.fdopen(read) as lines:
        assert lines.read().endswith("info    started port=8420\n")


def test_a_journal_record_is_told_by_its_sentence() -> None:
    """And its number, for `holdfast explain`."""
    line = json.dumps({"at": "", "level": "info", "event": "intent_accepted", "seq": 7, "text": "accepted for me"})
    assert readable(line, colour=False) == " info    accepted for me  #7"

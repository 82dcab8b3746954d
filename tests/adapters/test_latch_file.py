"""The kill latch: present or unreadable forbids entries, and only absence allows them (RULES 16)."""

from __future__ import annotations

import os
import stat

import pytest

from holdfast.adapters.latch_file import LatchFile


@pytest.fixture
def latch(tmp_path):
    """A latch in a folder that does not exist yet."""
    return LatchFile(tmp_path / "state" / "main.latch")


def test_no_file_means_open(latch):
    """Nothing was latched."""
    assert not latch.closed()


def test_rules_16_closing_creates_the_file(latch):
    """The folder is made with it, and the text tells how to open it again."""
    latch.close("remove me")
    assert latch.closed()
    assert latch.path.read_text() == "remove me"


def test_a_second_closing_keeps_the_first_text(latch):
    """Who latched first is what an operator wants to read."""
    latch.close("first")
    latch.close("second")
    assert latch.path.read_text() == "first"


def test_the_file_is_private(latch):
    """Nobody else may write it."""
    latch.close("x")
    assert stat.S_IMODE(latch.path.stat().st_mode) == 0o600


def test_removing_the_file_opens_it(latch):
    """Only an operator does that."""
    latch.close("x")
    latch.path.unlink()
    assert not latch.closed()


def test_rules_16_unreadable_means_closed(tmp_path):
    """A path that cannot be looked at (here: through a file instead of a folder) forbids entries."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert LatchFile(blocked / "main.latch").closed()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    """The kill switch must hear that its latch is not there."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match=os.strerror(20)):
        LatchFile(blocked / "state" / "main.latch").close("x")

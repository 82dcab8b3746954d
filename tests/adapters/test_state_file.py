"""A file that is replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.adapters.state_file import StateFile


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The last bytes count, and nothing else is left behind."""
    kept = StateFile(tmp_path / "paper.state")
    assert kept.read() is None
    kept.write(b"one")
    kept.write(b"two")
    assert kept.read() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["paper.state"]


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    """Here the new file cannot be made."""
    kept = StateFile(tmp_path / "paper.state")
    kept.write(b"one")
    (tmp_path / "paper.state.new").mkdir()
    with pytest.raises(OSError, match=r"paper\.state\.new"):
        kept.write(b"two")
    assert kept.read() == b"one"

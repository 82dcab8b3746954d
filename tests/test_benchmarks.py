"""What `make bench` promises besides its figures: minutes of measuring are not lost to a wrong option."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.markdown import BEGIN, END, Page


def test_a_page_that_is_not_there_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the path, and no line of a benchmark that began."""
    page = tmp_path / "none.md"
    assert main(["--markdown", str(page)]) == 2
    assert capsys.readouterr().err == f"--markdown: {page} cannot be read: No such file or directory\n"


def test_a_page_without_a_place_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The two lines that it needs are named."""
    page = tmp_path / "page.md"
    page.write_text("# Figures\n", "utf-8")
    assert main(["--markdown", str(page)]) == 2
    assert f"a line {BEGIN} and a line {END}" in capsys.readouterr().err


def test_a_run_replaces_what_is_between_the_marks(tmp_path: Path) -> None:
    """What stands before and after them stays."""
    path = tmp_path / "page.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    Page(path).write([], quick=True)
    text = path.read_text("utf-8")
    assert (text.startswith(f"before\n{BEGIN}\n"), text.endswith(f"{END}\nafter\n"), "old" in text) == (
        True,
        True,
        False,
    )

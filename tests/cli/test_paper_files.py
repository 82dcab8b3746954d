"""The files that `holdfast paper` is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.paper_files import KeptState, open_scenario, open_tiers
from holdfast.cli.shell import Failure


def test_without_files_there_is_nothing() -> None:
    """Everything is built in."""
    assert (open_tiers(None), open_scenario(None), KeptState(None).read(), KeptState(None).keep) == ({}, (), None, None)


def test_a_state_is_kept_for_the_next_run(tmp_path: Path) -> None:
    """The first run finds none."""
    path = tmp_path / "paper.state"
    assert KeptState(path).read() is None
    keep = KeptState(path).keep
    assert keep is not None
    keep(b"x")
    assert KeptState(path).read() == b"x"


def test_a_broken_scenario_names_the_line(tmp_path: Path) -> None:
    """Before anything starts."""
    path = tmp_path / "scenario.jsonl"
    path.write_text('{"at_ms": 1, "do": "juggle"}\n', "utf-8")
    with pytest.raises(Failure, match="line 1: do: unknown verb"):
        open_scenario(path)


def test_tiers_that_are_none_are_refused_and_broken_rows_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the file counts."""
    path = tmp_path / "tiers.json"
    path.write_text('[{"symbol": "AUSDT", "brackets": []}]', "utf-8")
    assert open_tiers(path) == {}
    assert "AUSDT is left out" in capsys.readouterr().err
    path.write_text("{", "utf-8")
    with pytest.raises(Failure, match="--tiers"):
        open_tiers(path)

"""The files that `holdfast paper` is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.paper_files import KeptState, contracts_of, open_config, open_scenario, open_tiers
from holdfast.cli.shell import Failure
from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue


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


@pytest.mark.parametrize("option", ["--settings", "--exchange-info", "--tiers"])
def test_an_exchange_that_is_taken_up_has_its_own(tmp_path: Path, option: str) -> None:
    """An option that would be silently without effect is refused; at the first run it is welcome."""
    kept, given = KeptState(tmp_path / "paper.state"), dict.fromkeys(("--settings", "--exchange-info", "--tiers"))
    kept.refuse_beside(None, {**given, option: "file"})
    kept.refuse_beside(b"state", given)
    with pytest.raises(Failure, match=f"{option}: the exchange in .*paper.state has its own"):
        kept.refuse_beside(b"state", {**given, option: "file"})


def test_an_exchange_that_is_taken_up_brings_its_contracts() -> None:
    """Its market is opened for them, and not for the built-in ones."""
    row = {"symbol": "ODDUSDT"}
    venue = PaperVenue(PaperConfig(), {"symbols": [row]}, 0, lambda _record: None)
    assert contracts_of(venue.snapshot())["symbols"] == [row]


def test_tiers_of_their_own_file_come_before_those_of_the_settings(tmp_path: Path) -> None:
    """For the symbols that both name."""
    tier = '{"bracket":1,"initialLeverage":%d,"notionalCap":1000,"notionalFloor":0,"maintMarginRatio":0.01,"cum":0}'
    settings, tiers = tmp_path / "paper.toml", tmp_path / "tiers.json"
    row = "{bracket=1,initialLeverage=9,notionalCap=1000,notionalFloor=0,maintMarginRatio=0.01,cum=0}"
    settings.write_text(f"[brackets]\nAUSDT=[{row}]\nBUSDT=[{row}]\n", "utf-8")
    tiers.write_text(f'[{{"symbol": "AUSDT", "brackets": [{tier % 5}]}}]', "utf-8")
    brackets = open_config(settings, tiers).brackets
    assert {name: rows[0].initialLeverage for name, rows in brackets.items()} == {"AUSDT": 5, "BUSDT": 9}


@pytest.mark.parametrize("name", ["no/such/folder/paper.state", "."])
def test_a_state_without_a_place_is_refused_at_the_start(tmp_path: Path, name: str) -> None:
    """Not at the end, when the exchange would be lost."""
    with pytest.raises(Failure, match="--state: "):
        KeptState(tmp_path / name).read()


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

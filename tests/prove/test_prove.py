"""The page of the proof, and the table of soaked hours."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.wiring.sim_farm import Failed, Totals
from tests.prove import soak
from tests.prove.page import Step, text

TOTALS = Totals(
    profile="realistic",
    first_seed=7,
    seeds=40,
    simulated_hours=Decimal(40),
    faults=2_000,
    digest="abc",
    by_verb={"net.hold": 1_234},
)


def test_the_page_has_a_row_per_step_and_per_fault() -> None:
    """With the times injected, and what broke."""
    page = text([Step(name="farm", ok=True, seconds=9, line="40 hours", totals=TOTALS)], "deadbee")
    assert "Commit deadbee." in page
    assert "| 40 hours | ok | 9 | `farm` |" in page
    assert "| net: hold | 1,234 | 0 |" in page


def test_a_failed_step_is_not_hidden() -> None:
    """In bold."""
    assert "**failed**" in text([Step(name="bugs", ok=False, seconds=1, line="59 of 60")], "x")


def test_a_run_that_broke_something_is_told_with_its_line() -> None:
    """Nobody has to look for it."""
    failed = Failed(seed=11, violations=["I7: a fee"], repeat="holdfast sim --first-seed 11")
    totals = Totals(profile="realistic", first_seed=1, violations=[failed])
    assert "- `holdfast sim --first-seed 11`: I7: a fee" in text(
        [Step(name="f", ok=False, seconds=1, line="", totals=totals)], "x"
    )


def test_a_soak_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Of the same profile."""
    table = tmp_path / "soak.md"
    assert soak.next_seed(table, "realistic") == soak.FIRST_SEED
    totals = Totals(profile="realistic", first_seed=soak.FIRST_SEED, seeds=1_500, simulated_hours=Decimal(1_500))
    soak.add_row(table, totals, "deadbee", "2026-11-21")
    assert soak.next_seed(table, "realistic") == soak.FIRST_SEED + 1_500
    assert soak.next_seed(table, "hell") == soak.FIRST_SEED


def test_a_row_names_the_seeds_that_broke(tmp_path: Path) -> None:
    """Somebody has to look at them."""
    table = tmp_path / "soak.md"
    failed = [Failed(seed=11, violations=["I3: naked"], repeat="again")]
    soak.add_row(table, Totals(profile="hell", first_seed=10, violations=failed), "deadbee", "2026-11-21")
    assert table.read_text().splitlines()[-1].split("|")[7].strip() == "11"


def test_a_soak_stops_when_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the batch that is under way."""
    monkeypatch.setattr(soak, "BATCH", 1)
    monkeypatch.setattr(soak, "run", lambda order: iter(()))
    assert soak.soak("calm", 1, 1, 0.0).seeds == 0

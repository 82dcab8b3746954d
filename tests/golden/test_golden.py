"""Every defect that a simulation found, kept as the small scenario that showed it (README.md says what each was)."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.sim.scenario import load
from holdfast.wiring.simulation import simulate

HERE = Path(__file__).resolve().parent
KEPT = sorted(path.name for path in HERE.glob("*.json"))


@pytest.mark.parametrize("name", KEPT)
def test_what_was_mended_stays_mended(name: str) -> None:
    """Lived through again, and nothing is found."""
    assert simulate(load(HERE / name)).violations == []


def test_each_is_told_of() -> None:
    """A scenario that nobody explains is deleted by the next one who tidies up."""
    told = (HERE / "README.md").read_text()
    assert [name for name in KEPT if f"`{name}`" not in told] == []

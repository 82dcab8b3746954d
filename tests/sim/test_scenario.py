"""Scenario files: what is written is read again, and what is none is refused with its name."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.sim.lives import Strike, Variant
from holdfast.sim.profiles import PROFILES, draw
from holdfast.sim.roads import Climate
from holdfast.sim.scenario import FORMAT, Act, Policies, Scenario, ScenarioError, encode, load

WRITTEN_BY_HAND = Scenario(
    duration_ms=60_000,
    loop_seed=7,
    facts={"event_before_ack": True, "gte_gtc": "-1115"},
    policies=Policies(on_foreign="adopt", daily_loss=Decimal("60.5")),
    climate=Climate(latency_us=2_000),
    sync_ms=(1, 30),
    drift_ppm=-50,
    strikes=(Strike(point=12, variant=Variant.LOST),),
    acts=(Act(at_ms=100, do="intent", seed=3), Act(at_ms=200, do="kill")),
)


def kept(scenario: Scenario, folder: Path) -> Path:
    """The scenario as a file."""
    path = folder / "scenario.json"
    path.write_bytes(encode(scenario))
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Every field of it, and no default turns into something else."""
    assert load(kept(WRITTEN_BY_HAND, tmp_path)) == WRITTEN_BY_HAND


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_drawn_is_read_again(profile: str, tmp_path: Path) -> None:
    """So a run can be repeated from its file alone."""
    scenario = draw(11, profile, Decimal("0.5"))
    assert load(kept(scenario, tmp_path)) == scenario


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    """Otherwise a later format could not tell it from its own."""
    assert json.loads(kept(WRITTEN_BY_HAND, tmp_path).read_text("utf-8"))["format"] == FORMAT


def test_a_file_is_made_for_reading() -> None:
    """An act a line or more, not everything on one."""
    text = encode(WRITTEN_BY_HAND).decode()
    assert text.endswith("}\n")
    assert len(text.splitlines()) > len(WRITTEN_BY_HAND.acts)


@pytest.mark.parametrize(
    "text",
    [
        '{"duration_ms": 1, "acts": [{"at_ms": 1, "do": "kill", "when": 2}]}',
        '{"duration_ms": 1, "colour": "red"}',
        '{"duration_ms": 1, "policies": {"on_foreign": "perhaps"}}',
        '{"duration_ms": 1, "strikes": [{"point": 1, "variant": "sometimes"}]}',
        '{"duration_ms": "soon"}',
        "{}",
        "not json",
        "",
    ],
)
def test_what_is_no_scenario_is_refused_by_name(text: str, tmp_path: Path) -> None:
    """Unknown fields, impossible values, other files: which file it was, and what would pass."""
    path = tmp_path / "odd.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "would pass" in str(caught.value)


def test_another_format_is_refused_by_name(tmp_path: Path) -> None:
    """With the one that would pass."""
    path = tmp_path / "later.json"
    path.write_text('{"format": "holdfast-scenario-99", "duration_ms": 1}', "utf-8")
    with pytest.raises(ScenarioError, match="holdfast-scenario-99") as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert FORMAT in str(caught.value)


def test_a_missing_file_is_the_systems_error(tmp_path: Path) -> None:
    """It is no bad scenario."""
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.json")

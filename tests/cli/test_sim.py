"""`holdfast sim`: what it prints, what it refuses, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.cli import main
from holdfast.sim.scenario import Act, Scenario, encode
from holdfast.wiring import sim_farm, simulation
from holdfast.wiring.simulation import Outcome

SHORT = ("sim", "--seeds", "2", "--hours", "0.01", "--jobs", "1")


def broken(scenario: Scenario) -> Outcome:
    """A run in which something broke."""
    return Outcome(
        seed=scenario.seed,
        profile=scenario.profile,
        simulated_hours=scenario.duration_ms,  # type: ignore[arg-type]
        violations=["I3: naked for ever [1] [2]"],
        faults={},
        counts={},
        digest="d",
        points=1,
    )


def test_a_short_farm_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    """Hours, faults, a digest, and that nothing broke."""
    assert main.run([*SHORT, "--profile", "calm"]) == 0
    told = capsys.readouterr().out
    assert "0.02 simulated hours" in told
    assert "digest" in told
    assert "No violations" in told


def test_json_is_one_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress goes beside it."""
    assert main.run([*SHORT, "--profile", "calm", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert {"simulated_hours", "faults", "violations", "digest", "seconds"} <= body.keys()
    assert body["violations"] == []


def test_a_failing_seed_leaves_a_scenario_and_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 1, the sentence, the command that repeats it, the small file."""
    monkeypatch.setattr(sim_farm, "simulate", broken)
    monkeypatch.setattr(simulation, "simulate", broken)
    assert main.run([*SHORT, "--profile", "calm", "--folder", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "I3: naked for ever [1] [2]" in told
    assert "again: holdfast sim --profile calm --first-seed 1 --seeds 1 --hours 0.01" in told
    kept = tmp_path / "scenario-calm-1.json"
    assert f"small: holdfast sim --scenario {kept}" in told
    assert kept.exists()


def test_a_scenario_file_is_lived_through(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And its digest told."""
    path = tmp_path / "s.json"
    path.write_bytes(encode(Scenario(duration_ms=20_000, acts=(Act(at_ms=9_000, do="intent", seed=1),))))
    assert main.run(["sim", "--scenario", str(path)]) == 0
    assert "No violations" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--profile", "nonsense"), "realistic"),
        (("--seeds", "0"), "--seeds 10"),
        (("--seeds", "2.5"), "whole number"),
        (("--first-seed", "-1"), "--first-seed 1"),
        (("--hours", "0"), "--hours 1"),
        (("--hours", "NaN"), "--hours 1"),
        (("--hours", "many"), "--hours 1"),
        (("--jobs", "0"), "--jobs 2"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the option's name, and what would pass."""
    assert main.run(["sim", *words]) == 2
    error = capsys.readouterr().err
    assert words[0] in error
    assert told in error


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no scenario"),
        (b"{}", "format"),
        (b'{"format":"holdfast-scenario-0"}', "would pass: 'holdfast-scenario-1'"),
        (b'{"format":"holdfast-scenario-1","duration_ms":1,"acts":[{"at_ms":1,"do":"fly"}]}', "act 1 is 'fly'"),
        (b'{"format":"holdfast-scenario-1","duration_ms":"1"}', "duration_ms"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(
    content: bytes, told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the file's name and what is wrong in it."""
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    assert main.run(["sim", "--scenario", str(path)]) == 2
    error = capsys.readouterr().err
    assert str(path) in error
    assert told in error


def test_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit code 3."""
    assert main.run(["sim", "--scenario", str(tmp_path / "none.json")]) == 3
    assert "none.json cannot be read" in capsys.readouterr().err

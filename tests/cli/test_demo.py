"""`holdfast demo`, whole: exchange, engine, journal, checker and summary."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_a_short_demo_ends_well(holdfast: Command) -> None:
    """One JSON object on standard output, progress beside it, records in the folder, no violation."""
    outcome = holdfast("demo", "--minutes", "4", "--seed", "3", "--folder", "run", "--json")
    assert outcome.code == 0
    report = json.loads(outcome.out)
    assert report["violations"] == 0
    assert report["accepted"] > 0
    assert report["trades"] > 0
    assert report["naked_ms_max"] <= 1_000
    assert "Holdfast demo" in outcome.err
    again = holdfast("verify", "--journal", "run/journal.sqlite", "--venue-log", "run/venue.jsonl", "--json")
    assert json.loads(again.out)["violations"] == []


def test_the_summary_is_for_people(holdfast: Command) -> None:
    """Text on standard output, and nothing left behind without --folder."""
    outcome = holdfast("demo", "--minutes", "2")
    assert outcome.code == 0
    for part in ("win rate", "funding", "naked time", "violations", "none"):
        assert part in outcome.out
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "arguments, code, hint",
    [
        (("--market", "absent.gz"), 2, "absent.gz"),
        (("--market", "synthetic:x"), 2, "--market synthetic:1"),
        (("--market", "notes.txt"), 2, "market"),
        (("--intents", "absent.jsonl"), 3, "absent.jsonl"),
        (("--intents", "bad.jsonl"), 2, "sid"),
        (("--speed", "0"), 2, "--speed"),
        (("--speed=-1",), 2, "--speed"),
        (("--minutes", "0"), 2, "--minutes"),
        (("--folder", "full"), 2, "holds something already"),
        (("--folder", "/proc/nowhere"), 3, "/proc/nowhere"),
        (("--folder", "notes.txt"), 2, "notes.txt is not a folder"),
        (("--intents", "absent.jsonl"), 3, "--intents: absent.jsonl: cannot be read (No such file"),
    ],
)
def test_bad_input_is_said_before_anything_runs(
    holdfast: Command, arguments: tuple[str, ...], code: int, hint: str
) -> None:
    """Which option, which rule, what would pass."""
    Path("notes.txt").write_text("dear diary\n")
    Path("bad.jsonl").write_text('{"id": "i", "sid": 1}\n')
    Path("full").mkdir()
    Path("full/something").write_text("mine")
    outcome = holdfast("demo", "--minutes", "1", *arguments)
    assert outcome.code == code
    assert hint in outcome.err
    assert Path("full/something").read_text() == "mine"

"""The benchmarks can be started. What they measure is never asserted: a test that depends on speed is flaky."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.results import Goal
from benchmarks.stats import Measured, measured, percentile

ROOT = Path(__file__).resolve().parent.parent


def test_the_list_names_every_benchmark():
    """`python -m benchmarks --list` needs nothing but the runtime's packages."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(BENCHMARKS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_its_module(name):
    """The name on the command line is the name of the file."""
    assert importlib.util.find_spec(f"benchmarks.{name}") is not None


def test_percentiles_are_nearest_rank():
    """The smallest value that at least so many per cent do not exceed; nothing is interpolated."""
    assert [percentile([4, 1, 3, 2], rank) for rank in (1, 25, 50, 75, 99)] == [1, 1, 2, 3, 4]
    assert measured([3.0, 1.0, 2.0]) == Measured(2.0, 1.0, 3.0)
    with pytest.raises(ValueError):
        percentile([], 50)


def test_a_goal_says_whether_it_was_met():
    """In both directions, the bound included."""
    assert Goal(what="latency", reached=1.25, unit="×", at_most=1.25).met
    assert not Goal(what="latency", reached=1.26, unit="×", at_most=1.25).met
    assert Goal(what="rate", reached=20_000, unit="1/s", at_least=20_000).met

"""One seed is one run: in any process, under any hash seed, alone and after others."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.seeds.digests import of_seed

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(40, 46)


@cache
def here() -> dict[int, str]:
    """The digests of this process, one run after the other."""
    return {seed: of_seed(seed) for seed in SEEDS}


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_fresh_process_gives_the_same_digests(hash_seed: str) -> None:
    """Whatever the interpreter's hash seed."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.seeds.digests", str(SEEDS.start), str(len(SEEDS))],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert dict(line.split() for line in told.splitlines()) == {str(seed): found for seed, found in here().items()}


def test_a_seed_alone_is_what_it_is_after_others() -> None:
    """Nothing leaks from run to run: the last of several, once more."""
    found = here()
    assert of_seed(SEEDS.stop - 1) == found[SEEDS.stop - 1]
    assert len(set(found.values())) == len(SEEDS)

"""The engine is killed and stalled under a stream of intents; the exchange's own log says what came of it.

The long form: `make kills ARGS="--kills 60 --seed 1"`.
"""

from pathlib import Path

import pytest

from tests.acceptance.kills import STALLS_S, Figures, run

pytestmark = pytest.mark.serial


def judge(figures: Figures) -> None:
    """Every promise was kept, and the run was one that could have broken them."""
    assert (figures.problems, figures.violations) == ([], []), figures
    assert figures.naked_ms_max <= 1_000
    assert figures.entries >= 10, figures
    assert figures.fills >= 20, figures
    assert figures.redelivered >= 10, figures


def test_nothing_is_lost_or_doubled_when_the_engine_is_killed(tmp_path: Path) -> None:
    """`kill -9` at ten random moments: once, covered, to the cent, and one result for every accepted intent."""
    figures = run(tmp_path, seed=11, kills=10)
    assert figures.kills == 10
    judge(figures)


def test_nothing_is_lost_or_doubled_behind_a_bad_network(tmp_path: Path) -> None:
    """Connections cut, reset within a request, silent and refused, and a kill and a stall on top."""
    figures = run(tmp_path, seed=13, kills=2, stalls=1, proxied=True, stalls_s=STALLS_S[:1])
    assert (figures.problems, figures.violations) == ([], []), figures
    assert figures.kills == 2
    assert figures.network, figures
    assert figures.entries >= 1, figures


def test_rules_8_a_stalled_engine_does_not_act_late(tmp_path: Path) -> None:
    """Stalls of 0.5 to 4 s, each followed by a kill: what had waited is dropped, not executed late."""
    figures = run(tmp_path, seed=12, kills=3, stalls=3, stalls_s=STALLS_S[:1])
    assert figures.stalls == 3
    judge(figures)

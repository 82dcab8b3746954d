"""A sample of the crash runner: every scene shows what it is named after, and survives a share of its kills.

`python -m tests.crashes` strikes every effect point, and with `--pairs` every recovery again.
"""

from __future__ import annotations

import pytest

from tests.crashes import runner
from tests.crashes.scenes import SCENES, Scene

EVERY = 4
"""One in so many cases is part of the usual tests: each point of a scene in one variant or another, more or less."""


def by_name(scene: Scene) -> str:
    """How a test is called."""
    return scene.name


@pytest.mark.parametrize("scene", SCENES, ids=by_name)
def test_a_scene_contains_what_it_is_named_after(scene: Scene) -> None:
    """Undisturbed it breaks nothing, and its journal shows what it is for."""
    ran = runner.run(scene)
    assert ran.violations == []
    assert [what for what in scene.shows if not shown(what, ran.journal)] == []


def shown(what: str, journal: list[str]) -> bool:
    """Whether a record of that kind holds these texts."""
    kind, *texts = what.split()
    return any(row.startswith(f"{kind} ") and all(text in row for text in texts) for row in journal)


@pytest.mark.parametrize("scene", SCENES, ids=by_name)
def test_a_kill_at_an_effect_point_breaks_no_promise(scene: Scene) -> None:
    """Before the effect, after it, and with the last commits lost."""
    outcomes = [runner.play(case) for case in runner.singles(scene, EVERY)]
    assert [(case, violations) for case, violations, _ in outcomes if violations] == []
    assert all(struck for _, _, struck in outcomes)


def test_a_kill_inside_the_recovery_from_another_breaks_no_promise() -> None:
    """A few pairs; the rest is exhaustive elsewhere."""
    scene = next(scene for scene in SCENES if scene.pairs)
    outcomes = [runner.play(case) for case in runner.pairs(scene, 40)]
    assert [(case, violations) for case, violations, _ in outcomes if violations] == []
    assert len(outcomes) > 3


def test_the_same_kill_is_the_same_run() -> None:
    """A case that went wrong goes wrong again."""
    scene, kills = SCENES[1], runner.kills_of("30:lost")
    assert runner.run(scene, kills).digest == runner.run(scene, kills).digest


def test_every_scene_has_effects_to_strike() -> None:
    """And what only asks is not held for one."""
    ran = runner.run(SCENES[1])
    changing = [point.what for point in ran.points if point.changes]
    assert "ws-fapi order.place" in changing
    assert "ws-fapi algoOrder.place" in changing
    assert any("intent_accepted" in what for what in changing)
    assert not any(what.startswith("GET ") for what in changing)


def test_a_case_is_written_as_it_is_read() -> None:
    """The line that is printed plays the same kills again."""
    for text in ("41:after", "41:after,52:lost:7000"):
        assert str(runner.Case("close", runner.kills_of(text))) == text

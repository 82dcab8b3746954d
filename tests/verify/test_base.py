"""A check that overrides nothing wants nothing."""

from __future__ import annotations

from holdfast.verify import Options
from holdfast.verify.base import Check, Scene
from holdfast.verify.journal_view import JournalView


def test_a_bare_check_listens_to_nothing_and_finds_nothing():
    """So each check states in one place what it looks at."""
    scene = Scene(JournalView(), Options())
    check = Check(scene)
    check.finish()
    assert (check.before(), check.after(), check.moments(), check.ticks()) == ({}, {}, {}, None)
    assert scene.found.report().clean

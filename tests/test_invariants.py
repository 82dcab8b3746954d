"""The page of invariants says what the checker does."""

from __future__ import annotations

import re

import pytest

from holdfast.verify.export import FILES
from holdfast.verify.run import ELSEWHERE, NOT_IN_AN_EXPORT
from tests.invariants import CHECKS, EXPORTED, NOT_HERE, PAGE, ROOT, TABLE, found_in_source, page

TOLD_BY_A_REFUSAL = {"I19"}
"""A broken chain is refused by its record; nothing is judged behind it."""


def test_the_page_is_made_from_the_table() -> None:
    """`python -m tests.invariants` writes it anew."""
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.invariants"


def test_every_invariant_is_there() -> None:
    """One to twenty-six."""
    assert list(TABLE) == [f"I{number}" for number in range(1, 27)]


@pytest.mark.parametrize("name", TABLE)
def test_each_is_told_by_the_files_that_are_named_and_by_no_other(name: str) -> None:
    """A check that is moved, added or lost changes the page."""
    files = set(TABLE[name].files)
    assert all((CHECKS / file).exists() for file in files)
    telling = found_in_source().get(name, set()) - {"run.py"} | ({"run.py"} & files)
    assert telling == (set() if name in TOLD_BY_A_REFUSAL else files)


@pytest.mark.parametrize("name", TABLE)
def test_what_is_checked_elsewhere_is_said_in_every_report(name: str) -> None:
    """And nothing else is."""
    assert (name in ELSEWHERE) is (TABLE[name].reads == NOT_HERE or name == "I23")


def test_what_an_export_does_not_show_is_said_in_its_report() -> None:
    """Each invariant of which the page says no."""
    unseen = {name for name, row in TABLE.items() if row.export == "no" and row.reads != NOT_HERE}
    assert unseen == {name for name in NOT_IN_AN_EXPORT if re.fullmatch(r"I\d+", name)}


def test_the_files_of_an_export_are_those_of_the_program() -> None:
    """All four."""
    assert list(EXPORTED) == list(FILES)


@pytest.mark.parametrize("name", sorted({file for row in TABLE.values() for file in row.files}))
def test_a_check_has_its_tests(name: str) -> None:
    """File for file."""
    assert (ROOT / "tests" / "verify" / f"test_{name}").exists()

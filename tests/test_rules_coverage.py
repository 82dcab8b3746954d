"""Every rule has a test that shows it, and every test that is named exists."""

import re
from itertools import product

import pytest

from tests.rules import OUTCOMES, PAGE, ROLES, named_tests, page, sections

RULES = [(number, rule) for number, (_, rules) in sections().items() for rule in rules]
CELLS = [f"{role} × {outcome}" for role, outcome in product(ROLES, OUTCOMES)]
NUMBERED = re.compile(r"^test_rules_(\d+)_")


@pytest.mark.parametrize(("section", "rule"), RULES, ids=str)
def test_a_rule_is_shown_by_tests_that_exist(section: int, rule: str) -> None:
    """Named in the list, defined somewhere."""
    names = sections()[section][1][rule]
    assert names
    assert [name for name in names if name not in named_tests()] == []
    assert len(set(names)) == len(names)


def test_every_section_is_there() -> None:
    """One to seventeen, each with its rules."""
    assert list(sections()) == list(range(1, 18))
    assert all(rules for _, rules in sections().values())


def test_every_cell_of_role_and_outcome_has_a_test_of_its_own() -> None:
    """Six roles, three outcomes."""
    rules = sections()[2][1]
    assert [rule for rule in rules if " × " in rule] == CELLS
    used = [name for cell in CELLS for name in rules[cell]]
    assert len(set(used)) == len(used)


def test_tests_are_named_after_rules_that_exist() -> None:
    """`test_rules_18_…` would point nowhere."""
    numbers = {name: int(found[1]) for name in named_tests() if (found := NUMBERED.match(name))}
    assert len(numbers) > 400
    assert {name: number for name, number in numbers.items() if number not in sections()} == {}


def test_the_reference_page_is_made_from_the_list() -> None:
    """`python -m tests.rules` writes it anew."""
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.rules"

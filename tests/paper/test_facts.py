"""The switches for what nobody could verify: each has a default, and each of its answers is shown by a test."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from holdfast.paper.config import PaperConfig, RateLimits
from holdfast.paper.control import door as control
from holdfast.paper.facts import FactError, VenueFacts, answers, shown, turned
from holdfast.paper.faults import VERBS
from tests.conversations.player import pairs
from tests.conversations.script import scripts
from tests.paper.switches import FURTHER, LISTED, MARKED, SHOWN_BY_TESTS, Question

ROOT = Path(__file__).resolve().parents[2]
NOTES = ROOT.parent / "shared" / "reference" / "binance-usdm.md"
EVERY = (*LISTED, *MARKED, *FURTHER)
KNOWN = {
    "fact": VenueFacts.__struct_fields__,
    "verb": (*VERBS, *control.KNOWN),
    "limit": RateLimits.__struct_fields__,
    "setting": PaperConfig.__struct_fields__,
}


def values(name: str) -> list[Any]:
    """The answers of a switch that must be shown; of a time, none and some."""
    return list(answers(name)) or [0, "some"]


@cache
def set_by_scripts() -> dict[str, list[Any]]:
    """Every value that a conversation gives to a switch."""
    found: dict[str, list[Any]] = {}
    for script in scripts():
        for line in script.lines:
            if line.sign == "%" and line.text.startswith("facts "):
                rest = line.text.removeprefix("facts ")
                request = json.loads(rest) if rest.startswith("{") else pairs(rest)
                for name, value in request["set"].items():
                    found.setdefault(name, []).append(value)
    return found


@cache
def source_of(test: str) -> str:
    """A test of this folder as text, with its parameters."""
    name, _, function = test.partition("::")
    text = (ROOT / "tests" / "paper" / name).read_text("utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise LookupError(f"no test {test}")


def test_rules_14_every_fact_has_a_default() -> None:
    """And the two that matter most are the likeliest answers."""
    facts = VenueFacts()
    assert (facts.stop_without_position, facts.second_close_position) == ("accept", "-4130")


@pytest.mark.parametrize("name", VenueFacts.__struct_fields__)
def test_every_answer_can_be_given_as_itself_and_as_text(name: str) -> None:
    """In JSON, and on a command line."""
    for answer in answers(name) or (0, 1_000):
        assert getattr(turned(VenueFacts(), {name: answer}), name) == answer
        assert getattr(turned(VenueFacts(), {name: shown(answer)}), name) == answer


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("unroutd_ws", "all", "unknown switch.*would pass: unrouted_ws=public"),
        ("unrouted_ws", "some", "must be one of public, all, was 'some'; would pass: unrouted_ws=public"),
        ("order_event_st", 1, "must be one of false, true, was '1'"),
        ("second_close_position", True, "must be one of accept, -4130, was 'true'"),
        ("engine_travel_ms", -1, "must be a whole number of 0 or more, was '-1'; would pass: engine_travel_ms=1000"),
        ("engine_travel_ms", True, "must be a whole number"),
        ("engine_travel_ms", None, "must be a whole number"),
    ],
)
def test_a_switch_or_an_answer_that_does_not_exist_names_one_that_does(name: str, value: object, told: str) -> None:
    """Field, rule, and what would pass."""
    with pytest.raises(FactError, match=told):
        turned(VenueFacts(), {name: value})


@pytest.mark.parametrize("name", [name for name in VenueFacts.__struct_fields__ if name not in SHOWN_BY_TESTS])
def test_rules_14_every_answer_of_a_switch_has_a_conversation(name: str) -> None:
    """One that turns the switch there, and one that turns it back (protocol notes L.2, M)."""
    seen = ["some" if isinstance(value, int) and value > 1 and 0 in values(name) else value
            for value in set_by_scripts().get(name, [])]  # fmt: skip
    assert [value for value in values(name) if value not in seen] == []


@pytest.mark.parametrize("name", SHOWN_BY_TESTS)
def test_rules_14_what_no_conversation_can_show_has_a_test_with_every_answer(name: str) -> None:
    """The test names the switch and each of its values."""
    source = source_of(SHOWN_BY_TESTS[name])
    assert name in source
    assert [value for value in values(name) if json.dumps(value).title() not in source.title()] == []


@pytest.mark.parametrize("question", EVERY, ids=lambda question: f"{question.clause} {question.text}")
def test_every_question_has_an_answer(question: Question) -> None:
    """A word that exists, or a reason."""
    for answer in question.answers:
        kind, _, name = answer.partition(" ")
        assert name in KNOWN[kind], answer
    assert bool(question.answers) != bool(question.reason)


def test_every_switch_answers_a_question() -> None:
    """None is there for nothing."""
    asked = {answer.removeprefix("fact ") for question in EVERY for answer in question.answers}
    assert [name for name in VenueFacts.__struct_fields__ if name not in asked] == []


def test_every_clause_of_the_lists_is_there() -> None:
    """L.2 has 12, M 18, V 13."""
    clauses = {question.clause for question in LISTED}
    wanted = [f"L.2 {number}" for number in range(1, 13)]
    wanted += [f"M.{number}" for number in range(1, 19)] + [f"V.{number}" for number in range(1, 14)]
    assert sorted(clauses) == sorted(wanted)


@pytest.mark.parametrize("clause", sorted({question.clause for question in LISTED if question.clause[0] in "MV"}))
def test_every_clause_of_m_and_v_has_a_row_in_the_conformance_table(clause: str) -> None:
    """A stranger finds the question by its number."""
    page = (ROOT / "docs" / "reference" / "conformance.md").read_text("utf-8")
    assert f"| {clause} | " in page


def test_every_mark_of_the_notes_has_a_row() -> None:
    """Counted section by section, where the notes are at hand."""
    if not NOTES.exists():
        pytest.skip("the protocol notes are not at hand")
    section, marks = "", Counter[str]()
    for line in NOTES.read_text("utf-8").splitlines():
        head = re.match(r"#{2,3} ([A-L]\.\d+|[0-9A-Z])", line)
        section = head[1] if head else section
        if "[?" in line and section != "0":
            marks[section] += line.count("[?")
    assert marks == Counter(question.clause for question in MARKED)

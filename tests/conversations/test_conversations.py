"""Every conversation holds, and together they cover what they claim to cover."""

from collections import Counter

import pytest

from tests.conversations.conformance import PAGE, TITLES, page, rows
from tests.conversations.player import Player
from tests.conversations.script import Script, scripts

NAMES = {script.path.rpartition("/")[2].removesuffix(".txt"): script for script in scripts()}


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.path.removeprefix("tests/conversations/"))
def test_conversation(script: Script) -> None:
    """What is asked is answered as documented, line by line."""
    Player(script).play()


def test_there_are_enough_and_each_has_its_own_clause() -> None:
    """One script, one clause."""
    assert len(scripts()) >= 150
    assert [clause for clause, count in Counter(script.clause for script in scripts()).items() if count > 1] == []


def test_every_part_of_the_protocol_has_scripts() -> None:
    """A to I, K to M, and V."""
    assert {script.section[0] for script in scripts()} == set(TITLES)


def test_a_script_is_named_after_its_section() -> None:
    """`c4-cancel.txt` shows a clause of C.4, in the folder of C."""
    wrong = [
        script.path
        for name, script in NAMES.items()
        if not name.startswith(script.section.replace(".", "").lower() + "-")
        or not script.path.split("/")[2].startswith(script.section[0].lower() + "-")
    ]
    assert wrong == []


def test_the_conformance_table_is_current() -> None:
    """`python -m tests.conversations` writes it anew."""
    assert len(rows()) > len(scripts())
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.conversations"

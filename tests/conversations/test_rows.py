"""Every row of the two tables of protocol notes L has conversations named after it."""

import re

import pytest

from tests.conversations.rows import L1, L3
from tests.conversations.script import ROOT, scripts

NAMES = [script.path.rpartition("/")[2].removesuffix(".txt") for script in scripts()]
NOTES = ROOT.parent / "shared" / "reference" / "binance-usdm.md"


@pytest.mark.parametrize(("prefix", "table"), [("l1-", L1), ("l3-", L3)], ids=["L.1", "L.3"])
def test_every_row_has_scripts_of_its_own(prefix: str, table: dict[str, tuple[str, ...]]) -> None:
    """Every script that is named exists, and every script that exists is named, once."""
    named = [name for names in table.values() for name in names]
    assert all(names for names in table.values())
    assert sorted(named) == sorted(name for name in NAMES if name.startswith(prefix))


@pytest.mark.parametrize(("section", "table"), [("L.1", L1), ("L.3", L3)], ids=["L.1", "L.3"])
def test_the_lists_have_every_row_of_the_notes(section: str, table: dict[str, tuple[str, ...]]) -> None:
    """Counted in the notes themselves, where they are at hand."""
    if not NOTES.exists():
        pytest.skip("the protocol notes are not at hand")
    text = NOTES.read_text("utf-8").split(f"### {section} ")[1].split("\n### ")[0].split("\n---")[0]
    cells = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    assert len(cells) - 1 == len(table), f"the notes have the rows {cells[1:]}"

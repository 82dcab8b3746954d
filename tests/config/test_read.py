"""No key is read by nobody: each setting is used somewhere in the program, outside of configuration itself."""

import ast
from functools import cache
from pathlib import Path

import pytest

from holdfast.config.table import TABLE

SOURCE = Path(__file__).parents[2] / "src" / "holdfast"

RECORDED = {
    "facts": "facts stand in the journal's first record of every start; several only forbid what the engine never does"
}
"""Sections whose keys are taken as a whole, and why that is reading them."""


@cache
def attributes() -> frozenset[str]:
    """Every attribute name that the program reads, without the tables and structs that only declare it."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if path.name in {"table_service.py", "table_trading.py", "settings.py"} or "paper" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
    return frozenset(found)


@pytest.mark.parametrize("name", [name for name, key in TABLE.items() if key.section not in RECORDED])
def test_every_key_is_read_somewhere(name: str) -> None:
    """A setting that changes nothing would be a promise that nobody keeps."""
    assert TABLE[name].field in attributes()


def test_venue_facts_are_journalled_as_a_whole() -> None:
    """RULES 14: a replay decides alike."""
    assert "facts=settings.facts" in (SOURCE / "core" / "engine.py").read_text("utf-8")

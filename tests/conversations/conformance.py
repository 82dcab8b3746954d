"""The conformance table, `docs/reference/conformance.md`: behaviour, source, test. Made from scripts and docstrings."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import groupby

from tests.conversations.script import ROOT, scripts

PAGE = ROOT / "docs" / "reference" / "conformance.md"

TITLES = {
    "A": "General: addresses, parameters, signing, time, statuses, limits",
    "B": "Market data over REST",
    "C": "Trading and account over REST",
    "D": "Conditional (algo) orders",
    "E": "User stream",
    "F": "Market streams",
    "G": "WebSocket API",
    "H": "Error codes",
    "I": "Margin, profit, fees, funding, liquidation",
    "K": "Three real clients",
    "L": "Event sequences, switches, faults",
    "M": "What is uncertain, both ways",
    "V": "What is to be verified on the demo venue, both ways",
}

HEAD = """# What the paper exchange does, and the test that shows it

Made by `python -m tests.conversations` from the conversation scripts and from the tests whose docstring names its
source; a test says when the page is out of date. *Source* is a section of our notes on the Binance USDⓈ-M protocol,
which were written from the official documentation, its change log and captures of the wire. What they could not settle
is under M, and under V what is to be verified on the demo venue: each of those rows shows every answer there may be.
A script is a dialogue with the exchange in plain text; `tests/conversations/README.md` tells how to read one.
How to run the exchange: [paper-exchange.md](../paper-exchange.md).
"""

_SOURCE = re.compile(r"notes ([A-IKLMV])(\.\d+)?")
_NUMBER = re.compile(r"\d+")

Row = tuple[str, str, str]
"""Section, behaviour, test."""


@cache
def rows() -> tuple[Row, ...]:
    """Every row, by section; scripts before other tests."""
    told = [(script.section, script.clause, script.path) for script in scripts()]
    return tuple(sorted([*told, *_named_tests()], key=lambda row: (_order(row[0]), row[2].endswith(".txt") is False)))


def _order(section: str) -> tuple[str, int]:
    number = _NUMBER.search(section)
    return section[0], int(number[0]) if number else 0


def _named_tests() -> list[Row]:
    """Tests of the paper exchange whose docstring names a section of the notes."""
    found: list[Row] = []
    for path in sorted((ROOT / "tests" / "paper").rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                text = " ".join((ast.get_docstring(node) or "").split())
                source = _SOURCE.search(text)
                if source is not None:
                    behaviour = f"{node.name.removeprefix('test_').replace('_', ' ')}: {text}"
                    test = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                    found.append((source[1] + (source[2] or ""), behaviour, test))
    return found


def page() -> str:
    """The reference page."""
    lines = [HEAD]
    for letter, group in groupby(rows(), key=lambda row: row[0][0]):
        lines += [f"## {letter} {TITLES[letter]}", "", "| behaviour | source | test |", "|---|---|---|"]
        lines += [f"| {behaviour.replace('|', '¦')} | {section} | `{test}` |" for section, behaviour, test in group]
        lines.append("")
    return "\n".join(lines)

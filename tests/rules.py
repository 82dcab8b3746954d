"""The list of trading rules and of the tests that show them, `rules.toml`, and the reference page made from it."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "rules.md"

ROLES = ("entry", "stop", "partial exit", "full close", "cancel", "setting")
OUTCOMES = ("rejected", "throttled", "unknown")

HEAD = """# Trading rules and their tests

What the engine promises, rule by rule, and the tests that show it. Made from `tests/rules.toml`; a rule without a test,
or a test that does not exist, fails the build. `make test` runs them all.
"""


@cache
def sections() -> dict[int, tuple[str, dict[str, list[str]]]]:
    """Section → (title, rule → names of tests), as `rules.toml` says."""
    with (ROOT / "tests" / "rules.toml").open("rb") as file:
        return {int(number): (section["title"], section["rules"]) for number, section in tomllib.load(file).items()}


@cache
def named_tests() -> dict[str, tuple[str, ...]]:
    """Every test of the repository: its name → the files that have one of that name."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    return {name: tuple(files) for name, files in found.items()}


def page() -> str:
    """The reference page."""
    lines = [HEAD]
    for number, (title, rules) in sections().items():
        lines += [f"## {number} {title}", "", "| rule | shown by |", "|---|---|"]
        for rule, names in rules.items():
            shown = "<br>".join(f"`{named_tests()[name][0]}::{name}`" for name in names)
            lines.append(f"| {rule} | {shown} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

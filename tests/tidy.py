"""The house rules as functions of one source file: each yields what breaks it, with what to write instead.

`tests/test_tidy.py` applies them to the repository and tries each on a small bad sample.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70

PURE = ("model", "core", "binance", "paper", "verify")
VIRTUAL_TIME = ("tests/sim/", "tests/service/test_killswitch.py")
"""Tests whose loop jumps over waiting, so that a sleep costs nothing there."""

SHELL_FILES = (
    "src/holdfast/paper/doors/server.py",
    "src/holdfast/paper/doors/http_door.py",
    "src/holdfast/paper/doors/link.py",
    "src/holdfast/paper/doors/mask_check.py",
    "src/holdfast/paper/state.py",
    "src/holdfast/verify/journal_file.py",
)
"""Files of pure packages that talk to the outside: the paper exchange's edge and state, the files the checker reads."""

EVERYTHING = ("model", "core", "binance", "paper", "verify", "ports", "adapters", "service", "api", "config", "sim")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "model": (),
    "core": ("model",),
    "binance": ("model",),
    "paper": ("model",),
    "verify": ("model",),
    "ports": ("model",),
    "config": ("model",),
    "adapters": ("ports", "model"),
    "service": ("core", "binance", "ports", "model"),
    "api": ("service", "ports", "model"),
    "sim": (*EVERYTHING, "wiring"),
    "wiring": EVERYTHING,
    "cli": (*EVERYTHING, "wiring"),
    "__main__": ("cli",),
    "__init__": (),
}
"""Which of our packages each of our packages may import, itself aside. A package missing here is an error."""

PAPER_FLOORS = ("market", "money", "streams", "trading", "operations", "requests", "control", "doors")
"""The folders of the paper exchange from the ground up: each imports those before it, none that comes after it.

What stands beside them in `paper/` itself is for all; `sources` makes what a market is told, and knows `market` only.
"""

# What pure code may import from outside. Not listed because impure: time, random, uuid, secrets, os, io, asyncio,
# logging, threading, socket, subprocess, pathlib, tempfile, sqlite3, importlib.
PURE_MODULES = frozenset((
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "collections.abc", "contextlib", "copy",
    "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools",
    "json", "math", "operator", "re", "string", "struct", "textwrap", "types", "typing", "typing_extensions",
    "urllib.parse", "zlib", "msgspec",
))  # fmt: skip
PURE_PREFIXES = ("msgspec.", "cryptography.")
INSTEAD = {
    "time": "take the time as an input",
    "random": "take a seed and use our own generator",
    "uuid": "derive the id from what it names",
    "secrets": "take the value as an input",
    "os": "take the value as an input",
    "asyncio": "leave waiting to the shell",
    "logging": "return an event; the shell logs it",
}
IMPURE_CALLS = {
    "open": "let the shell read the file and pass its content",
    "print": "return it; the command line prints",
    "input": "take the value as an input",
    "id": "addresses differ between runs; use a key of your own",
    "hash": "differs between runs for text; use hashlib",
    "eval": "write the expression",
    "exec": "write the statements",
    "__import__": "import at the top of the file",
}
WHOLE_NUMBER_MATH = ("isqrt", "gcd", "lcm", "comb", "perm", "factorial", "prod")
CLOCK_METHODS = ("now", "utcnow", "today")

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the repository, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of it."""
        return list(ast.walk(self.tree))

    @property
    def package(self) -> str:
        """Our package it belongs to: `core` for src/holdfast/core/risk.py, `ports` for src/holdfast/ports.py."""
        return self.path.removeprefix("src/holdfast/").split("/")[0].removesuffix(".py")

    @property
    def ours(self) -> bool:
        """Whether it is part of the product, not of its tests or benchmarks."""
        return self.path.startswith("src/")

    @property
    def pure(self) -> bool:
        """Whether it must do without clock, chance, files and network."""
        return self.ours and self.package in PURE and self.path not in SHELL_FILES

    @property
    def handles_money(self) -> bool:
        """Whether floats are forbidden in it."""
        return self.ours and self.package in PURE


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule. `where` is path, or path:function, as the table of exceptions names it."""

    where: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.where.split(':')[0]}:{self.line}: {self.rule}: {self.advice}"


def imported(node: ast.AST) -> list[str]:
    """The dotted modules an import statement names; for `from a import b` both `a` and `a.b` matter, so `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def call_name(node: ast.AST) -> str:
    """`open` for open(…), `sleep` for asyncio.sleep(…), nothing for what is not a call by name."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def import_direction(source: Source) -> Iterator[Finding]:
    """Imports point one way (see MAY_IMPORT)."""
    if not source.ours:
        return
    allowed = (*MAY_IMPORT[source.package], source.package)
    for node in source.nodes:
        for name in imported(node):
            root, _, rest = name.partition(".")
            target = rest.split(".")[0]
            if root == "holdfast" and target != "__version__" and target not in allowed:
                yield Finding(source.path, node.lineno, "import-direction",
                              f"{source.package} may import only {', '.join(allowed)}, not {target}; move what both "
                              "need to model, or pass it in through a port")  # fmt: skip


def paper_floors(source: Source) -> Iterator[Finding]:
    """Inside the paper exchange no folder imports one that stands above it."""
    here = source.path.removeprefix("src/holdfast/paper/").partition("/")[0]
    if here == "sources":
        allowed: tuple[str, ...] = ("sources", "market")
    elif here in PAPER_FLOORS and source.path.startswith("src/holdfast/paper/"):
        allowed = PAPER_FLOORS[: PAPER_FLOORS.index(here) + 1]
        allowed += ("sources",) if here == "doors" else ()
    else:
        return
    for node in source.nodes:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else imported(node)
        for name in names:
            target = name.removeprefix("holdfast.paper.").partition(".")[0]
            if name.startswith("holdfast.paper.") and target in (*PAPER_FLOORS, "sources") and target not in allowed:
                yield Finding(source.path, node.lineno, "paper-floor",
                              f"{here} stands below {target}; it may import {', '.join(allowed)}")  # fmt: skip


def pure_imports(source: Source) -> Iterator[Finding]:
    """Pure packages import only what is known to be pure."""
    if not source.pure:
        return
    for node in source.nodes:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else imported(node)
        for name in names:
            known = name in PURE_MODULES or name.startswith(PURE_PREFIXES) or name.split(".")[0] == "holdfast"
            if not known:
                root = name.split(".")[0]
                advice = INSTEAD.get(root, "leave it to the shell, or list it in PURE_MODULES if it is pure")
                yield Finding(source.path, node.lineno, "pure-import", f"{name} in a pure package: {advice}")


def pure_calls(source: Source) -> Iterator[Finding]:
    """Pure packages do not read a clock, a file, an address, or the order of a set."""
    if not source.pure:
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield Finding(source.path, node.lineno, "pure-call", f"{node.func.id}(): {IMPURE_CALLS[node.func.id]}")
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_METHODS:
            owner = ast.unparse(node.value).split(".")[-1]
            if owner in ("datetime", "date"):
                yield Finding(source.path, node.lineno, "pure-call", f"{owner}.{node.attr}: take the time as an input")
        iterated = getattr(node, "iter", None)
        if isinstance(iterated, ast.Set | ast.SetComp) or call_name(iterated) in ("set", "frozenset"):
            yield Finding(source.path, node.iter.lineno, "set-order", "a set has no fixed order: use sorted()")


def floats(source: Source) -> Iterator[Finding]:
    """No float near money: no literal, no conversion, no annotation, no true division, no round()."""
    if not source.handles_money:
        return
    divide = "true division: use holdfast.model.num.divide, floor_to or ceil_to"
    for where, node in with_function(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield Finding(where, node.lineno, "float", f'literal {node.value}: write Decimal("{node.value}")')
        elif isinstance(node, ast.Name) and node.id == "float":
            yield Finding(where, node.lineno, "float", "float: use Decimal, from the text on")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield Finding(where, node.lineno, "float", divide)
        elif any(name not in WHOLE_NUMBER_MATH for name in math_names(node)):
            yield Finding(where, node.lineno, "float", f"{ast.unparse(node)}: math works in floats")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
            yield Finding(where, node.lineno, "float", "round(): use holdfast.model.num.floor_to or ceil_to")


def math_names(node: ast.AST) -> list[str]:
    """What is taken from `math` there: `sqrt` for math.sqrt and for `from math import sqrt`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math":
        return [node.attr]
    return [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) and node.module == "math" else []


def with_function(source: Source) -> Iterator[tuple[str, ast.AST]]:
    """Every node with its place: path:function inside a function (the innermost), else path."""

    def walk(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            inside = f"{source.path}:{child.name}" if isinstance(child, FUNCTION) else where
            yield inside, child
            yield from walk(child, inside)

    yield from walk(source.tree, source.path)


def lengths(source: Source) -> Iterator[Finding]:
    """Files and functions a reader can hold in mind."""
    count = len(source.text.splitlines())
    if count > MAX_FILE_LINES:
        yield Finding(source.path, count, "file-length", f"{count} lines, at most {MAX_FILE_LINES}: split by subject")
    for where, node in with_function(source):
        if isinstance(node, FUNCTION):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                advice = f"{node.name} has {lines} lines, at most {MAX_FUNCTION_LINES}: name its parts"
                yield Finding(where, node.lineno, "function-length", advice)


UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def unfinished(source: Source) -> Iterator[Finding]:
    """Nothing is left for later, and nothing only looks done."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield Finding(source.path, number, "unfinished", "finish it, or say in the issue that it is missing")
    if not source.ours:
        return
    for node in source.nodes:
        if isinstance(node, ast.Name) and node.id in ("NotImplemented" + "Error", "NotImplemented"):
            yield Finding(source.path, node.lineno, "unfinished", f"{node.id}: write it, or leave the function out")
        if isinstance(node, ast.ClassDef) and not is_protocol(node):
            for method in node.body:
                yield from stub(source, method)
    for statement in source.tree.body:
        yield from stub(source, statement)


def declares_only(source: Source) -> bool:
    """Whether the file has nothing to run: types, shapes and tables, but no function with a body."""
    bodies = [node.body for node in source.nodes if isinstance(node, FUNCTION)]
    return all(is_nothing(statement) for body in bodies for statement in body)


def is_protocol(node: ast.ClassDef) -> bool:
    """Whether the class only states a shape."""
    return any("Protocol" in ast.unparse(base) for base in node.bases)


def stub(source: Source, node: ast.AST) -> Iterator[Finding]:
    """A function that does nothing, unless it is an overload or abstract."""
    if not isinstance(node, FUNCTION):
        return
    if any("overload" in ast.unparse(mark) or "abstract" in ast.unparse(mark) for mark in node.decorator_list):
        return
    if all(is_nothing(statement) for statement in node.body) and not ast.get_docstring(node):
        yield Finding(source.path, node.lineno, "unfinished", f"{node.name} does nothing: write it, or say why")
    elif any(isinstance(getattr(part, "value", None), ast.Constant) and part.value.value is ... for part in node.body):
        yield Finding(source.path, node.lineno, "unfinished", f"{node.name} is a stub: write it, or leave it out")


def is_nothing(statement: ast.stmt) -> bool:
    """`pass`, `...`, `continue`, or a text standing alone."""
    alone = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return alone or isinstance(statement, ast.Pass | ast.Continue)


def swallowed(source: Source) -> Iterator[Finding]:
    """No broad exception disappears."""
    broad = {"Exception", "BaseException"}
    for node in source.nodes:
        if isinstance(node, ast.ExceptHandler):
            caught = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else broad
            if caught & broad and all(is_nothing(statement) for statement in node.body):
                yield Finding(source.path, node.lineno, "swallowed", "catch what you expect, or report what came")
        if call_name(node) == "suppress" and broad & {getattr(name, "id", "") for name in node.args}:
            yield Finding(source.path, node.lineno, "swallowed", "suppress what you expect by name")


def assertions(source: Source) -> Iterator[Finding]:
    """Assertions of the product say which invariant they guard."""
    for node in source.nodes if source.ours else ():
        if isinstance(node, ast.Assert):
            text = ast.unparse(node.msg).lstrip("f'\"") if node.msg else ""
            if not text.startswith("invariant:"):
                yield Finding(source.path, node.lineno, "assertion", 'give a message, "invariant: what always holds"')


def sleeps(source: Source) -> Iterator[Finding]:
    """Tests wait for a signal, not for time. sleep(0), which only yields to the loop, is fine."""
    if not source.path.startswith("tests/") or source.path.startswith(VIRTUAL_TIME):
        return
    for where, node in with_function(source):
        if call_name(node) == "sleep" and not (node.args and getattr(node.args[0], "value", None) == 0):
            yield Finding(where, node.lineno, "sleep", "wait for an event or a queue, or use tests.waiting")


RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    import_direction, paper_floors,
    pure_imports, pure_calls, floats, lengths, unfinished, swallowed, assertions, sleeps,
)  # fmt: skip

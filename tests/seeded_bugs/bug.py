"""A seeded bug: a small change of the engine's own source, made for the length of a `with` block and taken back.

A change names a function and the text that it replaces, so that the catalogue reads like a list of diffs. The changed
source is compiled and put under the function's own name: whoever holds the function, in a table or by an import, gets
the bug. Text that is not there exactly once, or that changes nothing, is an error: a bug that is none must not pass.
"""

from __future__ import annotations
import __future__

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import CodeType, FunctionType
from typing import Any


class NoSuchTarget(Exception):
    """What a change wants to replace is not there any more: the catalogue must follow the engine."""


@dataclass(frozen=True)
class Edit:
    """Other text in a function: `target` is "core.intake:received" or "core.state:OrderState.live"."""

    target: str
    old: str
    new: str


@contextmanager
def edited(target: str, edits: Sequence[Edit]) -> Iterator[None]:
    """Run with a function to which all these edits were made."""
    function = function_of(target)
    kept = function.__code__
    function.__code__ = changed_code(function, edits)
    try:
        yield
    finally:
        function.__code__ = kept


@dataclass(frozen=True)
class Row:
    """Another value, or none at all, for a key of a table: `target` is "core.responses:DEFAULTS"."""

    target: str
    key: Any
    value: Any = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Run with the changed table."""
        table: MutableMapping[Any, Any] = found(self.target)
        kept = dict(table)
        if table.get(self.key) == self.value:
            raise NoSuchTarget(f"{self.target}: the row {self.key} is {self.value} already")
        table[self.key] = self.value
        try:
            yield
        finally:
            table.clear()
            table.update(kept)


Change = Edit | Row


@dataclass(frozen=True, kw_only=True)
class Bug:
    """One thing that somebody could have written wrongly, and within how many seeds it must be found."""

    name: str
    breaks: str
    """One sentence: what the engine does with it."""
    rule: str
    """The promise or rule that it breaks."""
    changes: tuple[Change, ...]
    seeds: int = 40
    """It must be caught within so many seeds, counted from 0."""
    vehicle: str = "day"
    """Where it is looked for: a random day of the core, or the whole engine in the simulator."""
    given: dict[str, Any] = field(default_factory=dict)
    """What every one of its days has in common, e.g. {"facts": "default"}."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Run with the bug. Raises `NoSuchTarget` when something that it changes is not there."""
        with ExitStack() as stack:
            edits: dict[str, list[Edit]] = {}
            for change in self.changes:
                if isinstance(change, Edit):
                    edits.setdefault(change.target, []).append(change)
                else:
                    stack.enter_context(change.applied())
            for target, of_one in edits.items():
                stack.enter_context(edited(target, of_one))
            yield


def found(target: str) -> Any:
    """What a target names. Raises `NoSuchTarget`."""
    module, _, path = target.partition(":")
    try:
        owner: Any = importlib.import_module(f"holdfast.{module}")
        for name in path.split("."):
            owner = inspect.getattr_static(owner, name)
    except (ImportError, AttributeError) as error:
        raise NoSuchTarget(f"{target}: {error}") from error
    return owner


def function_of(target: str) -> FunctionType:
    """The plain function under a target, that of a property or a class method included."""
    owner = found(target)
    if isinstance(owner, property):
        owner = owner.fget
    if isinstance(owner, classmethod | staticmethod):
        owner = owner.__func__
    owner = inspect.unwrap(owner)
    if not isinstance(owner, FunctionType):
        raise NoSuchTarget(f"{target} is no function")
    return owner


def changed_code(function: Callable[..., Any], edits: Sequence[Edit]) -> CodeType:
    """The function's code with other text in it."""
    source = changed = textwrap.dedent(inspect.getsource(function))
    for edit in edits:
        if changed.count(edit.old) != 1:
            raise NoSuchTarget(f"{edit.target}: this text is there {changed.count(edit.old)} times: {edit.old}")
        changed = changed.replace(edit.old, edit.new)
    tree = ast.parse(changed)
    if ast.dump(tree) == ast.dump(ast.parse(source)):
        raise NoSuchTarget(f"{edits[0].target}: the change changes nothing")
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef), "a target is a function"
    definition.decorator_list = []
    code: CodeType = function.__code__
    outer = compile(
        _inside(definition, code.co_freevars), code.co_filename, "exec", __future__.annotations.compiler_flag, True
    )
    found_code = _named(outer, code.co_name)
    assert found_code.co_freevars == code.co_freevars, f"{edits[0].target}: other names of its surroundings are used"
    return found_code


def _inside(definition: ast.stmt, names: tuple[str, ...]) -> ast.Module:
    """A module with the function in it, inside one that has the names of its surroundings (super() needs that)."""
    if not names:
        return ast.Module([definition], [])
    wrapper = ast.parse(f"def surroundings():\n    {' = '.join(names)} = None").body[0]
    assert isinstance(wrapper, ast.FunctionDef), "a definition is a definition"
    wrapper.body.append(definition)
    return ast.fix_missing_locations(ast.Module([wrapper], []))


def _named(code: CodeType, name: str) -> CodeType:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            return constant if constant.co_name == name else _named(constant, name)
    raise NoSuchTarget(f"no function {name} in its own source")

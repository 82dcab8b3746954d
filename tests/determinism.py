"""What breaks "one seed, one run", as functions of one source file: each yields what it finds, and what to write.

`tests/test_determinism.py` applies them to all code that runs inside the simulator, and tries each on a bad sample.
That runs are equal in fresh processes is not enough: some of these (addresses, numbers of tasks, the order of sets of
objects) differ only after other runs in the same process. So the source is read as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from tests.tidy import FUNCTION, Finding, Source, with_function

INSIDE = (
    "src/holdfast/model/", "src/holdfast/core/", "src/holdfast/binance/", "src/holdfast/paper/", "src/holdfast/verify/",
    "src/holdfast/service/", "src/holdfast/sim/", "src/holdfast/ports.py", "src/holdfast/adapters/loop_clock.py",
    "src/holdfast/adapters/store_memory.py", "src/holdfast/wiring/node.py", "src/holdfast/wiring/world.py",
    "src/holdfast/wiring/sim",
)  # fmt: skip
"""Where the code lives that runs inside the simulator: beginnings of paths."""

OUTSIDE: dict[str, str] = {
    "src/holdfast/paper/doors/http_door.py": "the connections of the served exchange: sockets and the time of a reply",
    "src/holdfast/paper/doors/link.py": "one WebSocket of the served exchange",
    "src/holdfast/paper/doors/mask_check.py": "the first bytes of one WebSocket of the served exchange",
    "src/holdfast/paper/doors/server.py": "the edge of the served exchange: sockets and the machine's clock",
    "src/holdfast/verify/journal_file.py": "reads files for the command line, after a run is over",
    "src/holdfast/wiring/sim_farm.py": "spreads runs over processes and times them; no run reaches into it",
}
"""Files below those that the simulator never runs, each with what it is instead."""

CLOCK = "take the time from the Clock port or from the input"
CHANCE = "derive it, or take a random.Random whose seed is an input"
ENVIRONMENT = "let the command line read it and pass it in"
THREADS = "a thread ends when no seed decides; keep it behind a port that the simulator fills"
SET_OF_TASKS = "its order is that of addresses: walk a list or a dict of your own"

BANNED: dict[str, str] = {
    "time": CLOCK,
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.date.today": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "uuid": "derive the id from what it names",
    "os.urandom": CHANCE,
    "os.getrandom": CHANCE,
    "os.getpid": ENVIRONMENT,
    "os.environ": ENVIRONMENT,
    "os.environb": ENVIRONMENT,
    "os.getenv": ENVIRONMENT,
    "threading": THREADS,
    "_thread": THREADS,
    "concurrent": THREADS,
    "multiprocessing": THREADS,
    "asyncio.to_thread": THREADS,
    "asyncio.wait": "the sets it answers have no order: gather, or wait for one future",
    "asyncio.as_completed": "its order is that of a set: gather, or a queue",
    "asyncio.all_tasks": SET_OF_TASKS,
    "asyncio.TaskGroup": "when it aborts it cancels a set of tasks: keep an ordered list, as service/lifecycle.py does",
    "asyncio.ensure_future": "its task is named by a counter of the process: create_task(…, name=…)",
    "weakref.WeakSet": SET_OF_TASKS,
    "weakref.WeakValueDictionary": "its content depends on the garbage collector",
    "weakref.WeakKeyDictionary": "its content depends on the garbage collector",
}
"""Dotted name, or the module of it → what to do instead."""

BANNED_METHODS: dict[str, str] = {
    "run_in_executor": THREADS,
    "call_soon_threadsafe": THREADS,
}
BANNED_BUILTINS: dict[str, str] = {
    "id": "addresses differ between runs: use a key of your own",
    "hash": "differs between processes for text: use hashlib",
}

SET_TYPES = ("set", "frozenset", "AbstractSet", "MutableSet", "WeakSet")
KEEPS_SET = ("union", "difference", "intersection", "symmetric_difference", "copy")
LOOKS_UP = ("get", "setdefault", "pop")
ORDERED_BY = ("list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed", "deque", "fromkeys", "join",
              "extend", "islice", "chain", "cycle", "reduce")  # fmt: skip
"""Calls that put what they are given into an order, or that take it one by one."""

NO_ORDER = ("sorted", "set", "frozenset", "any", "all", "len", "Counter")
"""Calls whose answer does not depend on the order of what they are given."""

FIRST_OF_EQUALS = ("min", "max")
"""Without a key the answer is the same in any order; with one the first of equals wins."""

NAMELESS = ("gather", "wait_for", "shield")
"""asyncio's calls that make a task of a bare coroutine, with a number for a name."""


def runs_inside(path: str) -> bool:
    """Whether the simulator runs this file."""
    return path.startswith(INSIDE) and path not in OUTSIDE


@dataclass(frozen=True)
class Shapes:
    """Which names mean a set, and which a mapping to sets, in one scope or over all files."""

    sets: set[str] = field(default_factory=set)
    maps: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def note(self, name: str, shape: str) -> None:
        """Remember one meaning of a name; a name may have several."""
        {"set": self.sets, "map": self.maps}.get(shape, self.others).add(name)

    def shape(self, name: str) -> str:
        """`set`, `map`, `other` or, for a name never met, nothing. Of several meanings the dangerous one counts."""
        known = (("set", self.sets), ("map", self.maps), ("other", self.others))
        return next((shape for shape, names in known if name in names), "")


def shape_of_annotation(node: ast.expr | None) -> str:
    """`set` for set[str] or `frozenset[int] | None`, `map` for dict[str, set[str]], else `other`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    if isinstance(node, ast.BinOp):
        sides = (shape_of_annotation(node.left), shape_of_annotation(node.right))
        return next((shape for shape in sides if shape != "other"), "other")
    if isinstance(node, ast.Subscript):
        name = _last(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in ("Final", "ClassVar", "Optional", "Annotated"):
            return shape_of_annotation(inner[0])
        if name in ("dict", "Mapping", "MutableMapping", "defaultdict"):
            return "map" if shape_of_annotation(inner[-1]) == "set" else "other"
        return "set" if name in SET_TYPES else "other"
    return "set" if _last(node) in SET_TYPES else "other"


def _last(node: ast.AST | None) -> str:
    """`b` for a.b, `a` for a, nothing for what has no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


class Knowledge:
    """What all files together say: attributes, functions and constants that are sets, or mappings to sets."""

    def __init__(self, sources: tuple[Source, ...]) -> None:
        self.attributes, self.functions, self.constants = Shapes(), Shapes(), Shapes()
        self.own: dict[str, Shapes] = {}
        for source in sources:
            self._learn(source)

    def _learn(self, source: Source) -> None:
        own = self.own.setdefault(source.path, Shapes())
        for node in source.nodes:
            if isinstance(node, FUNCTION):
                is_property = any(_last(mark) in ("property", "cached_property") for mark in node.decorator_list)
                shape = shape_of_annotation(node.returns)
                (self.attributes if is_property else self.functions).note(node.name, shape)
            elif isinstance(node, ast.ClassDef):
                for field_ in node.body:
                    if isinstance(field_, ast.AnnAssign):
                        own.note(_last(field_.target), shape_of_annotation(field_.annotation))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
                own.note(node.target.attr, shape_of_annotation(node.annotation))
            elif isinstance(node, ast.Assign) and is_display(node.value):
                for target in node.targets:
                    if isinstance(target, ast.Attribute):
                        own.note(target.attr, "set")
        self.attributes.sets.update(own.sets)
        self.attributes.maps.update(own.maps)
        for name, shape in names_of(source.tree.body, Shapes(), self).items():
            self.constants.note(name, shape)


def is_display(node: ast.AST) -> bool:
    """A set written out: {1, 2}, {x for …}, set(…), frozenset(…)."""
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    return isinstance(node, ast.Set | ast.SetComp) or made


def names_of(body: list[ast.stmt], around: Shapes, known: Knowledge) -> dict[str, str]:
    """What the names assigned in a body are, those of functions and classes inside it left out."""
    found: dict[str, str] = {}
    for node in walk_scope(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            written = node.annotation if _last(node.annotation) != "Final" else None
            sets = Sets(Shapes(*_split(found)), around, Shapes(), known)
            shape = sets.shape(node.value) if written is None and node.value else shape_of_annotation(written)
            found[node.target.id] = shape
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and found.get(target.id) != "set":
                    found[target.id] = Sets(Shapes(*_split(found)), around, Shapes(), known).shape(node.value)
        elif isinstance(node, ast.For | ast.comprehension) and _of_view(node.iter):
            sets = Sets(Shapes(*_split(found)), around, Shapes(), known)
            value = node.target.elts[-1] if isinstance(node.target, ast.Tuple) else node.target
            if isinstance(value, ast.Name) and sets.shape(_of_view(node.iter)) == "map":
                found[value.id] = "set"
    return found


def _of_view(node: ast.expr) -> ast.expr | None:
    """`x` for x.values() and x.items(), also inside list(…) and sorted(…)."""
    if isinstance(node, ast.Call) and _last(node.func) in ("list", "tuple", "sorted", "reversed") and node.args:
        return _of_view(node.args[0])
    view = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("values", "items")
    return node.func.value if view else None


def _split(found: Mapping[str, str]) -> tuple[set[str], set[str]]:
    return {name for name in found if found[name] == "set"}, {name for name in found if found[name] == "map"}


def walk_scope(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of a body that belongs to its own scope, in the order of the text."""
    for node in body:
        yield node
        if not isinstance(node, (*FUNCTION, ast.ClassDef)):
            yield from _inside(node)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (*FUNCTION, ast.ClassDef)):
            yield from _inside(child)


@dataclass(frozen=True)
class Sets:
    """Tells which expressions are sets, from the names of a scope, of its file and of all files."""

    local: Shapes
    around: Shapes
    own: Shapes
    known: Knowledge

    def is_set(self, node: ast.AST | None) -> bool:
        """Whether walking over it would follow the order of a set."""
        return self.shape(node) == "set"

    def shape(self, node: ast.AST | None) -> str:
        """`set`, `map` (a mapping to sets) or `other`."""
        if node is None:
            return "other"
        if is_display(node):
            return "set"
        if isinstance(node, ast.Name):
            return next((s for s in (self.local.shape(node.id), self.around.shape(node.id)) if s), "other")
        if isinstance(node, ast.Attribute):
            own = self.own.shape(node.attr) if _last(node.value) == "self" else ""
            return own or self.known.attributes.shape(node.attr) or "other"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
            return "set" if any(self.is_set(side) or _is_view(side) for side in (node.left, node.right)) else "other"
        if isinstance(node, ast.IfExp):
            return self._worst(node.body, node.orelse)
        if isinstance(node, ast.BoolOp):
            return self._worst(*node.values)
        if isinstance(node, ast.NamedExpr):
            return self.shape(node.value)
        if isinstance(node, ast.Subscript):
            return "set" if self.shape(node.value) == "map" else "other"
        if isinstance(node, ast.Call):
            return self._shape_of_call(node)
        return "other"

    def _worst(self, *nodes: ast.expr) -> str:
        return next((shape for shape in map(self.shape, nodes) if shape != "other"), "other")

    def _shape_of_call(self, node: ast.Call) -> str:
        if isinstance(node.func, ast.Attribute):
            owner = self.shape(node.func.value)
            if owner == "map" and node.func.attr in LOOKS_UP:
                return "set"
            if owner == "set" and node.func.attr in KEEPS_SET:
                return "set"
        return self.known.functions.shape(_last(node.func)) or "other"


def _is_view(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def set_order(source: Source, known: Knowledge) -> Iterator[Finding]:
    """Nothing walks over a set, unless what comes of it has no order or is sorted."""
    around = Shapes(*_split(names_of(source.tree.body, Shapes(), known)))
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                shape = known.constants.shape(alias.name)
                if shape and (node.module or "").startswith("holdfast"):
                    around.note(alias.asname or alias.name, shape)
    yield from _in_scope(source, source.path, source.tree.body, Sets(Shapes(), around, known.own[source.path], known))


def _in_scope(source: Source, where: str, body: list[ast.stmt], sets: Sets) -> Iterator[Finding]:
    inner: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = []
    excused: set[ast.AST] = set()
    for node in walk_scope(body):
        if isinstance(node, (*FUNCTION, ast.ClassDef)):
            inner.append(node)
            continue
        if isinstance(node, ast.Call) and _order_is_lost(node):
            excused.update(part for part in node.args if isinstance(part, ast.GeneratorExp | ast.ListComp))
        if isinstance(node, ast.SetComp):
            excused.add(node)
        for walked in walked_over(node) if node not in excused else ():
            if sets.is_set(walked):
                advice = f"{ast.unparse(walked)} is a set, which has no fixed order: use sorted() or a dict"
                yield Finding(where, getattr(node, "lineno", 0) or walked.lineno, "set-order", advice)
    for part in inner:
        if isinstance(part, ast.ClassDef):
            yield from _in_scope(source, where, part.body, sets)
        else:
            arguments = part.args.posonlyargs + part.args.args + part.args.kwonlyargs
            names = {arg.arg: shape_of_annotation(arg.annotation) for arg in arguments}
            names |= names_of(part.body, sets.around, sets.known)
            local = Shapes(*_split(names), {name for name, shape in names.items() if shape == "other"})
            nested = Shapes(sets.local.sets | sets.around.sets, sets.local.maps | sets.around.maps)
            yield from _in_scope(
                source, f"{source.path}:{part.name}", part.body, Sets(local, nested, sets.own, sets.known)
            )


def _order_is_lost(call: ast.Call) -> bool:
    name, keyed = _last(call.func), any(word.arg == "key" for word in call.keywords)
    return (name in NO_ORDER and not (name == "sorted" and keyed)) or (name in FIRST_OF_EQUALS and not keyed)


def walked_over(node: ast.AST) -> Iterator[ast.expr]:
    """What a node takes one by one, in the order in which it lies."""
    if isinstance(node, ast.For | ast.AsyncFor):
        yield node.iter
    elif isinstance(node, ast.GeneratorExp | ast.ListComp | ast.DictComp):
        yield from (part.iter for part in node.generators)
    elif isinstance(node, ast.List | ast.Tuple):
        yield from (part.value for part in node.elts if isinstance(part, ast.Starred))
    elif isinstance(node, ast.YieldFrom) or _unpacks(node):
        yield node.value
    elif isinstance(node, ast.Call):
        yield from _walked_by_call(node)


def _unpacks(node: ast.AST) -> TypeGuard[ast.Assign]:
    """a, b = …"""
    return isinstance(node, ast.Assign) and any(isinstance(part, ast.Tuple | ast.List) for part in node.targets)


def _walked_by_call(call: ast.Call) -> Iterator[ast.expr]:
    name, keyed = _last(call.func), any(word.arg == "key" for word in call.keywords)
    yield from (part.value for part in call.args if isinstance(part, ast.Starred))
    if name in ORDERED_BY or (name in (*FIRST_OF_EQUALS, "sorted") and keyed):
        yield from (part for part in call.args if not isinstance(part, ast.Starred))
    if name == "pop" and isinstance(call.func, ast.Attribute) and not call.args:
        yield call.func.value


def names_imported(source: Source) -> dict[str, str]:
    """Local name → dotted name: `t` → `time` for `import time as t`, `now` → `time.time` for its import by name."""
    found: dict[str, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def dotted(node: ast.AST, imported: Mapping[str, str]) -> str:
    """`asyncio.wait` for that attribute under any alias; nothing for what hangs on no import."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, "")
    owner = dotted(node.value, imported) if isinstance(node, ast.Attribute) else ""
    return f"{owner}.{node.attr}" if owner and isinstance(node, ast.Attribute) else ""


def banned_names(source: Source, _known: Knowledge) -> Iterator[Finding]:
    """No clock, chance, environment, thread or unordered waiting, under whatever name it was imported."""
    imported = names_imported(source)
    seeded = {node.func for node in source.nodes if isinstance(node, ast.Call) and (node.args or node.keywords)}
    parts = {node.value for node in source.nodes if isinstance(node, ast.Attribute)}
    for where, node in with_function(source):
        name = dotted(node, imported) if node not in parts else ""
        found = next((ban for ban in BANNED if name == ban or name.startswith(f"{ban}.")), "")
        if found and not (name == "random.Random" and (node in seeded or not _called(source, node))):
            yield Finding(where, getattr(node, "lineno", 0), name, BANNED[found])


def _called(source: Source, name: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) and node.func is name for node in source.nodes)


def banned_calls(source: Source, _known: Knowledge) -> Iterator[Finding]:
    """No thread through a method of the loop, no address and no hash of text."""
    for where, node in with_function(source):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_METHODS:
            yield Finding(where, node.lineno, node.func.attr, BANNED_METHODS[node.func.attr])
        elif isinstance(node.func, ast.Name) and node.func.id in BANNED_BUILTINS:
            yield Finding(where, node.lineno, f"{node.func.id}()", BANNED_BUILTINS[node.func.id])


def nameless_tasks(source: Source, _known: Knowledge) -> Iterator[Finding]:
    """Every task has a name of ours: asyncio's own numbers go on from the runs before in the same process."""
    advice = "its name would be a number of the process: create_task(…, name=…)"
    for where, node in with_function(source):
        if not isinstance(node, ast.Call):
            continue
        name = _last(node.func)
        if name in ("create_task", "Task") and not any(word.arg == "name" for word in node.keywords):
            yield Finding(where, node.lineno, "nameless-task", advice)
        if name in NAMELESS and isinstance(node.func, ast.Attribute):
            for part in node.args:
                bare = part.value if isinstance(part, ast.Starred) else part
                bare = bare.elt if isinstance(bare, ast.GeneratorExp | ast.ListComp) else bare
                if isinstance(bare, ast.Call) and _last(bare.func) not in ("create_task", "values", "create_future"):
                    yield Finding(where, node.lineno, "nameless-task", f"{name}({ast.unparse(bare)}): {advice}")


def open_generators(source: Source, _known: Knowledge) -> Iterator[Finding]:
    """An asynchronous generator left half-way is ended by its finaliser, from another thread's door."""
    closing = {
        item.optional_vars.id
        for node in source.nodes if isinstance(node, ast.AsyncWith)
        for item in node.items
        if "aclosing" in ast.unparse(item.context_expr) and isinstance(item.optional_vars, ast.Name)
    }  # fmt: skip
    for where, node in with_function(source):
        if isinstance(node, ast.AsyncFor) and _last(node.iter) not in closing and any(map(_leaves, node.body)):
            yield Finding(
                where, node.lineno, "open-generator", "async with aclosing(…) as it, so that its end is yours"
            )


def _leaves(node: ast.AST, nested: bool = False) -> bool:
    """Whether the loop that this statement is part of is left early by it."""
    if isinstance(node, ast.Return) or (isinstance(node, ast.Break) and not nested):
        return True
    if isinstance(node, (*FUNCTION, ast.Lambda, ast.ClassDef)):
        return False
    nested = nested or isinstance(node, ast.For | ast.AsyncFor | ast.While)
    return any(_leaves(child, nested) for child in ast.iter_child_nodes(node))


LAWS: tuple[Callable[[Source, Knowledge], Iterator[Finding]], ...] = (
    banned_names, banned_calls, set_order, nameless_tasks, open_generators,
)  # fmt: skip

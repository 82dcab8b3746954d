"""What runs inside the simulator is deterministic by its text, and each law catches a small bad sample."""

from functools import cache

import pytest

from tests.determinism import BANNED, INSIDE, LAWS, OUTSIDE, Knowledge, runs_inside
from tests.test_tidy import ROOT, complain, sources
from tests.tidy import Finding, Source

LOOP = "src/holdfast/sim/loop.py"

SEAM: dict[str, dict[str, str]] = {
    "src/holdfast/service/coverage.py:_algos": {
        "asyncio.wait": "waits for one future, so there is no order to follow; wait_for would cancel it",
    },
    "src/holdfast/service/log_console.py:writer_for": {
        "os.environ": "NO_COLOR of the operator's terminal; a simulated engine logs to no console",
    },
    f"{LOOP}:__init__": {
        "time.monotonic": "ScaledLoop runs beside real sockets; the virtual loop has no clock",
        "time.get_clock_info": "the resolution of the clock that ScaledLoop reads",
    },
    f"{LOOP}:time": {"time.monotonic": "ScaledLoop runs beside real sockets; the virtual loop has no clock"},
    f"{LOOP}:run_in_executor": {"concurrent.futures.Executor": "names the type in the signature of what it refuses"},
    f"{LOOP}:_leftovers": {"asyncio.all_tasks": "sorted by name by its caller, after the run's last recorded moment"},
}
"""path or path:function → what that one place may use → why. What nothing needs is an error."""


@cache
def inside() -> tuple[Source, ...]:
    """Every file that runs inside the simulator."""
    return tuple(source for source in sources() if runs_inside(source.path))


@cache
def findings() -> tuple[Finding, ...]:
    """What breaks a law anywhere inside, the seam included."""
    known = Knowledge(inside())
    return tuple(finding for source in inside() for law in LAWS for finding in law(source, known))


def sample(text: str, path: str = "src/holdfast/service/sample.py", *others: Source) -> list[str]:
    """What the laws find in a file of that text, beside other files."""
    source = Source(path, text)
    known = Knowledge((source, *others))
    return [finding.rule for law in LAWS for finding in law(source, known)]


def test_what_runs_inside_the_simulator_is_deterministic():
    """No clock, chance, environment, thread, set order or nameless task, except where the seam says why."""
    complain([str(finding) for finding in findings() if finding.rule not in SEAM.get(finding.where, {})])


def test_every_place_of_the_seam_is_needed_and_explained():
    """An exception that nothing needs any more is removed; each gives its reason."""
    needed = {(finding.where, finding.rule) for finding in findings()}
    listed = [(where, what) for where, uses in SEAM.items() for what in uses]
    assert [entry for entry in listed if entry not in needed] == []
    reasons = [*OUTSIDE.values(), *(reason for uses in SEAM.values() for reason in uses.values())]
    assert [reason for reason in reasons if len(reason) < 20] == []


def test_the_lint_reads_the_files_it_is_meant_for():
    """Each folder and file of the list exists, and so does each file that is left out."""
    named = [start for start in INSIDE if start.endswith(("/", ".py"))]
    assert [start for start in named if not any(source.path.startswith(start) for source in inside())] == []
    assert [path for path in OUTSIDE if not (ROOT / path).is_file() or not path.startswith(INSIDE)] == []
    assert runs_inside("src/holdfast/core/engine.py")
    assert not runs_inside("src/holdfast/paper/doors/server.py")
    assert not runs_inside("src/holdfast/adapters/clock_system.py")


@pytest.mark.parametrize("what", [name for name in BANNED if "." in name])
def test_a_banned_name_is_found_under_any_alias(what):
    """Written out, under another name, and imported by itself."""
    module, _, name = what.rpartition(".")
    top = module.split(".")[0]
    assert sample(f"import {top}\nx = {what}") == [what]
    assert sample(f"import {top} as t\nx = t{what.removeprefix(top)}") == [what]
    if "." not in module:
        assert sample(f"from {module} import {name}\nx = {name}") == [what]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import time\ntime.time()", "time.time"),
        ("import time\nx = time.perf_counter", "time.perf_counter"),
        ("from time import monotonic\nmonotonic()", "time.monotonic"),
        ("import time as clock\nclock.sleep(1)", "time.sleep"),
        ("from datetime import datetime\ndatetime.now(UTC)", "datetime.datetime.now"),
        ("import datetime as dt\ndt.date.today()", "datetime.date.today"),
        ("import random\nrandom.random()", "random.random"),
        ("import random\nrandom.Random()", "random.Random"),
        ("from random import SystemRandom\nSystemRandom(1)", "random.SystemRandom"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4"),
        ("import os\nos.environ['A']", "os.environ"),
        ("import secrets\nsecrets.token_hex()", "secrets.token_hex"),
        ("import threading\nthreading.Thread(target=f)", "threading.Thread"),
        ("from concurrent.futures import ThreadPoolExecutor as Pool\nPool()", "concurrent.futures.ThreadPoolExecutor"),
    ],
)
def test_a_name_of_a_banned_module_is_found(text, what):
    """Clocks, chance, the environment and threads."""
    assert sample(text) == [what]


def test_a_seeded_generator_is_an_input():
    """Chance with a seed is reproducible; without one it is not."""
    assert sample("import random\ndef f(seed: int):\n    return random.Random(seed).random()") == []
    assert sample("import random\ndef f(order: random.Random) -> None: g(order)") == []


def test_a_name_that_only_looks_like_a_banned_one_is_fine():
    """A field named time, a method named wait, a module of ours."""
    assert sample("class A:\n    time: int\n    def f(self): return self.time.now()") == []
    assert sample("import asyncio\nasync def f(event): await event.wait()") == []
    assert sample("from datetime import timedelta\nx = timedelta(1)") == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id(x)", "id()"),
        ("sorted(x, key=lambda v: hash(v))", "hash()"),
        ("loop.run_in_executor(None, f)", "run_in_executor"),
        ("loop.call_soon_threadsafe(f)", "call_soon_threadsafe"),
    ],
)
def test_a_banned_call_is_found(text, what):
    """Addresses, hashes, and the loop's doors to threads."""
    assert sample(text) == [what]


WALKS = (
    "for v in {}: f(v)",
    "y = [f(v) for v in {}]",
    "y = {{v: 1 for v in {}}}",
    "y = list({})",
    "y = tuple({})",
    "y = ','.join({})",
    "y = next(iter({}))",
    "y = [*{}]",
    "f(*{})",
    "a, b = {}",
    "y = dict.fromkeys({})",
    "y = sum(v for v in {})",
    "y = sorted({}, key=rank)",
    "y = min({}, key=rank)",
    "y = sorted((v for v in {}), key=rank)",
    "y = lambda: [v for v in {}]",
)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize(
    "made", ["{1, 2}", "set(q)", "frozenset(q)", "{p for p in q}", "(set(q) | r)", "(q.keys() - r)"]
)
def test_a_walk_over_a_set_is_found(walk, made):
    """However the set is made and whatever takes it one by one."""
    assert sample(walk.format(made)) == ["set-order"]


@pytest.mark.parametrize("walk", [*WALKS, "{}.pop()"])
@pytest.mark.parametrize(
    "before",
    [
        "x: set[str] = q",
        "x: Final = frozenset(q)",
        "x: Final[frozenset[str]] = q",
        "x = {1, 2}",
        "x = set(q) if q else r",
        "w = {1}\nx = w",
        "m: dict[int, set[str]] = q\nx = m[1]",
        "m: dict[int, set[str]] = q\nx = m.get(2, r)",
        "def g() -> set[str]: return q\nx = g()",
    ],
)
def test_a_walk_over_a_name_that_is_a_set_is_found(before, walk):
    """By its annotation, by what it was given, and by what a function says it answers."""
    assert "set-order" in sample(f"{before}\n{walk.format('x')}")


@pytest.mark.parametrize(
    "text",
    [
        "def f(x: set[str]):\n    for v in x: g(v)",
        "def f(x: 'frozenset[str] | None'):\n    return list(x)",
        "async def f(*, x: AbstractSet[str]):\n    return [v for v in x]",
        "class A:\n    x: set[int]\n    def f(self): return list(self.x)",
        "class A:\n    def __init__(self): self.x: set[int] = q\n    def f(self): return list(self.x)",
        "class A:\n    def __init__(self): self.x = set()\n    def f(self): return list(self.x)",
        "class A:\n    @property\n    def x(self) -> set[int]: return q\ndef f(a): return list(a.x)",
        "class A:\n    m: dict[int, set[int]]\n    def f(self):\n        for s in self.m.values():\n"
        "            for v in s: g(v)",
        "x = {1}\ndef f():\n    return list(x)",
        "x = {1}\ndef f():\n    def g():\n        return list(x)\n    return g",
    ],
)
def test_a_set_is_known_by_its_annotation_and_across_scopes(text):
    """Arguments, attributes, properties, values of mappings, names of the file."""
    assert sample(text) == ["set-order"]


def test_a_set_of_another_file_is_known():
    """A constant imported, an attribute of an object from elsewhere."""
    other = Source("src/holdfast/model/other.py", "KINDS = frozenset(q)\nclass A:\n    kinds: set[str]\n")
    assert sample("from holdfast.model.other import KINDS\nfor v in KINDS: f(v)", "src/a.py", other) == ["set-order"]
    assert sample("def f(a): return list(a.kinds)", "src/a.py", other) == ["set-order"]
    assert sample("class B:\n    kinds: list[str]\n    def f(self): return list(self.kinds)", "src/a.py", other) == []


@pytest.mark.parametrize("use", ["y = sorted({})", "y = 3 in {}", "y = len({})", "y = max({})", "y = f({})",
                                 "y = any(f(v) for v in {})", "y = sorted(f(v) for v in {})",
                                 "y = {{f(v) for v in {}}}", "for v in sorted({}): f(v)"])  # fmt: skip
@pytest.mark.parametrize("made", ["{1, 2}", "set(q)", "(set(q) | r)"])
def test_a_set_used_without_its_order_is_fine(use, made):
    """Membership, size, the greatest, and whatever is sorted."""
    assert sample(use.format(made)) == []


def test_a_name_of_another_scope_is_another_name():
    """A set in one function says nothing about a list of that name in another."""
    assert sample("def f():\n    x = {1}\n    return 1 in x\ndef g(x: list[int]):\n    return list(x)") == []
    assert sample("x = {1}\ndef g(x: list[int]):\n    return list(x)") == []


@pytest.mark.parametrize(
    "text",
    [
        "import asyncio\nasyncio.create_task(f())",
        "loop.create_task(f())",
        "import asyncio\nasync def f(): await asyncio.gather(g(), h)",
        "import asyncio\nasync def f(): await asyncio.gather(*(g(v) for v in w))",
        "import asyncio\nasync def f(): await asyncio.wait_for(g(), 1)",
        "import asyncio\nasync def f(): await asyncio.shield(g())",
    ],
)
def test_a_task_without_a_name_is_found(text):
    """Also where asyncio makes it by itself."""
    assert sample(text) == ["nameless-task"]


def test_a_named_task_is_fine():
    """And so is waiting for tasks that have names."""
    assert sample("loop.create_task(f(), name='watch')") == []
    assert sample("import asyncio\nasync def f(a, b): await asyncio.gather(a, *b, *b.values())") == []


def test_a_generator_left_half_way_is_found():
    """By break or return; an inner loop's break leaves only the inner loop; aclosing makes it well."""
    assert sample("async def f():\n    async for v in g():\n        break") == ["open-generator"]
    assert sample("async def f():\n    async for v in g():\n        if v: return v") == ["open-generator"]
    assert sample("async def f():\n    async for v in g():\n        for w in v: break") == []
    closed = "async def f():\n    async with aclosing(g()) as x:\n        async for v in x:\n            break"
    assert sample(closed) == []

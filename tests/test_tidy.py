"""The house rules hold everywhere, and each of them catches a small bad sample."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.tidy import RULES, Finding, Source, declares_only

ROOT = Path(__file__).resolve().parent.parent

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("sleep", "tests/waiting.py:until"): "the one place that polls, for conditions nobody signals",
    ("sleep", "tests/waiting.py:eventually"): "the one place that polls, for conditions nobody signals",
    ("sleep", "tests/waiting.py:time_passes"): "for tests whose input is a moment in time, such as that of a kill",
}
"""(rule, path or path:function) → why this one place may break the rule. An entry that nothing needs is an error."""

NO_TEST_FILE: dict[str, str] = {
    "src/holdfast/ports.py": "shapes and records only; the tests of the adapters that fill them exercise them",
}
"""Source file → where it is tested instead, and why not in a file of its own name."""

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "HACKING.md", "CHANGELOG.md", "LICENSE")

# Committed text must mean the same on every machine. Spelled in parts, so that this file does not match itself.
HOSTS = "|".join(
    name.replace("-", "").replace("_", r"\.") for name in ("py-pi_org", "python-hosted_org", "registry_npm-js")
)
MACHINE_PATHS = "|".join(f"/{name.replace('-', '')}/" for name in ("wo-rk", "ro-ot", "tm-p"))
NOT_COMMITTED = re.compile(rf"{HOSTS}|(?<![\w.$}}*-])(?:{MACHINE_PATHS})")


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the repository."""
    paths = [path for top in ("src", "tests", "benchmarks", "scripts") for path in sorted((ROOT / top).rglob("*.py"))]
    return tuple(Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)


@cache
def all_findings() -> tuple[Finding, ...]:
    """What breaks any rule anywhere, exceptions included."""
    return tuple(finding for source in sources() for rule in RULES for finding in rule(source))


def complain(found: list[str]) -> None:
    """Fail with one finding a line, if there is any."""
    if found:
        pytest.fail("\n".join([f"{len(found)} found", *found]), pytrace=False)


def sample(text: str, path: str = "src/holdfast/core/sample.py") -> list[str]:
    """The rules that a file of that text would break."""
    source = Source(path, text)
    return [finding.rule for rule in RULES for finding in rule(source)]


def missing_tests(product: list[str], tests: set[str]) -> list[str]:
    """The test files that should exist for these source files and do not."""
    wanted = []
    for path in product:
        folder, _, name = path.removeprefix("src/holdfast/").rpartition("/")
        test = f"tests/{folder}/test_{name}" if folder else f"tests/test_{name}"
        if not name.startswith("__") and path not in NO_TEST_FILE and test not in tests:
            wanted.append(f"{path}: write {test}")
    return wanted


def committed() -> list[Path]:
    """The files under version control that are text and still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone, so what is committed is not known")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:1024]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds_everywhere(rule):
    """No file breaks it, except where the table of exceptions says why."""
    found = [finding for source in sources() for finding in rule(source)]
    found = [finding for finding in found if (finding.rule, finding.where) not in EXCEPTIONS]
    complain(list(map(str, found)))


def test_every_exception_is_needed_and_explained():
    """An exception that no place needs any more is removed; each gives its reason in a sentence."""
    needed = {(finding.rule, finding.where) for finding in all_findings()}
    assert [entry for entry in EXCEPTIONS if entry not in needed] == []
    assert [entry for entry, reason in {**EXCEPTIONS, **NO_TEST_FILE}.items() if len(reason) < 20] == []
    assert [path for path in NO_TEST_FILE if not (ROOT / path).is_file()] == []


def test_every_source_file_has_its_test_file():
    """src/holdfast/core/risk.py is tested in tests/core/test_risk.py, so a reader finds it without searching."""
    product = [source.path for source in sources() if source.ours and not declares_only(source)]
    complain(missing_tests(product, {source.path for source in sources()}))


def test_the_documents_exist():
    """The documents a newcomer looks for, and every page that README names."""
    complain([f"{name} is missing" for name in DOCUMENTS if not (ROOT / name).is_file()])
    named = re.findall(r"(?<![\w/.:-])[\w./-]+\.md\b", (ROOT / "README.md").read_text("utf-8"))
    complain([f"README.md names {name}, which is missing" for name in named if not (ROOT / name).is_file()])


def test_committed_text_names_no_machine():
    """No address of a package registry and no path of one machine in anything committed."""
    found = []
    for path in committed():
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            if match := NOT_COMMITTED.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match.group()}: write it relative, or leave it out")
    complain(found)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("from holdfast.core import risk", "src/holdfast/model/a.py"),
        ("import holdfast.binance.sign", "src/holdfast/paper/a.py"),
        ("from holdfast import core", "src/holdfast/verify/a.py"),
        ("def f():\n    from holdfast.binance import sign\n    return sign", "src/holdfast/core/a.py"),
        ("from holdfast.cli import main", "src/holdfast/wiring.py"),
    ],
)
def test_an_import_against_the_direction_is_found(text, path):
    """Whatever its form and wherever it stands."""
    assert "import-direction" in sample(text, path)


def test_an_import_along_the_direction_is_fine():
    """Model from core, anything of ours from the command line, the version from anywhere."""
    assert sample("from holdfast.model import num\nfrom holdfast.core import risk") == []
    assert sample("from holdfast.paper import edge", "src/holdfast/cli/demo.py") == []
    assert sample("from holdfast import __version__", "src/holdfast/api/app.py") == []


def test_a_package_without_a_direction_is_refused():
    """A new package must say first what it may import."""
    with pytest.raises(KeyError):
        sample("", "src/holdfast/novelty/a.py")


@pytest.mark.parametrize("module", ["time", "random", "uuid", "secrets", "os", "asyncio", "logging", "threading",
                                    "socket", "subprocess", "aiohttp", "pathlib", "os.path"])  # fmt: skip
def test_an_impure_import_is_found(module):
    """In a pure package, in both forms of import."""
    assert sample(f"import {module}") == ["pure-import"]
    assert sample(f"from {module} import thing", "src/holdfast/paper/market/book.py") == ["pure-import"]


def test_inside_the_paper_exchange_imports_run_downwards():
    """The order of the folders is a table, so that a newcomer can read them from the ground up."""
    up, down = "import holdfast.paper.requests.auth", "import holdfast.paper.money.margin"
    assert sample(up, "src/holdfast/paper/trading/sample.py") == ["paper-floor"]
    assert sample(down, "src/holdfast/paper/sources/sample.py") == ["paper-floor"]
    assert sample(down, "src/holdfast/paper/trading/sample.py") == []
    assert sample(up, "src/holdfast/paper/edge.py") == []


def test_the_shell_may_be_impure():
    """The service and the server file of the paper exchange talk to the outside."""
    assert sample("import asyncio\nimport time", "src/holdfast/service/runner.py") == []
    assert sample("import asyncio", "src/holdfast/paper/doors/server.py") == []


@pytest.mark.parametrize("text", ["open('a')", "print(1)", "id(x)", "hash(x)", "datetime.now(UTC)",
                                  "datetime.datetime.utcnow()", "date.today()"])  # fmt: skip
def test_an_impure_call_is_found(text):
    """Files, addresses and clocks, in a pure package."""
    assert sample(text) == ["pure-call"]


@pytest.mark.parametrize("text", ["for x in set(y): f(x)", "[x for x in {1, 2}]", "{x: 1 for x in frozenset(y)}"])
def test_iteration_over_a_set_is_found(text):
    """Its order differs between runs."""
    assert sample(text) == ["set-order"]
    assert sample("for x in sorted(set(y)): f(x)") == []


@pytest.mark.parametrize("text", ["x = 0.1", "x = float(y)", "def f(x: float) -> None: g(x)", "x = a / b", "x /= b",
                                  "x = round(y, 2)", "x = 1e9", "x = math.sqrt(y)",
                                  "from math import log"])  # fmt: skip
def test_a_float_near_money_is_found(text):
    """Literals, conversions, annotations, true division, rounding half to even."""
    assert sample(text) == ["float"]
    assert sample(text, "src/holdfast/service/runner.py") == []


def test_whole_numbers_are_no_floats():
    """Floor division and the parts of math that stay whole are exact."""
    assert sample("import math\nx = math.isqrt(y) // 2 + 7 % 3") == []


def test_an_exception_names_the_innermost_function():
    """So that one excused function does not excuse its file."""
    source = Source("src/holdfast/core/a.py", "def f():\n    def g():\n        return 0.5\n    return g\n")
    assert [(finding.where, finding.line) for rule in RULES for finding in rule(source)] == [
        ("src/holdfast/core/a.py:g", 3)
    ]


def test_a_long_file_and_a_long_function_are_found():
    """One line over is over; exactly the limit is fine."""
    assert sample("x = 1\n" * 500) == []
    assert sample("x = 1\n" * 501) == ["file-length"]
    assert sample("def f():\n" + "    x = 1\n" * 69) == []
    assert sample("def f():\n" + "    x = 1\n" * 70) == ["function-length"]


@pytest.mark.parametrize("text", ["x = 1  # TO" + "DO later", "raise NotImplemented" + "Error", "def f(): ...",
                                  "def f():\n    pass", "class A:\n    def f(self): ...",
                                  'def f():\n    """Does it."""\n    ...'])  # fmt: skip
def test_unfinished_work_is_found(text):
    """Notes to self, and functions that only look written."""
    assert sample(text) == ["unfinished"]


@pytest.mark.parametrize("text", ["class A(Protocol):\n    def f(self): ...", "@overload\ndef f(x: int) -> int: ...",
                                  'def close():\n    """Nothing is open."""'])  # fmt: skip
def test_a_shape_is_not_unfinished(text):
    """Protocols and overloads state a shape; a documented empty function says why it is empty."""
    assert sample(text) == []


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException", " (ValueError, Exception)", " Exception as e"])
def test_a_swallowed_exception_is_found(caught):
    """In the product and in tests."""
    text = f"try:\n    f()\nexcept{caught}:\n    pass\n"
    assert sample(text) == sample(text, "tests/test_a.py") == ["swallowed"]


def test_a_narrow_or_reported_exception_is_fine():
    """Catching what one expects, or doing something about the rest."""
    assert sample("try:\n    f()\nexcept KeyError:\n    pass") == []
    assert sample("try:\n    f()\nexcept Exception as error:\n    report(error)") == []
    assert sample("with suppress(KeyError): f()") == []
    assert sample("with contextlib.suppress(Exception): f()") == ["swallowed"]


def test_an_assertion_of_the_product_names_its_invariant():
    """A bare assertion tells the operator nothing."""
    assert sample("assert x") == sample("assert x, 'oops'") == ["assertion"]
    assert sample("assert x, 'invariant: x holds'\nassert x, f'invariant: {x} holds'") == []
    assert sample("assert x", "tests/test_a.py") == []


def test_a_sleep_in_a_test_is_found():
    """Waiting for time is slow when it is long and flaky when it is short; yielding to the loop is neither."""
    assert sample("time.sleep(1)", "tests/test_a.py") == ["sleep"]
    assert sample("async def f():\n    await asyncio.sleep(0.1)", "tests/test_a.py") == ["sleep"]
    assert sample("async def f():\n    await asyncio.sleep(0)", "tests/test_a.py") == []


def test_a_file_that_only_declares_needs_no_test_file():
    """Types and shapes have nothing to run; one function with a body changes that."""
    shape = 'class A(Protocol):\n    def f(self) -> int:\n        """A number."""\n        ...\nX = {1: 2}\n'
    assert declares_only(Source("src/holdfast/ports.py", shape))
    assert not declares_only(Source("src/holdfast/ports.py", shape + "def g():\n    return 1\n"))


def test_a_missing_test_file_is_named():
    """With the name it should have; packages themselves need none."""
    product = ["src/holdfast/core/risk.py", "src/holdfast/nowhere.py", "src/holdfast/core/__init__.py"]
    assert missing_tests(product, set()) == [
        "src/holdfast/core/risk.py: write tests/core/test_risk.py",
        "src/holdfast/nowhere.py: write tests/test_nowhere.py",
    ]
    assert missing_tests(product, {"tests/core/test_risk.py", "tests/test_nowhere.py"}) == []


@pytest.mark.parametrize("text", ["see /wo" + "rk/main", "'/tm" + "p/x'", "https://py" + "pi.org/simple"])
def test_a_machine_in_committed_text_is_recognised(text):
    """Paths of one machine and addresses of registries."""
    assert NOT_COMMITTED.search(text)
    assert not NOT_COMMITTED.search("docs/wo" + "rk/a.md and ${HOME}/tm" + "p/x and src/holdfast")

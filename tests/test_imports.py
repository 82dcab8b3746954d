"""Starting stays quick: what a command does not need is not imported before it runs."""

import importlib.util
import subprocess
import sys

import pytest

HEAVY = (
    "aiohttp", "cryptography", "picows", "prometheus_client", "rich", "starlette", "uvicorn", "uvloop", "zstandard",
)  # fmt: skip
"""Libraries that cost between 20 and 300 ms; each belongs to some commands only."""


def modules_after(statement: str) -> set[str]:
    """The top-level modules a fresh interpreter has loaded after that statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["holdfast", "holdfast.cli.main", "holdfast.model.num", "holdfast.ports"])
def test_importing_it_loads_nothing_heavy(module):
    """`holdfast --help` and every short command start in a fraction of a second."""
    if module == "holdfast.cli.main" and importlib.util.find_spec(module) is None:
        pytest.skip("the command line does not exist yet")
    assert sorted(modules_after(f"import {module}") & set(HEAVY)) == []


def test_a_heavy_import_would_be_noticed():
    """The check sees what a module pulls in."""
    assert {"rich", "holdfast"} <= modules_after("import holdfast, rich.table")

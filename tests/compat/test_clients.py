"""Three clients that other people wrote trade on the paper exchange, unchanged, each in a process of its own.

They are told our address by their documented settings and nothing else (protocol notes K). What each
of them does is in the folder of its name; here only the process is started and its verdict taken.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.paper import HOLDFAST, ROOT

FOLDER = Path(__file__).resolve().parent
CLIENTS = ROOT / ".venv-compat/bin/python"


@pytest.mark.parametrize("client", ["via_python_binance", "via_ccxt", "via_sdk"])
def test_a_real_client_works_unchanged(client: str):
    """Every test of that client's folder passes in the clients' environment."""
    if not CLIENTS.exists():
        pytest.skip("the clients are not installed; `make compat` installs them into .venv-compat")
    arguments = ["-m", "pytest", "-q", "-c", FOLDER / "pytest.ini", "--confcutdir", FOLDER, "-p", "no:cacheprovider"]
    command, environment = [CLIENTS, *arguments, FOLDER / client], {**os.environ, HOLDFAST: sys.executable}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"

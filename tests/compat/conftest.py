"""A running `holdfast paper` for the tests of one client, which know it by its address only.

This file is read twice: by the project's own test run, which starts one process for each client
(`test_clients.py`), and by those processes, in the clients' environment.
"""

import importlib.util
from collections.abc import Iterator

import pytest

from tests.compat.paper import SYMBOL, Paper, served

INSIDE = importlib.util.find_spec("binance") is not None
collect_ignore = ["test_clients.py"] if INSIDE else ["via_python_binance", "via_ccxt", "via_sdk"]


@pytest.fixture(scope="session")
def server() -> Iterator[Paper]:
    """One exchange for all tests of a client."""
    with served() as paper:
        yield paper


@pytest.fixture
def paper(server: Paper) -> Paper:
    """The exchange without orders and positions, in one-way mode."""
    server.reset()
    return server


@pytest.fixture
def price(paper: Paper) -> float:
    """What BTCUSDT trades at. A float, because that is what users of these clients calculate with."""
    return float(paper.public("/fapi/v1/ticker/price", symbol=SYMBOL)["price"])

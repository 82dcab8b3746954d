"""An exchange on real sockets for the parts that are wired to real transports."""

import hmac
import json
import logging
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from holdfast.config import Config, load
from tests.acceptance.stand import free_port
from tests.cli.paper import configuration, paper

Configured = Callable[..., Config]


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of an exchange in a process of its own."""
    with paper(cwd=tmp_path_factory.mktemp("paper")) as addresses:
        # A dozen starts in a minute are more than the weight of a minute allows.
        lifted = {"do": "limits", "set": {"weight_per_minute": None}}
        request = urllib.request.Request(f"{addresses['control']}/control", json.dumps(lifted).encode())
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert json.loads(reply.read())["ok"]
        yield addresses


@pytest.fixture
def configured(venue: dict[str, str], tmp_path: Path) -> Configured:
    """Makes a configuration for that exchange; further lines and environment as a user would write them."""

    def make(lines: str = "", *, addresses: dict[str, str] | None = None, **environ: str) -> Config:
        file = tmp_path / "holdfast.toml"
        file.write_text(configuration(addresses or venue, port=free_port()) + lines)
        return load(file, {f"HOLDFAST__{name}": value for name, value in environ.items()})

    return make


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """The engine takes over the log of its process, which here is the tests' own."""
    handlers, level = list(logging.root.handlers), logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def signed(venue: dict[str, str], method: str, path: str, **params: str) -> bytes:
    """A request of the account's owner, who uses no engine."""
    query = urlencode({**params, "timestamp": str(time.time_ns() // 1_000_000)})
    signature = hmac.digest(venue["api_secret"].encode(), query.encode(), "sha256").hex()
    url = f"{venue['rest']}{path}?{query}&signature={signature}"
    request = urllib.request.Request(url, method=method, headers={"X-MBX-APIKEY": venue["api_key"]})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return bytes(reply.read())

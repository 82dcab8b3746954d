"""The exchange as a process, and what a test needs of it beside the client under test. Standard library only."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]
HOLDFAST = "HOLDFAST_PYTHON"
"""Environment variable: the interpreter that has the project's own packages."""
SYMBOL = "BTCUSDT"
SYMBOLS = (SYMBOL, "ETHUSDT")


class Paper:
    """One running exchange: its addresses, its key, the control door, and a way back to a clean account."""

    def __init__(self, ready: dict[str, str]) -> None:
        """Take what the process printed when it was ready."""
        self.rest = ready["rest"]
        self.ws = ready["rest"].replace("http://", "ws://")
        self.control_url = ready["control"]
        self.key, self.secret = "paper-key", "paper-secret"

    def public(self, path: str, **params: object) -> Any:
        """A read without a key."""
        return self._call("GET", f"{path}?{urlencode(params)}")

    def signed(self, method: str, path: str, **params: object) -> Any:
        """A signed request, everything in the query."""
        query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000})
        signature = hmac.digest(self.secret.encode(), query.encode(), "sha256").hex()
        return self._call(method, f"{path}?{query}&signature={signature}")

    def _call(self, method: str, target: str) -> Any:
        headers = {"X-MBX-APIKEY": self.key}
        request = urllib.request.Request(self.rest + target, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def control(self, **order: object) -> Any:
        """The control door: faults, prices, a look inside."""
        request = urllib.request.Request(self.control_url + "/control", json.dumps(order).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def reset(self) -> None:
        """No orders, no positions, one-way mode."""
        for symbol in SYMBOLS:
            self.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=symbol)
            self.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=symbol)
        for row in self.signed("GET", "/fapi/v3/positionRisk"):
            self._close(row)
        with contextlib.suppress(urllib.error.HTTPError):  # refused when there is nothing to change
            self.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="false")

    def _close(self, row: dict[str, str]) -> None:
        size = row["positionAmt"]
        if float(size):
            side = "BUY" if size.startswith("-") else "SELL"
            order = {"symbol": row["symbol"], "side": side, "type": "MARKET", "quantity": size.lstrip("-")}
            self.signed("POST", "/fapi/v1/order", positionSide=row["positionSide"], **order)


def order_price(price: float, factor: float) -> str:
    """A price that far from the market, on BTCUSDT's tick."""
    return f"{price * factor:.1f}"


def run_example(name: str, server: Paper) -> str:
    """What a script of the examples folder prints when it is given the exchange's address."""
    command = [sys.executable, str(ROOT / "examples" / name), server.rest.removeprefix("http://")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@contextlib.contextmanager
def served() -> Iterator[Paper]:
    """`holdfast paper` on free ports, with a made-up market, for as long as the context lasts."""
    market = f"synthetic:7:{SYMBOL}=60000,ETHUSDT=3000"
    command = [os.environ.get(HOLDFAST, sys.executable), "-m", "holdfast", "paper", "--port", "0", "--market", market]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None, "the pipe was asked for"
        line = process.stdout.readline()
        assert line, f"the exchange did not start: {' '.join(command)}"
        yield Paper(json.loads(line))
    finally:
        process.terminate()
        process.wait(30)

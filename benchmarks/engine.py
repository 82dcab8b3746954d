"""A real `holdfast run` for a benchmark: its configuration, its process, its API, and what the exchange's log says."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from benchmarks.children import ROOT, STOP_S, environment
from benchmarks.cores import pin
from benchmarks.exchange import names
from benchmarks.results import CannotRun

READY_S = 30.0
_TOML = """\
[venue]
name = "paper"
rest_url = "{rest}"
ws_api_url = "{ws_api}"
stream_url = "{streams}"

[symbols]
allow = {symbols}
default_leverage = 20

[limits]
max_trades = 1000
max_open_orders = 10000
max_position_notional = "100000"
max_account_leverage = "100"
daily_loss = "off"
daily_loss_pct = "off"

[facts]
stop_without_position = "yes"

[http]
port = {port}
allow_no_token = true
"""


class Engine:
    """One `holdfast run` in a folder of its own. As a context manager it ends with the block."""

    def __init__(self, folder: Path, venue: Mapping[str, Any], symbols: int, *, core: int | None) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "holdfast.toml"
        self.journal = folder / "holdfast-paper-main.sqlite"
        text = _TOML.format(
            rest=venue["rest"],
            ws_api=venue["ws_api"],
            streams=venue["streams"],
            symbols=json.dumps(names(symbols)),
            port=self.port,
        )
        self.config.write_text(text, "utf-8")
        self._core = core
        self._errors = folder / "engine.log"
        self.started_us = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and note when."""
        core = self._core
        with self._errors.open("ab") as errors:
            self.started_us = time.time_ns() // 1_000
            self._process = subprocess.Popen(
                [sys.executable, "-m", "holdfast", "run", "--config", str(self.config)],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                preexec_fn=None if core is None else lambda: pin(core),
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def wait_ready(self) -> None:
        """Until it would accept an opening intent. Raises `CannotRun` with what it said."""
        deadline = time.monotonic() + READY_S
        last = ""
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                raise CannotRun(f"`holdfast run` ended with {self._process.returncode}: {self._said()}")
            try:
                status, last = self._get("/health/ready")
                if status == 200:
                    return
            except OSError as error:
                last = str(error)
            time.sleep(0.05)
        raise CannotRun(f"`holdfast run` was not ready within {READY_S:g} s: {last[:300]}; {self._said()}")

    def stop(self) -> None:
        """Ask it to end, insist if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def _said(self) -> str:
        lines = self._errors.read_text("utf-8", "replace").splitlines()
        return " | ".join(line.strip() for line in lines[-3:])[-400:] or "nothing"


class VenueLine(msgspec.Struct):
    """What a benchmark reads of one record of the exchange's log."""

    k: str
    n: int
    us: int
    method: str = ""
    account: str | None = None
    params: dict[str, str] = {}
    req: int = 0
    status: int | str = 0
    code: int | None = None


_line = msgspec.json.Decoder(VenueLine)


def venue_lines(path: Path) -> Iterator[VenueLine]:
    """The log, as far as it is written in whole lines."""
    with path.open("rb") as file:
        for text in file:
            if text.endswith(b"\n"):
                yield _line.decode(text)


def free_port() -> int:
    """A port nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def verify(engine: Engine, venue_log: Path) -> dict[str, Any]:
    """The report of `holdfast verify` on a finished run. Raises `CannotRun` when it cannot judge."""
    command = [sys.executable, "-m", "holdfast", "verify", "--journal", str(engine.journal)]
    done = subprocess.run(
        [*command, "--venue-log", str(venue_log), "--json"], cwd=ROOT, capture_output=True, check=False, timeout=600
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise CannotRun(f"`holdfast verify` said: {done.stderr.decode('utf-8', 'replace')[-300:]}") from None
    return report

"""A stand: `holdfast paper` and `holdfast run` as real processes, joined by sockets and files only.

A test talks to the engine over its HTTP API and to the exchange over its control door, as strangers would, and judges
by the two records in the end. Nothing here imports the engine.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.acceptance import markets
from tests.acceptance.processes import Running
from tests.acceptance.proxy import Proxy

REQUEST_S = 5.0
CONFIG = """
[venue]
name = "paper"
rest_url = "{rest}"
ws_api_url = "{ws_api}"
stream_url = "{streams}"
[http]
allow_no_token = true
port = {port}
[log]
format = "json"
[limits]
max_trades = 100
daily_loss = "5000"
daily_loss_pct = "100"
price_drift_bps_per_minute = "10000"
[symbols]
default_leverage = 20
[facts]
bands_on_triggers = "no"
{facts}
{more}
"""


class Answer(NamedTuple):
    """What a request to the API came to; status 0 when nobody answered."""

    status: int
    body: Any


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request(url: str, body: Any = None) -> Answer:
    """One request with a JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=REQUEST_S) as reply:
            return Answer(reply.status, json.loads(reply.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.loads(error.read() or b"null"))
    except (urllib.error.URLError, OSError):
        return Answer(0, None)


class Stand:
    """An exchange, and an engine that can be started, killed and started again on the same journal."""

    def __init__(
        self, folder: Path, *, market: str | None = None, facts: str = "", more: str = "", proxied: bool = False
    ) -> None:
        """Start the exchange. `market` None is one that stands still. `facts` and `more` are lines of configuration.

        With `proxied` the engine reaches the exchange through a network that can be made bad.
        """
        self.folder = folder
        self.venue_log = folder / "venue.jsonl"
        self.journal = folder / "journal.sqlite"
        self.engine: Running | None = None
        self.port = free_port()
        self._more = more
        self._probes = 0
        info = markets.exchange_info(folder)
        chosen = market if market is not None else str(markets.still_market(folder))
        self.paper = Running(
            *("paper", "--port", "0", "--control-port", "0", "--market", chosen),
            *("--exchange-info", str(info), "--venue-log", str(self.venue_log)),
            cwd=folder,
            log=folder / "paper.log",
            ready_line=True,
        )
        self.addresses: dict[str, str] = json.loads(self.paper.first_line)
        self.proxy: Proxy | None = None
        self._shown = dict(self.addresses)
        if proxied:
            port = urlsplit(self.addresses["rest"]).port
            assert port is not None, "the exchange says where it is"
            self.proxy = Proxy(port)
            self.proxy.__enter__()
            self._shown = {name: at.replace(f":{port}", f":{self.proxy.port}") for name, at in self.addresses.items()}
        self.configure(facts)

    def __enter__(self) -> Stand:
        """Use it in a `with` block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Whatever still runs is ended."""
        if self.engine is not None:
            self.engine.kill()
        if self.proxy is not None:
            self.proxy.__exit__(kind, error, at)
        self.paper.kill()

    def configure(self, facts: str = "") -> None:
        """Write the configuration that the next start of the engine reads."""
        self.configuration.write_text(
            CONFIG.format(**self._shown, port=self.port, facts=facts, more=self._more)
            + f'[journal]\npath = "{self.journal}"\nlatch_file = "{self.latch}"\n'
        )

    @property
    def configuration(self) -> Path:
        """The engine's configuration file."""
        return self.folder / "holdfast.toml"

    @property
    def latch(self) -> Path:
        """The kill latch."""
        return self.folder / "kill.latch"

    # The engine.

    def start(self, *, ready: bool = True) -> Running:
        """Start the engine; with `ready` until it would consider an entry."""
        self.engine = Running("run", "--config", str(self.configuration), cwd=self.folder, log=self.folder / "run.log")
        if ready:
            self.wait_ready()
        return self.engine

    def wait_ready(self, within_s: float = 20.0) -> None:
        """Wait until the engine would consider an entry, prices included."""
        assert self.engine is not None
        self.engine.wait_until(lambda: self.get("/health/ready").status == 200, "being ready", within_s)
        self.engine.wait_until(self._knows_prices, "prices", within_s)

    def _knows_prices(self) -> bool:
        """Whether an intent that can never be taken (it has no stop) is denied for that, and not for its price."""
        self._probes += 1
        probe = {**opening(f"probe-{self._probes}", markets.SYMBOLS[-1]), "stop_loss": None}
        body = self.send(probe).body
        return isinstance(body, dict) and body.get("code") == "NO_STOP"

    def get(self, path: str) -> Answer:
        """A read of the engine's API."""
        return request(f"http://127.0.0.1:{self.port}{path}")

    def post(self, path: str, body: Any) -> Answer:
        """A write of the engine's API."""
        return request(f"http://127.0.0.1:{self.port}{path}", body)

    def send(self, intent: dict[str, Any]) -> Answer:
        """Submit one intent."""
        return self.post("/v1/intents", intent)

    def open(self, name: str, symbol: str, **more: Any) -> Answer:
        """Submit a long market entry of 100 contracts with its stop 4 % away."""
        return self.send({**opening(name, symbol), **more})

    def result(self, name: str) -> dict[str, Any] | None:
        """The terminal result of an intent, or None while it has none."""
        body = self.get(f"/v1/intents/{name}").body
        return body["result"] if isinstance(body, dict) and body.get("result") else None

    def wait_result(self, name: str, within_s: float = 10.0) -> dict[str, Any]:
        """The terminal result of an intent, awaited."""
        assert self.engine is not None
        self.engine.wait_until(lambda: self.result(name), f"the result of {name}", within_s)
        found = self.result(name)
        assert found is not None
        return found

    def live_trades(self) -> list[dict[str, Any]]:
        """Trades that are not proved closed."""
        body = self.get("/v1/trades?live=true&limit=1000").body
        return body if isinstance(body, list) else [{"symbol": "unknown: no answer"}]

    def flatten(self, within_s: float = 20.0) -> None:
        """Close everything, and wait until all of it is proved closed."""
        assert self.engine is not None
        assert self.post("/v1/commands/flatten", {"all": True, "reason": "the test ends"}).status == 200
        self.engine.wait_until(lambda: not self.live_trades(), "every trade closed", within_s)

    # The exchange.

    def control(self, **order: Any) -> dict[str, Any]:
        """One request at the exchange's control door."""
        answer = request(self.addresses["control"] + "/control", order)
        assert answer.status == 200, f"the control door refused {order}: {answer}"
        assert isinstance(answer.body, dict)
        return answer.body

    def fault(self, verb: str, **more: Any) -> dict[str, Any]:
        """Arm a fault, or let an immediate one happen."""
        return self.control(do="fault", verb=verb, **more)

    def account(self) -> dict[str, Any]:
        """Positions, orders and conditional orders as the exchange has them."""
        found = self.control(do="state")["accounts"][0]
        assert isinstance(found, dict)
        return found

    def positions(self) -> dict[str, str]:
        """Signed amounts by symbol at the exchange."""
        return {row["symbol"]: row["amt"] for row in self.account()["positions"]}

    def stops(self, symbol: str) -> list[dict[str, Any]]:
        """Conditional orders that wait on a symbol."""
        return [row for row in self.account()["algos"] if row["symbol"] == symbol]

    # The end.

    def finish(self) -> None:
        """Stop both in order, so that both records are whole."""
        if self.engine is not None:
            assert self.engine.stop() == 0, self.engine.said[-4000:]
        assert self.paper.stop() == 0, self.paper.said[-4000:]

    def command(self, *arguments: str, within_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run another command of `holdfast` to its end."""
        line = [sys.executable, "-m", "holdfast", *arguments]
        return subprocess.run(line, cwd=self.folder, capture_output=True, text=True, timeout=within_s, check=False)

    def verify(self, *, complete: bool = True) -> dict[str, Any]:
        """What `holdfast verify` says of the two records."""
        options = ["--complete"] if complete else []
        files = ["--journal", str(self.journal), "--venue-log", str(self.venue_log)]
        done = self.command("verify", *files, *options, "--json")
        report = json.loads(done.stdout) if done.stdout else {"violations": [done.stderr]}
        assert isinstance(report, dict)
        return report


def opening(name: str, symbol: str, side: str = "long") -> dict[str, Any]:
    """An intent that fits every contract of the stand."""
    return {
        "id": name,
        "source": "stand",
        "symbol": symbol,
        "action": "open",
        "side": side,
        "size": {"quantity": "100"},
        "entry": {"type": "market", "max_slippage_bps": "20"},
        "stop_loss": {"pct": "4"},
    }

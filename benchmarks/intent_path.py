"""The path of an intent: from the HTTP request to the order at the exchange, and on to the stop that covers it.

Everything is real: `holdfast run` with its durable journal on one core; the paper exchange and the sender on another.
The exchange's own log says when an order arrived and when a stop was acknowledged, on the same clock as the sender's.
Intents are sent one at a time, each on another symbol, and closed again, so that nothing piles up. Between the blocks
of intents a probe appends to a journal of its own at the same pace: what the disk alone takes.

There are two paces. BRISK sends an intent when the trade before it is protected, a few milliseconds after its answer:
the goals are taken there, because they were set on a skeleton that was measured back to back. IDLE leaves the engine
alone for a while before each: on a shared machine disk and caches have gone cold by then, and both take about twice as
long, whatever the program.
"""

from __future__ import annotations

import json
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.children import Child, python
from benchmarks.cores import keep_to, plan
from benchmarks.engine import READY_S, Engine, VenueLine, venue_lines, verify
from benchmarks.exchange import names
from benchmarks.results import CannotRun, Cell, Goal, Result
from benchmarks.settings import Settings
from benchmarks.stats import Measured, measured, percentile
from holdfast.model.ids import Role, client_order_id

NAME = "intent_path"
TITLE = "Intent path: POST /v1/intents to order and stop at the exchange, durable journal on"
SYMBOLS = 300
REST_S = 11.5
"""A symbol rests so long after its trade (RULES 4); a block of intents on the same symbols waits for it."""


class Pace(NamedTuple):
    """How intents follow each other: `pause_ms` after an answer, `burst` trades opened before they are closed."""

    name: str
    pause_ms: int
    burst: int


BRISK = Pace("brisk", 3, 10)
IDLE = Pace("idle", 15, 1)
CLOSED_S = 0.5
"""After so long the trades of a burst are closed and nobody looks at them any more."""

QUOTED_S = 2.5
"""After so long every symbol has been quoted to the engine at least twice."""

WARM_UP = 30
_HEAD = (
    b"POST /v1/intents HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
ACCOUNT = "main"


class Sent(NamedTuple):
    """One opening intent: when it left, and when its answer came."""

    intent_id: str
    sent_us: int
    answered_us: int


class Timed(NamedTuple):
    """One opening intent as the exchange saw it, microseconds after it left.

    `received` is the entry's arrival, `covered` the stop's acknowledgement; None when the first stop was not taken.
    """

    answered: int
    received: int
    covered: int | None


class Sender:
    """Posts intents one after the other on one connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sent = 0
        self._free_at = dict.fromkeys(names(SYMBOLS), 0.0)

    def block(self, count: int, pace: Pace) -> Iterator[Sent]:
        """Open and close so many trades, each on the symbol that has rested longest."""
        pause_s = pace.pause_ms / 1_000
        for _ in range(0, count, pace.burst):
            opened = []
            for _ in range(pace.burst):
                symbol = next(iter(self._free_at))
                time.sleep(max(pause_s, self._free_at.pop(symbol) - time.monotonic()))
                self._sent += 1
                opened.append((self._sent, symbol))
                yield self._post(f"open-{self._sent}", _open(symbol))
            for number, symbol in opened:
                time.sleep(IDLE.pause_ms / 1_000)
                self._post(f"close-{number}", {"symbol": symbol, "action": "close"})
                self._free_at[symbol] = time.monotonic() + REST_S
            if pace.burst > 1:
                time.sleep(CLOSED_S)

    def _post(self, intent_id: str, fields: dict[str, Any]) -> Sent:
        # Written whole beforehand: what this client takes to build a request is not the engine's time.
        body = json.dumps({"id": intent_id, "source": "benchmark", **fields}).encode()
        request = _HEAD % (self._port, len(body)) + body
        sent_us = time.time_ns() // 1_000
        self._socket.sendall(request)
        reply = self._socket.recv(65_536)
        answered_us = time.time_ns() // 1_000
        while not _whole(reply):
            more = self._socket.recv(65_536)
            if not more:
                raise CannotRun(f"the connection ended during the answer to {intent_id}")
            reply += more
        if not reply.startswith(b"HTTP/1.1 202 "):
            raise CannotRun(f"{intent_id} was answered with {reply.decode('utf-8', 'replace')[:400]}")
        return Sent(intent_id, sent_us, answered_us)


def _whole(reply: bytes) -> bool:
    head, found, body = reply.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if not lengths:
        raise CannotRun(f"an answer without a length: {head[:200]!r}")
    return len(body) >= int(lengths[0].partition(b":")[2])


class Block(NamedTuple):
    """Intents in a row at one pace, and appends at the same."""

    pace: Pace
    sent: list[Sent]
    appends: list[float]


def run(settings: Settings) -> Result:
    """Alternate blocks of intents and blocks of appends, then read the exchange's log."""
    result = Result(name=NAME, title=TITLE)
    sizes = {BRISK: (2, 60), IDLE: (1, 40)} if settings.quick else {BRISK: (8, 200), IDLE: (4, 100)}
    cores = plan()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        log = folder / "venue.jsonl"
        command = python("benchmarks.exchange", "--symbols", str(SYMBOLS), "--venue-log", str(log))
        probe_command = python("benchmarks.journal_probe", str(folder / "probe.sqlite"))
        with (
            Child(command, core=cores.client) as exchange,
            Child(probe_command, core=cores.server) as probe,
            Engine(folder, exchange.read(READY_S), SYMBOLS, core=cores.server) as engine,
        ):
            probe.read(READY_S)
            engine.wait_ready()
            time.sleep(QUOTED_S)
            blocks = _alternate(engine, probe, sizes, cores.client)
        timed = _timed([block.sent for block in blocks], log)
        report = verify(engine, log)
    _fill(result, blocks, timed, report)
    for pace, (count, size) in sizes.items():
        alone = "each closed before the next" if pace.burst == 1 else f"{pace.burst} opened, then closed"
        after = f"{pace.pause_ms} ms after the answer before"
        result.notes.append(f"{pace.name}: {count} blocks of {size} opening intents, {after}, {alone}")
    result.notes.append(f"{SYMBOLS} quiet symbols; percentiles of all intents, range of the blocks")
    return result


def _alternate(engine: Engine, probe: Child, sizes: dict[Pace, tuple[int, int]], core: int | None) -> list[Block]:
    blocks: list[Block] = []
    with keep_to(core):
        sender = Sender(engine.port)
        list(sender.block(WARM_UP, BRISK))
        for pace, (count, size) in sizes.items():
            for _ in range(count):
                answer = probe.ask({"appends": size, "pause_ms": pace.pause_ms}, READY_S + size)
                appends = [float(each) for each in answer["us"]]
                blocks.append(Block(pace, list(sender.block(size, pace)), appends))
    return blocks


def _timed(sent: list[list[Sent]], log: Path) -> list[list[Timed]]:
    """When the exchange received each entry and acknowledged each stop. Raises `CannotRun` for a missing entry."""
    received: dict[str, int] = {}
    covered: dict[str, int] = {}
    stops: dict[int, str] = {}
    for line in venue_lines(log):
        if line.k == "req":
            _note_request(line, received, stops)
        elif line.k == "rep" and line.status == 200 and line.req in stops:
            covered.setdefault(stops[line.req], line.us)
    return [[_one(each, received, covered) for each in block] for block in sent]


def _note_request(line: VenueLine, received: dict[str, int], stops: dict[int, str]) -> None:
    client_id = line.params.get("newClientOrderId", "")
    algo_id = line.params.get("clientAlgoId", "") if "triggerPrice" in line.params else ""
    if algo_id:
        stops[line.n] = algo_id
    if client_id or algo_id:
        received.setdefault(client_id or algo_id, line.us)


def _one(sent: Sent, received: dict[str, int], covered: dict[str, int]) -> Timed:
    entry = client_order_id(ACCOUNT, sent.intent_id, Role.ENTRY, 1)
    stop = client_order_id(ACCOUNT, sent.intent_id, Role.STOP, 1)
    if entry not in received:
        raise CannotRun(f"the exchange never received the entry of {sent.intent_id}")
    return Timed(
        answered=sent.answered_us - sent.sent_us,
        received=received[entry] - sent.sent_us,
        covered=covered[stop] - sent.sent_us if stop in covered else None,
    )


def _fill(result: Result, blocks: list[Block], timed: list[list[Timed]], report: dict[str, Any]) -> None:
    missing = sum(each.covered is None for block in timed for each in block)
    if missing:
        result.problems.append(f"{missing} stops were not acknowledged at their first attempt")
    for pace in (BRISK, IDLE):
        mine = [each for block, each in zip(blocks, timed, strict=True) if block.pace is pace]
        appends = [block.appends for block in blocks if block.pace is pace]
        result.rows += [
            _row(f"{pace.name}: intent → entry received by the exchange", [[e.received for e in b] for b in mine]),
            _row(f"{pace.name}: intent → stop acknowledged by the exchange", _covered(mine)),
            _row(f"{pace.name}: intent → answer (durable)", [[e.answered for e in b] for b in mine]),
            _row(f"{pace.name}: journal's own append at that pace", appends),
        ]
        if pace is BRISK:
            result.goals = _goals(mine, appends)
    naked = report["measures"]["naked_ms"]
    result.goals += [
        Goal(what="naked_ms, p99 (`holdfast verify`)", reached=float(naked["p99"]), unit="ms", at_most=15),
        Goal(what="violations found by `holdfast verify`", reached=len(report["violations"]), unit="", at_most=0),
    ]


def _goals(blocks: list[list[Timed]], appends: list[list[float]]) -> list[Goal]:
    received = [[each.received for each in block] for block in blocks]
    order, append, stop = _median(received), _median(appends), _median(_covered(blocks))
    late = percentile([each for block in received for each in block], 99) / 1_000
    return [
        Goal(what="intent → entry received, p50", reached=order / 1_000, unit="ms", at_most=1),
        Goal(what="  of that above the journal's own append, p50", reached=order - append, unit="µs", at_most=450),
        Goal(what="intent → entry received, p99", reached=late, unit="ms", at_most=6),
        Goal(what="intent → stop acknowledged, p50", reached=stop / 1_000, unit="ms", at_most=2),
    ]


def _covered(blocks: list[list[Timed]]) -> list[list[int]]:
    return [[each.covered for each in block if each.covered is not None] for block in blocks]


def _median(blocks: list[list[int]] | list[list[float]]) -> float:
    return percentile([each for block in blocks for each in block], 50)


def _row(what: str, blocks: list[list[int]] | list[list[float]]) -> dict[str, Cell]:
    everything = [each for block in blocks for each in block]
    ranges = {rank: measured([percentile(block, rank) for block in blocks]) for rank in (50, 99)}
    return {
        "what": what,
        "p50 µs": Measured(percentile(everything, 50), ranges[50].low, ranges[50].high),
        "p99 µs": Measured(percentile(everything, 99), ranges[99].low, ranges[99].high),
        "p99.9 µs": percentile(everything, 99.9),
        "largest µs": float(max(everything)),
        "count": len(everything),
    }


def _open(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "action": "open",
        "side": "long",
        "size": {"quantity": "0.2"},
        "stop_loss": {"pct": "1"},
    }

"""The path of an intent: from the HTTP request to the order at the exchange, and on to the stop that covers it.

Everything is real: `holdfast run` with its durable journal on one core; the paper exchange and the sender on another.
The exchange's own log says when an order arrived and when a stop was acknowledged, on the same clock as the sender's.
Intents are sent one at a time, each on another symbol, and closed again, so that nothing piles up. Between the blocks
of intents a probe appends to a journal of its own at the same pace: what the disk alone takes; and the same intents
go to a skeleton that appends as much and sends one order, without deciding anything: what the road alone takes.

There are two paces. BRISK sends an intent when the trade before it is protected, a few milliseconds after its answer:
the goals are taken there, because they were set on a skeleton that was measured back to back. IDLE leaves the engine
alone for a while before each: on a shared machine disk and caches have gone cold by then, and both take about twice as
long, whatever the program.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.children import Child, python
from benchmarks.cores import keep_to, plan
from benchmarks.engine import READY_S, Engine, VenueLine, venue_lines, verify
from benchmarks.intent_sender import BRISK, IDLE, SYMBOLS, Pace, Sender, Sent
from benchmarks.results import CannotRun, Cell, Goal, Result
from benchmarks.settings import Settings
from benchmarks.stats import Measured, measured, percentile
from holdfast.model.ids import Role, client_order_id

NAME = "intent_path"
TITLE = "Intent path: POST /v1/intents to order and stop at the exchange, durable journal on"
QUOTED_S = 2.5
"""After so long every symbol has been quoted to the engine at least twice."""

WARM_UP = 30
ACCOUNT = "main"


class Timed(NamedTuple):
    """One opening intent as the exchange saw it, microseconds after it left.

    `received` is the entry's arrival, `covered` the stop's acknowledgement; None when the first stop was not taken.
    """

    answered: int
    received: int
    covered: int | None


class Block(NamedTuple):
    """Intents in a row at one pace; appends, and intents to the skeleton, at the same."""

    pace: Pace
    sent: list[Sent]
    bare: list[Sent]
    appends: list[float]


class Arrivals(NamedTuple):
    """When the exchange received each order, and acknowledged each stop, by client id; microseconds."""

    received: dict[str, int]
    covered: dict[str, int]


def run(settings: Settings) -> Result:
    """Alternate blocks of intents and blocks of appends, then read the exchange's log."""
    result = Result(name=NAME, title=TITLE)
    sizes = {BRISK: (2, 60), IDLE: (1, 40)} if settings.quick else {BRISK: (6, 200), IDLE: (4, 100)}
    cores = plan()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        log = folder / "venue.jsonl"
        command = python("benchmarks.exchange", "--symbols", str(SYMBOLS), "--venue-log", str(log))
        probe_command = python("benchmarks.journal_probe", str(folder / "probe.sqlite"))
        with Child(command, core=cores.client) as exchange, Child(probe_command, core=cores.server) as probe:
            where = exchange.read(READY_S)
            bare_command = python("benchmarks.skeleton", str(folder / "bare.sqlite"), where["ws_api"])
            with (
                Engine(folder, where, SYMBOLS, core=cores.server) as engine,
                Child(bare_command, core=cores.server) as bare,
            ):
                probe.read(READY_S)
                engine.wait_ready()
                time.sleep(QUOTED_S)
                senders = Sender(engine.port), Sender(bare.read(READY_S)["port"])
                blocks = _alternate(senders, probe, sizes, cores.client)
        arrivals = _arrivals(log)
        report = verify(engine, log)
    _fill(result, blocks, arrivals, report)
    for pace, (count, size) in sizes.items():
        alone = "each closed before the next" if pace.burst == 1 else f"{pace.burst} opened, then closed"
        after = f"{pace.pause_ms} ms after the answer before"
        result.notes.append(f"{pace.name}: {count} blocks of {size} opening intents, {after}, {alone}")
    result.notes.append(f"{SYMBOLS} quiet symbols; percentiles of all intents, range of the blocks")
    return result


def _alternate(
    senders: tuple[Sender, Sender], probe: Child, sizes: dict[Pace, tuple[int, int]], core: int | None
) -> list[Block]:
    engine, bare = senders
    blocks: list[Block] = []
    with keep_to(core):
        list(engine.block(WARM_UP, BRISK))
        list(bare.bare(WARM_UP, BRISK))
        for pace, (count, size) in sizes.items():
            for _ in range(count):
                answer = probe.ask({"appends": size, "pause_ms": pace.pause_ms}, READY_S + size)
                appends = [float(each) for each in answer["us"]]
                blocks.append(Block(pace, list(engine.block(size, pace)), list(bare.bare(size, pace)), appends))
    return blocks


def _arrivals(log: Path) -> Arrivals:
    found = Arrivals({}, {})
    stops: dict[int, str] = {}
    for line in venue_lines(log):
        if line.k == "req":
            _note_request(line, found.received, stops)
        elif line.k == "rep" and line.status == 200 and line.req in stops:
            found.covered.setdefault(stops[line.req], line.us)
    return found


def _note_request(line: VenueLine, received: dict[str, int], stops: dict[int, str]) -> None:
    client_id = line.params.get("newClientOrderId", "")
    algo_id = line.params.get("clientAlgoId", "") if "triggerPrice" in line.params else ""
    if algo_id:
        stops[line.n] = algo_id
    if client_id or algo_id:
        received.setdefault(client_id or algo_id, line.us)


def _one(sent: Sent, arrivals: Arrivals) -> Timed:
    """Raises `CannotRun` when the entry never arrived."""
    entry = client_order_id(ACCOUNT, sent.intent_id, Role.ENTRY, 1)
    stop = client_order_id(ACCOUNT, sent.intent_id, Role.STOP, 1)
    if entry not in arrivals.received:
        raise CannotRun(f"the exchange never received the entry of {sent.intent_id}")
    return Timed(
        answered=sent.answered_us - sent.sent_us,
        received=arrivals.received[entry] - sent.sent_us,
        covered=arrivals.covered[stop] - sent.sent_us if stop in arrivals.covered else None,
    )


def _bare(sent: Sent, arrivals: Arrivals) -> int:
    if sent.intent_id not in arrivals.received:
        raise CannotRun(f"the exchange never received the skeleton's order {sent.intent_id}")
    return arrivals.received[sent.intent_id] - sent.sent_us


def _fill(result: Result, blocks: list[Block], arrivals: Arrivals, report: dict[str, Any]) -> None:
    for pace in (BRISK, IDLE):
        mine = [block for block in blocks if block.pace is pace]
        timed = [[_one(each, arrivals) for each in block.sent] for block in mine]
        bare = [[_bare(each, arrivals) for each in block.bare] for block in mine]
        appends = [block.appends for block in mine]
        missing = sum(each.covered is None for block in timed for each in block)
        if missing:
            result.problems.append(f"{pace.name}: {missing} stops were not acknowledged at their first attempt")
        result.rows += [
            _row(f"{pace.name}: intent → entry received by the exchange", [[e.received for e in b] for b in timed]),
            _row(f"{pace.name}: intent → stop acknowledged by the exchange", _covered(timed)),
            _row(f"{pace.name}: intent → answer (durable)", [[e.answered for e in b] for b in timed]),
            _row(f"{pace.name}: the bare road: HTTP, one append, one order", bare),
            _row(f"{pace.name}: journal's own append at that pace", appends),
        ]
        if pace is BRISK:
            result.goals = _goals(timed, appends)
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

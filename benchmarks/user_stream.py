"""The user stream: CPU for each event, from the socket to a typed input, and on through core and journal.

Transport and decoding are measured over a real connection, from the stub on the other core, beside the same without
decoding. Evolving and journalling are measured in memory, on the stream's own inputs of a scripted day.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.children import Child, python
from benchmarks.cores import plan
from benchmarks.frames import user_frames
from benchmarks.results import CannotRun, Cell, Goal, Result
from benchmarks.script import Script
from benchmarks.settings import Settings
from benchmarks.stats import Measured, measured
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.adapters.ws_picows import PicowsConnector
from holdfast.binance.streams import Ignored, Undecodable, user_frame
from holdfast.model import events as ev
from holdfast.model.inputs import AccountSeen, AlgoSeen, FillSeen, OrderSeen
from holdfast.ports import Head, JournalEntry

NAME = "user_stream"
TITLE = "User stream: CPU per event"
STREAM_INPUTS = (OrderSeen, FillSeen, AlgoSeen, AccountSeen)
READY_S = 20.0
POUR_S = 120.0


def run(settings: Settings) -> Result:
    """Pour events from the stub, then replay those of a day with the journal."""
    result = Result(name=NAME, title=TITLE)
    repetitions, events, rounds = (3, 20_000, 10) if settings.quick else (7, 100_000, 40)
    bare, decoded = _over_the_wire(repetitions, events)
    decode = measured([_decode_only(events // 5) for _ in range(repetitions)])
    script = Script(rounds)
    kept = measured([_evolve_and_journal(script) for _ in range(repetitions)])
    total = Measured(*(one + other for one, other in zip(decoded, kept, strict=True)))
    result.rows = [
        _row("transport only (frames counted, not read)", bare),
        _row("decode only (frames in memory)", decode),
        _row("transport + decode", decoded),
        _row("core + encoding + journal append, writer thread included", kept),
        _row("all of it (sum of the two above)", total),
    ]
    result.goals = [
        Goal(what="transport + decode", reached=decoded.mid, unit="µs CPU", at_most=5),
        Goal(what="with evolve and journal", reached=total.mid, unit="µs CPU", at_most=60),
    ]
    result.notes.append(
        f"{repetitions} repetitions of {events} events: ORDER_TRADE_UPDATE ×2, TRADE_LITE, ACCOUNT_UPDATE and "
        "ALGO_UPDATE in turn; median (range)"
    )
    return result


def _row(what: str, value: Measured) -> dict[str, Cell]:
    return {"what": what, "CPU µs/event": value}


def _over_the_wire(repetitions: int, events: int) -> tuple[Measured, Measured]:
    cores = plan()
    with Child(python("benchmarks.stub"), core=cores.server) as stub:
        url = str(stub.read(READY_S)["url"])
        command = python("benchmarks.stream_reader", url)
        with Child(command, core=cores.client) as reader:
            reader.read(READY_S)
            taken: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(repetitions):
                for decoding in (False, True):
                    answer = reader.ask({"events": events, "decode": decoding}, POUR_S)
                    taken[decoding].append(float(answer["cpu"]))
    return measured(taken[False]), measured(taken[True])


async def read(url: str, events: int, *, decoding: bool) -> float:
    """CPU microseconds per event of this process while it takes so many from the stub."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    left = events

    def heard(message: bytes) -> None:
        nonlocal left
        if decoding:
            found = user_frame(message, 1_750_000_000_000)
            if isinstance(found, Ignored | Undecodable):
                raise CannotRun(f"a frame of the benchmark was not understood: {found}")
        left -= 1
        if not left and not done.done():
            done.set_result(None)

    def closed(reason: str) -> None:
        if not done.done():
            done.set_exception(CannotRun(f"the stream ended: {reason}"))

    link = await PicowsConnector(url).connect("/private/ws/benchmark", heard, closed, 5_000)
    gc.collect()
    cpu = time.process_time_ns()
    link.send(str(events).encode())
    await done
    cpu = time.process_time_ns() - cpu
    link.close()
    return cpu / events / 1_000


def _decode_only(events: int) -> float:
    frames = list(user_frames(events))
    gc.collect()
    cpu = time.thread_time_ns()
    for frame in frames:
        user_frame(frame, 1_750_000_000_000)
    return (time.thread_time_ns() - cpu) / events / 1_000


def _evolve_and_journal(script: Script) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_replay(script, SqliteJournal(Path(folder) / "journal.sqlite")))


async def _replay(script: Script, journal: SqliteJournal) -> float:
    """CPU microseconds per stream event: the loop's own share of those inputs, plus the writer's per batch."""
    engine = script.engine()
    mine = heard = batches = stream_batches = 0
    durable: list[asyncio.Future[Head]] = []
    cpu_all, cpu_loop = time.process_time_ns(), time.thread_time_ns()
    for n, message in enumerate(script.inputs):
        of_stream = isinstance(message, STREAM_INPUTS)
        started = time.thread_time_ns()
        step = engine.step(message)
        if step.events:
            entries = [JournalEntry(type(event).__name__, ev.encode(event)) for event in step.events]
            durable.append(journal.append(entries, message.now_ms * 1_000))
            batches += 1
            stream_batches += of_stream
        if of_stream:
            mine += time.thread_time_ns() - started
            heard += 1
        if n % 8 == 0:
            # The loop gets its turn, as it does between two reads of a socket.
            await asyncio.sleep(0)
    await asyncio.gather(*durable)
    writer = (time.process_time_ns() - cpu_all) - (time.thread_time_ns() - cpu_loop)
    journal.close()
    return (mine + writer * stream_batches / batches) / heard / 1_000

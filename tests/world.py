"""Short scenes with the real engine and the paper exchange, in process and in virtual time."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from holdfast.adapters.sqlite_file import SqliteReader
from holdfast.adapters.store_memory import MemoryDisk, MemoryJournal
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.api.port import CommandName, CommandReply
from holdfast.model.intent import Intent, from_builtins
from holdfast.model.num import text
from holdfast.model.plans import IntentResult
from holdfast.model.settings import EngineSettings, Venue
from holdfast.paper.config import PaperConfig
from holdfast.ports import Journal, JournalRecord
from holdfast.service import replay
from holdfast.service.verdicts import Verdict
from holdfast.service.views import OrderView
from holdfast.sim import loop as loops
from holdfast.sim.market import open_exchange_info, open_market
from holdfast.verify import Report, check, main_verify
from holdfast.verify.records import JournalRow, decode_line
from holdfast.wiring.world import World

START_US = 1_790_000_000_000_000
"""2026-09-21 14:13:20 UTC."""

RESULT_S = 300.0
"""Long enough for every intent of these scenes to end: unknown outcomes, and a few windows of the rate limits."""


class Stage:
    """A running world, and what a scene wants to ask it."""

    def __init__(self, world: World, log: list[dict[str, Any]], disk: MemoryDisk) -> None:
        self.world = world
        self.node = world.node
        self.log = log
        self.disk = disk

    @property
    def now_ms(self) -> int:
        """Venue time."""
        return self.world.clock.wall_us() // 1_000

    async def send(self, intent: Intent | dict[str, Any]) -> Verdict:
        """Hand an intent to the engine."""
        return await self.node.runner.submit(intent if isinstance(intent, Intent) else from_builtins(intent))

    async def result(self, intent_id: str, within_s: float = RESULT_S) -> IntentResult:
        """Wait for the one terminal result of an intent."""
        assert await self.world.until(lambda: self._result(intent_id), within_s), f"{intent_id} did not end"
        found = self._result(intent_id)
        assert found is not None
        return found

    async def outcome(self, intent: Intent | dict[str, Any]) -> IntentResult:
        """Send an intent and wait for its result."""
        verdict = await self.send(intent)
        return await self.result(verdict.intent_id)

    async def command(self, what: CommandName, *, token: str = "", symbol: str = "") -> CommandReply:
        """An operator's command, as the API gives it."""
        return await self.node.desk().command(what, by="ann", reason="a test", symbol=symbol, token=token)

    async def restart(self) -> None:
        """Another engine on the same journal; the one before has been run down."""
        self.world.node = self.node = self.world.make_node(MemoryJournal(self.disk))
        await self.node.service.start()

    def _result(self, intent_id: str) -> IntentResult | None:
        view = self.node.model.intent(intent_id)
        return view.result if view is not None else None

    def fault(self, verb: str, **fields: Any) -> None:
        """Arm a fault at the exchange."""
        answer = self.world.network.control({"do": "fault", "verb": verb, **fields})
        assert answer["ok"], answer

    def control(self, do: str, **fields: Any) -> dict[str, Any]:
        """A request at the exchange's control door."""
        answer = self.world.network.control({"do": do, **fields})
        assert answer["ok"], answer
        return answer

    def records(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Records of the exchange's own log of a kind, with these values."""
        return [row for row in self.log if row["k"] == kind and all(row.get(k) == v for k, v in fields.items())]

    def born(self, prefix: str) -> list[dict[str, Any]]:
        """Plain orders that came into being at the exchange, by the beginning of their client id."""
        return [row for row in self.records("order", x="NEW") if str(row["client_id"]).startswith(prefix)]

    def orders(self, role: str = "") -> list[OrderView]:
        """What the engine knows of its live orders."""
        return [order for order in self.node.model.orders() if role in ("", order.role)]

    def position(self, symbol: str = "BTCUSDT") -> str:
        """What the exchange says is held, as text."""
        state = self.control("state")
        held = {row["symbol"]: row["amt"] for row in state["accounts"][0]["positions"]}
        return str(held.get(symbol, "0"))


encoded = msgspec.json.Encoder(decimal_format="string").encode
"""A record of the venue log as bytes."""

Scene = Callable[[Stage], Awaitable[Any]]


def play(
    scene: Scene,
    *,
    market: str = "synthetic:1:BTCUSDT=65000",
    exchange_info: dict[str, Any] | None = None,
    settings: EngineSettings | None = None,
    paper: PaperConfig | None = None,
    violations: tuple[str, ...] = (),
    before: tuple[dict[str, Any], ...] = (),
    folder: Path | None = None,
    **more: Any,
) -> Any:
    """Run a scene in a new world and answer what it answers.

    `before`: requests at the control door before the start. `folder`: where journal and venue log go as files.
    Afterwards journal and venue log are compared by the checker: it must find violations of the invariants that the
    scene names, and of no others. And every verdict must be proved by the journal alone (I13, I18).
    """
    info = exchange_info or open_exchange_info(None)
    opened = open_market(market, info, start_us=START_US, duration_us=86_400_000_000)
    disk, log = MemoryDisk(), list[dict[str, Any]]()

    async def run() -> Any:
        journal: Journal = MemoryJournal(disk)
        if folder is not None:
            journal = SqliteJournal(folder / "journal.sqlite", inline=True, durability="none")
        world = World(
            settings=settings or EngineSettings(account="main", venue=Venue.PAPER),
            market=opened.source,
            exchange_info=info,
            journal=journal,
            log=log.append,
            paper=paper,
            **more,
        )
        for request in before:
            assert world.network.control(request)["ok"], request
        await world.start()
        answer = await scene(Stage(world, log, disk))
        await world.close()
        return answer

    answer = loops.run(run, loop=loops.VirtualLoop())
    if folder is not None:
        (folder / "venue.jsonl").write_bytes(b"".join(encoded(record) + b"\n" for record in log))
        found = main_verify(folder / "journal.sqlite", folder / "venue.jsonl").violations
    else:
        found = compared(disk, log).violations
    assert {violation.invariant for violation in found} == set(violations), found
    judged = replay.check(disk.records if folder is None else read_back(folder / "journal.sqlite"))
    assert (judged.differences, judged.not_checked) == ((), ())
    return answer


def read_back(path: Path) -> list[JournalRecord]:
    """The records of a journal file."""
    reader = SqliteReader(path)
    try:
        return list(reader.read())
    finally:
        reader.close()


def compared(disk: MemoryDisk, log: list[dict[str, Any]]) -> Report:
    """What the checker says about a journal and the exchange's own log."""
    lines = (decode_line(encoded(record), n) for n, record in enumerate(log, 1))
    return check((JournalRow(*record) for record in disk.records), lines)


async def trading(stage: Stage) -> None:
    """Wait until the engine trades and prices are known."""
    await stage.world.active()
    await stage.world.priced()


async def with_working_entry(stage: Stage) -> None:
    """Trade, and have one entry in the book far from the market."""
    await trading(stage)
    entry = {"type": "limit", "price": "64500", "ttl_ms": 600_000}
    await stage.send(opening(stage, entry=entry, stop_loss={"price": "64000"}))
    assert await stage.world.until(lambda: stage.orders("entry"), 5)


def opening(stage: Stage, intent_id: str = "i1", **changes: Any) -> dict[str, Any]:
    """A plain long of 0.010 BTC with a stop 1 % below the touch and no target."""
    touch = stage.world.touch("BTCUSDT")
    assert touch is not None
    base: dict[str, Any] = {
        "id": intent_id,
        "source": "test",
        "symbol": "BTCUSDT",
        "action": "open",
        "side": "long",
        "size": {"quantity": "0.010"},
        "stop_loss": {"price": text((touch[0] * 99 / 100).quantize(touch[0]))},
    }
    return {key: value for key, value in {**base, **changes}.items() if value is not None}

"""A tiny engine and what surrounds a runner, for tests of the shell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from holdfast.adapters.store_memory import MemoryDisk, MemoryJournal
from holdfast.model import events as ev
from holdfast.model.effects import Effect
from holdfast.model.inputs import AnyInput, IntentReceived
from holdfast.model.intent import Intent
from holdfast.model.reasons import AlarmCode, DenyCode
from holdfast.ports import Journal
from holdfast.service.inbox import InboxLimits
from holdfast.service.outbox import Outbox
from holdfast.service.runner import Runner
from tests.waiting import within


class Step(NamedTuple):
    """Events and effects of one input."""

    events: Sequence[ev.AnyEvent] = ()
    effects: Sequence[Effect] = ()


@dataclass
class Remembered:
    """What the toy keeps of an intent."""

    content_hash: str
    denied: ev.IntentDenied | None
    verdict: str = "v"
    trade_id: str = ""


@dataclass
class ToyState:
    """The two maps that the runner looks into, and the number of applied events."""

    intents: dict[str, Remembered] = field(default_factory=dict)
    trades: dict[str, Any] = field(default_factory=dict)
    events: int = 0


Script = Callable[[AnyInput], Step]


class ToyEngine:
    """Accepts every intent once; denies those whose symbol is "BAD"; anything else is up to `script`."""

    def __init__(self, script: Script = lambda _: Step()) -> None:
        self.state = ToyState()
        self.inputs: list[AnyInput] = []
        self.script = script
        self.news = asyncio.Event()

    def apply(self, event: ev.AnyEvent) -> None:
        """Fold one event."""
        self.state.events += 1
        if isinstance(event, ev.IntentAccepted):
            self.state.intents[event.intent.id] = Remembered(event.content_hash, None)
        elif isinstance(event, ev.IntentDenied) and event.intent_id not in self.state.intents:
            self.state.intents[event.intent_id] = Remembered(event.content_hash, event)

    def step(self, input: AnyInput) -> Step:
        """Decide, and apply."""
        self.inputs.append(input)
        self.news.set()
        step = self.script(input)
        if isinstance(input, IntentReceived):
            step = Step([*self._decide(input), *step.events], step.effects)
        for event in step.events:
            self.apply(event)
        return step

    def _decide(self, received: IntentReceived) -> list[ev.AnyEvent]:
        intent, now = received.intent, received.now_ms
        known = self.state.intents.get(intent.id)
        if known is not None and known.content_hash == received.content_hash:
            return []
        if known is None and intent.symbol != "BAD":
            return [ev.IntentAccepted(at_ms=now, intent=intent, content_hash=received.content_hash, verdict="v")]
        return [
            ev.IntentDenied(
                at_ms=now,
                intent_id=intent.id,
                source=intent.source,
                symbol=intent.symbol,
                action=intent.action,
                content_hash=received.content_hash,
                code=DenyCode.UNKNOWN_SYMBOL if known is None else DenyCode.OTHER_CONTENT,
            )
        ]

    def state_hash(self) -> str:
        """Enough to tell two states apart."""
        return f"{self.state.events}:{sorted(self.state.intents)}"

    def dump(self) -> bytes:
        """Everything, as JSON."""
        known = {key: value.content_hash for key, value in self.state.intents.items()}
        return json.dumps({"events": self.state.events, "intents": known}).encode()

    def load(self, data: bytes) -> None:
        """The inverse of `dump`."""
        kept = json.loads(data)
        self.state.events = kept["events"]
        self.state.intents = {key: Remembered(value, None) for key, value in kept["intents"].items()}

    def exposed_symbols(self) -> list[str]:
        """Never exposed."""
        return []


class Recorder:
    """Answers any method by noting its name and arguments: an observer that forgets nothing."""

    def __init__(self, news: asyncio.Event | None = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.news = news if news is not None else asyncio.Event()

    def __getattr__(self, name: str) -> Callable[..., None]:
        def note(*arguments: Any, **named: Any) -> None:
            self.calls.append((name, *arguments, *named.values()))
            self.news.set()

        return note

    def names(self) -> list[str]:
        """The methods called, in order."""
        return [call[0] for call in self.calls]


class ToyGateway:
    """Notes what it is asked to perform, and how much was durable at that moment."""

    def __init__(self, disk: MemoryDisk) -> None:
        self.disk = disk
        self.performed: list[tuple[Any, int]] = []
        self.packets: list[list[Any]] = []
        self.prepared: list[list[Any]] = []
        self._holding = False

    def perform(self, effect: Any) -> None:
        """Note it."""
        self.performed.append((effect, self.disk.head.seq))
        if not self._holding:
            self.packets.append([])
        self.packets[-1].append(effect)

    def prepare(self, effects: Any) -> None:
        """Note it."""
        self.prepared.append(list(effects))

    def hold(self) -> None:
        """What comes now belongs together."""
        self.packets.append([])
        self._holding = True

    def release(self) -> None:
        """It is complete."""
        self._holding = False

    @property
    def effects(self) -> list[Any]:
        """What was performed, in order."""
        return [effect for effect, _ in self.performed]


class LoopTime:
    """Venue time and wall clock that follow the running loop."""

    epoch_ms = 1_700_000_000_000

    def now_ms(self) -> int:
        """Venue time."""
        return self.epoch_ms + int(asyncio.get_running_loop().time() * 1_000)

    def wall_us(self) -> int:
        """Wall clock."""
        return self.now_ms() * 1_000

    def mono_us(self) -> int:
        """Monotonic clock."""
        return int(asyncio.get_running_loop().time() * 1_000_000)


class Bench:
    """A runner with everything around it."""

    def __init__(
        self,
        script: Script = lambda _: Step(),
        *,
        sync_ms: int = 0,
        limits: InboxLimits | None = None,
        journal: Journal | None = None,
        quiet: Callable[[], None] | None = None,
    ) -> None:
        self.disk = MemoryDisk()
        self.memory = MemoryJournal(self.disk, sync_ms=sync_ms)
        self.journal: Journal = journal if journal is not None else self.memory
        self.engine = ToyEngine(script)
        self.observer = Recorder(self.engine.news)
        self.outbox = Outbox(self.journal, self.observer)  # type: ignore[arg-type]
        self.clock = LoopTime()
        self.gateway = ToyGateway(self.disk)
        self.runner = Runner(
            engine=self.engine,
            journal=self.journal,
            outbox=self.outbox,
            clock=self.clock,
            venue_clock=self.clock,
            observer=self.observer,  # type: ignore[arg-type]
            limits=limits,
            quiet=quiet,
        )
        self.runner.attach(self.gateway)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that an input, an answer of the disk or a report brings about."""
        async with within(5, "what the test waits for"):
            while not condition():
                self.engine.news.clear()
                await self.engine.news.wait()

    async def settle(self) -> None:
        """Wait until nothing waits for a step or for the disk."""
        await self.until(lambda: not self.runner.waiting and not self.runner.unsynced)
        await asyncio.sleep(0)


def intent(id: str = "i-1", symbol: str = "BTCUSDT") -> Intent:
    """A flatten intent: the shortest there is."""
    return Intent(id=id, source="test", symbol=symbol, action="flatten")


def alarm(subject: str = "s", at_ms: int = 1) -> ev.AlarmRaised:
    """Some event."""
    return ev.AlarmRaised(at_ms=at_ms, code=AlarmCode.STREAM_STALE, subject=subject, text="text")

"""The one loop of an engine: take an input, step, append, and act once it is durable (DESIGN §3).

Nothing here decides about trading. The runner stamps inputs with venue time, journals what the engine decided and lets
effects leave in order, each batch after its own events are on the disk (RULES 8). It does not wait for the disk before
it steps the next input. Effects that an earlier batch pre-authorised leave at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec

from holdfast.model import events as ev
from holdfast.model.chain import JournalUnusable
from holdfast.model.effects import Cancel, ClearTimer, Place, SetTimer
from holdfast.model.inputs import AnyInput, Command, IntentReceived, JournalChanged, TimerFired
from holdfast.model.intent import Intent, content_hash
from holdfast.ports import Clock, Head, Journal, JournalEntry
from holdfast.service.engine_port import EnginePort, GatewayPort, StepPort, VenueEffect, VenueTime
from holdfast.service.inbox import Inbox, InboxLimits, NotDurable, Overloaded, Stopped
from holdfast.service.outbox import Outbox
from holdfast.service.timers import Timers
from holdfast.service.unjournalled import already_there, held_back, may_leave
from holdfast.service.verdicts import Verdict, durable_at, verdict_of

DRAIN_INPUTS: Final = 64
"""Inputs stepped in one turn of the loop, so that sockets and finished writes get their turn."""

BATCHES_MAX: Final = 2_000
"""Batches that may wait for the disk before new intents are refused."""

RECOVER_EVERY_S: Final = 2.0
"""How long after a failure of the journal, and after each vain attempt, the disk is tried again."""

NOT_WRITTEN: Final = (
    "the journal cannot be written: what opens was not sent, what only closes was; see the alarms. Send it again under "
    "the same id to hear what became of it"
)


class RunnerObserver(Protocol):
    """What the runner reports."""

    def inbox_crowded(self, waiting: int) -> None:
        """More evidence waits than is healthy."""

    def journal_failed(self, error: str) -> None:
        """The journal cannot be written any more."""

    def journal_recovered(self, events: int) -> None:
        """The journal is written again, and so are the events that existed in memory only."""

    def left_unjournalled(self, effect: VenueEffect, allowed: bool) -> None:
        """An effect whose record is not durable left (or, not `allowed`, was held back)."""

    def events_unjournalled(self, events: Sequence[ev.AnyEvent]) -> None:
        """Events that exist in memory only."""

    def engine_failed(self, error: BaseException) -> None:
        """The engine raised: it is stopped."""

    def appended(self, events: int, duration_us: int) -> None:
        """A batch became durable."""


class Done(NamedTuple):
    """What an operator's command led to, once durable. `durable` is False when the journal failed meanwhile."""

    events: Sequence[ev.AnyEvent]
    head: Head
    durable: bool


@dataclass(slots=True)
class _Batch:
    """One step on its way to the disk, and what waits for it."""

    events: Sequence[ev.AnyEvent]
    entries: list[JournalEntry]
    at_us: int
    mono_us: int
    effects: list[VenueEffect] = field(default_factory=list)
    waiters: list[Callable[[Head | None], None]] = field(default_factory=list)
    told: bool = False
    """Whether it was reported that these events exist in memory only."""


_Waiter = Callable[[StepPort, _Batch | None], None]
Result = TypeVar("Result")


class Runner:
    """Single-threaded on the running loop. `deliver` never blocks and never raises.

    `attach` the gateway before anything is delivered. `ended` is done after `stop`, or carries the exception that
    stopped the engine: one whose invariants broke must not trade on, and a restart folds the journal afresh. `quiet`
    is called whenever nothing waits, for work that may take a moment. `head` is the last durable record.

    When the journal fails, the events that it did not take are kept in order. Once the disk takes records again they
    are appended behind what it holds, and only then is `journal_ok` True again: the journal always is what the engine's
    state was folded from.
    """

    def __init__(
        self,
        *,
        engine: EnginePort,
        journal: Journal,
        outbox: Outbox,
        clock: Clock,
        venue_clock: VenueTime,
        observer: RunnerObserver,
        limits: InboxLimits | None = None,
        quiet: Callable[[], None] | None = None,
    ) -> None:
        self.engine = engine
        self.journal_ok = True
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_input_ms = 0
        self.head = journal.head
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._outbox = outbox
        self._clock = clock
        self._venue_clock = venue_clock
        self._observer = observer
        self._gateway: GatewayPort | None = None
        self._quiet = quiet
        self._inbox: Inbox[_Waiter] = Inbox(limits if limits is not None else InboxLimits())
        self._timers = Timers(venue_clock, self._timer_due)
        self._pending: deque[_Batch] = deque()
        self._lost: deque[_Batch] = deque()
        """Batches that exist in memory only, oldest first."""
        self._doomed = 0
        """How many of the pending batches were made while the journal took none."""
        self._writing = True
        """Whether batches are handed to the journal: again a little earlier than `journal_ok`."""
        self._retry: asyncio.TimerHandle | None = None
        self._trying = False
        """Whether the disk is being tried."""
        self._unpublished: deque[tuple[Head, _Batch]] = deque()
        self._answers: dict[asyncio.Future[Any], None] = {}
        self._turn: asyncio.Future[None] | None = None
        self._scheduled = False
        self._stopping = False

    @property
    def waiting(self) -> int:
        """Inputs in the inbox."""
        return len(self._inbox)

    @property
    def unsynced(self) -> int:
        """Batches that wait for the disk."""
        return len(self._pending)

    def attach(self, gateway: GatewayPort) -> None:
        """Set the way out; the gateway itself needs `deliver`, hence after construction."""
        self._gateway = gateway

    def deliver(self, input: AnyInput) -> None:
        """Put an input into the inbox. Its `now_ms` is set anew when it is taken out."""
        if self.ended.done():
            return  # The process is ending; the venue and the journal tell the next one.
        self._inbox.put(input)
        if self._inbox.crowded:
            self._observer.inbox_crowded(len(self._inbox))
        self._schedule()

    async def submit(self, intent: Intent) -> Verdict:
        """Decide an intent and answer when the answer is durable; the same id and content gets the same answer.

        Raises `Overloaded`, `NotDurable` or `Stopped`; then nothing of it that opens was sent. Cancelling the caller
        does not take the intent back.
        """
        if not self.journal_ok and intent.action == "open":
            raise NotDurable(NOT_WRITTEN)  # Nothing could be remembered of it, so it is not even looked at.
        received = IntentReceived(now_ms=0, intent=intent, content_hash=content_hash(intent))
        answer: asyncio.Future[Verdict] = self._loop.create_future()

        def stepped(step: StepPort, batch: _Batch | None) -> None:
            verdict = verdict_of(received, step.events, self.engine.state)
            self._when_durable(batch, lambda head: _answer(answer, verdict, head))

        self._refuse_when_stopped()
        if len(self._pending) >= BATCHES_MAX:
            raise Overloaded(f"{len(self._pending)} decisions wait for the disk; would pass: the same intent, later")
        self._inbox.put_intent(received, stepped)
        self._answers[answer] = None  # Before the drain, which may be the end of the engine.
        if not self._scheduled:
            self._drain()  # In this turn of the loop: nothing waits that would have to come first.
        return await self._outcome(answer)

    async def command(self, command: Command) -> Done:
        """Carry out an operator's command; answers its events when they are durable. Raises `Stopped`.

        It takes effect even when the journal fails, then with `durable` False.
        """
        answer: asyncio.Future[Done] = self._loop.create_future()

        def stepped(step: StepPort, batch: _Batch | None) -> None:
            def finish(head: Head | None) -> None:
                if not answer.done():
                    answer.set_result(Done(step.events, head or self.head, head is not None))

            self._when_durable(batch, finish)

        self._refuse_when_stopped()
        self._inbox.put(command, stepped)
        self._schedule()
        return await self._outcome(answer)

    async def stop(self) -> None:
        """Take no more intents, step what waits, and return when everything is on the disk.

        What a failed journal did not take is tried once more; if it fails again it is lost, and the next start asks the
        venue for it.
        """
        self._stopping = True
        if self._retry is not None:
            self._retry.cancel()
            self._guarded(self._recover)
        while not self.ended.done() and self._busy():
            self._turn = self._loop.create_future()
            await self._turn
        self._timers.cancel_all()
        if not self.ended.done():
            self.ended.set_result(None)

    def _busy(self) -> bool:
        return bool(len(self._inbox) or self._pending or self._unpublished or self._trying)

    def _schedule(self) -> None:
        if not self._scheduled and not self.ended.done():
            self._scheduled = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        self._scheduled = False
        for _ in range(DRAIN_INPUTS):
            if not len(self._inbox) or self.ended.done():
                break
            self._guarded(self._take_one)
        if len(self._inbox):
            self._schedule()

    def _take_one(self) -> None:
        input, waiter = self._inbox.take()
        now_ms = max(self.last_input_ms, self._venue_clock.now_ms())
        self.last_input_ms = now_ms
        if input.now_ms != now_ms:
            input = msgspec.structs.replace(input, now_ms=now_ms)
        step = self.engine.step(input)
        batch = self._perform(step)
        if waiter is not None:
            waiter(step, batch)

    def _perform(self, step: StepPort) -> _Batch | None:
        """Let go what may leave at once; append the rest. Answers the batch that the step's waiters wait for."""
        later: list[VenueEffect] = []
        for effect in step.effects:
            if isinstance(effect, SetTimer | ClearTimer):
                self._timers.perform(effect)
            elif isinstance(effect, Place | Cancel) and effect.preauthorised:
                self._let_go([effect], durable=self.journal_ok)
            else:
                later.append(effect)
        if step.events:
            return self._append(step.events, later)
        if self._pending:
            # Nothing to journal, but earlier batches are on their way: their effects go first.
            self._pending[-1].effects.extend(later)
            return self._pending[-1]
        self._let_go(later, durable=self.journal_ok)
        return None

    def _append(self, events: Sequence[ev.AnyEvent], effects: list[VenueEffect]) -> _Batch:
        entries = [JournalEntry(ev.kind_of(event), ev.encode(event)) for event in events]
        batch = _Batch(events, entries, self._clock.wall_us(), self._clock.mono_us(), effects)
        if self._writing:
            self._write(batch)
        else:
            # Waiters join after this returns, so the batch is given up in the next turn of the loop.
            self._pending.append(batch)
            self._doomed += 1
            self._loop.call_soon(self._guarded, self._give_up_doomed)
        return batch

    def _write(self, batch: _Batch) -> None:
        self._pending.append(batch)
        # While the disk works, what leaves after it is written out.
        prepare = partial(self._guarded, self._way_out().prepare, batch.effects) if batch.effects else None
        self._journal.append(batch.entries, batch.at_us, prepare).add_done_callback(self._appended)

    def _appended(self, future: asyncio.Future[Head]) -> None:
        error = future.exception()
        if error is None:
            self._guarded(self._durable, future.result())
            return
        if self._writing:
            self.journal_ok = self._writing = False
            self._observer.journal_failed(str(error))
            self.deliver(JournalChanged(now_ms=0, ok=False, error=str(error)))
            self._retry = self._loop.call_later(RECOVER_EVERY_S, self._guarded, self._recover)
        self._guarded(self._give_up)

    def _durable(self, head: Head) -> None:
        """The oldest batch is on the disk: first what it may do at the venue, then who waits, then who reads."""
        batch = self._pending.popleft()
        self.head = head
        self._let_go(batch.effects, durable=True)
        for waiter in batch.waiters:
            waiter(head)
        self._observer.appended(len(batch.events), self._clock.mono_us() - batch.mono_us)
        self._unpublished.append((head, batch))
        # In a turn of its own, so that whoever waited is not held up by whoever reads.
        self._loop.call_soon(self._guarded, self._publish)

    def _publish(self) -> None:
        head, batch = self._unpublished.popleft()
        self._outbox.publish(head, batch.at_us, batch.events, batch.entries)
        # A state that is ahead of the journal must not be kept as a snapshot of it.
        if self._quiet is not None and self.journal_ok and not self._busy():
            self._quiet()

    def _give_up_doomed(self) -> None:
        if self._doomed:
            self._doomed -= 1
            self._give_up()

    def _give_up(self) -> None:
        """The oldest batch is not on the disk (RULES 8): only what reduces risk still leaves. Its events are kept."""
        batch = self._pending.popleft()
        self._lost.append(batch)
        if not batch.told:
            batch.told = True
            self._observer.events_unjournalled(batch.events)
        effects, batch.effects = batch.effects, []
        waiters, batch.waiters = batch.waiters, []
        self._let_go(effects, durable=False)
        for waiter in waiters:
            waiter(None)

    def _recover(self) -> None:
        """Time to try the disk again. Every append has ended by now, or the attempt waits for the next time."""
        self._retry = None
        if self.ended.done():
            return  # The process is ending; the next one asks the venue.
        if len(self._pending) > self._doomed:
            self._try_later()
        else:
            self._trying = True
            self._journal.recover().add_done_callback(partial(self._guarded, self._tried))

    def _try_later(self) -> None:
        if not self._stopping:
            self._retry = self._loop.call_later(RECOVER_EVERY_S, self._guarded, self._recover)

    def _tried(self, future: asyncio.Future[Head]) -> None:
        self._trying = False
        if future.exception() is not None:
            self._try_later()
        elif not self.ended.done():
            self._write_on(future.result())

    def _write_on(self, found: Head) -> None:
        """The disk takes records again: what it lacks is appended in order, and everything new waits behind it."""
        while self._doomed:
            self._give_up_doomed()
        try:
            there = already_there(self.head, found, self._lost)
        except JournalUnusable as error:
            self._observer.journal_failed(str(error))  # Cover and closes go on; entries wait for a restart.
            return
        lost, self._lost = list(self._lost)[len(there) :], deque()
        events = sum(len(batch.events) for batch in lost)
        for head, batch in there:
            self.head = head
            self._unpublished.append((head, batch))
            self._loop.call_soon(self._guarded, self._publish)
        self._writing = True
        for batch in lost:
            batch.mono_us = self._clock.mono_us()
            self._write(batch)
        self._when_durable(self._pending[-1] if self._pending else None, partial(self._journal_well, events))

    def _journal_well(self, events: int, head: Head | None) -> None:
        if head is not None:
            self.journal_ok = True
            self._observer.journal_recovered(events)
            self.deliver(JournalChanged(now_ms=0, ok=True))

    def _let_go(self, effects: Sequence[VenueEffect], *, durable: bool) -> None:
        if len(effects) < 2:
            self._let_each_go(effects, durable=durable)
            return
        # A stop and its entry: the venue should read one as soon as the other.
        gateway = self._way_out()
        gateway.hold()
        try:
            self._let_each_go(effects, durable=durable)
        finally:
            gateway.release()

    def _let_each_go(self, effects: Sequence[VenueEffect], *, durable: bool) -> None:
        for effect in effects:
            allowed = durable or may_leave(effect)
            if not durable:
                self._observer.left_unjournalled(effect, allowed)
            if allowed:
                self._way_out().perform(effect)
            else:
                self.deliver(held_back(effect))

    def _way_out(self) -> GatewayPort:
        assert self._gateway is not None, "invariant: the gateway is attached before the first effect"
        return self._gateway

    def _when_durable(self, batch: _Batch | None, waiter: Callable[[Head | None], None]) -> None:
        if batch is not None:
            batch.waiters.append(waiter)
        else:
            waiter(self.head if self._writing else None)

    def _timer_due(self, key: str) -> None:
        self.deliver(TimerFired(now_ms=0, key=key))

    def _guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        """Run a piece of the loop; what it raises stops the engine, loudly."""
        try:
            action(*arguments)
        except Exception as error:  # noqa: BLE001 - reported, and handed to whoever watches `ended`
            self._die(error)
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def _die(self, error: Exception) -> None:
        if self.ended.done():
            return
        self._timers.cancel_all()
        self._observer.engine_failed(error)
        self.ended.set_exception(error)
        self.ended.exception()  # Reported above, so it counts as seen even when nobody awaits it.
        for answer in list(self._answers):
            if not answer.done():
                answer.set_exception(Stopped("the engine stopped before it could answer; ask again after its restart"))

    def _refuse_when_stopped(self) -> None:
        if self._stopping or self.ended.done():
            raise Stopped("the engine has stopped; would pass: the same request after its restart")

    async def _outcome(self, answer: asyncio.Future[Result]) -> Result:
        """Wait for an answer; `_die` ends it too."""
        self._answers[answer] = None
        try:
            return await answer
        finally:
            del self._answers[answer]


def _answer(answer: asyncio.Future[Verdict], verdict: Verdict, head: Head | None) -> None:
    if answer.done():
        return
    if head is None:
        answer.set_exception(NotDurable(NOT_WRITTEN))
    else:
        answer.set_result(durable_at(verdict, head))

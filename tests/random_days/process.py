"""One life of the engine: inbox, disk and timers around the real core, as `service/runner.py` has them.

A kill takes all of it: inputs on their way, timers, events that the disk had not confirmed, effects that waited for
them. What has left stays left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from holdfast.binance import endpoints as ep
from holdfast.binance.replies import Findings
from holdfast.binance.requests import simple
from holdfast.core.engine import Engine
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ChangeSetting, ClearTimer, Effect, Place, Read, SetTimer
from holdfast.model.reasons import TradingState
from holdfast.service.unjournalled import held_back, may_leave
from tests.random_days.stream import Stream
from tests.random_days.wire import Wire

if TYPE_CHECKING:
    from tests.random_days.world import World

EARLY_MS = 300
"""How long what the watch has read waits for its other lists."""
BEAT_MS = 1_000
"""The market is told at least so often, as the mark price stream does."""

VenueEffect = Place | Cancel | Read | ChangeSetting


@dataclass(slots=True)
class Batch:
    """One step's events on their way to the disk, and what waits for it."""

    events: list[ev.AnyEvent]
    effects: list[VenueEffect] = field(default_factory=list)
    intent_id: str = ""


class Process:
    """Alive from `start` to `kill`."""

    def __init__(self, world: World, skew_ms: int) -> None:
        self.world = world
        self.skew_ms = skew_ms
        self.alive = True
        self.disk_ok = True
        self.engine = Engine(world.settings, "random")
        self.wire = Wire(self)
        self.stream = Stream(self)
        self.unsynced: deque[Batch] = deque()
        self.doom: int | None = None
        """How many more inputs and effects this process lives to see; None: no end is planned."""
        self._last_ms = 0
        self._durable_ms = 0
        self._timers: dict[str, int] = {}
        self._timer_count = 0
        self._looked_ms = -world.settings.coverage_idle_interval_ms

    @property
    def now_ms(self) -> int:
        """Venue time as this process believes it to be; it never goes back."""
        self._last_ms = max(self._last_ms, self.world.agenda.now_ms + self.skew_ms)
        return self._last_ms

    def later(self, pause_ms: int, act: Callable[[], None]) -> None:
        """Do it after a pause, if the process still lives then."""

        def in_life() -> None:
            if self.alive:
                act()

        self.world.agenda.at(self.world.agenda.now_ms + pause_ms, in_life)

    def start(self) -> None:
        """Fold the journal, load the rules, begin to reconcile, open the stream, start the watch."""
        self.engine = self.world.recovered()
        self.give(inp.InstrumentsLoaded(now_ms=0, instruments=self.world.instruments()))
        self.give(inp.ClockChecked(now_ms=0, ok=True, offset_ms=0))
        self.see_markets()
        self.give(
            inp.Started(
                now_ms=0, version="random", config_hash="c", key_fingerprint="k", boot_state=TradingState.ACTIVE
            )
        )
        self.stream.start()
        self._beat()
        self._watch()

    def give(self, message: inp.AnyInput) -> None:
        """One input: step, let go what may leave at once, append the rest."""
        if not self.alive or self._struck():
            return
        step = self.engine.step(msgspec.structs.replace(message, now_ms=self.now_ms))
        later: list[VenueEffect] = []
        for effect in step.effects:
            self._at_once(effect, later)
            if not self.alive:
                return
        if step.events:
            intent_id = message.intent.id if isinstance(message, inp.IntentReceived) else ""
            self._append(Batch(step.events, later, intent_id))
        elif self.unsynced:
            self.unsynced[-1].effects.extend(later)
        else:
            self._let_go(later)

    def kill(self) -> None:
        """kill −9. Some of what the disk had not confirmed may be on it all the same."""
        self.alive = False
        self.stream.hang_up()
        lost = list(self.unsynced)
        self.unsynced.clear()
        for batch in lost[: self.world.network.survivors(len(lost))] if self.disk_ok else ():
            self.world.journal.extend(batch.events)
        self.world.process_died()

    def _struck(self) -> bool:
        if self.doom is not None:
            self.doom -= 1
            if self.doom < 0:
                self.kill()
        return not self.alive

    def _at_once(self, effect: Effect, later: list[VenueEffect]) -> None:
        match effect:
            case SetTimer():
                self._set_timer(effect.key, effect.at_ms)
            case ClearTimer():
                self._timers.pop(effect.key, None)
            case Place() | Cancel() if effect.preauthorised:
                self._send(effect)
            case _:
                later.append(effect)

    def _send(self, effect: VenueEffect) -> None:
        if not self._struck():
            self.wire.perform(effect)

    def _let_go(self, effects: list[VenueEffect]) -> None:
        for effect in effects:
            if not self.alive:
                return
            if self.disk_ok or may_leave(effect):
                self._send(effect)
            else:
                self.later(0, partial(self.give, held_back(effect)))

    # Disk and timers.

    def _append(self, batch: Batch) -> None:
        if not self.disk_ok:
            self._let_go(batch.effects)
            return
        now_ms = self.world.agenda.now_ms
        self._durable_ms = max(self._durable_ms, now_ms + self.world.network.disk_ms())
        self.unsynced.append(batch)
        if self._durable_ms == now_ms and len(self.unsynced) == 1:
            self._written()
        else:
            self.later(self._durable_ms - now_ms, self._written)

    def _written(self) -> None:
        if not self.unsynced:
            return  # The disk failed meanwhile, and everything was given up.
        batch = self.unsynced.popleft()
        self.world.journal.extend(batch.events)
        if batch.intent_id:
            self.world.acknowledged.append(batch.intent_id)
        self._let_go(batch.effects)

    def break_disk(self) -> None:
        """The journal cannot be written from now on: only what reduces risk still leaves (RULES 8)."""
        if not self.disk_ok:
            return
        self.disk_ok = False
        given_up = list(self.unsynced)
        self.unsynced.clear()
        self.give(inp.JournalChanged(now_ms=0, ok=False, error="no space left"))
        for batch in given_up:
            self._let_go(batch.effects)

    def _set_timer(self, key: str, at_ms: int) -> None:
        self._timer_count += 1
        mine = self._timers[key] = self._timer_count

        def fire() -> None:
            if self._timers.get(key) == mine:
                del self._timers[key]
                self.give(inp.TimerFired(now_ms=0, key=key))

        self.later(max(0, at_ms - self.now_ms), fire)

    # What comes by itself.

    def see_markets(self) -> None:
        """Mark and touch of every symbol."""
        for market in self.world.markets.values():
            self.give(inp.MarketSeen(now_ms=0, symbol=market.symbol, mark=market.price, bid=market.bid, ask=market.ask))

    def _beat(self) -> None:
        self.see_markets()
        self.later(BEAT_MS, self._beat)

    def _watch(self) -> None:
        """The coverage watch: a round when something is exposed, or when the last one is a minute old (RULES 12)."""
        settings = self.world.settings
        now_ms = self.world.agenda.now_ms
        if self.engine.exposed_symbols() or now_ms - self._looked_ms >= settings.coverage_idle_interval_ms:
            self._looked_ms = now_ms
            self._look()
        self.later(settings.coverage_interval_ms, self._watch)

    def _look(self) -> None:
        asked_ms = self.now_ms

        def positions_came(found: Findings | None) -> None:
            if found is None:
                self.give(inp.CoverageChecked(now_ms=0, ok=False, asked_ms=asked_ms))
                return
            held = [row.symbol for row in found.positions if row.amount]
            symbols = tuple(sorted({*self.engine.exposed_symbols(), *held}))
            self._look_at_stops(asked_ms, symbols, found)

        self.wire.findings(simple(ep.POSITIONS), positions_came)

    def _look_at_stops(self, asked_ms: int, symbols: tuple[str, ...], positions: Findings) -> None:
        lists: dict[str, Findings | None] = {}

        def tell(*, whole: bool) -> None:
            read = [symbol for symbol in symbols if lists.get(symbol) is not None]
            self.give(
                inp.CoverageChecked(
                    now_ms=0,
                    ok=whole and len(read) == len(symbols),
                    asked_ms=asked_ms,
                    symbols=tuple(read),
                    positions=tuple(positions.positions),
                    algos=tuple(algo for found in lists.values() if found is not None for algo in found.algos),
                )
            )

        def early() -> None:
            if len(lists) < len(symbols):
                tell(whole=False)

        def came(symbol: str, found: Findings | None) -> None:
            lists[symbol] = found
            if len(lists) == len(symbols):
                tell(whole=True)

        self.later(EARLY_MS, early)
        if not symbols:
            tell(whole=True)
        for symbol in symbols:
            self.wire.findings(simple(ep.OPEN_ALGOS, symbol=symbol), partial(came, symbol))

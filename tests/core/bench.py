"""The engine on a test bench: virtual time, timers, a naive venue, no I/O. Every step is checked for what must always
hold: the fold is deterministic, a verdict is judged alike from its record, an entry leaves once, an intent has one
result, a symbol one live trade."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from holdfast.core.context import Context
from holdfast.core.engine import Engine, Step
from holdfast.core.recheck import Recheck
from holdfast.core.state import AlgoState, Order, OrderState, TradeState
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ClearTimer, Effect, Place, SetTimer
from holdfast.model.ids import Role
from holdfast.model.intent import Distance, Entry, Intent, Size, Target, content_hash
from holdfast.model.orders import OrderStatus
from holdfast.model.plans import IntentResult, TradeResult
from holdfast.model.reasons import TradingState
from holdfast.model.reports import SymbolConfig
from holdfast.model.settings import EngineSettings
from holdfast.model.settings import Venue as VenueName
from holdfast.model.venue_facts import VenueFacts
from tests.core.desk import Desk
from tests.core.replies import SYMBOL, instrument

START_MS = 1_750_000_000_000
"""2025-06-15 15:06:40 UTC."""
MARK = Decimal("50000")
ONCE = (Role.ENTRY, Role.TARGET, Role.EXIT)


class Bench(Desk):
    """One engine, its venue and its clock. Effects are answered at once unless scripted or held."""

    def __init__(self, *, boot: TradingState = TradingState.ACTIVE, symbols: Iterable[str] = (SYMBOL,),
                 facts: VenueFacts | None = None, start: bool = True, **settings: Any) -> None:  # fmt: skip
        super().__init__()
        self.settings = EngineSettings(
            account="main", venue=VenueName.PAPER, facts=facts or VenueFacts(), **{"symbols": (), **settings}
        )
        self.boot = boot
        self.now = START_MS
        self.instruments = {symbol: instrument(symbol) for symbol in symbols}
        self.marks = dict.fromkeys(self.instruments, MARK)
        for symbol in self.instruments:
            self.venue.configs[symbol] = SymbolConfig(symbol=symbol, leverage=5, margin_type="CROSSED")
        self.journal: list[bytes] = []
        self.events: list[ev.AnyEvent] = []
        self.effects: list[tuple[int, Effect]] = []
        self.watch = True
        self.after_step: Callable[[Step], None] | None = None
        self._placed: set[str] = set()
        self._durable = 0
        self._new_engine()
        if start:
            self.boot_up()

    def _new_engine(self) -> None:
        self.engine = Engine(self.settings, "test")
        self.shadow = Engine(self.settings, "test")
        self.recheck = Recheck()
        for body in self.journal:
            self.engine.apply(ev.decode(body))
            self.shadow.apply(ev.decode(body))
            self.recheck.take(ev.decode(body))

    def boot_up(self, *, stream: str = "after") -> None:
        """Everything that a healthy engine hears in its first second. `stream`: up `after` or `before` it begins."""
        self.later(1_000, self._beat)
        self.later(5_000, self._watch_beat)
        self.give(inp.InstrumentsLoaded, instruments=tuple(self.instruments.values()))
        self.give(inp.ClockChecked, ok=True)
        self.market()
        if stream == "before":
            self.give(inp.LinkChanged, link="user_stream", up=True)
        self.give(inp.Started, version="test", config_hash="c", key_fingerprint="k", boot_state=self.boot)
        if stream == "after":
            self.give(inp.LinkChanged, link="user_stream", up=True)
        if self.watch:
            self.coverage()

    def restart(self, *, after_ms: int = 1_000, lose_tail: bool = False) -> None:
        """kill -9: timers, answers in flight and surroundings are lost; the journal and the venue stay.

        With `lose_tail` what no effect has waited for was not yet on the disk (RULES 8) and is lost as well.
        """
        if lose_tail:
            del self.journal[self._durable :]
            del self.events[self._durable :]
        self.timers.clear()
        self.due.clear()
        self.held_reads.clear()
        self.lost_answers = 0
        self.now += after_ms
        self._new_engine()
        self.boot_up()

    @property
    def state(self) -> Any:
        """The engine's state."""
        return self.engine.state

    def give(self, kind: type[inp.Input], **fields: Any) -> Step:
        """Give the engine one input now, and whatever the venue answers to its effects."""
        return self.step(kind(now_ms=self.now, **fields))  # type: ignore[arg-type]

    def step(self, message: inp.AnyInput) -> Step:
        """One input, checked, and the answers to its effects."""
        known = len(self.events)
        step = self.engine.step(message)
        self._record(step)
        self._check(step, known)
        if any(needs_disk(effect) for effect in step.effects):
            self._durable = len(self.journal)
        if self.after_step is not None:
            self.after_step(step)
        for effect in step.effects:
            self.perform(effect)
        self.drain()
        return step

    def _record(self, step: Step) -> None:
        for event in step.events:
            body = ev.encode(event)
            self.journal.append(body)
            self.events.append(event)
            self.shadow.apply(ev.decode(body))
            found = self.recheck.take(ev.decode(body))
            assert found == [], found
        self.effects += [(self.now, effect) for effect in step.effects]

    def _check(self, step: Step, known: int) -> None:
        if not step.events:
            return self._check_places(step, known)
        assert self.shadow.state_hash() == self.engine.state_hash(), "the fold differs from the step"
        live = [trade.symbol for trade in self.state.trades.values() if trade.live]
        assert len(live) == len(set(live)), "two live trades on a symbol"
        assert sorted(live) == sorted(self.state.live_trades)
        results = [e.result.intent_id for e in self.of(ev.ResultPublished)]
        assert len(results) == len(set(results)), "an intent has two results"
        return self._check_places(step, known)

    def _check_places(self, step: Step, known: int) -> None:
        placed = [effect for effect in step.effects if isinstance(effect, Place)]
        if placed:
            now = [effect for at, effect in self.effects[-60:] if at == self.now and isinstance(effect, Place)]
            assert len(now) < 20, "a storm of orders in one moment"
            before = {e.spec.client_id for e in self.events[:known] if isinstance(e, ev.OrderPlanned)}
            fresh = {e.spec.client_id for e in step.events if isinstance(e, ev.OrderPlanned)}
            for effect in placed:
                self._check_place(effect, before, fresh)

    def _check_place(self, effect: Place, before: set[str], now: set[str]) -> None:
        spec = effect.order.spec
        assert spec.client_id in before | now, "sent without a record"
        assert not effect.preauthorised or spec.client_id in before, "pre-authorised by its own batch"
        assert (effect.timestamp_ms is not None) == (spec.role in ONCE)
        if spec.role in ONCE:
            assert spec.client_id not in self._placed, "an entry or partial exit was sent twice"
        if spec.role is Role.ENTRY:
            earlier = [order for order in self.orders(Role.ENTRY, spec.symbol) if order.client_id != spec.client_id]
            mine = [order for order in earlier if order.subject == self.order(spec.client_id).subject]
            assert all(order.status is OrderStatus.REJECTED for order in mine), "a second entry without proof"
        self._placed.add(spec.client_id)

    def check_end(self) -> None:
        """Replay from an empty engine and through a snapshot: equal states."""
        empty = Engine(self.settings, "test")
        for body in self.journal:
            empty.apply(ev.decode(body))
        assert empty.state_hash() == self.engine.state_hash()
        loaded = Engine(self.settings, "test")
        loaded.load(self.engine.dump())
        assert loaded.state_hash() == self.engine.state_hash()

    def advance(self, ms: int) -> None:
        """Let virtual time pass: timers fire and beats arrive, in order."""
        end = self.now + ms
        while True:
            key = min(self.timers, key=lambda name: (self.timers[name], name), default=None)
            timer_at = self.timers[key] if key is not None else end + 1
            due_at = self.due[0].at_ms if self.due else end + 1
            if min(timer_at, due_at) > end:
                break
            if due_at <= timer_at:
                self.now = max(self.now, due_at)
                self.drain()
            elif key is not None:
                self.now = max(self.now, timer_at)
                del self.timers[key]
                self.give(inp.TimerFired, key=key)
        self.now = end

    def _beat(self) -> None:
        self.later(1_000, self._beat)
        self.market()

    def _watch_beat(self) -> None:
        self.later(5_000, self._watch_beat)
        if self.watch:
            self.coverage()

    def market(self, symbol: str = "", mark: str | Decimal | None = None) -> None:
        """Mark and touch of one symbol, or of all."""
        if mark is not None:
            self.marks[symbol or SYMBOL] = Decimal(mark)
        for name in [symbol] if symbol else list(self.marks):
            price = self.marks[name]
            tick = Decimal("0.1")
            self.give(inp.MarketSeen, symbol=name, mark=price, bid=price - tick, ask=price + tick)

    def coverage(self) -> None:
        """One round of the coverage watch."""
        symbols = tuple(self.engine.exposed_symbols())
        rows = tuple(self.venue.position(symbol) for symbol in symbols)
        algos = tuple(row for row in self.venue.open_algos() if row.symbol in symbols)
        self.give(inp.CoverageChecked, ok=True, asked_ms=self.now, symbols=symbols, positions=rows, algos=algos)

    def intent(self, intent_id: str = "i1", action: str = "open", *, symbol: str = SYMBOL, side: str | None = "long",
               quantity: str = "0.1", stop: str | None = None, targets: Iterable[tuple[str, str]] = (),
               entry: Entry | None = None, source: str = "test", **more: Any) -> Step:  # fmt: skip
        """An intent; an opening one has a stop 1 % away and a market entry unless said otherwise."""
        if action == "open":
            price = self.marks[symbol]
            away = stop or str((price * Decimal("0.99" if side == "long" else "1.01")).quantize(Decimal("0.1")))
            more = {
                "size": Size(quantity=Decimal(quantity)),
                "stop_loss": Distance(price=Decimal(away)),
                "take_profits": tuple(Target(price=Decimal(p), fraction=Decimal(f)) for p, f in targets),
                "entry": entry or Entry(),
                **more,
            }
        intent = Intent(id=intent_id, source=source, symbol=symbol, action=action, side=side, **more)  # type: ignore[arg-type]
        return self.give(inp.IntentReceived, intent=intent, content_hash=content_hash(intent))

    def command(self, what: str, **fields: Any) -> Step:
        """An operator's command."""
        return self.give(inp.Command, what=what, by="operator", **fields)

    def context(self) -> Context:
        """A working set at the present moment, for tests of single functions."""
        return Context(self.engine.state, self.engine.around, self.settings, "test", self.now)

    def of(self, kind: type[Any]) -> list[Any]:
        """Events of a type, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def done(self, kind: type[Any]) -> list[Any]:
        """Effects of a type, in order."""
        return [effect for _, effect in self.effects if isinstance(effect, kind)]

    def places(self, role: Role) -> list[Place]:
        """Everything that was sent in a role."""
        return [effect for effect in self.done(Place) if effect.order.spec.role is role]

    def place_times(self, role: Role) -> list[int]:
        """When, in milliseconds since the start, something was sent in a role."""
        return [at - START_MS for at, effect in self.effects
                if isinstance(effect, Place) and effect.order.spec.role is role]  # fmt: skip

    def cancels(self, role: Role) -> list[Cancel]:
        """The cancels of orders of a role."""
        return [effect for effect in self.done(Cancel) if effect.role is role]

    def order(self, client_id: str) -> Order:
        """An order of the engine's state."""
        found: Order | None = self.state.order(client_id)
        assert found is not None
        return found

    def orders(self, role: Role, symbol: str = SYMBOL) -> list[Any]:
        """The engine's orders of a role, oldest first."""
        everything: list[OrderState | AlgoState] = [*self.state.plain.values(), *self.state.algos.values()]
        return [order for order in everything if order.role is role and order.spec.symbol == symbol]

    def entry(self) -> OrderState:
        """The newest entry."""
        return self.orders(Role.ENTRY)[-1]  # type: ignore[no-any-return]

    def stop(self) -> AlgoState:
        """The newest stop that was sent."""
        return [stop for stop in self.orders(Role.STOP) if stop.sends][-1]  # type: ignore[no-any-return]

    @property
    def trade(self) -> TradeState:
        """The newest trade."""
        return list(self.state.trades.values())[-1]  # type: ignore[no-any-return]

    def result(self, intent_id: str = "i1") -> IntentResult | None:
        """What was published for an intent."""
        found = [e.result for e in self.of(ev.ResultPublished) if e.result.intent_id == intent_id]
        return found[0] if found else None

    @property
    def closed(self) -> list[TradeResult]:
        """The closing records of trades."""
        return [event.result for event in self.of(ev.TradeClosed)]

    def open_trade(self, **intent: Any) -> Bench:
        """An intent that is filled and protected."""
        self.intent(**intent)
        result = self.result(intent.get("intent_id", "i1"))
        assert result is not None, self.events[-5:]
        assert result.status == "protected", result
        return self


def needs_disk(effect: Effect) -> bool:
    """Whether the shell waits for the step's events to be durable before it performs the effect."""
    return not isinstance(effect, SetTimer | ClearTimer) and not getattr(effect, "preauthorised", False)

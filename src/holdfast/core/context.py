"""The working set of one step: state, surroundings, and what the step has produced so far."""

from __future__ import annotations

from decimal import Decimal

from holdfast.core.evolve import evolve
from holdfast.core.state import EngineState, TradeState
from holdfast.core.surroundings import Surroundings
from holdfast.core.trade_machine import may_follow
from holdfast.model import events as ev
from holdfast.model.effects import ClearTimer, Effect, Lane, Read, ReadKind, SetTimer
from holdfast.model.instrument import Instrument
from holdfast.model.reasons import AlarmCode, TradePhase
from holdfast.model.settings import EngineSettings

EXPOSURE_READS = (ReadKind.ORDER, ReadKind.TRADES, ReadKind.POSITIONS)


class Context:
    """Carries one step. `emit` folds an event at once, so later decisions of the step see it."""

    __slots__ = ("around", "effects", "events", "now_ms", "settings", "state", "version")

    def __init__(
        self, state: EngineState, around: Surroundings, settings: EngineSettings, version: str, now_ms: int
    ) -> None:
        self.state = state
        self.around = around
        self.settings = settings
        self.version = version
        self.now_ms = now_ms
        self.events: list[ev.AnyEvent] = []
        self.effects: list[Effect] = []

    def emit(self, event: ev.AnyEvent) -> None:
        """Record what happened, and fold it."""
        evolve(self.state, event)
        self.events.append(event)

    def do(self, effect: Effect) -> None:
        """Ask the shell to act, after the step's events are durable."""
        self.effects.append(effect)

    def touch(self, symbol: str) -> None:
        """Look at the symbol's trade before the step ends."""
        self.around.touched[symbol] = None

    def timer(self, key: str, at_ms: int) -> None:
        """Wake up at `at_ms`; an earlier wish under the same key is replaced."""
        self.around.timers[key] = at_ms
        self.do(SetTimer(key=key, at_ms=at_ms))

    def timer_once(self, key: str, at_ms: int) -> None:
        """Wake up at `at_ms` unless a timer of this key wakes us no later."""
        if self.around.timers.get(key, at_ms + 1) > at_ms:
            self.timer(key, at_ms)

    def clear_timer(self, key: str) -> None:
        """Forget a timer."""
        if self.around.timers.pop(key, None) is not None:
            self.do(ClearTimer(key=key))

    def read(self, kind: ReadKind, purpose: str, *, symbol: str = "", lane: Lane | None = None, **more: object) -> None:
        """Ask the venue; the answer comes back with the same purpose.

        Whether a position is still open, and whose execution changed it, decides what covers it and which stop is left
        over: on a symbol with a trade or a close these questions use what is reserved for protection.
        """
        if lane is None:
            at_risk = symbol in self.state.live_trades or symbol in self.state.flattens
            lane = Lane.PROTECT if at_risk and kind in EXPOSURE_READS else Lane.QUERY
        self.do(Read(kind=kind, purpose=purpose, symbol=symbol, lane=lane, **more))  # type: ignore[arg-type]

    def instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol that an accepted trade has; they were known when it was accepted."""
        found = self.around.instruments.get(symbol)
        assert found is not None, "invariant: the instrument of a live trade is known"
        return found

    def phase(self, trade: TradeState, phase: TradePhase, reason: str = "") -> None:
        """Move a trade on, if it is not there already."""
        if trade.phase is not phase:
            moves = f"{trade.plan.trade_id} {trade.phase.value} → {phase.value}"
            assert may_follow(trade.phase, phase), f"invariant: a trade keeps to its table ({moves})"
            self.emit(ev.PhaseChanged(at_ms=self.now_ms, trade_id=trade.plan.trade_id, phase=phase, reason=reason))

    def alarm(self, code: AlarmCode, subject: str, text: str) -> None:
        """Tell a human, once per subject until it clears."""
        if f"{code.value}:{subject}" not in self.state.alarms:
            self.emit(ev.AlarmRaised(at_ms=self.now_ms, code=code, subject=subject, text=text))

    def clear_alarm(self, code: AlarmCode, subject: str) -> None:
        """The cause is gone."""
        if f"{code.value}:{subject}" in self.state.alarms:
            self.emit(ev.AlarmCleared(at_ms=self.now_ms, code=code, subject=subject))

    def mark(self, symbol: str) -> Decimal | None:
        """The newest mark price of a symbol."""
        return self.around.market(symbol).mark

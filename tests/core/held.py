"""A bench whose requests stay in the air until somebody says how they end, with the naive model beside the engine.

Nothing is answered at once: what is not touched is answered kindly after a moment, as the gateway answers everything.
Kinds of stream messages may overtake each other; within a kind they keep their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from dataclasses import replace as changed
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from holdfast.core.engine import Step
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ChangeSetting, Effect, Place
from holdfast.model.events import AnyEvent
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, OrderSpec, OrderType, TimeInForce
from tests.core.bench import Bench
from tests.core.desk import Desk
from tests.core.heard import Asked
from tests.core.naive import Naive
from tests.core.replies import Reply
from tests.core.venue import Held, HeldAlgo

KIND_MS = 120
"""When a request that nobody touched is answered."""
STREAM_KINDS: dict[type[inp.Input], str] = {
    inp.OrderSeen: "order", inp.FillSeen: "lite", inp.AlgoSeen: "algo", inp.AccountSeen: "account"
}  # fmt: skip
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


@dataclass(eq=False)
class Flight:
    """A request in the air."""

    effect: Place | Cancel | ChangeSetting
    left_ms: int
    done: bool = False

    @property
    def role(self) -> Role:
        """Whose row of RULES 2 it is."""
        if isinstance(self.effect, Place):
            return self.effect.order.spec.role
        return Role.CANCEL if isinstance(self.effect, Cancel) else Role.SETTING

    def names(self, client_id: str) -> bool:
        """Whether it places an order of that name."""
        return isinstance(self.effect, Place) and self.effect.order.spec.client_id == client_id


@dataclass(eq=False)
class Logged:
    """A step as the model saw it, and how long the journal was after it."""

    message: inp.AnyInput | None
    """None: the process died here."""
    events: list[AnyEvent]
    effects: list[Effect]
    journal: int
    lost: dict[str, Asked] = field(default_factory=dict)
    """What left in steps that the journal has lost."""


class HeldBench(Bench):
    """The engine, the naive model, and requests that end as they are told."""

    def __init__(self, **settings: Any) -> None:
        self.strangers: dict[str, None] = {}
        self.model = Naive(strange=self.strangers)
        self.log: list[Logged] = []
        self.flights: list[Flight] = []
        self.lags: dict[str, int] = {}
        self.last_told: dict[str, int] = {}
        self.pieces = 1
        self.broken = False
        """Whether the model has objected: nothing that follows means anything."""
        self._hearing: inp.AnyInput | None = None
        super().__init__(**settings)

    def step(self, message: inp.AnyInput) -> Step:
        """One input for the engine and for the model."""
        self.after_step = self._compare
        self._hearing = message
        return super().step(message)

    def _compare(self, step: Step) -> None:
        assert self._hearing is not None
        self.log.append(Logged(self._hearing, step.events, step.effects, len(self.journal)))
        self.broken = True
        self.model.step(self._hearing, step.events, step.effects)
        self.model.agree(self.state)
        self.broken = False

    def restart(self, *, after_ms: int = 1_000, lose_tail: bool = False, landed: bool = False) -> None:
        """kill -9. What was in the air may still reach the venue; the model forgets what the journal does not have."""
        for flight in self.flights:
            if not flight.done and landed:
                self._venue_takes(flight, streamed=False)
        self.flights.clear()
        self.last_told.clear()
        kept = self._durable if lose_tail else len(self.journal)
        sent = deepcopy(self.model.orders)
        self.log = [entry for entry in self.log if entry.journal <= kept]
        known = self._remembered().orders
        lost = {name: order for name, order in sent.items() if name not in known}
        self.log.append(Logged(None, [], [], kept, lost))
        self.model = self._remembered()
        super().restart(after_ms=after_ms, lose_tail=lose_tail)

    def _remembered(self) -> Naive:
        model = Naive(strange=self.strangers)
        for entry in self.log:
            if entry.message is None:
                model.crashed(entry.lost)
            else:
                model.step(entry.message, entry.events, entry.effects)
        return model

    # Requests

    def _place(self, effect: Place) -> None:
        self._fly(effect)

    def _cancel(self, effect: Cancel) -> None:
        self._fly(effect)

    def _setting(self, effect: ChangeSetting) -> None:
        self._fly(effect)

    def _fly(self, effect: Place | Cancel | ChangeSetting) -> None:
        flight = Flight(effect, self.now)
        self.flights.append(flight)
        self.later(KIND_MS, lambda: self.settle(flight, None))

    def in_the_air(self) -> list[Flight]:
        """Requests that have no answer yet."""
        self.flights = [flight for flight in self.flights if not flight.done]
        return self.flights

    def settle(self, flight: Flight, reply: Reply | None) -> None:
        """End a request; None = as a friendly venue would."""
        if flight.done:
            return
        flight.done = True
        if reply is not None:
            self.scripts.setdefault(flight.role, deque()).appendleft(reply)
        effect = flight.effect
        if isinstance(effect, Place):
            Desk._place(self, effect)
        elif isinstance(effect, Cancel):
            Desk._cancel(self, effect)
        else:
            Desk._setting(self, effect)
        self.drain()

    def arrives_later(self, flight: Flight, after_ms: int) -> None:
        """A request whose outcome was called unknown reaches the venue after all."""
        late = Flight(flight.effect, self.now)
        self.later(after_ms, lambda: self._venue_takes(late, streamed=True))

    def _venue_takes(self, flight: Flight, *, streamed: bool) -> None:
        kind, lost = Reply(None, landed=True, streamed=streamed), self.lost_answers
        self.settle(flight, kind)
        self.lost_answers = lost

    def _next_reply(self, role: Role) -> Reply | None:
        reply = super()._next_reply(role)
        return changed(reply, streamed=False) if reply is not None and self.silent_stream else reply

    # What the venue does

    def _go_on(self, spec: OrderSpec | AlgoSpec, held: Held | HeldAlgo, *, streamed: bool) -> None:
        immediate = isinstance(spec, OrderSpec) and (spec.type is OrderType.MARKET or spec.time_in_force in IMMEDIATE)
        if self.pieces > 1 and immediate and self.fills_entries and isinstance(held, Held):
            part = (held.quantity / self.pieces).quantize(Decimal("0.001"))
            amount = abs(self.venue.amounts.get(held.symbol, Decimal(0)))
            for _ in range(self.pieces - 1):
                amount -= part
                if part and (amount > 0 or not held.reduce_only):
                    self.fill(held.client_id, part, streamed=streamed)
        if held.status.terminal:
            return
        super()._go_on(spec, held, streamed=streamed)

    def tell(self, message: inp.AnyInput) -> None:
        """A stream message; kinds have a lag of their own."""
        kind = STREAM_KINDS[type(message)]
        at = max(self.last_told.get(kind, 0), self.now + self.lags.get(kind, 0))
        self.last_told[kind] = at
        told: Callable[[], Any] = lambda: self.step(replace(message, now_ms=self.now))  # noqa: E731
        self.later(at - self.now, told)
        self.drain()

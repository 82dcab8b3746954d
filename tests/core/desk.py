"""The shell and the exchange of the bench: performs effects, answers them as scripted, tells the user stream."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as changed
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ChangeSetting, ClearTimer, Effect, Place, Read, ReadKind, SetTimer
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoSpec, AlgoStatus, OrderSpec, OrderStatus, OrderType, TimeInForce
from holdfast.model.reasons import Outcome
from holdfast.model.reports import AlgoReport, Channel, Fill, OrderReport, RequestOutcome, SymbolConfig
from holdfast.model.settings import EngineSettings
from tests.core.replies import Reply, confirmed, rejected, without_fee
from tests.core.venue import Held, HeldAlgo, Venue


@dataclass(order=True)
class Due:
    """A message of the venue, or a beat, that arrives at a time."""

    at_ms: int
    seq: int
    act: Callable[[], Any] = field(compare=False)


class Desk:
    """Everything outside the engine. The bench gives it time and steps."""

    settings: EngineSettings
    now: int

    def __init__(self) -> None:
        self.venue = Venue()
        self.marks: dict[str, Decimal] = {}
        self.scripts: dict[Role, deque[Reply]] = {}
        self.hold_reads: set[ReadKind] = set()
        self.failing_reads: set[ReadKind] = set()
        self.held_reads: list[Read] = []
        self.silent_stream = False
        self.fills_entries = True
        self.entry_part: Decimal | None = None
        """How much of an immediate entry is filled; None = all of it."""
        self.one_close_position = False
        """Venue fact: a second closePosition stop of the same direction is refused."""
        self.fills_closes = True
        self.lost_answers = 0
        self.latency: Callable[[], int] = lambda: 0
        self.stream_at = 0
        self.timers: dict[str, int] = {}
        self.due: list[Due] = []
        self._seq = 0

    def step(self, message: inp.AnyInput) -> Any:
        """Give the engine an input."""
        raise AssertionError("the bench steps")

    def later(self, after_ms: int, act: Callable[[], Any]) -> None:
        """Something happens after a while."""
        self._seq += 1
        heapq.heappush(self.due, Due(self.now + after_ms, self._seq, act))

    def drain(self) -> None:
        """Let arrive what is due."""
        rounds = 0
        while self.due and self.due[0].at_ms <= self.now:
            rounds += 1
            assert rounds < 500, "the engine asks and asks in one moment"
            heapq.heappop(self.due).act()

    def script(self, role: Role, *replies: Reply) -> None:
        """How the next requests of a role end; afterwards the venue is friendly again."""
        self.scripts.setdefault(role, deque()).extend(replies)

    def perform(self, effect: Effect) -> None:
        """What the shell would do with an effect."""
        match effect:
            case SetTimer():
                self.timers[effect.key] = max(effect.at_ms, self.now + 1)
            case ClearTimer():
                self.timers.pop(effect.key, None)
            case Read():
                self._read(effect)
            case Place():
                self._place(effect)
            case Cancel():
                self._cancel(effect)
            case ChangeSetting():
                self._setting(effect)

    def _read(self, read: Read) -> None:
        if read.kind in self.hold_reads:
            self.held_reads.append(read)
        elif read.kind in self.failing_reads:
            self.say(inp.ReadAnswered(now_ms=0, read=read, ok=False, asked_ms=self.now))
        else:
            self.say(self.venue.answer(read, 0, self.now))

    def release_reads(self) -> None:
        """Answer the reads that were held."""
        held, self.held_reads = self.held_reads, []
        for read in held:
            self.say(self.venue.answer(read, 0, self.now))
        self.drain()

    def say(self, message: inp.AnyInput) -> None:
        """An answer, after its way back."""
        self.later(self.latency(), lambda: self.step(replace(message, now_ms=self.now)))

    def tell(self, message: inp.AnyInput) -> None:
        """An event of the user stream, which keeps its order."""
        self.stream_at = max(self.stream_at, self.now + self.latency())
        self.later(self.stream_at - self.now, lambda: self.step(replace(message, now_ms=self.now)))
        self.drain()

    def _next_reply(self, role: Role) -> Reply | None:
        waiting = self.scripts.get(role)
        return waiting.popleft() if waiting else None

    def _place(self, effect: Place) -> None:
        spec = effect.order.spec
        sent = effect.timestamp_ms or self.now
        reply = self._next_reply(spec.role) or self._friendly(spec)
        if reply.landed and self._duplicate(spec):
            twice = rejected(-4116, "ClientOrderId is duplicated.")
            reply = twice if reply.outcome is Outcome.CONFIRMED else changed(reply, landed=False)
        held: Held | HeldAlgo | None = None
        if reply.landed:
            take = self.venue.take if isinstance(spec, OrderSpec) else self.venue.take_algo
            held = take(spec, self.now)  # type: ignore[arg-type]
        self.lost_answers += reply.outcome is None
        if reply.outcome is not None:
            outcome = self._outcome(reply, held)
            self.say(inp.PlaceAnswered(now_ms=0, client_id=spec.client_id, outcome=outcome, sent_ms=sent,
                                       recv_window_ms=effect.recv_window_ms))  # fmt: skip
        if held is not None:
            streamed = reply.streamed and not self.silent_stream
            self.later(0, lambda: self._go_on(spec, held, streamed=streamed))

    def _duplicate(self, spec: OrderSpec | AlgoSpec) -> bool:
        algos = self.venue.algos.get(spec.client_id, [])
        return any(algo.status is AlgoStatus.ARMED for algo in algos)

    def _friendly(self, spec: OrderSpec | AlgoSpec) -> Reply:
        amount = self.venue.amounts.get(spec.symbol, ZERO)
        if isinstance(spec, AlgoSpec):
            if not amount and self.settings.facts.stop_without_position != "yes":
                return rejected(-4509, "Time in Force (TIF) GTE can only be used with open positions")
            standing = [a for row in self.venue.algos.values() for a in row if a.status is AlgoStatus.ARMED]
            alike = [a for a in standing if a.spec.close_position and a.spec.symbol == spec.symbol]
            if spec.close_position and alike and self.one_close_position:
                return rejected(-4130, "An open stop or take profit order with GTE and closePosition exists.")
            return confirmed()
        return rejected(-2022, "ReduceOnly Order is rejected.") if spec.reduce_only and not amount else confirmed()

    def _outcome(self, reply: Reply, held: Held | HeldAlgo | None) -> RequestOutcome:
        assert reply.outcome is not None
        order: OrderReport | None = None
        algo: AlgoReport | None = None
        if reply.outcome is Outcome.CONFIRMED and isinstance(held, Held):
            order = self.venue.report(held, Channel.REPLY)
        elif reply.outcome is Outcome.CONFIRMED and held is not None:
            algo = self.venue.algo_report(held, Channel.REPLY)
        until = self.now + reply.after_ms if reply.after_ms else 0
        return RequestOutcome(outcome=reply.outcome, code=reply.code, message=reply.message, status=reply.status,
                              until_ms=until, local=reply.local, order=order, algo=algo)  # fmt: skip

    def _go_on(self, spec: OrderSpec | AlgoSpec, held: Held | HeldAlgo, *, streamed: bool) -> None:
        if isinstance(held, HeldAlgo):
            if streamed:
                self.tell_algo(held)
            return
        assert isinstance(spec, OrderSpec)
        if streamed:
            self.tell_order(held)
        immediate = spec.type is OrderType.MARKET or spec.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
        wanted = self.fills_entries if spec.role is Role.ENTRY else self.fills_closes
        if immediate and wanted:
            quantity = spec.quantity
            if spec.role is Role.ENTRY and self.entry_part is not None:
                quantity = min(quantity, self.entry_part)
            if spec.reduce_only:
                quantity = min(quantity, abs(self.venue.amounts.get(spec.symbol, ZERO)))
            if quantity:
                self.fill(spec.client_id, quantity, streamed=streamed)
        if immediate and not held.status.terminal:
            self.expire(spec.client_id, streamed=streamed)

    def fill(self, client_id: str, quantity: str | Decimal | None = None, price: str | Decimal | None = None, *,
             lite: bool = True, streamed: bool = True) -> Fill:  # fmt: skip
        """The venue executes the newest order of an id and tells it: TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE."""
        held = self.venue.orders[client_id][-1]
        amount = held.quantity - held.executed if quantity is None else Decimal(quantity)
        fill = self.venue.fill(held, amount, Decimal(price) if price else self.marks[held.symbol], self.now)
        balances, position = self.venue.balances(), (self.venue.position(held.symbol),)
        report = self.venue.report(held, Channel.STREAM)
        if streamed:
            if lite:
                self.tell(inp.FillSeen(now_ms=0, fill=without_fee(fill)))
            self.tell(inp.AccountSeen(now_ms=0, reason="ORDER", balances=balances, positions=position))
            self.tell(inp.OrderSeen(now_ms=0, report=report, fill=fill))
        return fill

    def expire(self, client_id: str, status: OrderStatus = OrderStatus.EXPIRED, *, streamed: bool = True) -> None:
        """The rest of an order dies at the venue."""
        held = self.venue.orders[client_id][-1]
        held.status = status
        for algo in self.venue.algos.get(client_id, []):
            if algo.child is held:
                algo.status = AlgoStatus.FINISHED
        if streamed:
            self.tell_order(held)

    def tell_order(self, held: Held) -> None:
        """ORDER_TRADE_UPDATE without an execution."""
        self.tell(inp.OrderSeen(now_ms=0, report=self.venue.report(held, Channel.STREAM)))

    def tell_algo(self, held: HeldAlgo) -> None:
        """ALGO_UPDATE."""
        self.tell(inp.AlgoSeen(now_ms=0, report=self.venue.algo_report(held, Channel.STREAM)))

    def algo(self, client_id: str, status: AlgoStatus, *, streamed: bool = True) -> None:
        """An algo order changes at the venue."""
        held = self.venue.algos[client_id][-1]
        held.status, held.updated_ms = status, self.now
        if streamed:
            self.tell_algo(held)

    def trigger(self, client_id: str, *, fills: bool = True, price: str | Decimal | None = None) -> None:
        """A stop triggers: TRIGGERING, its child, its fill, FINISHED."""
        self.algo(client_id, AlgoStatus.TRIGGERING)
        child = self.venue.trigger(client_id, self.now)
        self.tell_algo(self.venue.algos[client_id][-1])
        self.tell_order(child)
        if fills:
            self.fill(client_id, price=price)
            self.algo(client_id, AlgoStatus.FINISHED)

    def _cancel(self, effect: Cancel) -> None:
        reply = self._next_reply(Role.CANCEL)
        rows: list[Any] = (self.venue.algos if effect.algo else self.venue.orders).get(effect.client_id, [])
        alive = [row for row in rows if row.status is AlgoStatus.ARMED or not (effect.algo or row.status.terminal)]
        if reply is None:
            reply = confirmed() if alive else rejected(-2011, "Unknown order sent.")
        if reply.landed and alive:
            alive[-1].status = AlgoStatus.CANCELLED if effect.algo else OrderStatus.CANCELLED
        self.lost_answers += reply.outcome is None
        if reply.outcome is not None:
            done = reply.outcome is Outcome.CONFIRMED and alive and not effect.algo
            plain = self.venue.report(alive[-1], Channel.REPLY) if done else None
            until = self.now + reply.after_ms if reply.after_ms else 0
            outcome = RequestOutcome(outcome=reply.outcome, code=reply.code, message=reply.message,
                                     status=reply.status, until_ms=until, order=plain)  # fmt: skip
            self.say(inp.CancelAnswered(now_ms=0, client_id=effect.client_id, outcome=outcome))
        if reply.landed and alive and reply.streamed and not self.silent_stream:
            tell = self.tell_algo if effect.algo else self.tell_order
            self.later(0, lambda: tell(alive[-1]))

    def _setting(self, effect: ChangeSetting) -> None:
        reply = self._next_reply(Role.SETTING) or confirmed()
        if reply.landed:
            old = self.venue.configs[effect.symbol]
            self.venue.configs[effect.symbol] = SymbolConfig(
                symbol=effect.symbol, leverage=effect.leverage or old.leverage,
                margin_type=effect.margin_type or old.margin_type)  # fmt: skip
        if reply.outcome is not None:
            outcome = self._outcome(reply, None)
            self.say(inp.SettingAnswered(
                now_ms=0, symbol=effect.symbol, purpose=effect.purpose, outcome=outcome))  # fmt: skip

"""A naive model of the engine: what trades, positions, money and cover must be, by RULES alone.

It hears every input that the engine hears (`heard.py`) and sees everything that the engine does. Dictionaries and sums,
no machines: what is here can be read beside the rules in a quarter of an hour. It predicts facts and never a particular
order, and it shares nothing with the engine but the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.core.state import EngineState
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ChangeSetting, Effect, Place, ReadKind
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoSpec, AlgoStatus, OrderStatus
from holdfast.model.plans import IntentResult, TradePlan
from holdfast.model.reasons import DenyCode, Outcome, ResultStatus, TradingState
from tests.core.heard import GRACE_MS, Asked, Heard

BARE_MS = 1_000
"""RULES 15: the longest time from evidence of a naked position to a covering or closing request."""
DAY_MS = 86_400_000
REDUCING = (Role.STOP, Role.TARGET, Role.CLOSE)
FIRST_READS = {ReadKind.POSITIONS, ReadKind.OPEN_ALGOS, ReadKind.OPEN_ORDERS}


@dataclass
class Naive(Heard):
    """One account, by what was heard and done."""

    def step(self, message: inp.AnyInput, events: Sequence[ev.AnyEvent], effects: Sequence[Effect]) -> None:
        """The engine heard something, recorded events and did things. Raises AssertionError for a broken promise."""
        self.now = message.now_ms
        self.hear(message)
        self.bare()
        self.judge_intent(message, events)
        for event in events:
            self.recorded(event)
        self.own()
        for effect in effects:
            self.did(effect)
        self.entries_are_dead(message)

    # What is recorded

    def judge_intent(self, message: inp.AnyInput, events: Sequence[ev.AnyEvent]) -> None:
        """The first word of an intent is judged, a repeat is not, and other content under its name is refused."""
        verdicts = [e for e in events if isinstance(e, ev.IntentAccepted | ev.IntentDenied)]
        if not isinstance(message, inp.IntentReceived):
            assert not verdicts, "a verdict without an intent"
            return
        intent, known = message.intent, self.intents.get(message.intent.id)
        if known is None:
            assert len(verdicts) == 1, "an intent is judged once"
            self.intents[intent.id] = message.content_hash
            busy = intent.action == "open" and intent.symbol in self.live
            assert not (busy and isinstance(verdicts[0], ev.IntentAccepted)), "a second trade on the symbol"
        elif known == message.content_hash:
            assert not verdicts, "a repeat was judged again"
        else:
            codes = [e.code for e in verdicts if isinstance(e, ev.IntentDenied)]
            assert codes == [DenyCode.OTHER_CONTENT], "other content under a known id"

    def recorded(self, event: ev.AnyEvent) -> None:
        """Take what only the engine can know (its plans), and check what it concludes."""
        match event:
            case ev.IntentAccepted() if event.plan is not None:
                self.begin(event.plan)
                size = event.intent.size
                assert size is None or size.quantity in (None, event.plan.quantity), "another size than asked for"
            case ev.TradeAdopted():
                self.begin(event.plan)
                if event.order:
                    self.trade_of[event.order] = event.plan.trade_id
                else:
                    self.strange[event.plan.symbol] = None
            case ev.OrderPlanned():
                self.planned[event.spec.client_id] = event
                self.trade_of[event.spec.client_id] = event.trade_id
            case ev.UnknownResolved() if event.resolution == "never_placed":
                self.never_placed(self.orders[event.client_id])
            case ev.UnknownResolved() if event.resolution == "forgotten":
                self.forgotten(self.orders[event.client_id])
            case ev.ResultPublished():
                self.own()
                self.published(event.result)
            case ev.TradeClosed():
                self.own()
                self.closed(event)
            case ev.StateCommanded():
                self.stopped = event.state is not TradingState.ACTIVE
            case ev.QuarantineLifted() if event.by != "time":
                self.released[event.symbol] = self.now
            case ev.LateEntryFound() if self.orders[event.client_id].spec.symbol in self.live:
                self.strange[self.orders[event.client_id].spec.symbol] = None  # Two entries share one position.
            case ev.PositionSeen() | ev.ForeignSeen():
                self.strange[event.symbol] = None

    def begin(self, plan: TradePlan) -> None:
        """A trade exists from its acceptance on, one per symbol (RULES 4)."""
        assert plan.symbol not in self.live, "a second trade on the symbol"
        self.plans[plan.trade_id] = plan
        self.live[plan.symbol] = plan.trade_id
        self.begun_ms[plan.trade_id] = self.now

    def never_placed(self, order: Asked) -> None:
        """RULES 3: time, and three absences a second apart on both endpoints; never against a positive word."""
        sent = order.sent_ms[-1]
        assert order.word is None or isinstance(order.spec, AlgoSpec), "never placed, though the venue has shown it"
        assert self.now >= sent + order.window_ms + GRACE_MS, "never placed too early"
        if order.spec.role is Role.ENTRY:
            self.absent_by(order, ReadKind.ORDER, ReadKind.ALL_ORDERS)
        order.doubt, order.answer = False, Outcome.REJECTED

    def forgotten(self, order: Asked) -> None:
        """What the venue has shown ends by the same proof and the list of the open ones; an entry not within a day."""
        assert order.spec.role is not Role.ENTRY or self.now >= order.sent_ms[-1] + DAY_MS, "forgotten within a day"
        self.absent_by(order, ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.OPEN_ORDERS)
        order.doubt, order.word = False, OrderStatus.CANCELLED

    def absent_by(self, order: Asked, *kinds: ReadKind) -> None:
        """Three absences a second apart take two seconds."""
        for kind in kinds:
            name, sent = order.spec.client_id, order.sent_ms[-1]
            asked = [at for at in self.absent.get((name, kind), []) if at >= sent]
            assert max(asked, default=0) - min(asked, default=0) >= 2_000, f"{name} is gone without absence by {kind}"

    def published(self, result: IntentResult) -> None:
        """Once, and it says what was executed (RULES 15)."""
        assert result.intent_id not in self.results, "an intent has two results"
        self.results[result.intent_id] = result
        if not result.trade_id or result.action != "open" or result.symbol in self.strange:
            return
        filled, fees = self.entered(result.trade_id), self.money(result.trade_id)[1]
        assert result.filled == filled, f"the result says {result.filled}, executions {filled}"
        assert {a: v for a, v in result.fees.items() if v} == fees, "fees of the result"
        entered = (ResultStatus.PROTECTED, ResultStatus.FLATTENED)
        assert (filled > 0) == (result.status in entered), f"{result.status} with {filled} filled"
        mine = [order for order in self.orders.values() if order.trade_id == result.trade_id]
        assert all(order.over for order in mine if order.spec.role is Role.ENTRY), "final with a live entry"

    def closed(self, event: ev.TradeClosed) -> None:
        """A trade ends when nothing of it is open or can act, and its money is the sum of its executions."""
        result = event.result
        del self.live[result.symbol]
        orders = [order for order in self.orders.values() if order.trade_id == result.trade_id]
        alive = [order for order in orders if not order.over]
        assert not alive, f"closed while an order of it may act: {alive}"
        if result.symbol in self.strange:
            return
        gross, fees = self.money(result.trade_id)
        assert {a: v for a, v in result.gross.items() if v} == gross, f"gross {result.gross}, executions say {gross}"
        assert {a: v for a, v in result.fees.items() if v} == fees, f"fees {result.fees}, executions say {fees}"
        assert result.quantity == self.entered(result.trade_id), "entered quantity of the closing record"
        assert self.position(result.symbol) == 0, "closed with a position"

    # What is done

    def did(self, effect: Effect) -> None:
        """Check a request before it leaves."""
        match effect:
            case Place():
                self.placed(effect)
            case Cancel():
                order = self.orders[effect.client_id]
                mine = effect.symbol not in self.strange and self.live.get(effect.symbol) == order.trade_id
                if order.spec.role is Role.STOP and mine:
                    order.cancel_asked = True
                    opened = self.exposure(effect.symbol)
                    assert self.cover(effect.symbol, opened) >= opened, "the last stop is cancelled"
                order.cancel_asked = True
            case ChangeSetting():
                assert self.position(effect.symbol) == 0, "a setting is changed under a position"

    def placed(self, effect: Place) -> None:
        """An order leaves."""
        spec, plan = effect.order.spec, self.planned[effect.order.spec.client_id]
        known = self.orders.get(spec.client_id)
        if spec.role is Role.ENTRY:
            assert known is None, "an entry was sent twice"
            self.may_enter(plan)
        elif spec.role is Role.TARGET:
            assert known is None, "a target was sent twice"
        else:
            self.bare_ms.pop(spec.symbol, None)
        if spec.role in REDUCING:
            trade = self.plans.get(plan.trade_id)
            assert spec.reduce_only or getattr(spec, "close_position", False), "an exit that could open"
            wrong = trade is not None and spec.side is not trade.direction.exit_side
            assert not wrong or spec.role is Role.CLOSE, "an exit on the side of the entry"
            if isinstance(spec, AlgoSpec) and trade is not None:
                assert (spec.trigger_price - trade.stop_price) * trade.direction.sign >= 0, "a stop was widened"
        sent_ms = self.now if effect.timestamp_ms is None else effect.timestamp_ms
        if known is None:
            self.orders[spec.client_id] = Asked(spec, plan.trade_id, [sent_ms], effect.recv_window_ms)
        else:
            known.sent_ms.append(sent_ms)
            known.answer = None
            if isinstance(known.word, AlgoStatus) and known.word.terminal:
                known.word, known.moving_ms = None, 0
        if spec.role is Role.TARGET:
            self.targets_fit(plan.trade_id)

    def targets_fit(self, trade_id: str) -> None:
        """Targets split what was entered (RULES 11)."""
        mine = [o for o in self.orders.values() if o.trade_id == trade_id and o.spec.role is Role.TARGET]
        working = sum((o.spec.quantity or ZERO for o in mine if not o.over), ZERO)
        assert working <= self.entered(trade_id), "targets for more than was entered"

    def may_enter(self, plan: ev.OrderPlanned) -> None:
        """RULES 3, 4, 9: what forbids an entry."""
        symbol = plan.spec.symbol
        assert not self.stopped, "an entry after a halt"
        assert self.journal_ok, "an entry that cannot be journalled"
        assert self.stream_up, "an entry without a user stream"
        assert self.read_since_start >= FIRST_READS, "an entry before the venue was asked"
        for order in self.orders.values():
            if order.spec.symbol != symbol:
                continue
            if order.spec.role is Role.ENTRY:
                assert order.over, "an entry beside one that may live"
                refused = order.word is None and order.answer is not Outcome.CONFIRMED
                assert refused or order.trade_id != plan.trade_id, "an entry is tried again without proof"
            elif order.trade_id != plan.trade_id and symbol not in self.released:
                assert order.over, f"an entry while {order.spec.client_id} may act"
                until = order.sent_ms[-1] + order.window_ms + GRACE_MS
                assert self.now >= until, f"an entry inside the quarantine of {order.spec.client_id}"

    def entries_are_dead(self, message: inp.AnyInput) -> None:
        """A halt, and the first exit, cancel every entry that may live, in the same step (RULES 5, 9)."""
        halt = isinstance(message, inp.Command) and message.what in ("halt", "reduce")
        for order in self.orders.values():
            if order.spec.role is not Role.ENTRY or order.over or order.cancel_asked:
                continue
            exits = [key for key, owner in self.owners.items() if owner == order.trade_id
                     and self.fills[key].side is not order.spec.side]  # fmt: skip
            assert not halt, "a halt leaves an entry working"
            assert not exits or order.spec.symbol in self.strange, "an entry lives on beside its exit"

    def bare(self) -> None:
        """Within a second of evidence a naked position has a covering or closing request under way (RULES 15)."""
        for symbol in list(self.live):
            opened = self.exposure(symbol)
            waits = symbol in self.strange or self.now < self.excused_ms + 300
            if not opened or self.cover(symbol, opened) >= opened or waits:
                self.bare_ms.pop(symbol, None)
            else:
                since = self.bare_ms.setdefault(symbol, self.now)
                assert self.now - since <= BARE_MS, f"{symbol} is naked for {self.now - since} ms: {opened}"

    def agree(self, state: EngineState) -> None:
        """The engine's books are the model's."""
        assert state.live_trades == self.live, "live trades"
        assert {i for i, r in state.intents.items() if r.result is not None} == set(self.results), "results"
        for symbol in sorted({fill.symbol for fill in self.fills.values()} - set(self.strange)):
            mine = {key: fill.fee is not None for key, fill in self.fills.items() if fill.symbol == symbol}
            theirs = {key: fill.complete for key, fill in state.fills.items() if key.startswith(f"{symbol}:")}
            assert theirs == mine, "booked executions are not those that were told"
            assert state.positions.get(symbol, ZERO) == self.position(symbol), "position is not the sum of executions"
        for trade_id, trade in state.trades.items():
            if trade.symbol not in self.strange:
                gross, fees = self.money(trade_id)
                assert {a: v for a, v in trade.gross.items() if v} == gross, f"profit of {trade_id}"
                assert {a: v for a, v in trade.fees.items() if v} == fees, f"fees of {trade_id}"

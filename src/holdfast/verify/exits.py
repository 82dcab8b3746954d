"""I4: nothing that reduces may flip a position. I5: no order of ours outlives its position."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from holdfast.model.ids import Role, is_kill, is_ours
from holdfast.model.num import ZERO, sign, text
from holdfast.model.orders import PositionSide
from holdfast.verify.base import Check, LineHandlers, MomentHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, cancelled_id_of, trouble_of
from holdfast.verify.hearing import Execution, Hearing
from holdfast.verify.journal_view import FillKey, Moment, MomentKind
from holdfast.verify.liveness import Liveness
from holdfast.verify.measures import milliseconds
from holdfast.verify.obligation import DEAD, THROTTLED, UNREACHABLE, Obligation, Refusal
from holdfast.verify.records import AlgoLine, FaultLine, OrderLine, PositionLine, PushLine, Reply, Request, TradeLine
from holdfast.verify.venue_state import LegKey, VenueAlgo, VenueOrder

OK: Final = 200
REDUCING: Final = frozenset({Role.STOP, Role.TARGET, Role.EXIT, Role.CLOSE})


class Flips(Check):
    """Looks at each reducing order when it is accepted, and at each trade before it moves the position."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.hearing = Hearing()
        self._others: dict[LegKey, list[tuple[Execution, Decimal]]] = {}
        """What others executed, and the position just before."""

    def before(self) -> LineHandlers:
        """The position must be seen as it was."""
        return {OrderLine: self._on_order, AlgoLine: self._on_algo, TradeLine: self._on_trade}

    def after(self) -> LineHandlers:
        """What tells of strangers."""
        return {Request: self.hearing.asked, Reply: self._on_reply, PushLine: self._on_push}

    def _on_reply(self, line: Reply) -> None:
        self.hearing.answered(line)

    def _on_push(self, line: PushLine) -> None:
        self.hearing.pushed(line)

    def _on_order(self, line: OrderLine) -> None:
        key = (line.symbol, line.order_id)
        order = self.state.orders.get(key) or VenueOrder(line)
        if key in self.state.orders or order.role not in REDUCING or line.position_side != "BOTH":
            return
        if not (line.reduce_only or line.close_position):
            self.found.violated(
                "I4", f"the {order.role} {line.client_id} is not reduce-only: it could flip", ns=[line.n]
            )

    def _on_algo(self, line: AlgoLine) -> None:
        if line.algo_id in self.state.algos or not is_ours(line.client_id) or line.position_side != "BOTH":
            return
        if not (line.reduce_only or line.close_position):
            self.found.violated("I4", f"the stop {line.client_id} is not reduce-only: it could flip", ns=[line.n])

    def _on_trade(self, line: TradeLine) -> None:
        leg = (line.symbol, line.position_side)
        if not (is_ours(line.client_id) or is_kill(line.client_id)):
            self._remember(line)
            return
        before = self.state.leg(leg).traded
        after = before + line.signed
        order = self.state.orders.get((line.symbol, line.order_id))
        role = order.role if order is not None else None
        flipped = before != ZERO and sign(after) == -sign(before)
        if flipped and not self._met_a_stranger(line, before):
            self.found.violated(
                "I4",
                f"{line.client_id} took {line.symbol} from {text(before)} through zero to {text(after)}",
                ns=[line.n],
            )
        elif role in REDUCING and abs(after) > abs(before):
            self.found.violated(
                "I4",
                f"the {role} {line.client_id} increased {line.symbol} from {text(before)} to {text(after)}",
                ns=[line.n],
            )

    def _remember(self, line: TradeLine) -> None:
        leg = (line.symbol, line.position_side)
        held = self.state.leg(leg).traded
        # Once they are out of the market there is nobody to meet.
        met = [] if held == ZERO else self._others.get(leg, [])
        self._others[leg] = [*met, (self.hearing.executed(line), held)]

    def _met_a_stranger(self, line: TradeLine, before: Decimal) -> bool:
        """Whether an entry met quantity of somebody else that nobody can have known of when it was planned.

        RULES 4 denies entries while foreign quantity is known. What no event told of, the watch finds within a minute
        where nothing of ours is exposed (RULES 12).
        """
        planned = self.journal.planned.get(line.client_id)
        if planned is None or planned.event.spec.role is not Role.ENTRY:
            return False
        known_us = (planned.event.at_ms - self.options.lag_ms - self.options.clock_error_ms) * 1_000
        oldest_us = known_us - (self.options.idle_ms + self.options.silent_ms) * 1_000
        for met, held in self._others.get((line.symbol, line.position_side), ()):
            unknown = met.us >= oldest_us if met.told_us is None else met.told_us >= known_us
            if unknown:
                return sign(held) != sign(before)
        return False


class Orphans(Check):
    """Times every reducing order of ours from the moment when its position is flat and no entry is pending."""

    def __init__(self, scene: Scene, liveness: Liveness) -> None:
        super().__init__(scene)
        self.liveness = liveness
        liveness.listeners.append(self._on_live)
        self.hearing = Hearing()
        self._unexplained: dict[str, list[FillKey]] = {}
        """Symbol → executions of orders that no journal knew when they happened."""
        self._pending: dict[str, set[str]] = {}
        self._duties: dict[str, dict[object, tuple[VenueOrder | VenueAlgo, Obligation]]] = {}
        self._acts: dict[int, bool] = {}
        """Requests that act, by their number in the log, and whether each is a cancel."""
        self._refusal = Refusal()

    def after(self) -> LineHandlers:
        """Whatever opens or closes something, asks to cancel, or tells."""
        return {
            TradeLine: self._on_trade,
            PositionLine: lambda line: self._review(line.symbol, line.us, line.n),
            OrderLine: self._on_change,
            AlgoLine: self._on_change,
            Request: self._on_request,
            Reply: self._on_reply,
            PushLine: self._on_push,
            FaultLine: self._on_fault,
        }

    def moments(self) -> MomentHandlers:
        """An entry that may still fill keeps its stop, by the journal's word."""
        return {MomentKind.ENTRY_PENDING: self._on_pending, MomentKind.ENTRY_SETTLED: self._on_settled}

    def finish(self) -> None:
        """What is left is measured up to the end."""
        for symbol in list(self._duties):
            for ident in list(self._duties[symbol]):
                self._end(symbol, ident, self.state.us)

    def _on_pending(self, moment: Moment) -> None:
        self._pending.setdefault(moment.subject, set()).add(moment.client_id)
        self._review(moment.subject, moment.us, self.state.n)

    def _on_settled(self, moment: Moment) -> None:
        self._pending.get(moment.subject, set()).discard(moment.client_id)
        self._review(moment.subject, moment.us, self.state.n, informed=True)

    def _on_trade(self, line: TradeLine) -> None:
        self.hearing.executed(line)
        planned = self.journal.planned.get(line.client_id)
        # A record that came later is another process's, which used the name again.
        known_us = line.us + self.options.clock_error_ms * 1_000
        if is_ours(line.client_id) and (planned is None or planned.event.at_ms * 1_000 > known_us):
            self._unexplained.setdefault(line.symbol, []).append(line.key)

    def _on_change(self, line: OrderLine | AlgoLine) -> None:
        if is_ours(line.client_id):
            self._review(line.symbol, line.us, line.n)

    def _review(self, symbol: str, us: int, n: int, *, informed: bool = False) -> None:
        duties = self._duties.setdefault(symbol, {})
        orphans = self._orphans(symbol)
        for ident in [ident for ident in duties if ident not in orphans]:
            self._end(symbol, ident, us)
        for ident, order in orphans.items():
            if ident not in duties:
                refused = self._refusal.at(us)
                duties[ident] = (
                    order,
                    Obligation(us, n, live=self.liveness.live, informed=informed, refused=refused),
                )

    def _is_unexplained(self, symbol: str, us: int) -> bool:
        """Whether an execution that made the position what it is was in no book at a time: nobody may believe in it
        before a human has said whose it is (RULES 8)."""
        booked = (self.journal.fills.get(key) for key in self._unexplained.get(symbol, ()))
        return any(fill is None or fill.us > us for fill in booked)

    def _orphans(self, symbol: str) -> dict[object, VenueOrder | VenueAlgo]:
        if self._pending.get(symbol):
            return {}
        found: dict[object, VenueOrder | VenueAlgo] = {}
        for side in PositionSide:
            on_leg = self.state.open_by_leg.get((symbol, side.value), {})
            if not on_leg or self.state.leg((symbol, side.value)).amt:
                continue
            if any(order.role is Role.ENTRY for order in on_leg.values()):
                continue
            found |= {i: order for i, order in on_leg.items() if order.is_ours and order.status != "TRIGGERING"}
        return found

    def _end(self, symbol: str, ident: object, us: int) -> None:
        order, duty = self._duties[symbol].pop(ident)
        duty.end(us, DEAD)
        informed_us = (self.options.orphan_ms + self.options.lag_ms) * 1_000
        silent_us = (self.options.silent_ms + self.options.lag_ms) * 1_000
        late_us = duty.informed_us if duty.informed_us > informed_us else duty.silent_us
        if duty.informed_us > informed_us or duty.silent_us > silent_us:
            unrecorded = order.client_id not in self.journal.planned
            if unrecorded or self._is_unexplained(symbol, us - informed_us):
                # I2 judges whether what has no record may have left so. No process may cancel a name that it does not
                # know, nor believe in the execution of one (RULES 8): a human decides.
                why = "it left" if unrecorded else "what made its symbol flat left"
                self.found.not_checked(f"I5 for {order.client_id}", f"{why} without a record")
                return
            self.found.violated(
                "I5",
                f"{order.client_id} stayed on {symbol} for {milliseconds(late_us)} ms without a cancel,"
                " although the position was flat and no entry pending",
                ns=(order.accepted_n, duty.start_n, order.last_n),
            )

    def _on_request(self, line: Request) -> None:
        verb = WRITES.get(line.method)
        cancels = verb in (Verb.CANCEL, Verb.CANCEL_ALGO)
        if verb is not None:
            self._acts[line.n] = cancels
        if cancels:
            held = self._refusal.at(line.us)
            if held != THROTTLED:
                self._refusal.note(line.us, "")
            for duty in self._named(line):
                duty.act(line.us)
                if held == THROTTLED:
                    # One that was on its way already changes nothing; one that is taken ends the wait.
                    duty.refuse(held)
        self.hearing.asked(line)

    def _named(self, line: Request) -> list[Obligation]:
        """The duties that a cancel names, by client id or by venue id."""
        names = {cancelled_id_of(line), line.params.get("orderId"), line.params.get("algoId")}
        found = []
        for duties in self._duties.values():
            for order, duty in duties.values():
                ident = order.algo_id if isinstance(order, VenueAlgo) else order.order_id
                if order.client_id in names or str(ident) in names:
                    found.append(duty)
        return found

    def _on_reply(self, line: Reply) -> None:
        trouble, acted = trouble_of(line), self._acts.pop(line.req, None)
        sent_after = self._refusal.known_by(line.us - self.options.lag_ms * 1_000)
        if not trouble and acted and line.status == OK and sent_after:
            # A placement that is taken weighs nothing: it does not say that cancels may go again.
            self._refusal.note(line.us, "")
        if trouble != THROTTLED and acted is None:
            trouble = ""  # A throttle of anything holds cancels back as well; other refusals concern what was asked.
        if trouble:
            self._refusal.note(line.us, trouble)
            # Throttles count addresses and accounts, not orders: while one holds, no cancel is sent either.
            for duties in self._duties.values():
                for _, duty in duties.values():
                    duty.refuse(trouble)
        self._inform(self.hearing.answered(line), line.us, line.n)

    def _on_push(self, line: PushLine) -> None:
        self._inform(self.hearing.pushed(line), line.us, line.tells_n)

    def _on_fault(self, line: FaultLine) -> None:
        """A cancel that a fault kept from the venue was asked for all the same; what follows is its own class."""
        if line.verb != "req.drop" or WRITES.get(line.method) not in (Verb.CANCEL, Verb.CANCEL_ALGO):
            return
        for duties in self._duties.values():
            for order, duty in duties.values():
                if order.client_id == line.client_id:
                    duty.refuse(UNREACHABLE)

    def _inform(self, symbol: str | None, us: int, of_n: int) -> None:
        """Something was told of a symbol. While an execution is still untold, nobody can know that it is flat."""
        for name, duties in self._duties.items():
            if symbol in ("", name) and not self.hearing.untold(name):
                for _, duty in duties.values():
                    if duty.start_n <= of_n:
                        duty.inform(us)

    def _on_live(self, us: int, *, live: bool, absence: str) -> None:
        for duties in self._duties.values():
            for _, duty in duties.values():
                duty.turn(us, live=live, absence=absence)

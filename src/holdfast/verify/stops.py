"""I16: stops make sense. I17: stops never loosen or lapse by our own hand (RULES 5)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.ids import Role
from holdfast.model.num import ZERO, text
from holdfast.model.orders import Direction
from holdfast.model.plans import TradePlan
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, cancelled_id_of
from holdfast.verify.records import AlgoLine, MarkLine, PushLine, Reply, Request
from holdfast.verify.silent_ends import SilentEnds
from holdfast.verify.venue_state import LegKey, VenueAlgo


def is_looser(direction: Direction, trigger: Decimal, than: Decimal) -> bool:
    """Whether a stop at `trigger` lets a position lose more than one at `than`."""
    return trigger < than if direction is Direction.LONG else trigger > than


def full_cover_at(stops: list[VenueAlgo], amount: Decimal) -> Decimal | None:
    """The trigger at which the whole of a signed position is closed, nearest stops first; None when it never is."""
    left = abs(amount)
    for stop in sorted(stops, key=lambda stop: stop.trigger, reverse=amount > 0):
        left -= stop.covers(amount)
        if left <= 0:
            return stop.trigger
    return None


class Stops(Check):
    """Looks at each stop when it is accepted, and at the cover that a cancel of ours leaves."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._plans = scene.journal.tag_plans()
        self._marks: dict[str, tuple[Decimal, int]] = {}
        self._cover_before: dict[int, Decimal | None] = {}
        self._asked: dict[str, Request] = {}
        """Client id → our last request to cancel it."""
        self.silent = SilentEnds(scene)

    def before(self) -> LineHandlers:
        """A cancel must be seen with the cover that it takes away."""
        return {AlgoLine: self._before_algo, Request: self._on_request}

    def after(self) -> LineHandlers:
        """What is live after it."""
        return {
            AlgoLine: self._on_algo,
            MarkLine: self._on_mark,
            Reply: self.silent.answered,
            PushLine: self.silent.pushed,
        }

    def finish(self) -> None:
        """Plans must make sense whether or not their stop ever reached the venue."""
        for seq, plan in self.journal.plans.values():
            if plan.trade_id not in self.journal.adopted:
                self._check_plan(seq, plan)
        self.found.not_checked("I16 filters, liquidation price and distance policy", "neither record states them")

    def _check_plan(self, seq: int, plan: TradePlan) -> None:
        for name, price in (
            ("the mark", plan.mark),
            ("the arrival mid", plan.arrival_mid),
            ("the cap", plan.cap_price),
        ):
            if price > ZERO and not is_looser(plan.direction, plan.stop_price, price):
                self.found.violated(
                    "I16",
                    f"intent {plan.intent_id}: the stop {text(plan.stop_price)} of a {plan.direction}"
                    f" is on the wrong side of {name} {text(price)}",
                    seqs=[seq],
                )

    def _on_mark(self, line: MarkLine) -> None:
        self._marks[line.symbol] = (line.mark, line.n)

    def _on_request(self, line: Request) -> None:
        if WRITES.get(line.method) is Verb.CANCEL_ALGO:
            self._asked[cancelled_id_of(line)] = line
        self.silent.asked(line)

    def _before_algo(self, line: AlgoLine) -> None:
        algo = self.state.algos.get(line.algo_id)
        if algo is None or line.status != "CANCELED" or not (algo.is_ours and algo.is_stop):
            return
        amount = self.state.leg(algo.leg).ours
        # A stop that somebody else cancelled was no deed of ours, whatever became of the next one of that name.
        asked = self._asked.get(line.client_id)
        if amount and asked is not None and asked.n > algo.accepted_n:
            self._cover_before[line.algo_id] = full_cover_at(self._standing(algo.leg, asked.us), amount)

    def _standing(self, leg: LegKey, asked_us: int) -> list[VenueAlgo]:
        """The stops on which a cancel of that time could count: those that live, and those of whose end nothing had
        been told. What silently left was no deed of ours; how long nothing covers then, I3 measures."""
        believed = self.silent.believed(leg, asked_us - self.options.lag_ms * 1_000)
        return [stop for stop in (*self.state.open_stops(leg), *believed) if not stop.stuck]

    def _on_algo(self, line: AlgoLine) -> None:
        algo = self.state.algos[line.algo_id]
        if line.algo_id in self._cover_before:
            self._check_cancel(algo, line)
        else:
            self.silent.ended(line)
        if algo.accepted_n == line.n and algo.role is Role.STOP:
            self._check_new(algo, line)
        leg = self.state.leg(algo.leg)
        if not leg.amt and not self.state.open_by_leg.get(algo.leg):
            # Marks are logged only while somebody needs them; an old one says nothing about the next stop.
            self._marks.pop(algo.symbol, None)

    def _check_new(self, algo: VenueAlgo, line: AlgoLine) -> None:
        direction = Direction.LONG if algo.side == "SELL" else Direction.SHORT
        mark = self._marks.get(algo.symbol)
        if mark is None:
            self.found.counts["stops_without_mark"] += 1
        elif not is_looser(direction, algo.trigger, mark[0]):
            self.found.violated(
                "I16",
                f"stop {algo.client_id} at {text(algo.trigger)} was accepted beyond the mark {text(mark[0])}",
                ns=(mark[1], line.n),
            )
        plan = self._plans.get(str(algo.tag))
        if plan is None or self._is_of_a_dead_process(algo, line):
            self.found.counts["stops_without_plan"] += 1
            return
        if plan.direction is not direction:
            self.found.violated("I16", f"stop {algo.client_id} is on the side of its own {plan.direction}", ns=[line.n])
        elif is_looser(direction, algo.trigger, plan.stop_price):
            self.found.violated(
                "I17",
                f"stop {algo.client_id} at {text(algo.trigger)} is looser than the planned {text(plan.stop_price)}",
                ns=[line.n],
            )

    def _is_of_a_dead_process(self, algo: VenueAlgo, line: AlgoLine) -> bool:
        """Whether it stood before its record was written: an earlier process, which could not write, had a plan of its
        own (RULES 8)."""
        planned = self.journal.planned.get(algo.client_id)
        late_us = self.options.clock_error_ms * 1_000
        return planned is not None and planned.event.at_ms * 1_000 - line.us > late_us

    def _check_cancel(self, algo: VenueAlgo, line: AlgoLine) -> None:
        before = self._cover_before.pop(line.algo_id)
        amount = self.state.leg(algo.leg).ours
        after = full_cover_at(self._standing(algo.leg, self._asked[line.client_id].us), amount)
        seqs = [seq for seq, _ in self.journal.cancels.get(line.client_id, ())]
        if after is None:
            self.found.violated(
                "I17",
                f"stop {algo.client_id} was cancelled while {text(amount)} {algo.symbol} was open"
                " and nothing else covers it",
                seqs=seqs,
                ns=(algo.accepted_n, line.n),
            )
        elif before is not None and is_looser(Direction.LONG if amount > 0 else Direction.SHORT, after, before):
            self.found.violated(
                "I17",
                f"cancelling {algo.client_id} loosened the cover of {algo.symbol} from {text(before)} to {text(after)}",
                seqs=seqs,
                ns=(algo.accepted_n, line.n),
            )

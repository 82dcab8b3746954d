"""I21: one fate per intent, one closing per trade. I20: what was acknowledged is there. RULES 4: one trade at a time.

I13 only as far as the records show it: the gate itself is not run again.
"""

from __future__ import annotations

from typing import Final

from holdfast.model.ids import Role, role_of
from holdfast.model.num import ZERO
from holdfast.model.plans import IntentResult, TradePlan
from holdfast.model.reasons import ResultStatus
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, client_id_of
from holdfast.verify.records import OrderLine, Request

WITHOUT_TRADE: Final = frozenset(
    {
        ResultStatus.DENIED,
        ResultStatus.REJECTED,
        ResultStatus.EXPIRED,
        ResultStatus.NEVER_PLACED,
        ResultStatus.NOTHING_OPEN,
    }
)
"""Results of intents that never held a position."""

OPENING: Final = frozenset({ResultStatus.PROTECTED, ResultStatus.FLATTENED})
"""Results of opening intents that filled, whole or in part."""


class Fates(Check):
    """Reads the published results, and when entries arrived."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._by_trade: dict[str, IntentResult] = {}
        self._late: dict[str, int] = {}
        """Entries that arrived after their time to live, and the number of the request."""

    def before(self) -> LineHandlers:
        """Entries have a time to live."""
        return {Request: self._on_request, OrderLine: self._on_order}

    def finish(self) -> None:
        """The journal is read to its end."""
        for intent_id, first, second in self.journal.accepted_again:
            self.found.violated("I21", f"intent {intent_id} was accepted twice", seqs=(first, second))
        for client_id, first, second in self.journal.planned_again:
            self.found.violated("I1", f"order {client_id} was planned twice", seqs=(first, second))
        self.found.counts["intents_accepted"] = len(self.journal.accepted)
        self.found.counts["intents_denied"] = len(self.journal.denied)
        self._check_results()
        self._check_closings()
        self._check_acknowledged()
        self._check_one_at_a_time()
        self._check_verdicts()

    def _on_request(self, line: Request) -> None:
        if WRITES.get(line.method) is not Verb.PLACE:
            return
        client_id = client_id_of(line)
        planned = self.journal.planned.get(client_id)
        if planned is None or role_of(client_id) is not Role.ENTRY:
            return
        plan = self.journal.plans.get(planned.event.trade_id)
        late_ms = self.options.clock_error_ms + planned.event.recv_window_ms
        if plan is not None and line.us > (plan[1].deadline_ms + late_ms) * 1_000:
            self._late[client_id] = line.n

    def _on_order(self, line: OrderLine) -> None:
        """What the network held up arrives late and is turned away (RULES 8): only an acceptance breaks the promise."""
        asked_n = self._late.get(line.client_id)
        if asked_n is None or (line.symbol, line.order_id) in self.state.orders:
            return
        planned = self.journal.planned[line.client_id]
        deadline_ms = self.journal.plans[planned.event.trade_id][1].deadline_ms
        self.found.violated(
            "I21",
            f"entry {line.client_id} was accepted {line.us // 1_000 - deadline_ms} ms after its time to live",
            seqs=[planned.seq],
            ns=(asked_n, line.n),
        )

    def _check_results(self) -> None:
        for intent_id, published in self.journal.results.items():
            seqs = [seq for seq, _ in published]
            result = published[0][1]
            if result.action == "open":
                self._by_trade[result.trade_id] = result
            self.found.counts[f"result_{result.status}"] += 1
            if len(published) > 1:
                self.found.violated("I21", f"intent {intent_id} has {len(published)} terminal results", seqs=seqs)
            accepted = intent_id in self.journal.accepted
            if not accepted and intent_id not in self.journal.denied:
                self.found.violated(
                    "I21", f"intent {intent_id} has a result, but was never accepted or denied", seqs=seqs
                )
            elif accepted is (result.status is ResultStatus.DENIED):
                verdict = "accepted" if accepted else "denied"
                self.found.violated(
                    "I21", f"intent {intent_id} was {verdict}, its result is {result.status}", seqs=seqs
                )
        pending = [intent_id for intent_id in self.journal.accepted if intent_id not in self.journal.results]
        self.found.counts["intents_pending"] = len(pending)
        for intent_id in pending if self.options.complete else ():
            self.found.violated(
                "I21", f"intent {intent_id} was accepted and has no result", seqs=[self.journal.accepted[intent_id].seq]
            )

    def _check_closings(self) -> None:
        filled = {booked.trade_id: booked.seq for booked in self.journal.fills.values() if booked.trade_id}
        self.found.counts["trades_opened"] = len(filled)
        self.found.counts["trades_closed"] = len(self.journal.closed)
        for trade_id, closings in self.journal.closed.items():
            seqs = [seq for seq, _ in closings]
            if len(closings) > 1:
                self.found.violated("I21", f"trade {trade_id} was closed {len(closings)} times", seqs=seqs)
            if trade_id not in self.journal.plans:
                self.found.violated("I21", f"trade {trade_id} was closed, but never opened", seqs=seqs)
            elif trade_id not in filled:
                self.found.counts["trades_without_fill"] += 1
        for trade_id, seq in filled.items():
            if self.options.complete and trade_id not in self.journal.closed:
                self.found.violated("I21", f"trade {trade_id} opened and has no closing record", seqs=[seq])
            result = self._by_trade.get(trade_id)
            surfaced = self._surfaced_late(trade_id) or self._closed_only_foreign(trade_id)
            if result is not None and result.status in WITHOUT_TRADE and not surfaced:
                self.found.violated(
                    "I21",
                    f"intent {result.intent_id} is {result.status} by its result, but its trade has fills",
                    seqs=[seq],
                )

    def _surfaced_late(self, trade_id: str) -> bool:
        return any(self.journal.trade_of(client_id) == trade_id for client_id in self.journal.late)

    def _closed_only_foreign(self, trade_id: str) -> bool:
        """Whether none of its fills is of the entry, of which the result speaks (RULES 17). What reduces may take
        whatever the symbol holds (RULES 5, 7); the closing record says that all of it was somebody else's."""
        fills = [booked for booked in self.journal.fills.values() if booked.trade_id == trade_id]
        closings = self.journal.closed.get(trade_id)
        total = sum((booked.fill.quantity for booked in fills), ZERO)
        reduce = all(role_of(booked.client_id) is not Role.ENTRY for booked in fills)
        return reduce and closings is not None and closings[0][1].foreign_quantity >= total

    def _check_acknowledged(self) -> None:
        if self.options.acknowledged is None:
            self.found.not_checked("I20 for intents", "nobody told which intents were acknowledged to their source")
            return
        for intent_id in self.options.acknowledged:
            if intent_id not in self.journal.accepted and intent_id not in self.journal.denied:
                self.found.violated("I20", f"intent {intent_id} was acknowledged, the journal does not have it")

    def _check_one_at_a_time(self) -> None:
        """A trade on a symbol begins only after the last one there was proved over."""
        ends = {trade_id: closings[0][0] for trade_id, closings in self.journal.closed.items()}
        for published in self.journal.results.values():
            seq, result = published[0]
            if result.status in WITHOUT_TRADE and result.trade_id:
                ends.setdefault(result.trade_id, seq)
        last: dict[str, tuple[int, TradePlan]] = {}
        for seq, plan in sorted(self.journal.plans.values(), key=lambda entry: entry[0]):
            before = last.get(plan.symbol)
            adopted = plan.trade_id in self.journal.adopted
            if before is not None and not adopted and ends.get(before[1].trade_id, seq + 1) > seq:
                self.found.violated(
                    "RULES 4",
                    f"trade {plan.trade_id} began on {plan.symbol} while trade {before[1].trade_id} was live",
                    seqs=(before[0], seq),
                )
            last[plan.symbol] = (seq, plan)

    def _check_verdicts(self) -> None:
        """I13 as far as it shows here: an entry names a verdict that let an entry of its trade go."""
        for client_id, planned in self.journal.planned.items():
            event = planned.event
            if event.spec.role is Role.ENTRY and (self.journal.verdicts.get(event.verdict) != event.trade_id):
                self.found.violated(
                    "I13",
                    f"entry {client_id} was planned without the verdict that accepted its intent",
                    seqs=[planned.seq],
                )

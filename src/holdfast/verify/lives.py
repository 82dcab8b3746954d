"""I10: the life of an order only goes forward, at the venue and in the journal."""

from __future__ import annotations

from typing import Final

from holdfast.model.num import ZERO, text
from holdfast.model.orders import OrderStatus
from holdfast.verify.base import Check, LineHandlers
from holdfast.verify.records import AlgoLine, OrderLine

ORDER_ENDS: Final = frozenset({"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"})

ORDER_NEXT: Final[dict[str, frozenset[str]]] = {
    "": ORDER_ENDS | {"NEW", "PARTIALLY_FILLED"},
    "NEW": ORDER_ENDS | {"NEW", "PARTIALLY_FILLED"},
    "PARTIALLY_FILLED": (ORDER_ENDS - {"REJECTED"}) | {"PARTIALLY_FILLED"},
    **{status: frozenset() for status in sorted(ORDER_ENDS)},
}
"""Venue status → the statuses that may follow (protocol notes E.3)."""

ALGO_NEXT: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"NEW"}),
    "NEW": frozenset({"NEW", "TRIGGERING", "CANCELED", "EXPIRED", "REJECTED"}),
    "TRIGGERING": frozenset({"TRIGGERED", "CANCELED", "EXPIRED", "REJECTED"}),
    "TRIGGERED": frozenset({"FINISHED", "CANCELED"}),
    "FINISHED": frozenset(),
    "CANCELED": frozenset(),
    "EXPIRED": frozenset(),
    "REJECTED": frozenset(),
}
"""The same for conditional orders (protocol notes D.6)."""

ENDS_AS: Final[dict[str, OrderStatus]] = {
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
}
"""Venue status → our word for the end of an order."""


class Lives(Check):
    """Follows each order and compares how it ended on both sides."""

    def before(self) -> LineHandlers:
        """The state before a line is where the step starts."""
        return {OrderLine: self._on_order, AlgoLine: self._on_algo}

    def finish(self) -> None:
        """Both sides must tell the same end."""
        for key, reports in self.journal.order_reports.items():
            ends = [(seq, report) for seq, report in reports if report.status.terminal]
            order = self.state.orders.get(key)
            if not ends:
                continue
            seq, last = ends[-1]
            if order is None:
                self.found.violated(
                    "I10", f"the journal tells the end of {last.client_id}, unknown to the venue", seqs=[seq]
                )
            elif order.is_open or ENDS_AS.get(order.status) is not last.status:
                self.found.violated(
                    "I10",
                    f"order {order.client_id} ended as {last.status} by the journal, it is {order.status} at the venue",
                    seqs=[seq],
                    ns=[order.last_n],
                )
            self._check_executed(key)

    def _check_executed(self, key: tuple[str, int]) -> None:
        highest = ZERO
        for seq, report in self.journal.order_reports[key]:
            if report.status.terminal and report.executed < highest:
                self.found.violated(
                    "I10",
                    f"order {report.client_id} ended with {text(report.executed)} executed"
                    f" after {text(highest)} was seen",
                    seqs=[seq],
                )
            highest = max(highest, report.executed)

    def _on_order(self, line: OrderLine) -> None:
        order = self.state.orders.get((line.symbol, line.order_id))
        status = order.status if order is not None else ""
        if line.status not in ORDER_NEXT.get(status, frozenset()):
            self._backwards(line.client_id, status, line.status, order.last_n if order is not None else line.n, line.n)
        due = {"FILLED": line.qty, "NEW": ZERO, "REJECTED": ZERO}.get(line.status, line.executed)
        if line.executed != due:
            self.found.violated(
                "I10",
                f"order {line.client_id} is {line.status} with {text(line.executed)} of {text(line.qty)} executed",
                ns=[line.n],
            )
        if order is not None and line.executed < order.executed:
            self.found.violated(
                "I10",
                f"order {line.client_id} had executed {text(order.executed)}, now {text(line.executed)}",
                ns=(order.last_n, line.n),
            )

    def _on_algo(self, line: AlgoLine) -> None:
        algo = self.state.algos.get(line.algo_id)
        status = algo.status if algo is not None else ""
        if line.status not in ALGO_NEXT.get(status, frozenset()):
            self._backwards(line.client_id, status, line.status, algo.last_n if algo is not None else line.n, line.n)

    def _backwards(self, client_id: str, status: str, then: str, first_n: int, n: int) -> None:
        self.found.violated("I10", f"{client_id} went from {status or 'nothing'} to {then}", ns=(first_n, n))

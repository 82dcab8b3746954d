"""I2 and I10 as far as the venue's lists show them: what stands there in our name was planned so, and ended so."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from holdfast.model.ids import is_kill, is_ours
from holdfast.model.num import text
from holdfast.model.orders import AlgoStatus
from holdfast.verify.base import LineHandlers, Scene
from holdfast.verify.commands import ADAPTABLE, Commands, Wanted, expected
from holdfast.verify.records import AlgoLine, OrderLine, Request, TradeLine

ENDS_AS: Final[dict[str, AlgoStatus]] = {
    "FINISHED": AlgoStatus.FINISHED,
    "CANCELED": AlgoStatus.CANCELLED,
    "EXPIRED": AlgoStatus.EXPIRED,
    "REJECTED": AlgoStatus.REJECTED,
}
"""Venue status → our word for the end of a conditional order."""


class ExportOrders(Commands):
    """Compares each listed order of ours with its record, and each execution with its order."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._spawned: dict[tuple[str, int], tuple[str, int]] = {}
        """Orders that conditional orders name as theirs."""

    def before(self) -> LineHandlers:
        """The first line of an order is its acceptance."""
        return {OrderLine: self._on_order, AlgoLine: self._on_algo, TradeLine: self._on_trade}

    def finish(self) -> None:
        """All ends are known."""
        super().finish()
        for key, (client_id, n) in self._spawned.items():
            order = self.state.orders.get(key)
            if order is None or order.client_id != client_id:
                self.found.violated(
                    "I10", f"{client_id} spawned order {key[1]}, which is not listed as its own", ns=[n]
                )
        for algo_id, (seq, report) in self.journal.algo_ends.items():
            if report.client_id in self.journal.hidden:
                continue
            algo = self.state.algos.get(algo_id)
            if algo is None or algo.client_id != report.client_id:
                self.found.violated(
                    "I10", f"the journal tells the end of {report.client_id}, unknown to the venue", seqs=[seq]
                )
            elif ENDS_AS.get(algo.status) is not report.status:
                self.found.violated(
                    "I10",
                    f"{report.client_id} ended as {report.status} by the journal, it is {algo.status} at the venue",
                    seqs=[seq],
                    ns=[algo.last_n],
                )

    def _on_order(self, line: OrderLine) -> None:
        spawned = line.algo_id is not None or line.client_id in self.state.algos_by_client
        if not spawned and (line.symbol, line.order_id) not in self.state.orders:
            shown: Wanted = {"type": line.type, "quantity": line.qty, "timeInForce": line.tif}
            if line.price:
                shown["price"] = line.price
            self._listed(line, shown)

    def _on_algo(self, line: AlgoLine) -> None:
        if line.order_id is not None:
            self._spawned[line.symbol, line.order_id] = (line.client_id, line.n)
        if line.algo_id not in self.state.algos:
            shown: Wanted = {"type": line.type, "triggerPrice": line.trigger, "workingType": line.working_type}
            if not line.close_position:
                shown["quantity"] = line.qty
            self._listed(line, shown)

    def _listed(self, line: OrderLine | AlgoLine, shown: Wanted) -> None:
        client_id = line.client_id
        self.found.counts["kill_orders"] += is_kill(client_id)
        if not is_ours(client_id) or client_id in self.journal.strangers:
            return
        self.found.counts["orders_listed"] += 1
        planned = self.journal.planned.get(client_id)
        asked = Request(n=line.n, us=line.us, via="export", method="order", params={"timestamp": str(line.us // 1_000)})
        if planned is None or self._is_of_a_dead_process(asked, planned):
            self._missing(asked, client_id, "order")
            return
        shown |= {"symbol": line.symbol, "side": line.side}
        shown |= {"reduceOnly": str(line.reduce_only).lower(), "closePosition": str(line.close_position).lower()}
        adaptable = ADAPTABLE if planned.event.preauthorised else frozenset[str]()
        problems = [
            f"{name} is {_text(shown.get(name))}, recorded {_text(value)}"
            for name, value in expected(planned.event.spec).items()
            if name not in adaptable and name in shown and shown[name] != value
        ]
        if line.position_side != planned.event.spec.position_side.value:
            problems.append(f"positionSide is {line.position_side}, recorded {planned.event.spec.position_side.value}")
        early_us = planned.event.at_ms * 1_000 - line.us
        if early_us > self.options.clock_error_ms * 1_000:
            problems.append(f"it arrived {early_us // 1_000} ms before its record")
        if problems:
            self.found.violated("I2", f"{client_id}: {'; '.join(problems)}", seqs=[planned.seq], ns=[line.n])

    def _on_trade(self, line: TradeLine) -> None:
        booked = self.journal.fills.get(line.key)
        if (line.symbol, line.order_id) not in self.state.orders:
            self.found.violated(
                "I9",
                f"{line.symbol}/{line.order_id}/{line.trade_id} was executed for an order that is not listed",
                seqs=[booked.seq] if booked is not None else [],
                ns=[line.n],
            )
        if booked is not None and booked.fill.venue_ms and booked.fill.venue_ms != line.us // 1_000:
            self.found.violated(
                "I8",
                f"fill {line.symbol}/{line.order_id}/{line.trade_id} is booked at {booked.fill.venue_ms},"
                f" the venue's time is {line.us // 1_000}",
                seqs=[booked.seq],
                ns=[line.n],
            )


def _text(value: str | Decimal | None) -> str:
    return text(value) if isinstance(value, Decimal) else str(value)

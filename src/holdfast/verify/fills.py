"""Fills: the sum of trades is the position (I6), each is booked exactly once (I8), completely (I9), and owned (I26)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from holdfast.model.ids import Role, attribution_of, is_ours, role_of
from holdfast.model.num import ZERO, text
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.journal_view import BookedFill, FillKey
from holdfast.verify.records import PositionLine, TradeLine
from holdfast.verify.venue_state import LegKey

CAUSES: Final = frozenset({"OURS", "EXTERNAL", "LIQUIDATION", "ADL", "SETTLEMENT", "OPERATOR"})


class Fills(Check):
    """Compares every execution of the venue with the ledger's."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._unmatched = dict(scene.journal.fills)
        self._dirty: dict[LegKey, int] = {}
        self._missing: list[TradeLine] = []
        self._seen: dict[FillKey, int] = {}
        self._left: dict[str, Decimal] = {}
        self._ownerless: list[tuple[TradeLine, int]] = []
        """Fills of ours that were booked for no trade; whose they were is seen when all is told."""
        self._earlier: dict[str, Decimal] = {}
        """Per symbol: what was executed before the journal began, by others or by closes whose process could not write
        (RULES 8). It need not hold that."""
        self._began_us = scene.journal.starts[0][1] if scene.journal.starts else 0
        self._symbols = {planned.event.spec.symbol for planned in scene.journal.planned.values()}

    def after(self) -> LineHandlers:
        """Trades and positions."""
        return {TradeLine: self._on_trade, PositionLine: self._on_position}

    def ticks(self) -> Callable[[int], None]:
        """Within one instant trades and positions may come in any order; after it they must agree."""
        return self._settle

    def finish(self) -> None:
        """What is left over on either side."""
        self._settle(self.state.us)
        for key, first, second in self.journal.fills_again:
            self.found.violated("I8", f"fill {_name(key)} is booked twice", seqs=(first, second))
        for seq in self.journal.completed_without_fill:
            self.found.violated("I8", "a fee is completed for a fill that was never booked", seqs=[seq])
        for key, booked in self._unmatched.items():
            self.found.violated("I8", f"fill {_name(key)} is booked, but the venue never had it", seqs=[booked.seq])
        for line in self._missing:
            self._judge_missing(line)
        for line, seq in self._ownerless:
            if not self._closed_what_was_foreign(line):
                self.found.violated(
                    "I26", f"fill {_name(line.key)} is ours, but belongs to no trade", seqs=[seq], ns=[line.n]
                )
        self._check_orders()
        self._check_reports()
        if self.options.complete:
            self._check_sums()

    def _on_trade(self, line: TradeLine) -> None:
        self.found.counts["fills"] += 1
        self._dirty[(line.symbol, line.position_side)] = line.n
        if line.key in self._seen:
            self.found.violated(
                "I8", f"the venue log has fill {_name(line.key)} twice", ns=(self._seen[line.key], line.n)
            )
            return
        self._seen[line.key] = line.n
        booked = self._unmatched.pop(line.key, None)
        if booked is None:
            self._missing.append(line)
            return
        self._compare(line, booked)
        self._attribute(line, booked)
        self._count(line, booked)

    def _on_position(self, line: PositionLine) -> None:
        self._dirty[(line.symbol, line.position_side)] = line.n

    def _settle(self, _us: int) -> None:
        for key, n in self._dirty.items():
            leg = self.state.leg(key)
            if leg.traded != leg.amt:
                self.found.violated(
                    "I6",
                    f"{key[0]}: the venue's trades add up to {text(leg.traded)}, its position is {text(leg.amt)}",
                    ns=[n],
                )
        self._dirty.clear()

    def _compare(self, line: TradeLine, booked: BookedFill) -> None:
        fill = booked.fill
        wrong = [
            f"{name} is {_shown(ours)}, the venue's is {_shown(theirs)}"
            for name, ours, theirs in (
                ("side", fill.side.value, line.side),
                ("price", fill.price, line.price),
                ("quantity", fill.quantity, line.qty),
                *(self._fee_fields(line, booked)),
            )
            if ours != theirs
        ]
        if wrong:
            # The ledger's money is the fee and the profit; the rest says which execution it was.
            money = all(part.split()[0] in ("fee", "realized") for part in wrong)
            self.found.violated(
                "I7" if money else "I8", f"fill {_name(line.key)}: {'; '.join(wrong)}", seqs=[booked.seq], ns=[line.n]
            )

    def _fee_fields(self, line: TradeLine, booked: BookedFill) -> tuple[tuple[str, object, object], ...]:
        if booked.fee is None:
            if self._is_due(line.us):
                return (("fee", "not yet known", line.fee),)
            self.found.counts["fees_pending"] += 1
            return ()
        return (
            ("fee", booked.fee, line.fee),
            ("fee asset", booked.fee_asset, line.fee_asset),
            ("realized", booked.realized, line.realized),
            ("maker", booked.maker, line.maker),
        )

    def _attribute(self, line: TradeLine, booked: BookedFill) -> None:
        ours = is_ours(line.client_id) and line.client_id not in self.journal.strangers
        cause = "OURS" if ours else attribution_of(line.client_id)
        problem = ""
        if booked.cause not in CAUSES:
            problem = f"has the unknown cause {booked.cause}"
        elif booked.cause != cause:
            problem = f"is attributed to {booked.cause}, its order {line.client_id} says {cause}"
        elif cause == "OURS" and not booked.trade_id:
            self._ownerless.append((line, booked.seq))
        elif cause == "OURS" and booked.trade_id not in self.journal.plans:
            problem = f"belongs to trade {booked.trade_id}, which the journal never opened"
        if problem:
            self.found.violated("I26", f"fill {_name(line.key)} {problem}", seqs=[booked.seq], ns=[line.n])

    def _closed_what_was_foreign(self, line: TradeLine) -> bool:
        """Whether it closed what no intent of ours had opened: the venue's trades had left nothing of its own trade,
        or it is a flatten's, planned for no trade or on the other side (RULES 5, 7)."""
        planned = self.journal.planned.get(line.client_id)
        if planned is None or planned.event.spec.role is Role.ENTRY:
            return False
        trade_id = planned.event.trade_id
        plan = self.journal.plans.get(trade_id)
        if plan is not None and self._left_of(trade_id) <= 0:
            return True
        other_side = plan is None or line.side == plan[1].direction.entry_side.value
        return planned.event.spec.role is Role.CLOSE and other_side

    def _left_of(self, trade_id: str) -> Decimal:
        base = self.journal.bases.get(trade_id, ZERO) - self.journal.netted.get(trade_id, ZERO)
        return base + self._left.get(trade_id, ZERO)

    def _count(self, line: TradeLine, booked: BookedFill) -> None:
        plan = self.journal.plans.get(booked.trade_id)
        if plan is not None:
            opens = line.side == plan[1].direction.entry_side.value
            moved = line.qty if opens else -(line.qty if booked.taken is None else booked.taken)
            self._left[booked.trade_id] = self._left.get(booked.trade_id, ZERO) + moved

    def _is_due(self, us: int) -> bool:
        return self.options.complete or self.journal.last_us > us + self.options.settle_ms * 1_000

    def _judge_missing(self, line: TradeLine) -> None:
        """A fill that is not in the ledger: too young to be there, somebody else's, or lost."""
        ours = is_ours(line.client_id)
        reduces = ours and role_of(line.client_id) is not Role.ENTRY
        if line.us < self._began_us and (reduces or not ours):
            self._earlier[line.symbol] = self._earlier.get(line.symbol, ZERO) + line.signed
            self.found.counts["fills_before_journal"] += 1
        elif not ours and line.symbol not in self._symbols:
            self.found.counts["foreign_fills"] += 1
        elif ours and self._is_due(line.us):
            self.found.violated("I8", f"fill {_name(line.key)} of {line.client_id} is not in the ledger", ns=[line.n])
        elif not ours and self.journal.last_us > line.us + self.options.settle_ms * 1_000:
            # Made by others while no engine may have run: it must be found once one has run for a while.
            self.found.violated("I26", f"fill {_name(line.key)} of {line.client_id} is not attributed", ns=[line.n])
        else:
            self.found.counts["fills_pending"] += 1

    def _check_orders(self) -> None:
        for order in self.state.orders.values():
            if order.executed != order.traded:
                self.found.violated(
                    "I9",
                    f"order {order.client_id} executed {text(order.executed)},"
                    f" its trades add up to {text(order.traded)}",
                    ns=[order.last_n],
                )

    def _check_reports(self) -> None:
        """What the journal knows of an order's execution must be booked as fills."""
        booked: dict[tuple[str, int], Decimal] = {}
        for (symbol, order_id, _), fill in self.journal.fills.items():
            booked[(symbol, order_id)] = booked.get((symbol, order_id), ZERO) + fill.fill.quantity
        for key, reports in self.journal.order_reports.items():
            seq, last = reports[-1]
            executed = max(report.executed for _, report in reports)
            have = booked.get(key, ZERO)
            due = self.options.complete or self.journal.last_us > (last.venue_ms + self.options.settle_ms) * 1_000
            if executed != have and last.status.terminal and (due or have > executed):
                self.found.violated(
                    "I9",
                    f"order {last.client_id} is known to have executed {text(executed)}, {text(have)} is booked",
                    seqs=[seq],
                )

    def _check_sums(self) -> None:
        """The ledger's own position per symbol against the venue's last word."""
        sums: dict[str, Decimal] = {}
        for booked in self.journal.fills.values():
            fill = booked.fill
            signed = fill.quantity if fill.side.value == "BUY" else -fill.quantity
            sums[fill.symbol] = sums.get(fill.symbol, ZERO) + signed
        for symbol in sorted(sums):
            legs = [leg for key, leg in self.state.legs.items() if key[0] == symbol]
            amount = sum((leg.amt - leg.began for leg in legs), ZERO) - self._earlier.get(symbol, ZERO)
            if sums[symbol] != amount:
                self.found.violated(
                    "I6",
                    f"{symbol}: the ledger's fills add up to {text(sums[symbol])},"
                    f" the venue's position since the journal began is {text(amount)}",
                    ns=[leg.last_n for leg in legs],
                )


def _name(key: FillKey) -> str:
    symbol, order_id, trade_id = key
    return f"{symbol}/{order_id}/{trade_id}"


def _shown(value: object) -> str:
    return text(value) if isinstance(value, Decimal) else str(value)

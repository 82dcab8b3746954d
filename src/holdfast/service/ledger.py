"""The ledger as readers see it: sums over the venue's own fills and income rows (DESIGN §4, RULES 15).

Profit and fees come from the fills. The venue's income record repeats both, so of its rows only those count that no
fill carries: funding, insurance, transfers and the like.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from holdfast.model.num import ZERO
from holdfast.service.views import LedgerLine, LedgerTotals, LedgerView, Money, Movement

MOVEMENTS_KEPT: Final = 2_000


class Ledger(msgspec.Struct, kw_only=True):
    """Sums in all, per UTC day, per source, and the newest movements."""

    total: LedgerLine = msgspec.field(default_factory=LedgerLine)
    days: dict[str, LedgerLine] = {}
    sources: dict[str, LedgerLine] = {}
    movements: list[Movement] = []

    def fill(self, *, at_ms: int, source: str, gross: Money, fees: Money, counts: bool = True) -> None:
        """Book an execution, or the late part of one (`counts` False)."""
        for line in self._lines(at_ms, source):
            add_all(line.gross, gross)
            add_all(line.fees, fees)
            line.fills += counts

    def movement(self, row: Movement, source: str, *, by_execution: bool = False) -> None:
        """Book an income row; one that repeats what an execution told is only listed."""
        self.movements.append(row)
        del self.movements[:-MOVEMENTS_KEPT]
        if by_execution:
            return
        for line in self._lines(row.at_ms, source):
            if "FUNDING" in row.type:
                add(line.funding, row.asset, row.amount)
            elif "TRANSFER" in row.type:
                add(line.transfers, row.asset, row.amount)
            else:
                add(line.other, row.asset, row.amount)

    def view(self, limit: int) -> LedgerView:
        """For readers; `limit` movements, newest first."""
        return LedgerView(
            total=totals(self.total),
            days={day: totals(line) for day, line in self.days.items()},
            sources={source: totals(line) for source, line in self.sources.items()},
            movements=tuple(reversed(self.movements[-limit:])) if limit else (),
        )

    def _lines(self, at_ms: int, source: str) -> list[LedgerLine]:
        lines = [self.total, self.days.setdefault(day_of(at_ms), LedgerLine())]
        if source:
            lines.append(self.sources.setdefault(source, LedgerLine()))
        return lines


def day_of(at_ms: int) -> str:
    """The UTC day of a venue time, "2026-11-21"."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d")


def add(sums: Money, asset: str, amount: Decimal) -> None:
    """Add to one asset."""
    sums[asset] = sums.get(asset, ZERO) + amount


def add_all(sums: Money, amounts: Mapping[str, Decimal]) -> None:
    """Add every asset."""
    for asset, amount in amounts.items():
        add(sums, asset, amount)


def totals(line: LedgerLine) -> LedgerTotals:
    """A copy with its net."""
    return LedgerTotals(
        gross=dict(line.gross),
        fees=dict(line.fees),
        funding=dict(line.funding),
        other=dict(line.other),
        transfers=dict(line.transfers),
        net=line.net,
        fills=line.fills,
    )

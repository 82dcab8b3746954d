"""I14: the limits hold at the venue. Whenever it accepts an entry, what is open and what may still fill is within them.

Quantities are the venue's own; prices are those that the verdict cites, because no limit can promise what a market does
afterwards. Only what our orders opened counts, and only trades that the verdict could know of.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import NamedTuple

from holdfast.model.ids import Role
from holdfast.model.num import ZERO, text
from holdfast.model.orders import Direction, OrderType, PositionSide
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.records import OrderLine
from holdfast.verify.venue_state import VenueOrder
from holdfast.verify.verdicts import Passed, passed


class Held(NamedTuple):
    """What a symbol holds in the worst case: signed quantity that is open, and what entries may add to it."""

    symbol: str
    direction: Direction
    open: Decimal
    coming: Decimal

    def worth(self, mark: Decimal, cap: Decimal) -> Decimal:
        """At the mark, and for what is to come at the worse of mark and cap."""
        return self.open * mark + self.coming * max(mark, cap)


class Exposure(Check):
    """Looks at the venue's state whenever an entry of ours is accepted."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._verdicts: dict[str, list[Passed]] = {}
        """Symbol → the verdicts on it, oldest first."""
        self._trades: dict[str, list[Passed]] = {}
        for verdict in passed(scene.journal):
            self._verdicts.setdefault(verdict.plan.symbol, []).append(verdict)
            self._trades.setdefault(verdict.plan.trade_id, []).append(verdict)
        self._unsaid = 0

    def after(self) -> LineHandlers:
        """The entry is in the state already."""
        return {OrderLine: self._on_order}

    def finish(self) -> None:
        """What could not be judged is said."""
        if self._unsaid:
            self.found.not_checked(f"I14 for {self._unsaid} entries", "their journal format states no limits")
        self.found.not_checked("I14 leverage of the account, margin, slots", "`holdfast replay --check` judges them")

    def _on_order(self, line: OrderLine) -> None:
        order = self.state.orders[line.symbol, line.order_id]
        if order.role is not Role.ENTRY or order.accepted_n != line.n:
            return
        verdict = self._verdict_of(order)
        if verdict is None or verdict.seen is None or verdict.settings is None:
            self._unsaid += verdict is not None
            return
        self.found.counts["entries_within_limits"] += 1
        for problem in self._problems(order, verdict, verdict.seen, verdict.settings):
            self.found.violated(
                "I14", f"entry {order.client_id} was accepted: {problem}", seqs=[verdict.seq], ns=[line.n]
            )

    def _verdict_of(self, order: VenueOrder) -> Passed | None:
        """The newest verdict on its trade before it was planned."""
        planned = self.journal.planned.get(order.client_id)
        if planned is None:
            return None
        known = [v for v in self._trades.get(planned.event.trade_id, ()) if v.seq < planned.seq]
        return known[-1] if known else None

    def _problems(self, order: VenueOrder, verdict: Passed, seen: Seen, settings: EngineSettings) -> list[str]:
        plan, limits = verdict.plan, settings.limits
        mark = seen.mark or ZERO
        worst = mark if plan.entry_type is OrderType.MARKET else max(mark, plan.cap_price)
        here = self._held(order.symbol, plan.direction)
        others = self._others(verdict, seen)
        mine = here.worth(mark, worst)
        along = mine + sum((worth for held, worth in others if held.direction is plan.direction), ZERO)
        gross = mine + sum((worth for _, worth in others), ZERO)
        opposite = [held for held, _ in others if held.direction is not plan.direction]
        against = sum((held.open * _mark(seen, held.symbol) for held in opposite), ZERO)
        checks: list[tuple[str, Decimal, Decimal | None]] = [
            ("its quantity", order.qty, limits.max_order_quantity),
            ("its notional", order.qty * worst, _most_notional(settings, plan.source)),
            (f"the position on {order.symbol}", mine, limits.max_position_notional),
            ("all that is open or may fill", gross, limits.max_gross_notional),
            ("what is open in its direction, net", along - against, limits.max_net_notional),
            ("its leverage", Decimal(plan.leverage), Decimal(limits.max_leverage)),
            ("the number of trades", Decimal(1 + len(others)), Decimal(limits.max_trades)),
        ]
        return [
            f"{what} is {text(value)}, the limit is {text(most)}"
            for what, value, most in checks
            if most is not None and value > most
        ]

    def _others(self, verdict: Passed, seen: Seen) -> list[tuple[Held, Decimal]]:
        """Other symbols that hold something of ours and whose mark the verdict cites, with what that is worth."""
        found = []
        for symbol, verdicts in self._verdicts.items():
            place = bisect_left(verdicts, verdict.seq, key=lambda each: each.seq)
            if symbol == verdict.plan.symbol or not place or self._is_later(verdicts[place:]):
                continue
            held = self._held(symbol, verdicts[place - 1].plan.direction)
            mark = _mark(seen, symbol)
            if (held.open or held.coming) and mark:
                found.append((held, held.worth(mark, ZERO)))
        return found

    def _is_later(self, verdicts: list[Passed]) -> bool:
        """Whether a verdict that came afterwards may have changed the symbol already."""
        slack_us = self.options.clock_error_ms * 1_000
        return bool(verdicts) and verdicts[0].at_ms * 1_000 <= self.state.us + slack_us

    def _held(self, symbol: str, direction: Direction) -> Held:
        ours = coming = ZERO
        for side in PositionSide:
            ours += self.state.leg((symbol, side.value)).ours
            for each in self.state.open_on((symbol, side.value)):
                if isinstance(each, VenueOrder) and each.role is Role.ENTRY:
                    coming += each.qty - each.executed
        held = Direction.LONG if ours > 0 else Direction.SHORT
        return Held(symbol, held if ours else direction, abs(ours), coming)


def _most_notional(settings: EngineSettings, source: str) -> Decimal:
    """The account's limit for one order, or the source's where that is lower."""
    own = [each.max_order_notional for each in settings.sources if each.name == source]
    return min([settings.limits.max_order_notional, *(most for most in own if most is not None)])


def _mark(seen: Seen, symbol: str) -> Decimal:
    """The mark of another symbol as the verdict saw it, 0 where it saw none."""
    held = seen.held.get(symbol)
    return held.mark if held is not None and held.mark is not None else ZERO

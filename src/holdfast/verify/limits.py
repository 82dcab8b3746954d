"""I14: limits hold in the worst case. I22: no verdict rests on old data. RULES 11: size, cap and stop are as asked for.

The gate is not run again: from what its verdict saw, its arithmetic is done once more, in another way. Whatever an
entry may still fill counts as filled; where the journal tells less than the engine knew, the smaller number counts, so
that nobody is accused wrongly.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.instrument import Instrument
from holdfast.model.num import ZERO, text
from holdfast.model.orders import Direction, OrderSpec, OrderType
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import Outcome
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings
from holdfast.verify.base import Check, Scene

BPS: Final = Decimal("0.0001")
PERCENT: Final = Decimal("0.01")
ROUNDS: Final = 3
"""Rounds of the coverage watch that may be missing (RULES 12)."""


class Verdict(NamedTuple):
    """An accepted opening intent with what it was judged by."""

    seq: int
    event: ev.IntentAccepted
    plan: TradePlan
    seen: Seen
    rules: Instrument
    settings: EngineSettings

    @property
    def sign(self) -> int:
        """1 for a long, −1 for a short."""
        return self.plan.direction.sign


class Limits(Check):
    """Plays the journal in its order and keeps what may be open."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._settings: EngineSettings | None = None
        self._rules: dict[str, Instrument] = {}
        self._trades: dict[str, TradePlan] = {}
        """Live trades."""
        self._left: dict[str, Decimal] = {}
        """Trade → what is open of it by booked executions."""
        self._working: dict[str, dict[str, Decimal]] = {}
        """Trade → client id of an entry that has not ended → what it may still fill."""
        self._unsent: set[str] = set()
        """Trades whose entry is still to be planned: it counts as a whole."""

    def finish(self) -> None:
        """The whole journal in its order."""
        for seq, event in self.journal.story:
            self._play(seq, event)
        if self._settings is None:
            for what in ("I14", "I22", "RULES 11 sizes"):
                self.found.not_checked(what, "this journal does not hold the settings of its engine")

    def _play(self, seq: int, event: ev.AnyEvent) -> None:
        match event:
            case ev.EngineStarted():
                self._settings = event.settings
            case ev.RulesSeen():
                self._rules[event.rules.symbol] = event.rules
            case ev.IntentAccepted() if event.plan is not None:
                self._on_accepted(seq, event, event.plan)
            case ev.TradeAdopted():
                self._begin(event.plan)
                self._left[event.plan.trade_id] = ZERO if event.order else event.plan.quantity
            case ev.OrderPlanned() if event.spec.role is Role.ENTRY and isinstance(event.spec, OrderSpec):
                self._unsent.discard(event.trade_id)
                self._working.setdefault(event.trade_id, {})[event.spec.client_id] = event.spec.quantity
            case ev.OrderAnswered() if event.outcome in (Outcome.REJECTED, Outcome.THROTTLED):
                self._end_entry(event.client_id)
            case ev.UnknownResolved() if event.resolution != "confirmed":
                self._end_entry(event.client_id)
            case ev.OrderUpdated() if event.report.status.terminal:
                self._end_entry(event.report.client_id)
            case ev.FillBooked() if event.trade_id in self._trades:
                self._on_fill(event, self._trades[event.trade_id])
            case ev.TradeNetted():
                self._left[event.trade_id] = self._left.get(event.trade_id, ZERO) - event.quantity
            case ev.PhaseChanged():
                self._unsent.discard(event.trade_id)
            case ev.TradeClosed():
                self._trades.pop(event.result.trade_id, None)
            case _:
                pass

    def _begin(self, plan: TradePlan) -> None:
        self._trades[plan.trade_id] = plan

    def _end_entry(self, client_id: str) -> None:
        self._working.get(self.journal.trade_of(client_id), {}).pop(client_id, None)

    def _on_fill(self, event: ev.FillBooked, plan: TradePlan) -> None:
        trade_id, quantity = event.trade_id, event.fill.quantity
        if event.fill.side is plan.direction.entry_side:
            self._left[trade_id] = self._left.get(trade_id, ZERO) + quantity
            working = self._working.get(trade_id, {})
            if event.client_id in working:
                working[event.client_id] = max(ZERO, working[event.client_id] - quantity)
        else:
            taken = quantity if event.taken is None else event.taken
            self._left[trade_id] = self._left.get(trade_id, ZERO) - taken

    # Verdicts.

    def _on_accepted(self, seq: int, event: ev.IntentAccepted, plan: TradePlan) -> None:
        settings, rules = self._settings, self._rules.get(plan.symbol)
        if settings is not None and rules is not None and event.seen is not None:
            verdict = Verdict(seq, event, plan, event.seen, rules, settings)
            problems = [*ages(verdict), *sizes(verdict), *prices(verdict), *self._exposures(verdict)]
            for invariant, sentence in problems:
                self.found.violated(invariant, f"intent {plan.intent_id} was accepted: {sentence}", seqs=[seq])
        self._begin(plan)
        self._unsent.add(plan.trade_id)

    def _worst(self, trade_id: str) -> Decimal:
        if trade_id in self._unsent:
            return self._trades[trade_id].quantity
        return max(ZERO, self._left.get(trade_id, ZERO)) + sum(self._working.get(trade_id, {}).values(), ZERO)

    def _exposures(self, verdict: Verdict) -> list[tuple[str, str]]:
        """What everything may amount to with the new order, against each limit."""
        plan, limits = verdict.plan, verdict.settings.limits
        order = plan.quantity * max(plan.cap_price, verdict.seen.mark or ZERO)
        along = against = ZERO
        for trade_id, other in self._trades.items():
            held = verdict.seen.held.get(other.symbol)
            mark = held.mark if held is not None and held.mark is not None else None
            value = self._worst(trade_id) * (mark if mark is not None else ZERO)
            if other.direction is plan.direction:
                along += value
            else:
                against += value
        equity = Decimal(verdict.event.facts.get("equity", "0"))
        amounts = (
            ("the order", order, limits.max_order_notional, "max_order_notional"),
            ("the position", order, limits.max_position_notional, "max_position_notional"),
            ("everything", order + along + against, limits.max_gross_notional, "max_gross_notional"),
            ("this direction less the other", order + along - against, limits.max_net_notional, "max_net_notional"),
            ("everything", order + along + against, limits.max_account_leverage * equity, "max_account_leverage"),
        )
        found = [
            ("I14", f"{what} may amount to {text(amount)}, {name} allows {text(most)}")
            for what, amount, most, name in amounts
            if amount > most
        ]
        if len(self._trades) + 1 > limits.max_trades:
            found.append(("I14", f"it is trade {len(self._trades) + 1}, max_trades is {limits.max_trades}"))
        if plan.leverage > limits.max_leverage:
            found.append(("I14", f"its leverage is {plan.leverage}, max_leverage is {limits.max_leverage}"))
        return found


def ages(verdict: Verdict) -> list[tuple[str, str]]:
    """I22: every number was young enough, and everything that must work did."""
    seen, settings, limits = verdict.seen, verdict.settings, verdict.settings.limits
    rounds = ROUNDS * settings.coverage_idle_interval_ms
    bounds = (
        ("the mark", seen.mark_age_ms if seen.mark is not None else None, limits.max_mark_age_ms),
        ("the touch", seen.touch_age_ms if seen.bid is not None else None, limits.max_touch_age_ms),
        ("the account", seen.account_age_ms, limits.max_account_age_ms),
        ("the coverage watch", seen.watch_age_ms, rounds),
        ("the clock's error", None if seen.clock_offset_ms is None else abs(seen.clock_offset_ms),
         settings.max_clock_offset_ms),
    )  # fmt: skip
    found = [
        ("I22", f"{name} was {'unknown' if age is None else f'{age} ms'}, at most {most} ms are allowed")
        for name, age, most in bounds
        if age is None or age > most
    ]
    health = {
        "reconciled": seen.reconciled,
        "journal": seen.journal_ok,
        "user stream": seen.stream_ok,
        "clock": seen.clock_ok,
    }
    return found + [("I22", f"{name} was not in order") for name, good in health.items() if not good]


def sizes(verdict: Verdict) -> list[tuple[str, str]]:
    """RULES 11: the quantity is what was asked for, rounded down to the step; nothing is clamped."""
    plan, rules = verdict.plan, verdict.rules
    size, market = verdict.event.intent.size, plan.time_in_force is None
    step = rules.market_step_size if market and rules.market_step_size else rules.step_size
    if size is None or verdict.event.intent.min_size == "up" or step <= 0:
        return []
    money, per_unit = Decimal(verdict.event.facts.get("equity", "0")), plan.cap_price
    if size.quantity is not None:
        money, per_unit = size.quantity, Decimal(1)
    elif size.notional is not None:
        money = size.notional
    elif size.equity_pct is not None:
        money = money * size.equity_pct * PERCENT
    elif size.risk_pct is not None:
        fee = max(verdict.settings.taker_fee, rules.taker_fee)
        money = money * size.risk_pct * PERCENT
        per_unit = abs(plan.cap_price - plan.stop_price) + fee * (plan.cap_price + plan.stop_price)
    asked = f"{plan.requested or 'the size asked for'} is worth {text(money)} at {text(per_unit)} each"
    if plan.quantity * per_unit > money:
        return [("RULES 11", f"{text(plan.quantity)} is more than asked: {asked}")]
    if (plan.quantity + step) * per_unit <= money:
        return [
            ("RULES 11", f"{text(plan.quantity)} is less than asked, and a step of {text(step)} more fits: {asked}")
        ]
    breach = rules.quantity_breach(plan.quantity, market=market)
    return [("I16", f"{text(plan.quantity)} breaks {breach.filter}")] if breach is not None else []


def prices(verdict: Verdict) -> list[tuple[str, str]]:
    """RULES 11: the cap is no worse than permitted, and rounded toward the touch; the stop no farther than asked."""
    return [*_cap(verdict), *_stop(verdict)]


def _cap(verdict: Verdict) -> list[tuple[str, str]]:
    plan, entry, limits, seen = verdict.plan, verdict.event.intent.entry, verdict.settings.limits, verdict.seen
    breach = verdict.rules.price_breach(plan.cap_price)
    found = [("I16", f"its cap {text(plan.cap_price)} breaks {breach.filter}")] if breach is not None else []
    if entry.type == "limit":
        bound = entry.price
    elif plan.entry_type is OrderType.MARKET:
        bound = (seen.mark or ZERO) * (1 + verdict.sign * limits.price_collar_bps * BPS)
    else:
        slippage = limits.default_slippage_bps if entry.max_slippage_bps is None else entry.max_slippage_bps
        touch = (seen.ask if plan.direction is Direction.LONG else seen.bid) or ZERO
        bound = touch * (1 + verdict.sign * slippage * BPS)
        if slippage > limits.max_slippage_bps:
            found.append(("I14", f"its slippage is {text(slippage)} bps, max_slippage_bps {limits.max_slippage_bps}"))
    if bound is not None and (plan.cap_price - bound) * verdict.sign > 0:
        found.append(("RULES 11", f"its cap {text(plan.cap_price)} is worse than the permitted {text(bound)}"))
    return found


def _stop(verdict: Verdict) -> list[tuple[str, str]]:
    plan, rules, limits = verdict.plan, verdict.rules, verdict.settings.limits
    asked, found = verdict.event.intent.stop_loss, []
    if asked is not None:
        wanted = asked.price
        if asked.pct is not None:
            wanted = plan.arrival_mid * (1 - verdict.sign * asked.pct * PERCENT)
        off = ((wanted or ZERO) - plan.stop_price) * verdict.sign
        if off > 0 or -off >= rules.tick_size:
            found.append(("RULES 11", f"its stop is {text(plan.stop_price)}, asked for was {text(wanted or ZERO)}"))
    breach = rules.price_breach(plan.stop_price)
    if breach is not None:
        found.append(("I16", f"its stop {text(plan.stop_price)} breaks {breach.filter}"))
    if abs(plan.cap_price - plan.stop_price) > plan.cap_price * limits.max_stop_distance_bps * BPS:
        found.append(("I14", f"its stop {text(plan.stop_price)} is farther than {limits.max_stop_distance_bps} bps"))
    return found

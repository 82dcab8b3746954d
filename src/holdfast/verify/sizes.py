"""RULES 11: the size, the cap and the stop of an accepted intent are what was asked for, on the venue's grid (I16).

The gate is not run again: from what its verdict saw, its arithmetic is done once more, in another way.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from holdfast.model import events as ev
from holdfast.model.instrument import Instrument
from holdfast.model.num import ZERO, text
from holdfast.model.orders import Direction, OrderType
from holdfast.model.plans import TradePlan
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings
from holdfast.verify.base import Check

BPS: Final = Decimal("0.0001")
PERCENT: Final = Decimal("0.01")


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


class Sizes(Check):
    """Looks at each acceptance with the settings and the rules that stand before it in the journal."""

    def finish(self) -> None:
        """The whole journal in its order."""
        settings: EngineSettings | None = None
        rules: dict[str, Instrument] = {}
        for seq, event in self.journal.story:
            match event:
                case ev.EngineStarted():
                    settings = event.settings
                case ev.RulesSeen():
                    rules[event.rules.symbol] = event.rules
                case ev.IntentAccepted() if event.plan is not None:
                    self._judge(seq, event, event.plan, settings, rules.get(event.plan.symbol))
                case _:
                    pass
        if settings is None:
            self.found.not_checked("RULES 11 sizes", "this journal does not hold the settings of its engine")

    def _judge(
        self,
        seq: int,
        event: ev.IntentAccepted,
        plan: TradePlan,
        settings: EngineSettings | None,
        rules: Instrument | None,
    ) -> None:
        if settings is None or rules is None or event.seen is None:
            return
        verdict = Verdict(seq, event, plan, event.seen, rules, settings)
        for invariant, sentence in [*sizes(verdict), *prices(verdict)]:
            self.found.violated(invariant, f"intent {plan.intent_id} was accepted: {sentence}", seqs=[seq])


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

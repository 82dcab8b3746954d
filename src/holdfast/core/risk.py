"""The risk gate: pure predicates in a fixed order; the first one that refuses is reported.

`judge` turns an opening intent into a plan or a denial. Every denial carries the numbers that were seen and a
counterfactual: what would have passed (RULES 4, 11; DESIGN §4). The order of the checks is the order of `DenyCode`.
Reducing risk does not come through here: `judge_close` asks only who speaks and about what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from holdfast.core import counterfactual as cf
from holdfast.core import risk_checks_price as price
from holdfast.core import risk_checks_size as size
from holdfast.core import risk_checks_state as state
from holdfast.core import risk_draft as drafts
from holdfast.core import sizing
from holdfast.core.gate_view import GateView
from holdfast.core.risk_draft import Draft, Refusal, text
from holdfast.model.ids import subject_tag
from holdfast.model.intent import Intent
from holdfast.model.orders import OrderType, TimeInForce
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import DenyCode

GOOD_TILL_MS: Final = 610_000
"""The venue wants goodTillDate more than 600 s ahead; ten seconds are for the way and the clock (RULES 10)."""

MAX_ROUNDS: Final = 24
"""Rounds in which a counterfactual is completed: one field may have to change after another."""


class SettingsNeeded(NamedTuple):
    """What to change on the symbol before the entry (RULES 13); None leaves a setting as it is."""

    leverage: int | None
    margin_type: str | None


class Accepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The intent may enter: everything needed to do so, and the numbers on which that rests."""

    plan: TradePlan
    facts: dict[str, str]
    needs_settings: SettingsNeeded | None


class Denied(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The intent may not: why, on which numbers, and what would have passed (keys as in `core.counterfactual`)."""

    code: DenyCode
    facts: dict[str, str]
    counterfactual: dict[str, str]


Check = Callable[[Draft], Refusal | None]

STATE_CHECKS: Final[Mapping[DenyCode, Check]] = {
    DenyCode.EXPIRED: state.expired,
    DenyCode.SOURCE_NOT_ALLOWED: state.source_not_allowed,
    DenyCode.UNKNOWN_SYMBOL: state.unknown_symbol,
    DenyCode.SYMBOL_NOT_ALLOWED: state.symbol_not_allowed,
    DenyCode.SYMBOL_NOT_TRADING: state.symbol_not_trading,
    DenyCode.SYMBOL_DELISTING: state.symbol_delisting,
    DenyCode.NOT_ACTIVE: state.not_active,
    DenyCode.NOT_RECONCILED: state.not_reconciled,
    DenyCode.JOURNAL_FAILING: state.journal_failing,
    DenyCode.STREAM_STALE: state.stream_stale,
    DenyCode.CLOCK_UNSURE: state.clock_unsure,
    DenyCode.COVERAGE_WATCH_STALE: state.coverage_watch_stale,
    DenyCode.ACCOUNT_MODE: state.account_mode,
    DenyCode.SYMBOL_SETTINGS: state.symbol_settings,
    DenyCode.MARK_STALE: state.mark_stale,
    DenyCode.TOUCH_STALE: state.touch_stale,
    DenyCode.ACCOUNT_STALE: state.account_stale,
    DenyCode.RISK_DATA_MISSING: state.risk_data_missing,
    DenyCode.CONFIG_CONTRADICTION: state.config_contradiction,
    DenyCode.POSITION_EXISTS: state.position_exists,
    DenyCode.OPPOSITE_POSITION: state.opposite_position,
    DenyCode.FOREIGN_POSITION: state.foreign_position,
    DenyCode.SYMBOL_SETTLING: state.symbol_settling,
    DenyCode.SYMBOL_UNRESOLVED: state.symbol_unresolved,
    DenyCode.SYMBOL_HALTED: state.symbol_halted,
    DenyCode.REJECT_BREAKER: state.reject_breaker,
    DenyCode.DAILY_LOSS: state.daily_loss,
    DenyCode.NO_STOP: state.no_stop,
    DenyCode.PLAIN_MARKET_FORBIDDEN: state.plain_market_forbidden,
    DenyCode.SLIPPAGE_CAP_TOO_WIDE: state.slippage_cap_too_wide,
    DenyCode.UNATTENDED_ENTRY: state.unattended_entry,
}

PRICE_CHECKS: Final[Mapping[DenyCode, Check]] = {
    DenyCode.PRICE_FILTER: price.price_filter,
    DenyCode.PRICE_BAND: price.price_band,
    DenyCode.PRICE_COLLAR: price.price_collar,
    DenyCode.PRICE_DRIFT: state.price_drift,
    DenyCode.NO_FEASIBLE_STOP: price.no_feasible_stop,
    DenyCode.STOP_WRONG_SIDE: price.stop_wrong_side,
    DenyCode.STOP_CROSSED: price.stop_crossed,
    DenyCode.STOP_TOO_CLOSE: price.stop_too_close,
    DenyCode.STOP_TOO_FAR: price.stop_too_far,
    DenyCode.STOP_FILTER: price.stop_filter,
    DenyCode.TARGET_WRONG_SIDE: price.target_wrong_side,
    DenyCode.TARGET_FILTER: price.target_filter,
}

SIZE_CHECKS: Final[Mapping[DenyCode, Check]] = {
    DenyCode.QUANTITY_ZERO: size.quantity_zero,
    DenyCode.QUANTITY_TOO_SMALL: size.quantity_too_small,
    DenyCode.QUANTITY_TOO_LARGE: size.quantity_too_large,
    DenyCode.NOTIONAL_TOO_SMALL: size.notional_too_small,
    DenyCode.NOTIONAL_TOO_LARGE: size.notional_too_large,
    DenyCode.LEVERAGE_TOO_HIGH: size.leverage_too_high,
    DenyCode.STOP_BEYOND_LIQUIDATION: size.stop_beyond_liquidation,
    DenyCode.MARGIN_INSUFFICIENT: size.margin_insufficient,
    DenyCode.POSITION_LIMIT: size.position_limit,
    DenyCode.GROSS_LIMIT: size.gross_limit,
    DenyCode.NET_LIMIT: size.net_limit,
    DenyCode.ACCOUNT_LEVERAGE_LIMIT: size.account_leverage_limit,
    DenyCode.MAX_TRADES: size.max_trades,
    DenyCode.MAX_OPEN_ORDERS: size.max_open_orders,
    DenyCode.CONDITIONAL_SLOTS: size.conditional_slots,
    DenyCode.RATE_BUDGET: state.rate_budget,
}

Stage = tuple[Callable[[Draft], None], tuple[tuple[DenyCode, Check], ...]]


def _nothing(draft: Draft) -> None:
    """The state checks need nothing worked out."""


STAGES: Final[tuple[Stage, ...]] = (
    (_nothing, tuple(STATE_CHECKS.items())),
    (drafts.fill_prices, tuple(PRICE_CHECKS.items())),
    (drafts.fill_sizes, tuple(SIZE_CHECKS.items())),
)
"""What `judge` asks. Each stage works out its numbers only after the stage before has passed."""

# A planned entry is already counted in every limit, so exposure is not asked again: only what may have changed since.
_NOT_AGAIN: Final = frozenset(
    {
        DenyCode.OPPOSITE_POSITION,
        DenyCode.NO_STOP,
        DenyCode.PLAIN_MARKET_FORBIDDEN,
        DenyCode.SLIPPAGE_CAP_TOO_WIDE,
        DenyCode.UNATTENDED_ENTRY,
        DenyCode.TARGET_WRONG_SIDE,
        DenyCode.TARGET_FILTER,
    }
)
_INSTEAD: Final[Mapping[DenyCode, Check]] = {
    DenyCode.SYMBOL_SETTINGS: state.settings_not_set,
    DenyCode.POSITION_EXISTS: state.other_trade_exists,
}


def _again(checks: Mapping[DenyCode, Check]) -> tuple[tuple[DenyCode, Check], ...]:
    return tuple((code, _INSTEAD.get(code, check)) for code, check in checks.items() if code not in _NOT_AGAIN)


STAGES_AGAIN: Final[tuple[Stage, ...]] = (
    (_nothing, _again(STATE_CHECKS)),
    (drafts.fill_prices_again, (*_again(PRICE_CHECKS), (DenyCode.RATE_BUDGET, state.rate_budget))),
)
"""What `rejudge` asks before a later send."""


def judge(intent: Intent, view: GateView) -> Accepted | Denied:
    """Decide an opening intent. Pure: the same intent and view give the same verdict (I13).

    A denial whose counterfactual holds only intent fields is accepted under the same view once they are applied.
    """
    assert intent.action == "open", "invariant: only opening intents pass the gate"
    verdict = _judge_once(intent, view)
    return verdict if isinstance(verdict, Accepted) else _completed(intent, view, verdict)


def rejudge(plan: TradePlan, view: GateView) -> Denied | None:
    """Look at a planned entry again, just before it is sent later: after a change of settings, or as n+1 (RULES 2).

    `view` does not count the trade itself. Asks for time, state, freshness, settings, collar, stop and rate budget;
    the denial's counterfactual is what the one check would have needed.
    """
    return _first_refusal(drafts.draft_of_plan(plan, view), STAGES_AGAIN)


def judge_close(intent: Intent, view: GateView) -> Denied | None:
    """Decide a close or flatten intent. No limit, breaker or state stands in its way (RULES 9, DESIGN §4).

    Only the intent's own expiry, an unknown source, a source that may not touch the symbol, and a symbol that neither
    the venue nor the account knows are refused.
    """
    assert intent.action != "open", "invariant: an opening intent passes the gate"
    now_ms, source = view.now_ms, view.source
    if intent.expires_at is not None and intent.expires_at <= now_ms:
        facts = {"now_ms": str(now_ms), "expires_at": str(intent.expires_at)}
        later = str(now_ms + view.settings.limits.default_ttl_ms)
        return Denied(code=DenyCode.EXPIRED, facts=facts, counterfactual={"expires_at": later})
    if source is None:
        return Denied(
            code=DenyCode.SOURCE_NOT_ALLOWED,
            facts={"source": intent.source},
            counterfactual={"configuration": f"sources: add {intent.source!r}, or any_source = true"},
        )
    if source.symbols and intent.symbol not in source.symbols:
        return Denied(
            code=DenyCode.SYMBOL_NOT_ALLOWED,
            facts={"symbol": intent.symbol, "list": source.name},
            counterfactual={"configuration": f"sources.{source.name}.symbols: add {intent.symbol}"},
        )
    known = view.instrument is not None or view.quarantined is not None or view.live_trade is not None
    if known or view.foreign_amount or view.symbol_in_use:
        return None
    refusal = state.unlisted(intent.symbol, view.settings, None)
    return Denied(code=DenyCode.UNKNOWN_SYMBOL, facts=refusal.facts, counterfactual=refusal.remedy)


def _judge_once(intent: Intent, view: GateView) -> Accepted | Denied:
    draft = drafts.draft_of_intent(intent, view)
    return _first_refusal(draft, STAGES) or _accepted(draft, intent)


def _first_refusal(draft: Draft, stages: tuple[Stage, ...]) -> Denied | None:
    for prepare, checks in stages:
        prepare(draft)
        for code, check in checks:
            refusal = check(draft)
            if refusal is not None:
                return Denied(code=code, facts=refusal.facts, counterfactual=refusal.remedy)
    return None


def _completed(intent: Intent, view: GateView, denied: Denied) -> Denied:
    """Follow the remedies until the changed intent is accepted, or until one is beyond the intent."""
    changes: dict[str, str] = {}
    verdict: Accepted | Denied = denied
    for _ in range(MAX_ROUNDS):
        if isinstance(verdict, Accepted):
            return msgspec.structs.replace(denied, counterfactual=changes)
        if not cf.is_change(verdict.counterfactual):
            # A change that does not lead to acceptance by itself is not worth naming beside what is missing.
            needed = verdict.counterfactual if verdict is denied else changes | verdict.counterfactual
            return msgspec.structs.replace(denied, counterfactual=needed)
        changes = cf.merge(changes, verdict.counterfactual)
        verdict = _judge_once(cf.apply_counterfactual(intent, changes), view)
    return msgspec.structs.replace(denied, counterfactual={"state": "other limits, or another market"})


def _accepted(draft: Draft, intent: Intent) -> Accepted:
    plan = _plan(draft, intent)
    config = draft.view.symbol_config
    assert config is not None, "invariant: unread settings were denied before"
    leverage = plan.leverage if config.leverage != plan.leverage else None
    margin_type = draft.settings.margin_type if config.margin_type != draft.settings.margin_type else None
    needed = None if leverage is None and margin_type is None else SettingsNeeded(leverage, margin_type)
    return Accepted(plan=plan, facts=_facts(draft, plan), needs_settings=needed)


def _plan(draft: Draft, intent: Intent) -> TradePlan:
    prices, view, tif = draft.prices, draft.view, draft.time_in_force
    assert intent.size is not None, "invariant: an open intent has a size"
    deadline_ms = view.now_ms + (intent.entry.ttl_ms or draft.limits.default_ttl_ms)
    if intent.expires_at is not None and intent.expires_at < deadline_ms:
        deadline_ms = intent.expires_at
    good_till = max(view.now_ms + GOOD_TILL_MS, deadline_ms) if tif is TimeInForce.GTD else None
    return TradePlan(
        trade_id=subject_tag(draft.settings.account, intent.id),
        intent_id=intent.id,
        source=intent.source,
        symbol=intent.symbol,
        direction=draft.direction,
        quantity=draft.sizes.quantity,
        entry_type=OrderType.MARKET if draft.plain else OrderType.LIMIT,
        time_in_force=tif,
        cap_price=prices.cap,
        stop_price=prices.stop,
        targets=prices.targets,
        leverage=draft.leverage,
        arrival_mid=prices.mid,
        mark=prices.mark,
        deadline_ms=deadline_ms,
        good_till_ms=good_till,
        # A closePosition stop would close the foreign part as well (RULES 4).
        arm_with_entry=draft.settings.facts.arms_with_entry and not view.foreign_amount,
        requested=sizing.describe(intent.size),
        margin_asset=draft.instrument.margin_asset,
    )


def _facts(draft: Draft, plan: TradePlan) -> dict[str, str]:
    """The numbers of the verdict, in the order in which a reader wants them."""
    prices, sizes, view = draft.prices, draft.sizes, draft.view
    numbers = (
        ("mark", prices.mark),
        ("bid", view.bid),
        ("ask", view.ask),
        ("cap", prices.cap),
        ("stop", prices.stop),
        ("quantity", sizes.quantity),
        ("notional", sizes.notional),
        ("leverage", plan.leverage),
        ("equity", sizes.equity),
        ("free_margin", sizes.free),
        ("gross_before", sizes.gross),
        ("filters_version", draft.instrument.version),
    )
    # As num.text does, without a call for each.
    facts = {name: shown if "E" not in (shown := str(value)) else f"{value:f}" for name, value in numbers}
    if prices.stop != prices.stop_asked:
        facts["stop_asked"] = text(prices.stop_asked)
    if sizes.wanted != sizes.quantity:
        facts["quantity_before_min_size"] = text(sizes.wanted)
    if draft.resting and not plan.arm_with_entry:
        facts["unattended"] = "this resting entry could fill unprotected while the engine is down (RULES 10)"
    return facts

"""Checks that ask whether anything may be entered at all: who, what, in which state, on what evidence.

Each takes the draft and answers None or a `Refusal`. None of them needs a price, and no change of the intent mends
them, save its expiry, its leverage and the form of its entry.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import budgets
from holdfast.core.risk_draft import Draft, Refusal, slippage_of, text
from holdfast.model.num import BPS, ZERO
from holdfast.model.orders import Direction
from holdfast.model.reasons import TradingState
from holdfast.model.settings import EngineSettings, Venue

WATCH_ROUNDS = 3
"""Rounds of the coverage watch that may be missing before entries stop."""

SYMBOLS_NAMED = 10
"""Allowed symbols that a refusal names."""

MONEY_FIELDS = ("equity", "wallet", "available", "mark_low_1m", "mark_high_1m")
"""Numbers of the view that may be unknown and are needed."""

DEFAULT_STOP_PCT = "1"
"""The distance proposed to an intent without a stop; made to fit before it is reported."""


def expired(draft: Draft) -> Refusal | None:
    """P10: nothing is sent after its time."""
    now_ms, deadline_ms = draft.view.now_ms, draft.deadline_ms
    if deadline_ms is None or deadline_ms > now_ms:
        return None
    facts = {"now_ms": str(now_ms), "expires_at": str(deadline_ms), "late_ms": str(now_ms - deadline_ms)}
    return Refusal(facts, {"expires_at": str(now_ms + draft.limits.default_ttl_ms)})


def source_not_allowed(draft: Draft) -> Refusal | None:
    """P11: only known sources trade."""
    if draft.view.source is not None:
        return None
    name = draft.intent.source if draft.intent else ""
    return Refusal({"source": name}, {"configuration": f"sources: add {name!r}, or any_source = true"})


def unknown_symbol(draft: Draft) -> Refusal | None:
    """The symbol must be listed, and its rules must be sound."""
    view = draft.view
    if view.instrument is not None and view.quarantined is None:
        return None
    return unlisted(draft.symbol, draft.settings, view.quarantined)


def unlisted(symbol: str, settings: EngineSettings, quarantined: str | None) -> Refusal:
    """A refusal that says what may be meant: letters that only look like Latin ones, and symbols that are allowed."""
    facts = {"symbol": symbol, "reason": quarantined or "not listed by the venue"}
    letters = [f"{letter} is U+{ord(letter):04X}" for letter in dict.fromkeys(symbol) if not letter.isascii()]
    if letters:
        facts["letters"] = ", ".join(letters)
    allowed = sorted(settings.symbols)[:SYMBOLS_NAMED]
    here = f"; allowed here: {', '.join(allowed)}" if allowed else ""
    capitals = f"; symbols are written in capitals: {symbol.upper()}" if symbol != symbol.upper() else ""
    return Refusal(facts, {"state": f"the venue lists {symbol} with sound filters{capitals}{here}"})


def symbol_not_allowed(draft: Draft) -> Refusal | None:
    """P9: allow-lists of the account and of the source. On live an empty account list allows nothing."""
    settings, source, symbol = draft.settings, draft.view.source, draft.symbol
    if settings.symbols and symbol not in settings.symbols:
        return Refusal({"symbol": symbol, "list": "account"}, {"configuration": f"symbols.allow: add {symbol}"})
    if not settings.symbols and settings.venue is Venue.LIVE:
        return Refusal({"symbol": symbol, "list": "empty"}, {"configuration": f"symbols.allow: add {symbol}"})
    if source is not None and source.symbols and symbol not in source.symbols:
        configuration = f"sources.{source.name}.symbols: add {symbol}"
        return Refusal({"symbol": symbol, "list": source.name}, {"configuration": configuration})
    return _other_asset(draft)


def _other_asset(draft: Draft) -> Refusal | None:
    """P16: limits, equity and daily loss are sums in one asset; what is margined in another would escape them."""
    found, ours = draft.instrument.margin_asset, draft.settings.margin_asset
    if found == ours:
        return None
    facts = {"symbol": draft.symbol, "margin_asset": found, "account_margin_asset": ours}
    return Refusal(facts, {"configuration": f'account.margin_asset = "{found}"; this account takes {ours} only'})


def symbol_not_trading(draft: Draft) -> Refusal | None:
    """P9: the venue must accept entries."""
    if draft.instrument.tradable:
        return None
    return Refusal({"status": draft.instrument.status}, {"state": f"{draft.symbol} has status TRADING"})


def symbol_delisting(draft: Draft) -> Refusal | None:
    """P9: no entry shortly before delivery or delisting."""
    left_ms = draft.instrument.delivery_ms - draft.view.now_ms
    if left_ms >= draft.limits.delisting_horizon_ms:
        return None
    facts = {"delivery_ms": str(draft.instrument.delivery_ms), "left_ms": str(left_ms)}
    if left_ms < 0:
        # No horizon lets an entry into a contract that has been delivered.
        return Refusal(facts, {"state": f"{draft.symbol} is listed with a delivery that is not over"})
    return Refusal(facts, {"configuration": f"limits.delisting_horizon_ms <= {left_ms}"})


def not_active(draft: Draft) -> Refusal | None:
    """RULES 9: entries need the effective state active."""
    view = draft.view
    if view.effective is TradingState.ACTIVE:
        return None
    facts = {"commanded": view.commanded.value, "effective": view.effective.value}
    health = [reason for reason in view.health_reasons if not reason.startswith("commanded ")]
    if health:
        facts["health"] = ", ".join(health)
    by_hand = "" if view.commanded is TradingState.ACTIVE else " (`holdfast resume`, when it is safe to go on)"
    return Refusal(facts, {"state": f"the effective trading state is active{by_hand}"})


def not_reconciled(draft: Draft) -> Refusal | None:
    """P10: not before the engine has compared itself with the venue."""
    if draft.view.reconciled:
        return None
    return Refusal({"reconciled": "false"}, {"state": "reconciliation has finished"})


def journal_failing(draft: Draft) -> Refusal | None:
    """RULES 8: an entry that cannot be recorded does not leave."""
    if draft.view.journal_ok:
        return None
    return Refusal({"journal_ok": "false"}, {"state": "the journal can be written"})


def stream_stale(draft: Draft) -> Refusal | None:
    """P10: fills must be able to reach us."""
    if draft.view.stream_ok:
        return None
    return Refusal({"stream_ok": "false"}, {"state": "the user stream is up"})


def clock_unsure(draft: Draft) -> Refusal | None:
    """P41: the offset to the venue is known and small."""
    view, most = draft.view, draft.settings.max_clock_offset_ms
    offset_ms = view.clock_offset_ms
    if view.clock_ok and offset_ms is not None and -most <= offset_ms <= most:
        return None
    facts = {"offset_ms": "unknown" if offset_ms is None else str(offset_ms), "limit_ms": str(most)}
    return Refusal(facts, {"state": f"the clock offset is known and at most {most} ms"})


def coverage_watch_stale(draft: Draft) -> Refusal | None:
    """P35: no entry while nobody watches whether positions are covered (RULES 12)."""
    view, settings = draft.view, draft.settings
    interval_ms = settings.coverage_interval_ms if view.exposures.count else settings.coverage_idle_interval_ms
    most = interval_ms * WATCH_ROUNDS
    if view.watch_age_ms is not None and view.watch_age_ms <= most:
        return None
    facts = {"age_ms": _age(view.watch_age_ms), "limit_ms": str(most)}
    return Refusal(facts, {"state": f"the coverage watch has reported within {most} ms"})


def account_mode(draft: Draft) -> Refusal | None:
    """P8, RULES 13: position mode and multi-assets mode are the configured ones."""
    if draft.view.modes_ok is True:
        return None
    seen = "unknown" if draft.view.modes_ok is None else "different"
    return Refusal({"modes": seen}, {"state": "one-way mode, and multi-assets mode as configured"})


def symbol_settings(draft: Draft) -> Refusal | None:
    """P8, RULES 13: leverage and margin type fit, or can be changed because nobody uses the symbol."""
    view, settings = draft.view, draft.settings
    config = view.symbol_config
    if config is None:
        return Refusal({"settings": "not read"}, {"state": f"the venue's settings of {draft.symbol} have been read"})
    if not view.symbol_in_use or (config.leverage == draft.leverage and config.margin_type == settings.margin_type):
        return None
    facts = _settings_facts(draft, config.leverage, config.margin_type)
    if config.margin_type == settings.margin_type and config.leverage <= draft.limits.max_leverage:
        return Refusal(facts, {"leverage": str(config.leverage)})
    return Refusal(facts, {"state": f"no position and no open order on {draft.symbol}"})


def settings_not_set(draft: Draft) -> Refusal | None:
    """RULES 13, before a later send: what had to be changed has been changed and read back."""
    config = draft.view.symbol_config
    if config is None:
        return Refusal({"settings": "not read"}, {"state": f"the venue's settings of {draft.symbol} have been read"})
    if config.leverage == draft.leverage and config.margin_type == draft.settings.margin_type:
        return None
    return Refusal(
        _settings_facts(draft, config.leverage, config.margin_type),
        {"state": f"leverage {draft.leverage} and margin type {draft.settings.margin_type} have been read back"},
    )


def _settings_facts(draft: Draft, leverage: int, margin_type: str) -> dict[str, str]:
    return {
        "leverage": str(leverage),
        "leverage_wanted": str(draft.leverage),
        "margin_type": margin_type,
        "margin_type_wanted": draft.settings.margin_type,
    }


def mark_stale(draft: Draft) -> Refusal | None:
    """P10: a fresh mark price."""
    view, most = draft.view, draft.limits.max_mark_age_ms
    if view.mark is not None and view.mark > 0 and view.mark_age_ms is not None and view.mark_age_ms <= most:
        return None
    facts = {"age_ms": _age(view.mark_age_ms), "limit_ms": str(most)}
    return Refusal(facts, {"state": f"a mark price no older than {most} ms"})


def touch_stale(draft: Draft) -> Refusal | None:
    """P10: a fresh and sensible best bid and ask."""
    view, most = draft.view, draft.limits.max_touch_age_ms
    bid, ask, age_ms = view.bid, view.ask, view.touch_age_ms
    if bid is not None and ask is not None and 0 < bid <= ask and age_ms is not None and age_ms <= most:
        return None
    facts = {"age_ms": _age(age_ms), "limit_ms": str(most), "bid": _known(bid), "ask": _known(ask)}
    return Refusal(facts, {"state": f"a best bid and ask no older than {most} ms, bid not above ask"})


def account_stale(draft: Draft) -> Refusal | None:
    """P10: a fresh balance."""
    view, most = draft.view, draft.limits.max_account_age_ms
    if view.account_age_ms is not None and view.account_age_ms <= most:
        return None
    facts = {"age_ms": _age(view.account_age_ms), "limit_ms": str(most)}
    return Refusal(facts, {"state": f"a balance no older than {most} ms"})


def risk_data_missing(draft: Draft) -> Refusal | None:
    """RULES 5: a missing number is never 0; it denies."""
    view, instrument = draft.view, draft.instrument
    # Money of two assets cannot be added up without a conversion, which nobody gave us.
    one_asset = instrument.quote_asset == instrument.margin_asset
    sound = instrument.tick_size > ZERO and instrument.step_size > ZERO and instrument.brackets
    money = view.equity is not None and view.wallet is not None and view.available is not None
    range_known = view.mark_low_1m is not None and view.mark_high_1m is not None
    if sound and one_asset and money and range_known and budgets.limits_known(view.rates):
        return None
    present = {name: getattr(view, name) is not None for name in MONEY_FIELDS} | {
        "leverage_brackets": bool(instrument.brackets),
        "tick_size": instrument.tick_size > 0,
        "step_size": instrument.step_size > 0,
        "order_rate_limits": budgets.limits_known(view.rates),
        "price_of_margin_asset": one_asset,
    }
    missing = ", ".join(name for name, known in present.items() if not known)
    return Refusal({"missing": missing}, {"state": f"known: {missing}"})


def config_contradiction(draft: Draft) -> Refusal | None:
    """P18: limits under which no legal order exists are said so, instead of denying each intent with another code."""
    if not draft.view.contradictions:
        return None
    first = draft.view.contradictions[0]
    return Refusal({"contradiction": first}, {"configuration": f"resolve: {first}"})


def position_exists(draft: Draft) -> Refusal | None:
    """RULES 4: one trade per symbol."""
    return None if draft.view.live_trade is None else _live_trade(draft, draft.direction)


def opposite_position(draft: Draft) -> Refusal | None:
    """RULES 4: nor against a live trade."""
    return None if draft.view.live_trade is None else _live_trade(draft, draft.direction.opposite)


def _live_trade(draft: Draft, direction: Direction) -> Refusal | None:
    live = draft.view.live_trade
    if live is None or live.direction is not direction:
        return None
    facts = {"trade_id": live.trade_id, "direction": live.direction.value}
    return Refusal(facts, {"state": f"trade {live.trade_id} is closed"})


def other_trade_exists(draft: Draft) -> Refusal | None:
    """RULES 4, before a later send: the live trade of the symbol is still the plan's own."""
    live, plan = draft.view.live_trade, draft.plan
    if live is None or plan is None or live.trade_id == plan.trade_id:
        return None
    facts = {"trade_id": live.trade_id, "direction": live.direction.value}
    return Refusal(facts, {"state": f"trade {live.trade_id} is closed"})


def foreign_position(draft: Draft) -> Refusal | None:
    """RULES 4: a quantity that is not ours stops entries, unless configured to be ignored.

    One on the other side stops them in any case: the venue nets the two, so that neither could be covered or closed for
    what it is.
    """
    amount, policy = draft.view.foreign_amount, draft.settings.on_foreign
    if not amount or (policy == "ignore" and amount * draft.direction.sign > 0):
        return None
    facts = {"amount": text(amount), "policy": policy}
    return Refusal(facts, {"state": f"the venue shows no foreign quantity on {draft.symbol}"})


def symbol_settling(draft: Draft) -> Refusal | None:
    """RULES 4: symbol quarantine while earlier orders of ours may still act."""
    view = draft.view
    until_ms = view.quarantine_until_ms if view.quarantine_until_ms is not None else 0
    if not view.quarantine_ids and until_ms <= view.now_ms:
        return None
    facts = {"ids": ", ".join(view.quarantine_ids), "until_ms": str(until_ms)}
    remedy = {"wait_until_ms": str(until_ms)} if until_ms > view.now_ms else {}
    if view.quarantine_ids:
        remedy["state"] = f"proved ended, or released by name: {', '.join(view.quarantine_ids)}"
    return Refusal(facts, remedy)


def symbol_unresolved(draft: Draft) -> Refusal | None:
    """RULES 3: no other entry while one is unknown."""
    if not draft.view.unresolved_ids:
        return None
    ids = ", ".join(draft.view.unresolved_ids)
    return Refusal({"ids": ids}, {"state": f"resolved: {ids}"})


def symbol_halted(draft: Draft) -> Refusal | None:
    """RULES 12: after the third lost stop in an hour."""
    reason = draft.view.symbol_halted
    if reason is None:
        return None
    return Refusal({"reason": reason}, {"state": f"an operator has released {draft.symbol}"})


def reject_breaker(draft: Draft) -> Refusal | None:
    """P22: repeated refusals are a symptom, not bad luck."""
    count, limits = draft.view.recent_rejects, draft.limits
    if count < limits.reject_breaker_count:
        return None
    facts = {
        "refusals": str(count),
        "limit": str(limits.reject_breaker_count),
        "window_ms": str(limits.reject_breaker_window_ms),
    }
    return Refusal(facts, {"wait_until_ms": str(draft.view.now_ms + limits.reject_breaker_window_ms)})


def daily_loss(draft: Draft) -> Refusal | None:
    """P16, RULES 9: latched until an operator resumes within the limit."""
    if not draft.view.daily_loss:
        return None
    return Refusal({"loss": draft.view.daily_loss}, {"state": "an operator has resumed within the daily loss limit"})


def no_stop(draft: Draft) -> Refusal | None:
    """RULES 5: no stop, no trade."""
    intent, source = draft.intent, draft.view.source
    assert intent is not None and source is not None, "invariant: intent and source were checked before"
    if intent.stop_loss is not None or source.default_stop_pct is not None:
        return None
    return Refusal({"default_stop_pct": "none"}, {"stop_loss.pct": DEFAULT_STOP_PCT})


def plain_market_forbidden(draft: Draft) -> Refusal | None:
    """RULES 11: with a hard collar every entry carries its worst price."""
    if not draft.plain or not draft.limits.price_collar_hard:
        return None
    return Refusal({"price_collar_hard": "true"}, {"entry.plain": "false"})


def slippage_cap_too_wide(draft: Draft) -> Refusal | None:
    """P3: the slippage that a market entry may ask for."""
    intent, most = draft.intent, draft.limits.max_slippage_bps
    assert intent is not None, "invariant: an intent is judged"
    if draft.limit_price is not None or draft.plain:
        return None
    asked = slippage_of(intent, draft.limits)
    if asked <= most:
        return None
    facts = {"max_slippage_bps": text(asked), "limit_bps": text(most)}
    if most <= 0:
        return Refusal(facts, {"configuration": f"limits.max_slippage_bps >= {text(asked)}"})
    return Refusal(facts, {"entry.max_slippage_bps": text(most)})


def unattended_entry(draft: Draft) -> Refusal | None:
    """RULES 10: on live, a resting entry that can fill while nobody is there to cover it needs permission by name."""
    settings = draft.settings
    if settings.venue is not Venue.LIVE or not draft.resting:
        return None
    if settings.facts.arms_with_entry or settings.allow_unattended_entries:
        return None
    assert draft.time_in_force is not None, "invariant: a resting entry has a time in force"
    facts = {"time_in_force": draft.time_in_force.value, "stop_without_position": settings.facts.stop_without_position}
    return Refusal(facts, {"entry.time_in_force": "IOC"})


def price_drift(draft: Draft) -> Refusal | None:
    """P3: the mark has not run away within the last minute."""
    low, high = draft.view.mark_low_1m, draft.view.mark_high_1m
    assert low is not None and high is not None, "invariant: a missing range was denied before"
    most = draft.limits.price_drift_bps_per_minute
    if (high - low) * BPS <= most * low:
        return None
    facts = {"low": text(low), "high": text(high), "limit_bps": text(most)}
    return Refusal(facts, {"wait_until_ms": str(draft.view.now_ms + 60_000)})


def rate_budget(draft: Draft) -> Refusal | None:
    """RULES 12: room in both ORDERS windows for the entry and everything that may have to follow, and weight to look
    after it."""
    view = draft.view
    weight = view.weight
    allowed = budgets.weight_allowed(weight, view.live_trades) if weight is not None else None
    if weight is not None and allowed is not None and weight.count > allowed:
        turns_ms = (view.now_ms // weight.interval_ms + 1) * weight.interval_ms
        facts = {"weight": str(weight.count), "allowed": str(allowed), "limit": str(weight.limit)}
        return Refusal(facts, {"wait_until_ms": str(turns_ms)})
    needed = budgets.entry_needs(
        targets=draft.target_count,
        # A trade whose entry has not filled yet is a position in the worst case.
        open_positions=max(view.open_positions, view.live_trades),
        owed=view.orders_owed,
    )
    short = budgets.entry_fits(view.rates, needed, view.now_ms)
    if short is None:
        return None
    window = short.window
    facts = {
        "needed": str(needed),
        "used": str(window.count),
        "limit": str(window.limit),
        "interval_ms": str(window.interval_ms),
    }
    if short.wait_until_ms is None:
        return Refusal(facts, {"state": f"at most {window.limit} orders are needed at worst"})
    return Refusal(facts, {"wait_until_ms": str(short.wait_until_ms)})


def _age(age_ms: int | None) -> str:
    return "unknown" if age_ms is None else str(age_ms)


def _known(value: Decimal | None) -> str:
    return "unknown" if value is None else text(value)

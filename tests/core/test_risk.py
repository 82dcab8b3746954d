"""The gate as a whole: its order, its laws, the plan it makes, the second look, and what it never blocks."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core import counterfactual as cf
from holdfast.core import risk
from holdfast.core.gate_view import LiveTrade
from holdfast.core.risk import Accepted, Denied, judge, judge_close, rejudge
from holdfast.core.sizing import risk_per_unit
from holdfast.model.ids import subject_tag
from holdfast.model.intent import Distance, Entry, Intent, Size, Target
from holdfast.model.num import divide
from holdfast.model.orders import Direction, OrderType, TimeInForce
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import DENY_SENTENCES, DenyCode, TradingState
from holdfast.model.reports import RateWindow, SymbolConfig
from holdfast.model.settings import SourcePolicy, Venue
from holdfast.model.venue_facts import VenueFacts
from tests.core import gate_samples as samples
from tests.core.gate_samples import BTC, NOW_MS, accepted, denied, exposure, exposures, intent, limit_entry, view
from tests.core.gate_strategies import cases, changed, views

D = Decimal
PRICE = D("80000")


def config(leverage: int = 5, margin_type: str = "CROSSED") -> SymbolConfig:
    """The venue's settings of the symbol."""
    return SymbolConfig(symbol="BTCUSDT", leverage=leverage, margin_type=margin_type)


def plan_of(**changes) -> TradePlan:
    """The plan of an accepted intent."""
    return accepted(judge(intent(**changes), view())).plan


# Order ---------------------------------------------------------------------------------------------------------------


def test_the_checks_stand_in_the_order_of_the_codes():
    """DenyCode is the documented order; OTHER_CONTENT is the engine's own."""
    asked = [code for _, checks in risk.STAGES for code, _ in checks]
    assert asked == [code for code in DenyCode if code is not DenyCode.OTHER_CONTENT]


def test_every_code_has_a_sentence():
    """Closed set: no code without its words."""
    assert set(DENY_SENTENCES) == set(DenyCode)


# One thing wrong with the account (or the intent) for each code, in order: (code, changes of the view, of the intent).
WRONG = [
    (DenyCode.EXPIRED, {}, {"expires_at": NOW_MS}),
    (DenyCode.SOURCE_NOT_ALLOWED, {"source": None}, {}),
    (DenyCode.UNKNOWN_SYMBOL, {"quarantined": "broken"}, {}),
    (DenyCode.NOT_ACTIVE, {"effective": TradingState.HALTED}, {}),
    (DenyCode.NOT_RECONCILED, {"reconciled": False}, {}),
    (DenyCode.JOURNAL_FAILING, {"journal_ok": False}, {}),
    (DenyCode.STREAM_STALE, {"stream_ok": False}, {}),
    (DenyCode.CLOCK_UNSURE, {"clock_ok": False}, {}),
    (DenyCode.COVERAGE_WATCH_STALE, {"watch_age_ms": None}, {}),
    (DenyCode.ACCOUNT_MODE, {"modes_ok": False}, {}),
    (DenyCode.SYMBOL_SETTINGS, {"symbol_config": None}, {}),
    (DenyCode.MARK_STALE, {"mark_age_ms": None}, {}),
    (DenyCode.TOUCH_STALE, {"touch_age_ms": None}, {}),
    (DenyCode.ACCOUNT_STALE, {"account_age_ms": None}, {}),
    (DenyCode.RISK_DATA_MISSING, {"rates": ()}, {}),
    (DenyCode.CONFIG_CONTRADICTION, {"contradictions": ("a",)}, {}),
    (DenyCode.POSITION_EXISTS, {"live_trade": LiveTrade(Direction.LONG, "t")}, {}),
    (DenyCode.FOREIGN_POSITION, {"foreign_amount": D(1)}, {}),
    (DenyCode.SYMBOL_SETTLING, {"quarantine_ids": ("hf-s1-a",)}, {}),
    (DenyCode.SYMBOL_UNRESOLVED, {"unresolved_ids": ("hf-e1-a",)}, {}),
    (DenyCode.SYMBOL_HALTED, {"symbol_halted": "x"}, {}),
    (DenyCode.REJECT_BREAKER, {"recent_rejects": 3}, {}),
    (DenyCode.DAILY_LOSS, {"daily_loss": "x"}, {}),
    (DenyCode.NO_STOP, {}, {"stop_loss": None}),
    (DenyCode.PRICE_DRIFT, {"mark_low_1m": D(70_000)}, {}),
    (DenyCode.TARGET_WRONG_SIDE, {}, {"take_profits": (Target(price=D(1_000)),)}),
    (DenyCode.QUANTITY_ZERO, {}, {"size": Size(quantity=D("0.0001"))}),
    (DenyCode.MAX_TRADES, {"live_trades": 20}, {}),
    (DenyCode.MAX_OPEN_ORDERS, {"open_orders_symbol": 199}, {}),
    (DenyCode.CONDITIONAL_SLOTS, {"conditionals_used": 199}, {}),
]


@pytest.mark.parametrize("index", range(len(WRONG)), ids=[code.value for code, _, _ in WRONG])
def test_the_first_denial_is_reported(index):
    """With everything from here on wrong, this code is the one that is told."""
    view_changes, intent_changes = {}, {}
    for _, of_view, of_intent in reversed(WRONG[index:]):
        view_changes |= of_view
        intent_changes |= of_intent
    denied(WRONG[index][0], judge(intent(**intent_changes), view(**view_changes)))


@pytest.mark.parametrize(("code", "view_changes", "intent_changes"), WRONG, ids=[code.value for code, _, _ in WRONG])
def test_each_thing_wrong_denies_alone(code, view_changes, intent_changes):
    """One fault is enough, and it is named with numbers and with what would pass."""
    found = denied(code, judge(intent(**intent_changes), view(**view_changes)))
    assert found.facts
    assert found.counterfactual


# Laws ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=250)
@given(cases(BTC, PRICE))
def test_every_counterfactual_of_intent_fields_is_accepted(case):
    """The promise: apply it, and the same account accepts. Where no change helps, it says what else has to be."""
    made, seen = case
    verdict = judge(made, seen)
    if isinstance(verdict, Accepted):
        return
    assert verdict.facts
    assert verdict.counterfactual
    assert verdict.counterfactual.get("state") != "other limits, or another market"
    if cf.is_change(verdict.counterfactual):
        accepted(judge(cf.apply_counterfactual(made, verdict.counterfactual), seen))


@settings(max_examples=80)
@given(cases(BTC, PRICE))
def test_the_gate_is_pure(case):
    """I13: the same intent and view give the same verdict."""
    assert judge(*case) == judge(*case)


@settings(max_examples=250)
@given(cases(BTC, PRICE))
def test_every_plan_is_legal(case):
    """P4, P5, P17, I16: what is accepted, at once or after the proposed change, is legal and its stop makes sense."""
    made, seen = case
    verdict = judge(made, seen)
    if isinstance(verdict, Denied) and cf.is_change(verdict.counterfactual):
        made = cf.apply_counterfactual(made, verdict.counterfactual)
        verdict = judge(made, seen)
    if isinstance(verdict, Accepted):
        check_plan(verdict.plan, made, seen)


def check_plan(plan: TradePlan, made: Intent, seen) -> None:
    """Everything that an accepted plan promises, written again from the rules."""
    rules, mark, limits = seen.instrument, seen.mark, seen.settings.limits
    long = plan.direction is Direction.LONG
    touch = seen.ask if long else seen.bid
    assert rules.quantity_breach(plan.quantity, market=plan.entry_type is OrderType.MARKET) is None
    assert rules.notional_breach(plan.quantity, min(plan.cap_price, mark)) is None
    assert rules.price_breach(plan.cap_price) is None
    assert rules.price_breach(plan.stop_price) is None
    assert rules.band_breach(plan.direction.entry_side, plan.cap_price, mark) is None
    assert rules.band_breach(plan.direction.exit_side, plan.stop_price, mark) is None
    for target in plan.targets:
        assert rules.price_breach(target.price) is None
        assert target.price > plan.cap_price if long else target.price < plan.cap_price
    side = -1 if long else 1
    for price in (mark, plan.cap_price, min(touch, plan.cap_price) if long else max(touch, plan.cap_price)):
        assert (plan.stop_price - price) * side > 0
    assert abs(plan.cap_price - plan.stop_price) * 10_000 <= limits.max_stop_distance_bps * plan.cap_price
    if plan.time_in_force is TimeInForce.IOC and made.entry.type == "market":
        assert abs(plan.cap_price - touch) * 10_000 <= limits.max_slippage_bps * touch
    assert plan.leverage <= min(limits.max_leverage, rules.bracket_for(plan.quantity * plan.cap_price).max_leverage)
    assert plan.quantity * divide(plan.cap_price, D(plan.leverage)) <= seen.available
    assert plan.deadline_ms > NOW_MS


@settings(max_examples=80)
@given(views(BTC, PRICE), st.decimals("0.01", "5", places=2), st.sampled_from(("long", "short")))
def test_rules_11_rounding_never_increases_risk(seen, risk_pct, side):
    """The loss at the stop from the worst price, fees both ways included, is at most what was asked for."""
    made = intent(side=side, size=Size(risk_pct=risk_pct), take_profits=())
    verdict = judge(made, seen)
    if isinstance(verdict, Accepted):
        plan = verdict.plan
        unit = risk_per_unit(plan.cap_price, plan.stop_price, seen.settings.taker_fee)
        assert plan.quantity * unit * 100 <= seen.equity * risk_pct


@settings(max_examples=80)
@given(cases(BTC, PRICE), st.sampled_from(("equity", "wallet", "available", "mark", "bid", "ask", "mark_age_ms")))
def test_rules_5_forgetting_a_number_never_accepts(case, field):
    """Whatever the intent: with a number missing the entry is denied."""
    made, seen = case
    assert isinstance(judge(made, changed(seen, **{field: None})), Denied)


@settings(max_examples=80)
@given(cases(BTC, PRICE), st.decimals("1", "100000", places=2))
def test_p12_more_exposure_never_turns_a_denial_into_an_acceptance(case, notional):
    """Monotone: what is denied stays denied when another entry is working."""
    made, seen = case
    if isinstance(judge(made, seen), Accepted):
        return
    other = exposure(symbol="MOREUSDT", notional=notional, initial_margin=notional, direction=None)
    assert isinstance(judge(made, changed(seen, exposures=exposures(other, onto=seen.exposures))), Denied)


@settings(max_examples=80)
@given(cases(BTC, PRICE), st.sampled_from([state for state in TradingState if state is not TradingState.ACTIVE]))
def test_rules_9_nothing_enters_unless_active(case, state):
    """Reducing and halted deny every entry."""
    made, seen = case
    assert isinstance(judge(made, changed(seen, effective=state)), Denied)


# The plan ------------------------------------------------------------------------------------------------------------


def test_a_market_entry_becomes_a_capped_ioc():
    """RULES 11: "market" is a LIMIT IOC."""
    plan = plan_of()
    assert (plan.entry_type, plan.time_in_force, plan.good_till_ms) == (OrderType.LIMIT, TimeInForce.IOC, None)
    assert (plan.cap_price, plan.stop_price, plan.arrival_mid, plan.mark) == (
        D("80080.1"), D("79200.0"), D("80000.0"), D("80000.0"),
    )  # fmt: skip


def test_a_plain_entry_becomes_a_market_order():
    """Without a limit price at the venue; the collar is what sizing assumes."""
    plan = plan_of(entry=Entry(plain=True))
    assert (plan.entry_type, plan.time_in_force, plan.cap_price) == (OrderType.MARKET, None, D("81600.0"))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(None, "GTD"), ("GTD", "GTD"), ("IOC", "IOC"), ("FOK", "FOK"), ("GTX", "GTX")],
)
def test_limit_entries_keep_their_time_in_force(asked, expected):
    """GTD where nothing is said (RULES 10)."""
    assert plan_of(entry=limit_entry("79990", time_in_force=asked)).time_in_force == expected


@pytest.mark.parametrize(
    ("ttl_ms", "good_till_ms"),
    [(None, 610_000), (600_000, 610_000), (610_001, 610_001), (3_600_000, 3_600_000)],
)
def test_rules_10_good_till(ttl_ms, good_till_ms):
    """max(now + 610 s, time to live)."""
    plan = plan_of(entry=limit_entry("79990", ttl_ms=ttl_ms))
    assert plan.good_till_ms == NOW_MS + good_till_ms


@pytest.mark.parametrize(
    ("ttl_ms", "expires_in_ms", "deadline_in_ms"),
    [(None, None, 10_000), (500, None, 500), (None, 3_000, 3_000), (20_000, 3_000, 3_000), (500, 3_000, 500)],
)
def test_deadline(ttl_ms, expires_in_ms, deadline_in_ms):
    """The earlier of expiry and time to live; ten seconds where nothing is said."""
    expires_at = None if expires_in_ms is None else NOW_MS + expires_in_ms
    plan = plan_of(entry=Entry(ttl_ms=ttl_ms), expires_at=expires_at)
    assert plan.deadline_ms == NOW_MS + deadline_in_ms


def test_ids_are_functions_of_what_they_name():
    """The trade's id is the subject tag of account and intent."""
    plan = plan_of()
    assert plan.trade_id == subject_tag("main", "intent-1")
    assert (plan.intent_id, plan.source, plan.symbol, plan.margin_asset) == ("intent-1", "strategy", "BTCUSDT", "USDT")


@pytest.mark.parametrize(
    ("proved", "foreign", "expected"),
    [("yes", "0", True), ("yes", "1", False), ("unproved", "0", False), ("no", "0", False)],
)
def test_rules_14_arming_with_the_entry(proved, foreign, expected):
    """Only where proved, and only while the whole position is ours (a closePosition stop would close the rest too)."""
    base = samples.settings(facts=VenueFacts(stop_without_position=proved), on_foreign="ignore")
    plan = accepted(judge(intent(), view(settings=base, foreign_amount=D(foreign)))).plan
    assert plan.arm_with_entry is expected


def test_rules_13_the_leverage_is_never_changed_silently():
    """The intent's, or the configured default."""
    assert plan_of(leverage=3).leverage == 3
    assert plan_of().leverage == 5


def test_targets_are_planned_in_their_order():
    """Rounded, with their fractions."""
    targets = (Target(pct=D(2), fraction=D("0.25")), Target(price=D("81000.05"), fraction=D("0.75")))
    planned = plan_of(take_profits=targets).targets
    assert [(str(t.price), str(t.fraction)) for t in planned] == [("81600.00", "0.25"), ("81000.10", "0.75")]


def test_the_verdict_tells_its_numbers():
    """I13, I22: an acceptance can be re-read from its facts."""
    facts = accepted(judge(intent(), view())).facts
    assert {"mark", "bid", "ask", "cap", "stop", "quantity", "notional", "leverage", "equity"} <= set(facts)
    assert facts["quantity"] == "0.104"


def test_no_exponents_in_facts():
    """A reader's numbers: 0.00000001, not 1E-8."""
    facts = accepted(judge(intent(), view(equity=D("1E+4"), exposures=(exposure(notional=D("1E-8")),)))).facts
    assert not any("E" in value for value in facts.values())


def test_only_opening_intents_pass_the_gate():
    """A close has its own, shorter way."""
    with pytest.raises(AssertionError, match="invariant: only opening intents"):
        judge(Intent(id="x", source="s", symbol="BTCUSDT", action="close"), view())


# The second look -----------------------------------------------------------------------------------------------------


def test_an_unchanged_account_lets_the_plan_go():
    """After a change of settings, or as n+1."""
    assert rejudge(plan_of(), view()) is None


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (DenyCode.EXPIRED, {"now_ms": NOW_MS + 10_000}),
        (DenyCode.NOT_ACTIVE, {"effective": TradingState.REDUCING}),
        (DenyCode.NOT_RECONCILED, {"reconciled": False}),
        (DenyCode.JOURNAL_FAILING, {"journal_ok": False}),
        (DenyCode.STREAM_STALE, {"stream_ok": False}),
        (DenyCode.CLOCK_UNSURE, {"clock_offset_ms": 900}),
        (DenyCode.COVERAGE_WATCH_STALE, {"watch_age_ms": None}),
        (DenyCode.ACCOUNT_MODE, {"modes_ok": None}),
        (DenyCode.SYMBOL_SETTINGS, {"symbol_config": None}),
        (DenyCode.SYMBOL_SETTINGS, {"symbol_config": config(leverage=6)}),
        (DenyCode.SYMBOL_SETTINGS, {"symbol_config": config(margin_type="ISOLATED")}),
        (DenyCode.MARK_STALE, {"mark_age_ms": 9_999}),
        (DenyCode.TOUCH_STALE, {"bid": None}),
        (DenyCode.RISK_DATA_MISSING, {"mark_low_1m": None}),
        (DenyCode.POSITION_EXISTS, {"live_trade": LiveTrade(Direction.LONG, "another")}),
        (DenyCode.FOREIGN_POSITION, {"foreign_amount": D(1)}),
        (DenyCode.SYMBOL_SETTLING, {"quarantine_until_ms": NOW_MS + 1}),
        (DenyCode.SYMBOL_UNRESOLVED, {"unresolved_ids": ("hf-e1-a",)}),
        (DenyCode.SYMBOL_HALTED, {"symbol_halted": "x"}),
        (DenyCode.DAILY_LOSS, {"daily_loss": "x"}),
        (DenyCode.REJECT_BREAKER, {"recent_rejects": 3}),
        (DenyCode.PRICE_COLLAR, {"mark": D("78000")}),
        (DenyCode.PRICE_DRIFT, {"mark_low_1m": D("70000")}),
        (DenyCode.STOP_WRONG_SIDE, {"ask": D("79100"), "bid": D("79099"), "mark": D("79300")}),
        (DenyCode.STOP_CROSSED, {"mark": D("79200")}),
        (DenyCode.STOP_TOO_CLOSE, {"mark": D("79210")}),
        (DenyCode.STOP_FILTER, {"mark_high_1m": D("83500")}),
        (DenyCode.RATE_BUDGET, {"rates": (RateWindow(interval_ms=10_000, count=299, limit=300),)}),
        (DenyCode.SYMBOL_NOT_TRADING, {"instrument": samples.instrument(status="BREAK")}),
    ],
)
def test_the_second_look_sees_what_has_changed(code, changes):
    """State, time, freshness, settings, collar, stop and budget are asked again."""
    denied(code, rejudge(plan_of(), view(**changes)))


def test_the_second_look_does_not_count_the_trade_against_itself():
    """Its own live trade, and limits that it already fills, do not stand in its way."""
    plan = plan_of()
    own = LiveTrade(Direction.LONG, plan.trade_id)
    full = {"live_trades": 20, "open_orders_symbol": 200, "conditionals_used": 200, "available": D(0)}
    assert rejudge(plan, view(live_trade=own, **full)) is None


def test_the_second_look_asks_again_in_the_same_order():
    """Codes in the order of DenyCode, except the budget, which comes last in both."""
    asked = [code for _, checks in risk.STAGES_AGAIN for code, _ in checks]
    order = list(DenyCode)
    assert asked == sorted(asked, key=order.index)


def test_a_plan_for_a_plain_order_is_looked_at_again_too():
    """Its touch must be inside the collar."""
    plan = plan_of(entry=Entry(plain=True))
    assert rejudge(plan, view()) is None
    denied(DenyCode.PRICE_COLLAR, rejudge(plan, view(mark=D("78000"))))


@settings(max_examples=80)
@given(cases(BTC, PRICE))
def test_what_was_accepted_passes_the_second_look_at_once(case):
    """Nothing in between: judge and rejudge agree, once the settings are made."""
    made, seen = case
    verdict = judge(made, seen)
    if isinstance(verdict, Accepted):
        made_so = config(verdict.plan.leverage, seen.settings.margin_type)
        assert rejudge(verdict.plan, changed(seen, symbol_config=made_so)) is None


# Reducing is not blocked ---------------------------------------------------------------------------------------------

BAD_TIMES = [
    {"effective": TradingState.HALTED, "commanded": TradingState.HALTED},
    {"journal_ok": False, "reconciled": False, "stream_ok": False, "clock_ok": False, "watch_age_ms": None},
    {"modes_ok": None, "symbol_config": None, "symbol_in_use": True},
    {"mark": None, "bid": None, "ask": None, "equity": None, "wallet": None, "available": None},
    {"contradictions": ("a",), "symbol_halted": "x", "recent_rejects": 99, "daily_loss": "x"},
    {"foreign_amount": D(1), "quarantine_ids": ("a",), "unresolved_ids": ("b",)},
    {"live_trade": LiveTrade(Direction.LONG, "t"), "live_trades": 999, "open_orders_total": 999},
    {"rates": (), "conditionals_used": 999, "orders_owed": 999},
    {"instrument": samples.instrument(status="SETTLING", delivery_ms=0)},
    {"quarantined": "broken", "instrument": None},
    {"instrument": None, "live_trade": LiveTrade(Direction.LONG, "t")},
    {"settings": samples.settings(symbols=("ETHUSDT",), venue=Venue.LIVE)},
]


@pytest.mark.parametrize("action", ["close", "flatten"])
@pytest.mark.parametrize("changes", BAD_TIMES)
def test_rules_9_reducing_risk_is_never_blocked(action, changes):
    """No limit, breaker, state, staleness or missing number stands in the way of a close."""
    made = Intent(id="x", source="strategy", symbol="BTCUSDT", action=action)
    assert judge_close(made, view(**changes)) is None


@pytest.mark.parametrize(
    ("code", "intent_changes", "view_changes"),
    [
        (DenyCode.EXPIRED, {"expires_at": NOW_MS}, {}),
        (DenyCode.SOURCE_NOT_ALLOWED, {}, {"source": None}),
        (DenyCode.SYMBOL_NOT_ALLOWED, {}, {"source": SourcePolicy(name="strategy", symbols=("ETHUSDT",))}),
        (DenyCode.UNKNOWN_SYMBOL, {}, {"instrument": None}),
    ],
)
def test_a_close_is_denied_only_for_who_and_what(code, intent_changes, view_changes):
    """Its own expiry, its source, and a symbol that nobody knows."""
    made = Intent(id="x", source="strategy", symbol="BTCUSDT", action="close", **intent_changes)
    found = denied(code, judge_close(made, view(**view_changes)))
    assert found.facts
    assert found.counterfactual


def test_a_close_is_no_opening_intent():
    """The other way round is our mistake."""
    with pytest.raises(AssertionError, match="invariant: an opening intent"):
        judge_close(intent(), view())


# Predecessors' regressions -------------------------------------------------------------------------------------------


def test_must_not_repeat_13_limits_count_the_new_order():
    """A limit is checked with the order in it, not before it."""
    base = samples.settings(max_gross_notional=D(1_000))
    other = exposure(notional=D(999))
    denied(DenyCode.GROSS_LIMIT, judge(intent(size=Size(quantity=D("0.001"))), view(settings=base, exposures=(other,))))


def test_must_not_repeat_14_missing_risk_data_refuses():
    """Fail closed."""
    denied(DenyCode.RISK_DATA_MISSING, judge(intent(), view(equity=None)))


def test_must_not_repeat_15_the_governed_values_are_the_values_used():
    """The quantity in the facts is the quantity of the plan."""
    verdict = accepted(judge(intent(), view()))
    assert verdict.facts["quantity"] == f"{verdict.plan.quantity:f}"
    assert verdict.facts["cap"] == f"{verdict.plan.cap_price:f}"
    assert verdict.facts["stop"] == f"{verdict.plan.stop_price:f}"


def test_must_not_repeat_23_no_silent_change_of_a_stop():
    """A stop that does not fit is refused with the one that does; a widened one is never sent."""
    made = intent(stop_loss=Distance(price=D("70000")))
    found = denied(DenyCode.STOP_FILTER, judge(made, view()))
    assert found.counterfactual["stop_loss.price"] == "76019"


def test_must_not_repeat_1_decimals_end_to_end():
    """No float anywhere in a plan."""
    plan = plan_of()
    for name in plan.__struct_fields__:
        assert not isinstance(getattr(plan, name), float), name
    assert msgspec.json.Encoder(decimal_format="string").encode(plan)

"""Size checks as truth tables: filters, leverage, liquidation, margin and exposure (P1, P2, P5, P12–P15, P17).

Long BTCUSDT with a market entry: cap 80 080.10, stop 1 % below the mid, 10 000 USDT, leverage 5.
"""

from decimal import Decimal

import pytest

from holdfast.core.risk import Denied, judge
from holdfast.model.instrument import Bracket
from holdfast.model.intent import Distance, Entry, Size
from holdfast.model.orders import Direction
from holdfast.model.reasons import DenyCode
from holdfast.model.reports import SymbolConfig
from holdfast.model.settings import SourcePolicy
from tests.core.gate_samples import accepted, denied, exposure, instrument, intent, limit_entry, outcome, settings, view

D = Decimal
CAP = D("80080.1")
RICH = {"equity": D(10**9), "wallet": D(10**9), "available": D(10**9)}
ROOMY = {
    "max_order_notional": D(10**9),
    "max_position_notional": D(10**9),
    "max_gross_notional": D(10**9),
    "max_net_notional": D(10**9),
    "max_leverage": 125,
}


def decide(quantity="0.01", side="long", leverage=None, stop_pct="1", min_size="deny", entry=None, **changes):
    """Judge a quantity."""
    made = intent(
        side=side,
        size=Size(quantity=D(quantity)),
        leverage=leverage,
        stop_loss=Distance(pct=D(stop_pct)),
        take_profits=(),
        min_size=min_size,
        entry=entry or Entry(),
    )
    return judge(made, view(**changes))


def rich(**limits):
    """An account without money limits, except those named."""
    return RICH | {"settings": settings(**(ROOMY | limits))}


def isolated(leverage=5, **changes):
    """The same account with isolated margin."""
    config = SymbolConfig(symbol="BTCUSDT", leverage=leverage, margin_type="ISOLATED")
    return {"settings": settings(margin_type="ISOLATED", **changes), "symbol_config": config}


def in_use(leverage):
    """Somebody uses the symbol at this leverage."""
    config = SymbolConfig(symbol="BTCUSDT", leverage=leverage, margin_type="CROSSED")
    return {"symbol_config": config, "symbol_in_use": True}


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0.0009", "QUANTITY_ZERO"), ("0.00000001", "QUANTITY_ZERO"), ("0.001", "accepted"), ("0.0019", "accepted")],
)
def test_quantity_rounds_to_zero(quantity, expected):
    """Below one step there is nothing to send."""
    assert outcome(decide(quantity)) == expected


@pytest.mark.parametrize(
    ("rules", "quantity", "expected"),
    [
        ({"quantity_min": D("0.005")}, "0.004", "QUANTITY_TOO_SMALL"),
        ({"quantity_min": D("0.005")}, "0.005", "accepted"),
        ({"market_quantity_min": D("0.005")}, "0.004", "QUANTITY_TOO_SMALL"),
        ({"market_quantity_min": D("0.005")}, "0.005", "accepted"),
        ({"notional_min": D(800)}, "0.009", "NOTIONAL_TOO_SMALL"),
        ({"notional_min": D(800)}, "0.010", "accepted"),
        ({"notional_min": D("800.5")}, "0.010", "NOTIONAL_TOO_SMALL"),
    ],
)
def test_p5_smallest_orders(rules, quantity, expected):
    """minQty (also of market orders) and MIN_NOTIONAL at the lower of mark and cap."""
    assert outcome(decide(quantity, instrument=instrument(**rules))) == expected


@pytest.mark.parametrize(
    ("rules", "quantity", "proposed"),
    [
        ({}, "0.0001", "0.001"),
        ({"quantity_min": D("0.005")}, "0.004", "0.005"),
        ({"notional_min": D(800)}, "0.001", "0.01"),
        ({"notional_min": D(801)}, "0.001", "0.011"),
        ({"notional_min": D(5000)}, "0.001", "0.063"),
    ],
)
def test_p5_the_smallest_legal_quantity_is_proposed(rules, quantity, proposed):
    """It passes all three filters."""
    verdict = decide(quantity, instrument=instrument(**rules))
    assert isinstance(verdict, Denied)
    assert verdict.counterfactual == {"size.quantity": proposed}
    assert verdict.facts["smallest"] == proposed


@pytest.mark.parametrize("quantity", ["0.00000001", "0.0009", "0.004"])
def test_rules_11_min_size_up_takes_the_smallest_legal_quantity(quantity):
    """By the intent's own wish, and said in the facts."""
    verdict = accepted(decide(quantity, min_size="up", instrument=instrument(quantity_min=D("0.005"))))
    assert verdict.plan.quantity == D("0.005")
    assert "quantity_before_min_size" in verdict.facts


def test_rules_11_min_size_up_changes_nothing_that_is_large_enough():
    """Only what is too small is raised."""
    verdict = accepted(decide("0.01", min_size="up"))
    assert verdict.plan.quantity == D("0.01")
    assert "quantity_before_min_size" not in verdict.facts


@pytest.mark.parametrize(
    ("limit", "rules", "entry", "quantity", "expected"),
    [
        (None, {}, Entry(), "120", "accepted"),
        (None, {}, Entry(), "120.001", "QUANTITY_TOO_LARGE"),
        (D("0.5"), {}, Entry(), "0.5", "accepted"),
        (D("0.5"), {}, Entry(), "0.501", "QUANTITY_TOO_LARGE"),
        (None, {"quantity_max": D(7)}, Entry(), "7.001", "QUANTITY_TOO_LARGE"),
        (None, {"market_quantity_max": D(3)}, Entry(plain=True), "3.001", "QUANTITY_TOO_LARGE"),
        (None, {"market_quantity_max": D(0)}, Entry(), "900", "accepted"),
        (None, {"market_quantity_max": D(0)}, Entry(), "1000.001", "QUANTITY_TOO_LARGE"),
    ],
)
def test_p1_largest_quantity(limit, rules, entry, quantity, expected):
    """Our limit, maxQty, and a position that one MARKET order can close (RULES 7)."""
    tiers = (Bracket(floor=D(0), cap=D(10**12), max_leverage=125, maintenance_ratio=D("0.004"), cum=D(0)),)
    changes = rich(max_order_quantity=limit) | {"instrument": instrument(brackets=tiers, **rules)}
    assert outcome(decide(quantity, entry=entry, **changes)) == expected


def test_p1_counts_what_is_held_on_the_symbol():
    """119 held (foreign, ignored by configuration) leave 1 of 120."""
    held = exposure(symbol="BTCUSDT", quantity=D(-119), direction=Direction.LONG, notional=D(0))
    assert outcome(decide("1", **rich(), exposures=(held,))) == "accepted"
    found = denied(DenyCode.QUANTITY_TOO_LARGE, decide("1.001", **rich(), exposures=(held,)))
    assert found.counterfactual == {"size.quantity": "1"}


def test_rules_11_no_limit_clamps():
    """A quantity above a limit is denied with what would fit; nothing smaller is sent instead."""
    found = denied(DenyCode.QUANTITY_TOO_LARGE, decide("0.6", **rich(max_order_quantity=D("0.55"))))
    assert found.facts["largest"] == "0.55"
    assert found.counterfactual == {"size.quantity": "0.55"}


@pytest.mark.parametrize(
    ("limit", "of_source", "expected"),
    [
        ("800.81", None, "accepted"),
        ("800.80", None, "NOTIONAL_TOO_LARGE"),
        ("9999", "800.80", "NOTIONAL_TOO_LARGE"),
        ("9999", "800.81", "accepted"),
        ("800.80", "9999", "NOTIONAL_TOO_LARGE"),
    ],
)
def test_p2_notional_at_the_worse_of_cap_and_mark(limit, of_source, expected):
    """0.01 at 80 080.10 is 800.801."""
    source = SourcePolicy(name="s", max_order_notional=None if of_source is None else D(of_source))
    verdict = decide("0.01", settings=settings(max_order_notional=D(limit)), source=source)
    assert outcome(verdict) == expected


def test_p2_never_uses_the_intents_own_price_alone():
    """A limit price 100 times too low does not make the order look small: the mark counts."""
    changed = view(settings=settings(max_order_notional=D(1000)), instrument=instrument(multiplier_down=D(0)))
    stop = Distance(price=D(700))
    made = intent(size=Size(quantity=D("0.1")), entry=limit_entry("800"), stop_loss=stop, take_profits=())
    found = denied(DenyCode.NOTIONAL_TOO_LARGE, judge(made, changed))
    assert found.facts["notional"] == "8000"


# At 80 080.10: tier 1 (100x) up to 1.248, tier 2 (50x) up to 6.243, tier 3 (25x) up to 24.975, tier 4 (10x) to 124.87.
@pytest.mark.parametrize(
    ("quantity", "leverage", "expected"),
    [
        ("1.248", 100, "accepted"),
        ("1.249", 100, "LEVERAGE_TOO_HIGH"),
        ("1.249", 50, "accepted"),
        ("6.244", 50, "LEVERAGE_TOO_HIGH"),
        ("6.244", 25, "accepted"),
        ("24.976", 25, "LEVERAGE_TOO_HIGH"),
        ("24.976", 10, "accepted"),
        ("0.01", 101, "LEVERAGE_TOO_HIGH"),
    ],
)
def test_leverage_by_tier(quantity, leverage, expected):
    """The tier of the resulting position must allow the leverage."""
    assert outcome(decide(quantity, leverage=leverage, **rich())) == expected


@pytest.mark.parametrize(
    ("quantity", "leverage", "limit", "proposed"),
    [("1.249", 100, 125, "50"), ("0.01", 125, 125, "100"), ("0.01", 50, 20, "20"), ("24.976", 100, 20, "10")],
)
def test_the_highest_allowed_leverage_is_proposed(quantity, leverage, limit, proposed):
    """By configuration and tier."""
    verdict = decide(quantity, leverage=leverage, **rich(max_leverage=limit))
    assert denied(DenyCode.LEVERAGE_TOO_HIGH, verdict).counterfactual == {"leverage": proposed}


def test_a_leverage_in_use_cannot_be_lowered_so_the_size_is():
    """RULES 13: the setting stays while anybody uses the symbol."""
    config = SymbolConfig(symbol="BTCUSDT", leverage=50, margin_type="CROSSED")
    verdict = decide("7", leverage=50, **rich(), symbol_config=config, symbol_in_use=True)
    assert denied(DenyCode.LEVERAGE_TOO_HIGH, verdict).counterfactual == {"size.quantity": "6.243"}


def test_above_the_last_tier_only_a_smaller_size_helps():
    """124.88 at 80 080.10 is above 10 000 000."""
    rules = instrument(quantity_max=D(1000), market_quantity_max=D(1000))
    found = denied(DenyCode.LEVERAGE_TOO_HIGH, decide("130", leverage=5, instrument=rules, **rich()))
    assert found.counterfactual == {"size.quantity": "124.874"}


def test_what_is_held_counts_toward_the_tier():
    """99 000 held and 1 001 more are in tier 2."""
    held = exposure(symbol="BTCUSDT", notional=D(99_000), quantity=D("1.2"))
    assert outcome(decide("0.012", leverage=100, exposures=(held,), **rich())) == "accepted"
    assert outcome(decide("0.013", leverage=100, exposures=(held,), **rich())) == "LEVERAGE_TOO_HIGH"


@pytest.mark.parametrize(
    ("leverage", "stop_pct", "expected"),
    [
        # 1 ÷ leverage less 0.5 % maintenance, against 1.5 × the distance from the cap (stop + 0.1 %).
        (5, "12.5", "accepted"),
        (5, "13.5", "STOP_BEYOND_LIQUIDATION"),
        (20, "2.5", "accepted"),
        (20, "3.5", "STOP_BEYOND_LIQUIDATION"),
        (1, "19", "accepted"),
    ],
)
@pytest.mark.parametrize("side", ["long", "short"])
def test_p17_isolated(leverage, stop_pct, expected, side):
    """With isolated margin the leverage decides how far liquidation is away."""
    rules = instrument(multiplier_up=D(0), multiplier_down=D(0))
    verdict = decide("0.01", side, leverage, stop_pct, instrument=rules, **isolated(leverage))
    assert outcome(verdict) == expected


def test_p17_isolated_proposes_a_lower_leverage():
    """The highest that keeps liquidation 1.5 times as far as the stop."""
    rules = instrument(multiplier_up=D(0), multiplier_down=D(0))
    found = denied(DenyCode.STOP_BEYOND_LIQUIDATION, decide(leverage=20, stop_pct="10", instrument=rules, **isolated()))
    assert found.counterfactual == {"leverage": "6"}
    assert D(found.facts["liquidation"]) > D(found.facts["stop"]) - 1000


def test_p17_isolated_proposes_a_nearer_stop_where_the_leverage_is_in_use():
    """The setting cannot change, the stop can."""
    rules = instrument(multiplier_up=D(0), multiplier_down=D(0))
    changes = isolated(20) | {"symbol_in_use": True}
    found = denied(DenyCode.STOP_BEYOND_LIQUIDATION, decide(leverage=20, stop_pct="10", instrument=rules, **changes))
    assert list(found.counterfactual) == ["stop_loss.price"]
    distance = (CAP - D(found.counterfactual["stop_loss.price"])) / CAP
    assert D("0.029") < distance < D("0.0302")


@pytest.mark.parametrize(
    ("equity", "others", "expected"),
    [
        ("10000", "0", "accepted"),
        ("1000", "0", "accepted"),
        # 0.1 at 80 080: 1.5 × 1.1 % × 8 008 = 132 lost, 38 maintenance, 4 fees.
        ("180", "0", "accepted"),
        ("172", "0", "STOP_BEYOND_LIQUIDATION"),
        ("1000", "825", "STOP_BEYOND_LIQUIDATION"),
        ("1000", "800", "accepted"),
    ],
)
def test_p17_cross(equity, others, expected):
    """With cross margin the free balance stands behind the position; others' initial margin does not."""
    money = {"equity": D(equity), "wallet": D(equity), "available": D(10**6)}
    held = exposure(initial_margin=D(others), notional=D(0))
    base = settings(**ROOMY, max_account_leverage=D(1000))
    assert outcome(decide("0.1", leverage=100, exposures=(held,), settings=base, **money)) == expected


def test_p17_unrealised_profit_does_not_stand_behind_a_position():
    """A gain of other positions may be gone by then: the smaller of wallet and equity counts."""
    money = {"equity": D(1000), "wallet": D(150), "available": D(1000)}
    found = denied(DenyCode.STOP_BEYOND_LIQUIDATION, decide("0.1", leverage=20, **money))
    assert D(found.facts["backing"]) < 150


def test_p17_cross_proposes_a_smaller_quantity():
    """The largest that survives to 1.5 times the stop's distance."""
    money = {"equity": D(400), "wallet": D(400), "available": D(400)}
    changes = {"settings": settings(**ROOMY, max_account_leverage=D(1000))}
    found = denied(DenyCode.STOP_BEYOND_LIQUIDATION, decide("1", leverage=100, **money, **changes))
    smaller = D(found.counterfactual["size.quantity"])
    assert D("0.2") < smaller < D("0.25")


def test_p17_cross_without_money_says_how_much_would_do():
    """No quantity is small enough."""
    money = {"equity": D(1), "wallet": D(1), "available": D(1)}
    found = denied(DenyCode.STOP_BEYOND_LIQUIDATION, decide("0.001", leverage=100, **money, settings=settings(**ROOMY)))
    assert found.counterfactual["state"].startswith("more than 1.7")


def test_a_tier_ends_below_its_cap():
    """Tiers hold [floor, cap): 100 000 exactly is tier 2, so a leverage of 100 in use leaves one step less."""
    seen = {"mark": D(50_000), "bid": D(49_999), "ask": D(50_000), "mark_low_1m": D(50_000), "mark_high_1m": D(50_000)}
    verdict = decide("2", leverage=100, entry=limit_entry("50000"), **rich(), **seen, **in_use(100))
    assert denied(DenyCode.LEVERAGE_TOO_HIGH, verdict).counterfactual == {"size.quantity": "1.999"}
    accepted(decide("1.999", leverage=100, entry=limit_entry("50000"), **rich(), **seen, **in_use(100)))


def test_a_tier_in_use_leaves_what_is_not_held():
    """60 000 held leave 40 000 below the first cap."""
    held = exposure(symbol="BTCUSDT", notional=D(60_000), quantity=D("0.75"), initial_margin=D(600))
    found = denied(DenyCode.LEVERAGE_TOO_HIGH, decide("1", leverage=100, exposures=(held,), **rich(), **in_use(100)))
    assert found.counterfactual == {"size.quantity": "0.499"}


def test_a_leverage_in_use_above_the_limit_cannot_be_mended():
    """RULES 13: neither the setting nor the size helps."""
    found = denied(DenyCode.LEVERAGE_TOO_HIGH, decide("0.01", leverage=50, **in_use(50)))
    assert found.counterfactual == {"state": "no position and no open order on BTCUSDT"}


def test_p17_isolated_takes_the_highest_leverage_that_passes():
    """One more would be denied."""
    rules = instrument(multiplier_up=D(0), multiplier_down=D(0))
    assert outcome(decide(leverage=6, stop_pct="10", instrument=rules, **isolated(6))) == "accepted"
    assert outcome(decide(leverage=7, stop_pct="10", instrument=rules, **isolated(7))) == "STOP_BEYOND_LIQUIDATION"


def test_p17_isolated_without_a_legal_nearer_stop():
    """Leverage 100 in use: half a percent of room, and the policy wants two."""
    base = isolated(100, min_stop_distance_bps=D(200), max_leverage=125)
    verdict = decide(leverage=100, stop_pct="3", symbol_in_use=True, **base)
    assert "leverage can be lowered" in denied(DenyCode.STOP_BEYOND_LIQUIDATION, verdict).counterfactual["state"]


@pytest.mark.parametrize(("held", "expected"), [("0", "accepted"), ("0.001", "QUANTITY_TOO_LARGE")])
def test_p1_exactly_the_largest_position(held, expected):
    """120 in one MARKET order, with what is held."""
    other = exposure(symbol="BTCUSDT", quantity=D(held), notional=D(0), initial_margin=D(0))
    assert outcome(decide("120", exposures=(other,), **rich())) == expected


@pytest.mark.parametrize(("names", "by"), [
    ({"max_order_quantity": D(2)}, "limits.max_order_quantity"),
    ({"max_order_quantity": D(2000)}, "MARKET_LOT_SIZE.maxQty of the resulting position"),
])  # fmt: skip
def test_p1_names_the_bound_that_holds(names, by):
    """The smallest of the bounds is the one that is told."""
    found = denied(DenyCode.QUANTITY_TOO_LARGE, decide("121", **rich(**names)))
    assert found.facts["by"] == by

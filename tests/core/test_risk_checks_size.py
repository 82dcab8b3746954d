"""Size checks as truth tables: filters, leverage, liquidation, margin and exposure (P1, P2, P5, P12–P15, P17).

Long BTCUSDT with a market entry: cap 80 080.10, stop 1 % below the mid, 10 000 USDT, leverage 5.
"""

from decimal import Decimal

import pytest

from holdfast.core.risk import Accepted, Denied, judge
from holdfast.model.instrument import Bracket
from holdfast.model.intent import Distance, Entry, Size
from holdfast.model.orders import Direction
from holdfast.model.reasons import DenyCode
from holdfast.model.reports import SymbolConfig
from holdfast.model.settings import SourcePolicy
from tests.core.gate_samples import exposure, instrument, intent, limit_entry, settings, view

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


def denied(code: DenyCode, verdict: Accepted | Denied) -> Denied:
    """The denial, which must have this code."""
    assert isinstance(verdict, Denied), verdict
    assert verdict.code is code, verdict
    return verdict


def accepted(verdict: Accepted | Denied) -> Accepted:
    """The acceptance."""
    assert isinstance(verdict, Accepted), verdict
    return verdict


def outcome(verdict: Accepted | Denied) -> str:
    """The code of a denial, or "accepted"."""
    return verdict.code.value if isinstance(verdict, Denied) else "accepted"


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


@pytest.mark.parametrize(
    ("available", "expected"),
    # 0.1 × (80 080.10 ÷ 5 + 80.10 opening loss + 0.0005 × (80 080.10 + 79 200)) = 1 617.57…
    [("1617.58", "accepted"), ("1617.57", "MARGIN_INSUFFICIENT")],
)
def test_p12_margin_of_a_long(available, expected):
    """Initial margin, opening loss against the mark, and taker fees both ways."""
    assert outcome(decide("0.1", available=D(available))) == expected


@pytest.mark.parametrize(
    ("available", "expected"),
    # Assumed at 80 000.10 × 1.0015 = 80 120.10…; ÷ 5, plus 80 opening loss, plus fees to the stop at 80 800.
    [("1618.46", "accepted"), ("1618.44", "MARGIN_INSUFFICIENT")],
)
def test_p12_margin_of_a_short(available, expected):
    """The venue assumes a sell at up to last × 1.0015 (protocol notes I.2)."""
    assert outcome(decide("0.1", "short", available=D(available))) == expected


@pytest.mark.parametrize(
    ("reserved", "initial", "expected"),
    [
        ("0", "0", "accepted"),
        ("8382", "0", "accepted"),
        ("8383", "0", "MARGIN_INSUFFICIENT"),
        ("0", "8383", "MARGIN_INSUFFICIENT"),
    ],
)
def test_p12_counts_every_order_sent(reserved, initial, expected):
    """What the venue does not show yet is reserved; what we know to be held is held."""
    other = exposure(reserved_margin=D(reserved), initial_margin=D(initial))
    assert outcome(decide("0.1", exposures=(other,))) == expected


def test_p12_proposes_what_the_margin_allows():
    """With 1 000 free, leverage 5."""
    found = denied(DenyCode.MARGIN_INSUFFICIENT, decide("0.1", available=D(1000)))
    assert found.counterfactual == {"size.quantity": "0.061"}
    assert found.facts["free"] == "1000"


def test_p12_without_room_for_the_smallest_order_says_how_much_is_needed():
    """Rounded up to cents."""
    found = denied(DenyCode.MARGIN_INSUFFICIENT, decide("0.1", available=D(5)))
    assert found.counterfactual == {"state": "free margin of at least 16.18"}


def test_p12_thousand_intents_against_a_balance_for_ten():
    """Each acceptance is reserved before the next is judged: never more is taken than there is."""
    exposures, taken = [], 0
    for index in range(1000):
        verdict = decide("0.06", exposures=tuple(exposures))
        if isinstance(verdict, Accepted):
            taken += 1
            margin = verdict.plan.quantity * CAP / 5
            exposures.append(exposure(symbol=f"S{index}", initial_margin=margin, notional=D(1), reserved_margin=margin))
    assert taken == 10
    assert sum(item.reserved_margin for item in exposures) <= 10_000


@pytest.mark.parametrize(
    ("held", "expected"), [("0", "accepted"), ("199.19", "accepted"), ("199.2", "POSITION_LIMIT")]
)
def test_p13_position_of_the_symbol(held, expected):
    """800.801 more, at most 1 000."""
    same_symbol = exposure(symbol="BTCUSDT", notional=D(held))
    base = settings(max_position_notional=D(1000))
    assert outcome(decide("0.01", settings=base, exposures=(same_symbol,))) == expected


def test_p13_other_symbols_do_not_count():
    """The limit is per symbol."""
    changes = {"settings": settings(max_position_notional=D(1000)), "exposures": (exposure(notional=D(5000)),)}
    assert outcome(decide("0.01", **changes)) == "accepted"


@pytest.mark.parametrize("direction", [Direction.LONG, Direction.SHORT, None])
@pytest.mark.parametrize(("held", "expected"), [("199.19", "accepted"), ("199.2", "GROSS_LIMIT")])
def test_p14_gross_adds_every_direction(direction, held, expected):
    """Longs and shorts both count."""
    changes = {
        "settings": settings(max_gross_notional=D(1000)),
        "exposures": (exposure(notional=D(held), direction=direction),),
    }
    assert outcome(decide("0.01", **changes)) == expected


@pytest.mark.parametrize(
    ("direction", "notional", "held", "expected"),
    [
        pytest.param(Direction.LONG, "199.19", "0", "accepted", id="same direction, room"),
        pytest.param(Direction.LONG, "199.2", "0", "NET_LIMIT", id="same direction, full"),
        pytest.param(Direction.LONG, "199.2", "199.2", "NET_LIMIT", id="held or not"),
        pytest.param(Direction.SHORT, "9000", "9000", "accepted", id="a short that is held offsets"),
        pytest.param(Direction.SHORT, "9000", "0", "accepted", id="a short that may fill does not add"),
        pytest.param(None, "199.2", "199.2", "NET_LIMIT", id="could be a long"),
    ],
)
def test_p14_net(direction, notional, held, expected):
    """Same direction in the worst case, less what is held in the other."""
    changes = {
        "settings": settings(max_net_notional=D(1000)),
        "exposures": (exposure(notional=D(notional), direction=direction, held_notional=D(held)),),
    }
    assert outcome(decide("0.01", **changes)) == expected


def test_p14_an_entry_that_has_not_filled_hedges_nothing():
    """1 200 long; a held short of 500 makes room, a working one does not."""
    def with_short(held):
        other = exposure(notional=D(500), direction=Direction.SHORT, held_notional=D(held))
        return decide("0.015", settings=settings(max_net_notional=D(1000)), exposures=(other,))

    assert outcome(with_short("500")) == "accepted"
    assert outcome(with_short("0")) == "NET_LIMIT"


@pytest.mark.parametrize(
    ("held", "expected"), [("99199", "accepted"), ("99199.2", "ACCOUNT_LEVERAGE_LIMIT")]
)
def test_p14_account_leverage(held, expected):
    """Ten times the equity of 10 000."""
    held_elsewhere = exposure(notional=D(held), initial_margin=D(100))
    assert outcome(decide("0.01", exposures=(held_elsewhere,))) == expected


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_order_notional": D(500)}, DenyCode.NOTIONAL_TOO_LARGE),
        ({"max_position_notional": D(500)}, DenyCode.POSITION_LIMIT),
        ({"max_gross_notional": D(500)}, DenyCode.GROSS_LIMIT),
        ({"max_net_notional": D(500)}, DenyCode.NET_LIMIT),
        ({"max_account_leverage": D("0.05")}, DenyCode.ACCOUNT_LEVERAGE_LIMIT),
    ],
)
def test_every_money_limit_proposes_the_largest_quantity(limits, code):
    """500 at 80 080.10 is 0.006."""
    found = denied(code, decide("0.01", settings=settings(**limits)))
    assert found.counterfactual == {"size.quantity": "0.006"}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_order_notional": D(70)}, DenyCode.NOTIONAL_TOO_LARGE),
        ({"max_gross_notional": D(70)}, DenyCode.GROSS_LIMIT),
        ({"max_order_quantity": D("0.0005")}, DenyCode.QUANTITY_TOO_LARGE),
    ],
)
def test_a_limit_below_the_smallest_order_cannot_be_met(limits, code):
    """No change of the intent helps; the denial says which limit stands in the way."""
    found = denied(code, decide("0.01", settings=settings(**limits)))
    assert list(found.counterfactual) == ["state"]
    assert next(iter(limits)) in found.counterfactual["state"]


@pytest.mark.parametrize(("live", "expected"), [(19, "accepted"), (20, "MAX_TRADES"), (21, "MAX_TRADES")])
def test_p15_live_trades(live, expected):
    """Twenty at most."""
    assert outcome(decide(live_trades=live)) == expected


@pytest.mark.parametrize(
    ("on_symbol", "in_total", "expected"),
    [(198, 0, "accepted"), (199, 0, "MAX_OPEN_ORDERS"), (0, 148, "accepted"), (0, 149, "MAX_OPEN_ORDERS")],
)
def test_p15_open_orders(on_symbol, in_total, expected):
    """Entry and stop must fit: 200 on the symbol by the venue, 150 on the account by configuration."""
    assert outcome(decide(open_orders_symbol=on_symbol, open_orders_total=in_total)) == expected


@pytest.mark.parametrize(("used", "expected"), [(0, "accepted"), (198, "accepted"), (199, "CONDITIONAL_SLOTS")])
def test_p15_two_conditional_slots_are_reserved(used, expected):
    """Never an entry that could not be protected: 200 in all."""
    assert outcome(decide(conditionals_used=used)) == expected

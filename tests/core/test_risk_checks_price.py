"""Price checks as truth tables: cap, band, collar, stop and targets (P3, P4, P5; RULES 11).

Mark 80 000, touch 79 999.90 / 80 000.10, band ±5 %, collar 2 %, stop distance 5 bps to 20 %.
"""

from decimal import Decimal

import pytest

from holdfast.core.risk import Accepted, Denied, judge
from holdfast.model.intent import Distance, Entry, Size, Target
from holdfast.model.reasons import DenyCode
from holdfast.model.venue_facts import VenueFacts
from tests.core.gate_samples import accepted, denied, instrument, intent, limit_entry, outcome, settings, view

D = Decimal
NO_BANDS = settings(facts=VenueFacts(bands_on_triggers="no"))
WIDE_COLLAR = settings(price_collar_bps=D(10_000))


def decide(side="long", stop=None, entry=None, targets=(), **changes) -> Accepted | Denied:
    """Judge an intent with a stop price (or 1 %) and target prices."""
    made = intent(
        side=side,
        stop_loss=Distance(pct=D(1)) if stop is None else Distance(price=D(stop)),
        entry=entry or Entry(),
        take_profits=tuple(Target(price=D(target), fraction=D("0.1")) for target in targets),
    )
    return judge(made, view(**changes))


@pytest.mark.parametrize(
    ("side", "price", "nearest"),
    [
        ("long", "79990.05", "79990"),
        ("short", "80010.05", "80010.1"),
        ("long", "79990.000000001", "79990"),
        ("short", "80010.099999999", "80010.1"),
    ],
)
def test_p5_limit_prices_lie_on_the_tick(side, price, nearest):
    """The nearest price that does not cost more is proposed."""
    found = denied(DenyCode.PRICE_FILTER, decide(side, entry=limit_entry(price)))
    assert found.counterfactual["entry.price"] == nearest


@pytest.mark.parametrize(("price", "passes"), [("500", "556.8"), ("5000000", "4529764")])
def test_p5_limit_prices_lie_within_the_range(price, passes):
    """minPrice and maxPrice; here far outside every other limit as well."""
    found = denied(DenyCode.PRICE_FILTER, decide(entry=limit_entry(price)))
    assert found.facts["price"] == price
    assert found.facts["limit"] == passes


def test_p5_a_market_cap_outside_the_range_waits_for_the_market():
    """The intent named no price, so it cannot name another."""
    rules = instrument(price_max=D("80050"))
    found = denied(DenyCode.PRICE_FILTER, decide(instrument=rules))
    assert list(found.counterfactual) == ["state"]


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        ("long", "84000", "accepted"),
        ("long", "84000.1", "PRICE_BAND"),
        ("short", "76000", "accepted"),
        ("short", "75999.9", "PRICE_BAND"),
        ("long", "77000", "accepted"),
        ("short", "83000", "accepted"),
    ],
)
def test_p5_the_band_is_one_sided(side, price, expected):
    """Buyers are capped above the mark, sellers floored below; passive prices may be far."""
    stop = {"long": "76500", "short": "83500"}[side]
    assert outcome(decide(side, stop, limit_entry(price), settings=WIDE_COLLAR)) == expected


@pytest.mark.parametrize("side", ["long", "short"])
def test_p5_a_band_of_zero_is_off(side):
    """The venue writes 0 where a rule does not apply."""
    rules = instrument(multiplier_up=D(0), multiplier_down=D(0))
    price, stop = {"long": ("90000", "79000"), "short": ("70000", "81000")}[side]
    assert outcome(decide(side, stop, limit_entry(price), instrument=rules, settings=WIDE_COLLAR)) == "accepted"


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        ("long", "81600", "accepted"),
        ("long", "81600.1", "PRICE_COLLAR"),
        ("short", "78400", "accepted"),
        ("short", "78399.9", "PRICE_COLLAR"),
        ("long", "78000", "accepted"),
        ("short", "82000", "accepted"),
    ],
)
def test_p3_the_collar_is_tighter_than_the_band(side, price, expected):
    """2 % on the side that costs."""
    stop = {"long": "77000", "short": "83000"}[side]
    assert outcome(decide(side, stop, limit_entry(price))) == expected


def test_p3_a_limit_price_outside_the_collar_gets_the_collar():
    """The denial proposes the worst price that passes."""
    found = denied(DenyCode.PRICE_COLLAR, decide("long", "79000", limit_entry("83000")))
    assert found.counterfactual == {"entry.price": "81600"}
    assert found.facts["distance_bps"] == "375"


def test_p3_a_market_entry_outside_the_collar_gets_less_slippage():
    """Mark 79 905.60, ask 80 000.10, collar 12 bps: hardly any slippage is left."""
    tight = settings(price_collar_bps=D(12))
    found = denied(DenyCode.PRICE_COLLAR, decide(mark=D("79905.6"), settings=tight))
    assert found.counterfactual == {"entry.max_slippage_bps": "0.17"}


def test_p3_a_touch_outside_the_collar_waits_for_the_market():
    """No slippage cap helps when the ask itself is too far."""
    found = denied(DenyCode.PRICE_COLLAR, decide(mark=D("78000")))
    assert list(found.counterfactual) == ["state"]


def test_p3_plain_market_orders_meet_the_collar_too():
    """Their touch must be inside, because that is where they begin to fill."""
    found = denied(DenyCode.PRICE_COLLAR, decide(entry=Entry(plain=True), mark=D("78000")))
    assert list(found.counterfactual) == ["state"]


def test_rules_11_the_cap_of_a_market_entry():
    """80 000.10 plus 10 bps, rounded toward the touch."""
    plan = accepted(decide()).plan
    assert (plan.cap_price, plan.time_in_force) == (D("80080.1"), "IOC")
    plan = accepted(decide("short")).plan
    assert plan.cap_price == D("79920.0")


# Stop of a long with a market entry: nearest price 80 000.10, mark 80 000, cap 80 080.10, band edge 76 019.
LONG_STOPS = [
    ("90000", "STOP_WRONG_SIDE"),
    ("80000.1", "STOP_WRONG_SIDE"),
    ("80000", "STOP_CROSSED"),
    ("79960.1", "STOP_TOO_CLOSE"),
    ("79960", "accepted"),
    ("77000", "accepted"),
    ("76019", "accepted"),
    ("76018.9", "STOP_FILTER"),
    ("64064", "STOP_TOO_FAR"),
    ("100", "STOP_TOO_FAR"),
    ("0.01", "STOP_TOO_FAR"),
]
# Mirrored: nearest 79 999.90, cap 79 920, band edge 83 979.
SHORT_STOPS = [
    ("70000", "STOP_WRONG_SIDE"),
    ("79999.9", "STOP_WRONG_SIDE"),
    ("80000", "STOP_CROSSED"),
    ("80039.9", "STOP_TOO_CLOSE"),
    ("80040", "accepted"),
    ("83000", "accepted"),
    ("83979", "accepted"),
    ("83979.1", "STOP_FILTER"),
    ("95904.1", "STOP_TOO_FAR"),
    ("999999", "STOP_TOO_FAR"),
]


@pytest.mark.parametrize(("stop", "expected"), LONG_STOPS)
def test_p4_stops_of_a_long(stop, expected):
    """Every code along the price axis."""
    assert outcome(decide("long", stop)) == expected


@pytest.mark.parametrize(("stop", "expected"), SHORT_STOPS)
def test_p4_stops_of_a_short(stop, expected):
    """Mirrored."""
    assert outcome(decide("short", stop)) == expected


@pytest.mark.parametrize(
    ("side", "stop", "proposed"),
    [
        ("long", "90000", "79960"),
        ("long", "80000", "79960"),
        ("long", "79990", "79960"),
        ("long", "76000", "76019"),
        ("long", "100", "76019"),
        ("short", "70000", "80040"),
        ("short", "80000", "80040"),
        ("short", "84000", "83979"),
        ("short", "999999", "83979"),
    ],
)
def test_p4_the_nearest_legal_stop_is_proposed(side, stop, proposed):
    """The end of the legal interval that is closest to the stop asked for."""
    verdict = decide(side, stop)
    assert isinstance(verdict, Denied)
    assert verdict.counterfactual["stop_loss.price"] == proposed


@pytest.mark.parametrize(
    ("side", "stop"), [("long", "76018.9"), ("long", "70000"), ("short", "83979.1"), ("short", "90000")]
)
def test_rules_14_triggers_proved_free_of_the_band_may_be_farther(side, stop):
    """Venue fact `bands_on_triggers = no`; unproved and yes keep the band."""
    assert outcome(decide(side, stop, settings=NO_BANDS)) == "accepted"
    for value in ("unproved", "yes"):
        bound = settings(facts=VenueFacts(bands_on_triggers=value))
        assert outcome(decide(side, stop, settings=bound)) == "STOP_FILTER"


def test_p4_a_stop_at_todays_band_edge_must_hold_for_the_last_minute():
    """Mark 80 000 would allow 76 000; the minute's high of 80 020 does not: a tick later it would be refused."""
    assert outcome(decide("long", "76000")) == "STOP_FILTER"
    calm = {"mark_low_1m": D("80000"), "mark_high_1m": D("80000")}
    assert outcome(decide("long", "76000", **calm)) == "accepted"


@pytest.mark.parametrize(
    ("side", "mark", "stop"), [("long", "79500", "79600"), ("long", "79500", "79500"), ("short", "80500", "80400")]
)
def test_p4_a_stop_that_the_mark_has_passed(side, mark, stop):
    """Right side of the entry, but the mark is already there: −2021 at the venue."""
    assert outcome(decide(side, stop, mark=D(mark))) == "STOP_CROSSED"


@pytest.mark.parametrize(
    ("side", "price", "stop", "expected"),
    [
        pytest.param("long", "79000", "78900", "accepted", id="below the limit"),
        pytest.param("long", "79000", "79500", "STOP_WRONG_SIDE", id="between limit and touch"),
        pytest.param("long", "80500", "80000.1", "STOP_WRONG_SIDE", id="marketable: from the touch on"),
        pytest.param("long", "80500", "79900", "accepted", id="marketable"),
        pytest.param("short", "81000", "81100", "accepted", id="above the limit"),
        pytest.param("short", "81000", "80500", "STOP_WRONG_SIDE", id="between touch and limit"),
        pytest.param("short", "79500", "79999.9", "STOP_WRONG_SIDE", id="marketable short"),
    ],
)
def test_p4_stops_of_limit_entries(side, price, stop, expected):
    """A stop holds for every price from the touch to the cap."""
    assert outcome(decide(side, stop, limit_entry(price))) == expected


def test_p4_no_feasible_stop():
    """Policy 600 bps at least, band 500 bps: not one tick (the predecessor's twenty naked positions)."""
    found = denied(DenyCode.NO_FEASIBLE_STOP, decide("long", "79000", settings=settings(min_stop_distance_bps=D(600))))
    assert list(found.counterfactual) == ["state"]
    assert D(found.facts["lowest"]) > D(found.facts["highest"])


def test_p4_a_limit_price_too_far_for_a_stop_is_brought_nearer():
    """A resting long at 76 000 has no room above the band's edge; 76 057.2 has."""
    found = denied(DenyCode.NO_FEASIBLE_STOP, decide("long", "75000", limit_entry("76000")))
    assert found.counterfactual["entry.price"] == "76057.2"
    found = denied(DenyCode.NO_FEASIBLE_STOP, decide("short", "85000", limit_entry("84000")))
    assert found.counterfactual["entry.price"] == "83936.9"


@pytest.mark.parametrize(
    ("side", "pct", "expected"),
    [("long", "1", "79200"), ("short", "1", "80800"), ("long", "1.23456", "79012.4"), ("short", "1.23456", "80987.6")],
)
def test_rules_11_percent_stops(side, pct, expected):
    """From the mid of 80 000, rounded toward the entry."""
    verdict = accepted(judge(intent(side=side, stop_loss=Distance(pct=D(pct)), take_profits=()), view()))
    assert verdict.plan.stop_price == D(expected)


def test_a_moved_stop_is_said():
    """Rounding is reported with both values (predecessors' rule: no silent change)."""
    verdict = accepted(decide("long", "79000.03"))
    assert verdict.facts["stop_asked"] == "79000.03"
    assert verdict.plan.stop_price == D("79000.1")
    assert "stop_asked" not in accepted(decide("long", "79000")).facts


@pytest.mark.parametrize(
    ("side", "target", "expected"),
    [
        ("long", "80080.2", "accepted"),
        ("long", "80080.1", "TARGET_WRONG_SIDE"),
        ("long", "80080.01", "TARGET_WRONG_SIDE"),
        ("long", "79000", "TARGET_WRONG_SIDE"),
        ("long", "4529764", "accepted"),
        ("long", "4529764.05", "TARGET_FILTER"),
        ("short", "79919.9", "accepted"),
        ("short", "79920", "TARGET_WRONG_SIDE"),
        ("short", "81000", "TARGET_WRONG_SIDE"),
        ("short", "556.8", "accepted"),
        ("short", "556.75", "TARGET_FILTER"),
        ("short", "0.01", "TARGET_FILTER"),
    ],
)
def test_rules_11_targets(side, target, expected):
    """Strictly beyond the cap, and inside the venue's range."""
    assert outcome(decide(side, targets=(target,))) == expected


@pytest.mark.parametrize(
    ("side", "targets", "counterfactual"),
    [
        ("long", ("70000",), {"take_profits[0].price": "80080.2"}),
        ("long", ("82000", "70000"), {"take_profits[1].price": "80080.2"}),
        ("long", ("70000", "9999999"), {"take_profits[0].price": "80080.2", "take_profits[1].price": "4529764"}),
        ("short", ("90000",), {"take_profits[0].price": "79919.9"}),
        ("short", ("1",), {"take_profits[0].price": "556.8"}),
    ],
)
def test_rules_11_every_wrong_target_is_mended(side, targets, counterfactual):
    """All of them in one counterfactual."""
    verdict = decide(side, targets=targets)
    assert isinstance(verdict, Denied)
    assert verdict.counterfactual == counterfactual


def test_a_target_may_have_no_room_at_all():
    """The cap is the venue's highest price."""
    rules = instrument(price_max=D("80080.1"))
    found = denied(DenyCode.TARGET_WRONG_SIDE, decide(targets=("80000",), instrument=rules))
    assert list(found.counterfactual) == ["state"]


def test_rules_11_percent_targets_of_a_short_beyond_zero():
    """150 % below the entry is no price."""
    verdict = judge(intent(side="short", take_profits=(Target(pct=D(150)),)), view())
    assert denied(DenyCode.TARGET_FILTER, verdict).counterfactual == {"take_profits[0].price": "556.8"}


def test_the_first_denial_is_reported_and_all_are_mended():
    """Wrong stop, wrong target, too large: the first code, and one counterfactual for all of it."""
    made = intent(
        stop_loss=Distance(price=D(90_000)), take_profits=(Target(price=D(70_000)),), size=Size(notional=D(90_000))
    )
    found = denied(DenyCode.STOP_WRONG_SIDE, judge(made, view()))
    assert set(found.counterfactual) == {"stop_loss.price", "take_profits[0].price", "size.quantity"}


@pytest.mark.parametrize(
    ("side", "stop", "expected"),
    [
        ("long", "64000", "accepted"),
        ("long", "63999.9", "STOP_TOO_FAR"),
        ("short", "96000", "accepted"),
        ("short", "96000.1", "STOP_TOO_FAR"),
    ],
)
def test_p4_exactly_the_largest_distance_is_allowed(side, stop, expected):
    """20 % of a limit price of 80 000."""
    assert outcome(decide(side, stop, limit_entry("80000"), settings=NO_BANDS)) == expected


@pytest.mark.parametrize(
    ("side", "mark", "proposed"),
    [("long", "79905.6", {"entry.max_slippage_bps": "0.17"}), ("short", "80094.4", {"entry.max_slippage_bps": "0.2"})],
)
def test_p3_the_slippage_that_is_left_on_either_side(side, mark, proposed):
    """Collar 12 bps, and the touch almost at its edge."""
    stop = {"long": "79000", "short": "81000"}[side]
    found = denied(DenyCode.PRICE_COLLAR, decide(side, stop, mark=D(mark), settings=settings(price_collar_bps=D(12))))
    assert found.counterfactual == proposed


@pytest.mark.parametrize(("side", "mark"), [("long", "78431.4705"), ("short", "81632.5510")])
def test_p3_a_touch_exactly_at_the_edge_leaves_no_slippage(side, mark):
    """A cap of 0 bps cannot be asked for, so the market has to come back."""
    stop = {"long": "78000", "short": "82000"}[side]
    found = denied(DenyCode.PRICE_COLLAR, decide(side, stop, mark=D(mark), mark_low_1m=D(mark), mark_high_1m=D(mark)))
    assert list(found.counterfactual) == ["state"]


def test_p5_without_a_largest_price_only_the_tick_counts():
    """maxPrice 0 is off."""
    found = denied(DenyCode.PRICE_FILTER, decide(entry=limit_entry("79990.05"), instrument=instrument(price_max=D(0))))
    assert found.counterfactual == {"entry.price": "79990"}


def test_p4_a_stop_denial_tells_what_the_venue_leaves():
    """Price range and band, as far as there are any, and the stop as it was asked for."""
    found = denied(DenyCode.STOP_FILTER, decide("long", "70000.03"))
    assert found.facts == {
        "stop": "70000.1",
        "stop_asked": "70000.03",
        "mark": "80000",
        "touch": "80000.1",
        "cap": "80080.1",
        "bands_on_triggers": "unproved",
        "venue_low": "76019",
        "venue_high": "4529764",
    }
    unlimited = instrument(price_min=D(0), price_max=D(0))
    found = denied(DenyCode.STOP_FILTER, decide("short", "90000", instrument=unlimited))
    assert ("venue_low" in found.facts, found.facts["venue_high"]) == (False, "83979")
    found = denied(DenyCode.STOP_FILTER, decide("long", "70000", instrument=unlimited))
    assert (found.facts["venue_low"], "venue_high" in found.facts) == ("76019", False)


@pytest.mark.parametrize(
    ("side", "target", "rules", "counterfactual"),
    [
        ("long", "9999999", {}, {"take_profits[0].price": "4529764"}),
        ("long", "9999999", {"price_max": D("4529763.95")}, {"take_profits[0].price": "4529763.9"}),
        ("short", "100", {"price_min": D("556.80")}, {"take_profits[0].price": "556.8"}),
        ("short", "0.05", {"price_min": D(0)}, {"take_profits[0].price": "0.1"}),
        ("long", "80000", {"price_max": D("80080.2")}, {"take_profits[0].price": "80080.2"}),
    ],
)
def test_rules_11_targets_outside_the_range_get_its_end(side, target, rules, counterfactual):
    """On the grid, and still beyond the cap."""
    verdict = decide(side, targets=(target,), instrument=instrument(**rules))
    assert isinstance(verdict, Denied)
    assert verdict.counterfactual == counterfactual

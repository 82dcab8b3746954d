"""Margin and exposure as truth tables: every order sent counts as filled (P12–P15).

Long BTCUSDT with a market entry: cap 80 080.10, stop 1 % below the mid, 10 000 USDT, leverage 5.
"""

from decimal import Decimal

import pytest

from holdfast.core.risk import Accepted, judge
from holdfast.model.intent import Distance, Entry, Size
from holdfast.model.orders import Direction
from holdfast.model.reasons import DenyCode
from tests.core.gate_samples import denied, exposure, intent, outcome, settings, view

D = Decimal
CAP = D("80080.1")


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


@pytest.mark.parametrize(("held", "expected"), [("0", "accepted"), ("199.19", "accepted"), ("199.2", "POSITION_LIMIT")])
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


@pytest.mark.parametrize(("held", "expected"), [("99199", "accepted"), ("99199.2", "ACCOUNT_LEVERAGE_LIMIT")])
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


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_order_notional": D("800.801")}, DenyCode.NOTIONAL_TOO_LARGE),
        ({"max_position_notional": D("800.801")}, DenyCode.POSITION_LIMIT),
        ({"max_gross_notional": D("800.801")}, DenyCode.GROSS_LIMIT),
        ({"max_net_notional": D("800.801")}, DenyCode.NET_LIMIT),
        ({"max_account_leverage": D("0.0800801")}, DenyCode.ACCOUNT_LEVERAGE_LIMIT),
    ],
)
def test_exactly_the_limit_is_allowed(limits, code):
    """0.01 at 80 080.10; a ten-thousandth less of limit denies, and proposes one step less."""
    assert outcome(decide("0.01", settings=settings(**limits))) == "accepted"
    less = {name: value * D("0.9999") for name, value in limits.items()}
    found = denied(code, decide("0.01", settings=settings(**less)))
    assert found.counterfactual == {"size.quantity": "0.009"}


def test_p12_exactly_the_free_margin_is_allowed():
    """0.1 × (16 016.02 + 80.10 + 79.64005)."""
    assert outcome(decide("0.1", available=D("1617.576005"))) == "accepted"
    assert outcome(decide("0.1", available=D("1617.576004"))) == "MARGIN_INSUFFICIENT"


def test_p12_room_for_exactly_the_smallest_order():
    """The proposal may be the smallest legal quantity itself."""
    found = denied(DenyCode.MARGIN_INSUFFICIENT, decide("0.1", available=D("16.17576005")))
    assert found.counterfactual == {"size.quantity": "0.001"}


def test_p15_names_where_and_how_many():
    """Two more orders are needed; a full symbol is named before a full account."""
    found = denied(DenyCode.MAX_OPEN_ORDERS, decide(open_orders_symbol=199, open_orders_total=200))
    assert found.facts == {"open": "199", "needed": "2", "limit": "200", "where": "BTCUSDT"}
    assert found.counterfactual == {"state": "at most 198 open orders (BTCUSDT)"}
    found = denied(DenyCode.CONDITIONAL_SLOTS, decide(conditionals_used=200))
    assert found.counterfactual == {"state": "at most 198 conditional orders are open or reserved"}


def test_p15_targets_need_room_too():
    """Entry, stop and one target: three."""
    assert outcome(judge(intent(), view(open_orders_symbol=197))) == "accepted"
    assert outcome(judge(intent(), view(open_orders_symbol=198))) == "MAX_OPEN_ORDERS"

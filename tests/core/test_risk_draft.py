"""The working sheet: numbers are filled in stages, and never read before they are there."""

from decimal import Decimal

import msgspec
import pytest

from holdfast.core import risk_draft as drafts
from holdfast.core.risk import Accepted, judge
from holdfast.model.intent import Distance, Entry, Size, Target
from holdfast.model.orders import Direction, TimeInForce
from holdfast.model.settings import SourcePolicy
from tests.core.gate_samples import exposure, intent, limit_entry, settings, view

D = Decimal


def priced(made=None, seen=None) -> drafts.Draft:
    """A draft with its prices."""
    draft = drafts.draft_of_intent(made or intent(), seen or view())
    drafts.fill_prices(draft)
    return draft


def sized(made=None, seen=None) -> drafts.Draft:
    """A draft with prices and sizes."""
    draft = priced(made, seen)
    drafts.fill_sizes(draft)
    return draft


@pytest.mark.parametrize(
    ("entry", "time_in_force", "plain", "resting", "limit_price"),
    [
        (Entry(), TimeInForce.IOC, False, False, None),
        (Entry(plain=True), None, True, False, None),
        (limit_entry("79990"), TimeInForce.GTD, False, True, D(79_990)),
        (limit_entry("79990", time_in_force="GTD"), TimeInForce.GTD, False, True, D(79_990)),
        (limit_entry("79990", time_in_force="GTX"), TimeInForce.GTX, False, True, D(79_990)),
        (limit_entry("79990", time_in_force="IOC"), TimeInForce.IOC, False, False, D(79_990)),
        (limit_entry("79990", time_in_force="FOK"), TimeInForce.FOK, False, False, D(79_990)),
    ],
)
def test_forms_of_entry(entry, time_in_force, plain, resting, limit_price):
    """How each entry is sent, and whether it may lie in the book."""
    draft = drafts.draft_of_intent(intent(entry=entry), view())
    assert (draft.time_in_force, draft.plain, draft.resting) == (time_in_force, plain, resting)
    assert draft.limit_price == limit_price


@pytest.mark.parametrize(("asked", "expected"), [(None, 5), (1, 1), (20, 20)])
def test_leverage_of_the_intent_or_the_default(asked, expected):
    """Never anything else."""
    assert drafts.draft_of_intent(intent(leverage=asked), view()).leverage == expected


@pytest.mark.parametrize("name", ["prices", "sizes"])
def test_numbers_cannot_be_read_before_their_stage(name):
    """An error, not a silent 0."""
    with pytest.raises(AttributeError):
        getattr(drafts.draft_of_intent(intent(), view()), name)


def test_rules_cannot_be_read_of_an_unknown_symbol():
    """UNKNOWN_SYMBOL denies before anything asks."""
    with pytest.raises(AttributeError):
        drafts.draft_of_intent(intent(), view(instrument=None)).instrument  # noqa: B018


@pytest.mark.parametrize("missing", ["mark", "bid", "ask"])
def test_missing_prices_are_our_mistake(missing):
    """The state checks denied them; if they did not, stop."""
    with pytest.raises(AssertionError, match="invariant: missing prices"):
        priced(seen=view(**{missing: None}))


@pytest.mark.parametrize("missing", ["equity", "available"])
def test_a_missing_balance_is_our_mistake(missing):
    """Never taken for 0."""
    with pytest.raises(AssertionError, match="invariant: a missing balance"):
        sized(seen=view(**{missing: None}))


@pytest.mark.parametrize(
    ("side", "touch", "nearest", "worst", "low"),
    [("long", "80000.1", "80000.1", "80080.1", "80000"), ("short", "79999.9", "79999.9", "80000", "79920")],
)
def test_prices_of_a_market_entry(side, touch, nearest, worst, low):
    """Buyers meet the ask, sellers the bid; money is counted at the worse of cap and mark."""
    prices = priced(intent(side=side)).prices
    assert (prices.touch, prices.nearest, prices.worst, prices.low) == (D(touch), D(nearest), D(worst), D(low))
    assert prices.mid == D(80_000)


def test_a_resting_entry_fills_at_its_limit():
    """The touch is not a price at which it can fill."""
    assert priced(intent(entry=limit_entry("79500"))).prices.nearest == D(79_500)


def test_the_stop_is_the_intents_before_the_sources():
    """A default distance is for intents without one."""
    seen = view(source=SourcePolicy(name="s", default_stop_pct=D(9)))
    assert drafts.stop_of(drafts.draft_of_intent(intent(), seen)) == Distance(pct=D(1))
    assert drafts.stop_of(drafts.draft_of_intent(intent(stop_loss=None), seen)) == Distance(pct=D(9))


@pytest.mark.parametrize(("asked", "expected"), [(None, "10"), ("0.5", "0.5"), ("50", "50")])
def test_slippage(asked, expected):
    """The intent's, or the configured default."""
    made = intent(entry=Entry(max_slippage_bps=None if asked is None else D(asked)))
    assert drafts.slippage_of(made, settings().limits) == D(expected)


def test_prices_again_keep_what_was_planned():
    """A later send moves neither cap, stop nor targets; only mark and touch are new."""
    verdict = judge(intent(), view())
    assert isinstance(verdict, Accepted)
    later = view(mark=D(80_010), bid=D("80009.9"), ask=D("80010.1"))
    draft = drafts.draft_of_plan(verdict.plan, later)
    drafts.fill_prices_again(draft)
    assert (draft.prices.cap, draft.prices.stop) == (verdict.plan.cap_price, verdict.plan.stop_price)
    assert draft.prices.targets == verdict.plan.targets
    assert (draft.prices.mark, draft.prices.touch) == (D(80_010), D("80010.1"))


@pytest.mark.parametrize(
    ("direction", "gross", "same", "opposite"),
    [(Direction.LONG, 1000, 1000, 0), (Direction.SHORT, 1000, 0, 300), (None, 1000, 1000, 0)],
)
def test_exposures_add_up(direction, gross, same, opposite):
    """A long's view: what adds to it, what is held against it."""
    sizes = sized(seen=view(exposures=(exposure(direction=direction, held_notional=D(300)),))).sizes
    assert (sizes.gross, sizes.same_direction, sizes.opposite_held) == (gross, same, opposite)
    assert (sizes.symbol_notional, sizes.symbol_quantity, sizes.others_margin) == (0, 0, 200)


def test_exposure_on_the_same_symbol_is_its_position():
    """Absolute, whatever its direction: a foreign short does not make room for a long."""
    held = exposure(symbol="BTCUSDT", quantity=D("-0.5"), notional=D(40_000), direction=Direction.SHORT)
    sizes = sized(seen=view(exposures=(held,))).sizes
    assert (sizes.symbol_notional, sizes.symbol_quantity) == (40_000, D("0.5"))


@pytest.mark.parametrize(
    ("available", "reserved", "initial", "free"),
    [
        ("10000", "0", "0", "10000"),
        ("10000", "300", "0", "9700"),
        ("10000", "0", "300", "9700"),
        ("5000", "0", "300", "5000"),
        ("5000", "100", "6000", "4000"),
    ],
)
def test_p12_free_margin_is_the_smaller_of_two_views(available, reserved, initial, free):
    """The venue's available less what it does not show yet; equity less all initial margin."""
    other = exposure(reserved_margin=D(reserved), initial_margin=D(initial))
    assert sized(seen=view(available=D(available), exposures=(other,))).sizes.free == D(free)


def test_the_unit_margin_of_a_plain_order_assumes_the_collar():
    """Its worst price is farther than ask × 1.0005."""
    made = intent(entry=Entry(plain=True), take_profits=(Target(pct=D(5)),))
    expected = D("81600") / 5 + 1600 + D("0.0005") * (D("81600") + D("79200"))
    assert sized(made).sizes.unit_margin == expected


@pytest.mark.parametrize(
    ("margin_type", "expected"),
    [("CROSSED", D(9_500) - D("0.1") * D("80080.1") * D("0.0005")), ("ISOLATED", D("1601.602"))],
)
def test_p17_backing(margin_type, expected):
    """Isolated: its own margin. Cross: what nobody else has, less the fee of getting in."""
    seen = view(settings=settings(margin_type=margin_type), exposures=(exposure(initial_margin=D(500)),))
    assert drafts.backing(sized(seen=seen), D("0.1"), 5) == expected


def test_smallest_of_looks_at_the_lower_price():
    """MIN_NOTIONAL must hold at cap and mark."""
    rules = msgspec.structs.replace(view().instrument, notional_min=D("80.05"))
    assert drafts.smallest_of(priced(intent(size=Size(quantity=D(1))), view(instrument=rules))) == D("0.002")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (D("1.500"), "1.5"),
        (D("100"), "100"),
        (D("1E+5"), "100000"),
        (D("0.00000001"), "0.00000001"),
        (D("0E-8"), "0"),
        (7, "7"),
    ],
)
def test_text(value, expected):
    """No exponent, no trailing zeros."""
    assert drafts.text(value) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"), [("80000", "79200", "100"), ("80000", "80800", "100"), ("3", "2", "3333.33")]
)
def test_bps_between(first, second, expected):
    """A distance without a sign, to two places."""
    assert drafts.bps_between(D(first), D(second)) == D(expected)

"""The venue's rules of a symbol: rounding lands on the grid, and a breach names what would pass."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.model.instrument import margin_asset_of
from holdfast.model.orders import Direction, Side
from tests.core.gate_samples import BRACKETS, BTC

D = Decimal
ODD = msgspec.structs.replace(
    BTC, tick_size=D("0.3"), price_min=D("0.1"), price_max=D(1000), step_size=D("0.3"), quantity_min=D("0.1"),
    quantity_max=D(100), market_step_size=D("0.5"), market_quantity_min=D("0.2"), market_quantity_max=D(10),
)  # fmt: skip
"""A symbol whose grids begin off zero (prices 0.1, 0.4, …; quantities 0.1, 0.4, …; at market 0.2, 0.7, …)."""

OPEN_ENDED = msgspec.structs.replace(
    BTC, price_min=D(0), price_max=D(0), quantity_min=D(0), quantity_max=D(0), step_size=D(1), market_step_size=D(0),
    market_quantity_min=D(0), market_quantity_max=D(0), tick_size=D("0.5"), multiplier_up=D(0), multiplier_down=D(0),
)  # fmt: skip
"""A symbol whose minima, maxima and bands are off."""

SYMBOLS = st.sampled_from([BTC, ODD, OPEN_ENDED])
PRICES = st.decimals("0.0001", "2000", places=4)
QUANTITIES = st.decimals("0", "200", places=4)


@given(SYMBOLS, QUANTITIES, st.booleans())
def test_a_rounded_quantity_is_on_the_grid_and_not_above(rules, quantity, market):
    """Rounding never asks for more than was wanted; zero says that nothing legal is that small."""
    rounded = rules.round_quantity(quantity, market=market)
    assert rounded <= quantity
    assert rounded == 0 or rounded == rules.round_quantity(rounded, market=market)
    breach = rules.quantity_breach(rounded, market=market)
    assert breach is None or not breach.filter.endswith("stepSize")


@given(SYMBOLS, PRICES)
def test_a_rounded_price_is_next_to_the_wanted_one(rules, price):
    """Down is not above, up is not below, and there is no grid point between them."""
    low, high = rules.round_price(price, up=False), rules.round_price(price, up=True)
    assert low <= price <= high
    assert high - low == (0 if low == price else rules.tick_size)


@given(SYMBOLS, PRICES)
def test_a_stop_is_rounded_toward_safety(rules, price):
    """A long's stop up and a short's stop down: nearer to the entry, so the loss never grows."""
    assert rules.round_stop(price, Direction.LONG) >= price >= rules.round_stop(price, Direction.SHORT)


@given(SYMBOLS, PRICES)
def test_the_price_a_breach_names_would_pass(rules, price):
    """Advice that is refused again is worse than none."""
    breach = rules.price_breach(price)
    assume(breach is not None)
    assert breach.passes > 0
    assert rules.price_breach(breach.passes) is None


@given(SYMBOLS, QUANTITIES, st.booleans())
def test_the_quantity_a_breach_names_would_pass(rules, quantity, market):
    """For plain and for market orders."""
    breach = rules.quantity_breach(quantity, market=market)
    assume(breach is not None)
    assert rules.quantity_breach(breach.passes, market=market) is None


@pytest.mark.parametrize(
    ("price", "filter", "limit", "passes"),
    [
        ("0.05", "minPrice", "0.1", "0.1"),
        ("1001", "maxPrice", "1000", "1000.0"),
        ("0.5", "tickSize", "0.3", "0.4"),
    ],
)
def test_a_price_breach_names_filter_and_limit(price, filter, limit, passes):
    """The number that was sent, the filter's own number, and the way out."""
    assert ODD.price_breach(D(price)) == (f"PRICE_FILTER.{filter}", D(price), D(limit), D(passes))


@pytest.mark.parametrize(
    ("quantity", "market", "filter", "limit", "passes"),
    [
        ("0.05", False, "LOT_SIZE.minQty", "0.1", "0.1"),
        ("0", False, "LOT_SIZE.minQty", "0.1", "0.1"),
        ("101", False, "LOT_SIZE.maxQty", "100", "100.0"),
        ("0.5", False, "LOT_SIZE.stepSize", "0.3", "0.4"),
        ("0.1", True, "MARKET_LOT_SIZE.minQty", "0.2", "0.2"),
        ("10.2", True, "MARKET_LOT_SIZE.maxQty", "10", "9.7"),
        ("0.4", True, "MARKET_LOT_SIZE.stepSize", "0.5", "0.2"),
    ],
)
def test_a_quantity_breach_names_filter_and_limit(quantity, market, filter, limit, passes):
    """The filter of the order's own type."""
    assert ODD.quantity_breach(D(quantity), market=market) == (filter, D(quantity), D(limit), D(passes))


def test_limits_of_zero_are_off():
    """As at the venue; what remains is that a quantity is above zero and on the step."""
    assert OPEN_ENDED.price_breach(D("1e12")) is OPEN_ENDED.quantity_breach(D("1e12")) is None
    assert OPEN_ENDED.quantity_breach(D(0)).passes == OPEN_ENDED.quantity_breach(D("0.4")).passes == 1
    assert OPEN_ENDED.band_breach(Side.BUY, D("1e9"), D(1)) is OPEN_ENDED.band_breach(Side.SELL, D(1), D("1e9")) is None


def test_an_order_worth_too_little_is_told_the_quantity():
    """MIN_NOTIONAL of 50: at 80 000 a quantity of 0.001 is 80 and passes; at 20 000 it takes 0.003."""
    assert BTC.notional_breach(D("0.001"), D(80_000)) is None
    assert BTC.notional_breach(D("0.001"), D(20_000)) == ("MIN_NOTIONAL", D(20), D(50), D("0.003"))


@given(SYMBOLS, st.decimals("0.01", "1000", places=2), st.decimals("0.1", "1000", places=1))
def test_quantity_for_is_the_smallest_legal_one(rules, notional, price):
    """Worth enough and on the grid; one step less is worth too little or below the minimum."""
    quantity = rules.quantity_for(notional, price)
    assert quantity * price >= notional
    assert rules.round_quantity(quantity) == quantity >= rules.quantity_min
    less = quantity - rules.step_size
    assert less * price < notional or less < rules.quantity_min


@pytest.mark.parametrize(
    ("side", "price", "filter", "passes"),
    [(Side.BUY, "105.1", "multiplierUp", "105.0"), (Side.SELL, "94.9", "multiplierDown", "95.0")],
)
def test_a_price_outside_the_band_is_told_its_edge(side, price, filter, passes):
    """Five percent from a mark of 100, one tick beyond."""
    rules = msgspec.structs.replace(BTC, price_min=D("0.1"))
    breach = rules.band_breach(side, D(price), D(100))
    assert breach == (f"PERCENT_PRICE.{filter}", D(price), D(passes), D(passes))
    assert rules.band_breach(side, breach.passes, D(100)) is None


def test_the_band_has_one_edge_for_each_side():
    """A buyer may bid as low, and a seller ask as high, as he likes."""
    assert BTC.band_breach(Side.BUY, D("0.1"), D(100)) is BTC.band_breach(Side.SELL, D("1e6"), D(100)) is None


@given(PRICES)
def test_the_edges_of_the_band_are_on_the_grid_inside(mark):
    """Rounding them outward would name a price the venue refuses."""
    high, low = ODD.band(mark)
    assert high <= mark * ODD.multiplier_up
    assert low >= mark * ODD.multiplier_down
    assert (high, low) == (ODD.round_price(high, up=False), ODD.round_price(low, up=True))


@pytest.mark.parametrize(("notional", "tier"), [("0", 0), ("99999.99", 0), ("100000", 1), ("2000000", 3)])
def test_a_tier_begins_at_its_floor_and_ends_before_its_cap(notional, tier):
    """So every notional below the last cap has exactly one tier."""
    assert BTC.bracket_for(D(notional)) == BRACKETS[tier]


def test_beyond_the_last_tier_there_is_none():
    """Nor where no tiers are known: a missing number is never a generous one."""
    assert BTC.bracket_for(D(10_000_000)) is None
    assert msgspec.structs.replace(BTC, brackets=()).bracket_for(D(1)) is None


@pytest.mark.parametrize(
    ("rules", "largest"),
    [
        pytest.param(BTC, 120, id="its own"),
        pytest.param(msgspec.structs.replace(BTC, market_quantity_max=D(0)), 1000, id="that of LOT_SIZE"),
        pytest.param(OPEN_ENDED, 0, id="none stated"),
    ],
)
def test_rules_7_the_largest_market_slice(rules, largest):
    """MARKET_LOT_SIZE's maximum, or LOT_SIZE's where the venue states none for market orders."""
    assert rules.max_market_slice() == largest


@pytest.mark.parametrize(("status", "tradable"), [("TRADING", True), ("SETTLING", False), ("PENDING_TRADING", False)])
def test_only_a_trading_symbol_takes_entries(status, tradable):
    """Every other status of the venue means no."""
    assert msgspec.structs.replace(BTC, status=status).tradable is tradable


@pytest.mark.parametrize(
    ("symbol", "asset"),
    [("BTCUSDT", "USDT"), ("BTCUSDC", "USDC"), ("ETHBTC", "BTC"), ("BTCUSDT_260925", "USDT"), ("WHAT", "")],
)
def test_a_symbols_name_ends_with_its_margin_asset(symbol, asset):
    """For what nobody's rules tell."""
    assert margin_asset_of(symbol) == asset

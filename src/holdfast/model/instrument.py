"""A symbol with its rules: the venue's filters as values, and what rounding and checking mean.

Rounding uses the filters only, never `pricePrecision` (protocol notes 0.3 no. 10). Reading the
filters from exchangeInfo is `binance/filters.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from holdfast.model import num
from holdfast.model.orders import Direction, Side

QUOTES: Final = ("USDT", "USDC", "FDUSD", "BUSD", "BTC", "ETH")
"""Assets at the end of symbols' names."""


class Bracket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One leverage tier: applies to notionals in [floor, cap). `cum` is the maintenance deduction."""

    floor: Decimal
    cap: Decimal
    max_leverage: int
    maintenance_ratio: Decimal
    cum: Decimal


class Breach(NamedTuple):
    """A filter that a value breaks: its name, the limit, and a value that would pass."""

    filter: str
    value: Decimal
    limit: Decimal
    passes: Decimal


class Instrument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The trading rules of one symbol. Zero means "this rule is off" for min/max fields, as at the venue."""

    symbol: str
    status: str
    contract_type: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    tick_size: Decimal
    price_min: Decimal
    price_max: Decimal
    step_size: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    market_step_size: Decimal
    market_quantity_min: Decimal
    market_quantity_max: Decimal
    notional_min: Decimal
    multiplier_up: Decimal
    multiplier_down: Decimal
    max_orders: int = 200
    delivery_ms: int = 4_133_404_800_000
    market_take_bound: Decimal = Decimal("0.05")
    trigger_protect: Decimal = Decimal("0.05")
    version: int = 1
    brackets: tuple[Bracket, ...] = ()
    taker_fee: Decimal = num.ZERO
    """What the account pays here as a taker, as a fraction of the value; 0 where it was not read."""

    @property
    def tradable(self) -> bool:
        """Whether the venue accepts entries now."""
        return self.status == "TRADING"

    def round_quantity(self, quantity: Decimal, *, market: bool = False) -> Decimal:
        """Down to the step (offset by the minimum, as the venue checks it). May return 0."""
        step = self._market_step() if market else self.step_size
        origin = (self.market_quantity_min if market else self.quantity_min) % step
        if quantity < origin:
            return num.ZERO
        return num.floor_to(quantity - origin, step) + origin

    def round_price(self, price: Decimal, *, up: bool) -> Decimal:
        """Onto the tick grid (offset by minPrice), upwards or downwards."""
        tick = self.tick_size
        assert tick > num.ZERO, "invariant: a step is positive"
        origin = self.price_min % tick
        offset = price - origin
        # The same as floor_to and ceil_to, in one go: every price of an intent passes here, most of them twice.
        rounded = offset // tick * tick
        if rounded < offset and up:
            rounded += tick
        elif rounded > offset and not up:
            rounded -= tick
        return rounded + origin

    def round_stop(self, price: Decimal, direction: Direction) -> Decimal:
        """A stop price toward safety: a long's stop up (nearer), a short's stop down."""
        return self.round_price(price, up=direction is Direction.LONG)

    def price_breach(self, price: Decimal) -> Breach | None:
        """PRICE_FILTER: range and tick."""
        if self.price_min and price < self.price_min:
            return Breach("PRICE_FILTER.minPrice", price, self.price_min, self.price_min)
        if self.price_max and price > self.price_max:
            return Breach("PRICE_FILTER.maxPrice", price, self.price_max, self.round_price(self.price_max, up=False))
        if (price - self.price_min) % self.tick_size:
            nearest = self.round_price(price, up=False)
            passes = nearest if nearest > 0 else nearest + self.tick_size
            return Breach("PRICE_FILTER.tickSize", price, self.tick_size, passes)
        return None

    def quantity_breach(self, quantity: Decimal, *, market: bool = False) -> Breach | None:
        """LOT_SIZE, or MARKET_LOT_SIZE for market orders: the venue checks the one that fits the type."""
        name = "MARKET_LOT_SIZE" if market else "LOT_SIZE"
        low = self.market_quantity_min if market else self.quantity_min
        high = self.market_quantity_max if market else self.quantity_max
        step = self._market_step() if market else self.step_size
        if quantity <= 0 or (low and quantity < low):
            return Breach(f"{name}.minQty", quantity, low, low or step)
        if high and quantity > high:
            return Breach(f"{name}.maxQty", quantity, high, self.round_quantity(high, market=market))
        rounded = self.round_quantity(quantity, market=market)
        if rounded != quantity:
            return Breach(f"{name}.stepSize", quantity, step, rounded or step)
        return None

    def notional_breach(self, quantity: Decimal, price: Decimal) -> Breach | None:
        """MIN_NOTIONAL; reduce-only orders are exempt, so the caller does not ask for them."""
        notional = quantity * price
        if notional < self.notional_min:
            return Breach("MIN_NOTIONAL", notional, self.notional_min, self.quantity_for(self.notional_min, price))
        return None

    def band_breach(self, side: Side, price: Decimal, mark: Decimal) -> Breach | None:
        """PERCENT_PRICE: buys are capped above the mark, sells floored below (protocol notes 0.3 no. 12)."""
        high, low = self.band(mark)
        if side is Side.BUY and self.multiplier_up and price > high:
            return Breach("PERCENT_PRICE.multiplierUp", price, high, high)
        if side is Side.SELL and self.multiplier_down and price < low:
            return Breach("PERCENT_PRICE.multiplierDown", price, low, low)
        return None

    def band(self, mark: Decimal) -> tuple[Decimal, Decimal]:
        """(highest legal buy price, lowest legal sell price) at this mark, on the tick grid."""
        high = self.round_price(mark * self.multiplier_up, up=False)
        low = self.round_price(mark * self.multiplier_down, up=True)
        return high, low

    def quantity_for(self, notional: Decimal, price: Decimal) -> Decimal:
        """The smallest legal quantity whose value at `price` is at least `notional`."""
        wanted = max(num.divide(notional, price), self.quantity_min)
        rounded = self.round_quantity(wanted)
        return rounded if rounded >= wanted else rounded + self.step_size

    def max_market_slice(self) -> Decimal:
        """The largest quantity one MARKET order may carry (RULES 7); 0 when the venue states none."""
        return self.market_quantity_max or self.quantity_max

    def bracket_for(self, notional: Decimal) -> Bracket | None:
        """The leverage tier of a notional; None when it lies above the last tier or no tiers are known."""
        for bracket in self.brackets:
            if notional < bracket.cap:
                return bracket
        return None

    def _market_step(self) -> Decimal:
        return self.market_step_size or self.step_size


def margin_asset_of(symbol: str) -> str:
    """The asset in which a symbol pays profit, from the end of its name, where no rules and no trade tell; "" unknown.

    The quote asset is the margin asset of every symbol that is traded here (others are quarantined).
    """
    name = symbol.partition("_")[0]
    return next((quote for quote in QUOTES if name.endswith(quote)), "")

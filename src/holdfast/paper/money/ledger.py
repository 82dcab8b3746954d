"""The other side of every wallet: where the money of the accounts came from and went.

For each margin asset, wallets, open profits, the venue's own purses and the position of the strangers on the other
side of our trades add up to zero after every step, to the last digit. What rounding keeps has its own purse.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO

OUTSIDE, FEES, FUNDING, INSURANCE, EXCHANGED, ROUNDING = (
    "outside",
    "fees",
    "funding",
    "insurance",
    "exchanged",
    "rounding",
)

_PURSES = {
    "TRANSFER": OUTSIDE,
    "COMMISSION": FEES,
    "FUNDING_FEE": FUNDING,
    "INSURANCE_CLEAR": INSURANCE,
    "AUTO_EXCHANGE": EXCHANGED,
}


_PROFIT = ("REALIZED_PNL", "DELIVERED_SETTELMENT")


class Strangers:
    """What everybody who is not an account of ours holds of one symbol, and paid for it."""

    __slots__ = ("amt", "cash")

    def __init__(self) -> None:
        """Start with nothing."""
        self.amt = ZERO
        self.cash = ZERO

    def worth(self, mark: Decimal) -> Decimal:
        """Their profit so far, open and realised together."""
        return self.cash + self.amt * mark


class VenueLedger:
    """The venue's purses by kind and asset, and the strangers by symbol."""

    def __init__(self) -> None:
        """Start empty."""
        self.purses: dict[str, dict[str, Decimal]] = {
            kind: {} for kind in (OUTSIDE, FEES, FUNDING, INSURANCE, EXCHANGED, ROUNDING)
        }
        self.strangers: dict[str, Strangers] = {}

    def book(self, kind: str, asset: str, amount: Decimal) -> None:
        """Put a signed amount into a purse."""
        purse = self.purses[kind]
        purse[asset] = purse.get(asset, ZERO) + amount

    def income(self, kind: str, asset: str, amount: Decimal) -> None:
        """An account was credited: the purse of that kind of income is debited. Profit is paid by the strangers."""
        if kind not in _PROFIT:
            self.book(_PURSES[kind], asset, -amount)

    def trade(self, symbol: str, asset: str, delta: Decimal, price: Decimal, booked: Decimal) -> None:
        """An account bought `delta` (signed) at a price.

        `booked` is what its books show for it: the realised profit less the change of entry times size. By how much
        that misses the price paid goes to rounding.
        """
        others = self.strangers.get(symbol)
        if others is None:
            others = self.strangers[symbol] = Strangers()
        value = delta * price
        others.amt -= delta
        others.cash += value
        if booked + value:
            self.book(ROUNDING, asset, -(booked + value))

    def insurance(self, asset: str) -> Decimal:
        """What the insurance fund holds."""
        return self.purses[INSURANCE].get(asset, ZERO)

    def total(self, asset: str) -> Decimal:
        """All purses of one asset together."""
        return sum((purse.get(asset, ZERO) for purse in self.purses.values()), ZERO)

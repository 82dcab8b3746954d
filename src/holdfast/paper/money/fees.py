"""What a trade costs: rates per symbol, and payment in BNB with a discount (protocol notes C.9, I.5)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.num import ONE, ZERO, divide
from holdfast.paper.account import Account
from holdfast.paper.config import FeeRates
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import money
from holdfast.paper.orders import Order

_BNB = "BNB"


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """A commission: what is paid in which asset, and its rate of the traded value."""

    amount: Decimal
    asset: str
    rate: Decimal


def rates(exchange: Exchange, symbol: str) -> FeeRates:
    """The fee rates of a symbol."""
    config = exchange.config
    return config.fees.get(symbol) or FeeRates(maker=config.maker_fee, taker=config.taker_fee)


def dollars(exchange: Exchange, asset: str) -> Decimal:
    """What one unit of an asset is worth: by its market against USDT, else by the table; 0 when nobody knows."""
    market = exchange.markets.get(asset + "USDT")
    price = market.reference() if market is not None else None
    return price if price is not None else exchange.config.asset_rates.get(asset, ZERO)


def commission(
    exchange: Exchange, account: Account, market: Market, order: Order, quote: Decimal, *, maker: bool
) -> Fee:
    """The commission on a traded value: in BNB while the account wants that and has enough of it.

    Auto-deleveraging and the settlement of a contract cost nothing.
    """
    table = rates(exchange, market.symbol.name)
    rate = table.rpi if maker and order.tif == "RPI" else table.maker if maker else table.taker
    asset = market.symbol.margin_asset
    if order.forced in ("ADL", "SETTLEMENT"):
        return Fee(amount=ZERO, asset=asset, rate=ZERO)
    held = account.wallets.get(_BNB, ZERO) if account.fee_burn else ZERO
    if held > 0 and rate > 0 and asset != _BNB:
        price = dollars(exchange, _BNB)
        less = rate * (ONE - exchange.config.bnb_discount)
        if price:
            amount = money.cut(divide(quote * less * dollars(exchange, asset), price))
            if 0 < amount <= held:
                return Fee(amount=amount, asset=_BNB, rate=less)
    return Fee(amount=money.cut(quote * rate), asset=asset, rate=rate)

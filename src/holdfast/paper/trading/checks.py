"""What the venue refuses before an order exists, and with which code (protocol notes B.2, C.1, H).

Prices and quantities are checked in the order: form, precision, bounds, step. Filters are data of
the symbol; a grid counts from its minimum (notes B.2).
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import islice

import msgspec

from holdfast.model.num import ZERO
from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError, missing, unwanted
from holdfast.paper.exchange import Exchange
from holdfast.paper.facts import VenueFacts
from holdfast.paper.market.markets import Market
from holdfast.paper.market.symbols import PaperSymbol, QuantityRule
from holdfast.paper.money import margin
from holdfast.paper.orders import CONDITIONAL_TYPES, Order
from holdfast.paper.params import Params
from holdfast.paper.trading.crowding import is_crowded_out
from holdfast.paper.trading.matching import beyond, limit_price, reducible, rivals

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_STP_MODES = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "NONE")
_PRICE_MATCHES = ("OPPONENT", "OPPONENT_5", "QUEUE", "QUEUE_5", "QUEUE_10", "QUEUE_20")
_STATUS_CODES = {"PENDING_TRADING": -4022, "CLOSE": -4141, "DELIVERED": -4141}
_CLOSING_ONLY = ("PRE_DELIVERING", "PRE_SETTLE")
_OPENING_CODES = {"BUY": ("BUY", -4106), "LONG": ("BUY", -4106), "SELL": ("SELL", -4107), "SHORT": ("SELL", -4107)}
_GTD_LEAD_MS = 600_000
_GTD_LATEST_MS = 253_402_300_799_000


def read_side(params: Params) -> str:
    """The `side`: BUY or SELL, -1117 otherwise."""
    side = params.need("side").upper()
    if side not in ("BUY", "SELL"):
        raise VenueError(-1117)
    return side


def read_position_side(account: Account, params: Params) -> str:
    """The `positionSide` for the account's position mode; -4060 unknown, -4061 mismatched."""
    value = params.get("positionSide").upper() or "BOTH"
    if value not in ("BOTH", "LONG", "SHORT"):
        raise VenueError(-4060)
    if (value == "BOTH") == account.hedge:
        raise VenueError(-4061)
    return value


def read_reduce_only(account: Account, params: Params, facts: VenueFacts) -> bool:
    """The `reduceOnly` flag, which has no place in hedge mode."""
    if account.hedge and params.has("reduceOnly"):
        raise unwanted("reduceonly") if facts.hedge_reduce_only == "-1106" else VenueError(-4062)
    return params.flag("reduceOnly")


def read_client_id(exchange: Exchange, params: Params, name: str) -> str:
    """The client id, or a generated one; -4015 when it is malformed."""
    value = params.get(name)
    if not value:
        return exchange.client_id()
    if not _CLIENT_ID.fullmatch(value):
        raise VenueError(-4015)
    return value


def read_stp(params: Params) -> str:
    """The self-trade prevention mode; -5039 when unknown."""
    value = params.get("selfTradePreventionMode").upper() or "EXPIRE_MAKER"
    if value not in _STP_MODES:
        raise VenueError(-5039)
    return value


def read_price_match(params: Params) -> str:
    """The price match mode, NONE when absent; -5037 when unknown."""
    value = params.get("priceMatch").upper() or "NONE"
    if value != "NONE" and value not in _PRICE_MATCHES:
        raise VenueError(-5037)
    return value


def read_good_till(exchange: Exchange, params: Params, tif: str) -> int:
    """The `goodTillDate` in milliseconds, cut to seconds; 0 unless the time in force is GTD."""
    if tif != "GTD":
        return 0
    value = params.integer("goodTillDate")
    if value is None:
        raise missing("goodTillDate")
    if not exchange.now_ms + _GTD_LEAD_MS < value < _GTD_LATEST_MS:
        raise VenueError(-5040)
    return value - value % 1000


def read_response_type(params: Params) -> str:
    """The `newOrderRespType`, ACK when absent; -1136 when unknown."""
    value = params.get("newOrderRespType").upper() or "ACK"
    if value not in ("ACK", "RESULT"):
        raise VenueError(-1136)
    return value


def check_order_type(value: str, allowed: tuple[str, ...]) -> str:
    """An order type this endpoint takes; -4120 for conditional ones, -1116 for the rest."""
    kind = value.upper()
    if kind in allowed:
        return kind
    raise VenueError(-4120 if kind in CONDITIONAL_TYPES else -1116)


def check_tif(value: str, allowed: tuple[str, ...]) -> str:
    """A time in force this endpoint takes; -1115 otherwise."""
    tif = value.upper()
    if tif not in allowed:
        raise VenueError(-1115)
    return tif


def check_status(symbol: PaperSymbol, facts: VenueFacts) -> None:
    """The contract takes orders at all: -1122, or the code of its status (-4022 not yet open, -4141 closed)."""
    if symbol.status == "TRADING":
        return
    by_status = facts.symbol_status_codes == "by status"
    if by_status and symbol.status in _CLOSING_ONLY:
        return
    raise VenueError(_STATUS_CODES.get(symbol.status, -1122) if by_status else -1122)


def check_live(market: Market) -> None:
    """-1112 while a live market is out of step: no order meets a book that is not the market's."""
    if market.stale:
        raise VenueError(-1112)


def check_opening(account: Account, symbol: PaperSymbol, order: Order) -> None:
    """Nobody opens a position before a delivery (-4140), or against POSITION_RISK_CONTROL (-4105, -4106, -4107)."""
    restricted = symbol.position_control != "NONE" or symbol.status in _CLOSING_ONLY
    if not restricted or order.closes_only or order.close_position:
        return
    amt = account.leg(order.symbol, order.position_side).amt
    held = -amt if order.is_buy else amt
    if order.qty <= held:
        return
    if symbol.status in _CLOSING_ONLY:
        raise VenueError(-4140)
    if symbol.position_control not in _OPENING_CODES:
        raise VenueError(-4105)
    side, code = _OPENING_CODES[symbol.position_control]
    if side == order.side:
        raise VenueError(code)


def _check_digits(value: Decimal, exponent: Decimal) -> None:
    if value % exponent:
        raise VenueError(-1111)


def check_price(symbol: PaperSymbol, price: Decimal) -> None:
    """PRICE_FILTER: -4001, -1111, -4013, -4002, -4014."""
    if price <= 0:
        raise VenueError(-4001)
    _check_digits(price, symbol.price_exponent)
    if price < symbol.minimum_price:
        raise VenueError(-4013)
    if symbol.maximum_price and price > symbol.maximum_price:
        raise VenueError(-4002)
    if (price - symbol.minimum_price) % symbol.tick:
        raise VenueError(-4014)


def check_trigger(market: Market, trigger: Decimal, facts: VenueFacts) -> None:
    """The price filter for trigger prices: -4006, -1111, -4007, -4014, and the bands where the venue has them."""
    symbol = market.symbol
    if trigger <= 0:
        raise VenueError(-4006)
    _check_digits(trigger, symbol.price_exponent)
    if symbol.maximum_price and trigger > symbol.maximum_price:
        raise VenueError(-4007)
    if trigger < symbol.minimum_price:
        raise VenueError(-4013)
    if (trigger - symbol.minimum_price) % symbol.tick:
        raise VenueError(-4014)
    mark = market.reference()
    if facts.trigger_bands == "none" or mark is None:
        return
    of_prices = facts.trigger_band_codes == "-4016"
    cap, floor = mark * symbol.multiplier_up, mark * symbol.multiplier_down
    if trigger > cap:
        raise VenueError(-4016, symbol.price_text(cap)) if of_prices else VenueError(-4210)
    if trigger < floor:
        raise VenueError(-4024, symbol.price_text(floor)) if of_prices else VenueError(-4211)


def check_limit_band(symbol: PaperSymbol, price: Decimal, trigger: Decimal, facts: VenueFacts) -> None:
    """The limit of a conditional order against its trigger, where the venue has these bands: -4183, -4184."""
    if facts.limit_bands == "none":
        return
    cap, floor = trigger * symbol.multiplier_up, trigger * symbol.multiplier_down
    if price > cap:
        raise VenueError(-4183, symbol.price_text(cap))
    if price < floor:
        raise VenueError(-4184, symbol.price_text(floor))


def check_quantity(symbol: PaperSymbol, quantity: Decimal, *, market_order: bool) -> None:
    """LOT_SIZE or MARKET_LOT_SIZE: -4003, -1111, -4004, -4005, -4023."""
    rule: QuantityRule = symbol.market_lot if market_order else symbol.lot
    if quantity <= 0:
        raise VenueError(-4003)
    _check_digits(quantity, symbol.quantity_exponent)
    if quantity < rule.minimum:
        raise VenueError(-4004)
    if quantity > rule.maximum:
        raise VenueError(-4005)
    if (quantity - rule.minimum) % rule.step:
        raise VenueError(-4023)


def check_percent_price(market: Market, price: Decimal, *, buying: bool) -> None:
    """PERCENT_PRICE: buys are capped above the mark (-4016), sells floored below it (-4024)."""
    mark = market.reference()
    if mark is None:
        return
    cap = mark * market.symbol.multiplier_up
    floor = mark * market.symbol.multiplier_down
    if buying and price > cap:
        raise VenueError(-4016, market.symbol.price_text(cap))
    if not buying and price < floor:
        raise VenueError(-4024, market.symbol.price_text(floor))


def check_notional(market: Market, order: Order, code: int = -4164) -> None:
    """MIN_NOTIONAL: at the order's price, or at the mark for market orders; not for closing ones."""
    if order.closes_only or order.close_position:
        return
    price = order.price if order.type == "LIMIT" else market.reference()
    if price is not None and price * order.qty < market.symbol.minimum_notional:
        raise VenueError(code, format(market.symbol.minimum_notional, "f"))


def check_reducing(account: Account, order: Order, facts: VenueFacts) -> None:
    """-2022 for a closing order without a position to close, or larger than it where the venue refuses that."""
    if not order.closes_only:
        return
    amt = account.leg(order.symbol, order.position_side).amt
    if not (amt < 0 if order.is_buy else amt > 0):
        raise VenueError(-2022)
    crowding = facts.reduce_only_crowding == "displace"
    if crowding and order.type == "LIMIT" and order.tif not in ("IOC", "FOK") and is_crowded_out(account, order):
        raise VenueError(-2022)
    strict = facts.reduce_only_over_size == "reject" if order.reduce_only else facts.hedge_over_size == "-2022"
    if strict and not order.close_position and order.qty > abs(amt):
        raise VenueError(-2022)


def check_flip(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    """-4118: a reduce-only order and other open orders of its side could turn the position, and nobody could pay."""
    leg = account.leg(order.symbol, order.position_side)
    if not order.reduce_only or not (leg.bids if order.is_buy else leg.asks):
        return
    try:
        check_margin(exchange, account, market, msgspec.structs.replace(order, reduce_only=False))
    except VenueError as refusal:
        if refusal.code == -2019:
            raise VenueError(-4118) from refusal


def check_duplicate(exchange: Exchange, account: Account, symbol: str, client_id: str) -> None:
    """The client id of an open order is taken; that of a closed one is free, unless the venue says otherwise."""
    used = client_id in account.open_clients
    if exchange.facts.reuse_filled_client_id == "-4116" and (symbol, client_id) in account.by_client:
        used = True
    if used:
        raise VenueError(int(exchange.facts.duplicate_client_id))


def check_open_orders(account: Account, market: Market) -> None:
    """MAX_NUM_ORDERS of the symbol: -2025."""
    if account.open_counts.get(market.symbol.name, 0) >= market.symbol.maximum_orders:
        raise VenueError(-2025)


def check_margin(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    """-2019 when the free balance does not cover the order, -2027 beyond the tier of the leverage."""
    if order.closes_only:
        return
    exposure = account.exposure(order.symbol)
    leg = exposure.leg(order.position_side)
    cost, worst = margin.order_cost(market, exposure, leg, order, exchange.facts)
    if not cost:
        return
    if worst > margin.notional_cap(market.brackets, exposure.leverage):
        raise VenueError(-2027)
    if cost > margin.free(exchange, account, market.symbol.margin_asset):
        raise VenueError(-2019)


def check_matching(exchange: Exchange, market: Market, order: Order) -> None:
    """What depends on the book at this instant: -5022 post-only, -5021 fill-or-kill, -4131 market bound."""
    best = best_opposite(market, order)
    if order.tif in ("GTX", "RPI") and crosses(market, order):
        raise VenueError(-5022)
    if order.tif == "FOK" and fillable(exchange, market, order) < order.qty:
        raise VenueError(-5021)
    if (
        order.type != "LIMIT"
        and best is not None
        and beyond(best, limit_price(market, order, exchange.facts), buying=order.is_buy)
    ):
        raise VenueError(-4131)


def crosses(market: Market, order: Order) -> bool:
    """Whether a limit order would trade at once."""
    best = best_opposite(market, order)
    return best is not None and not beyond(best, order.price, buying=order.is_buy)


def best_opposite(market: Market, order: Order) -> Decimal | None:
    """The best price an order could trade at, recorded or ours."""
    prices = [price for price, _ in islice(market.book.opposite(buying=order.is_buy).levels(), 1)]
    prices += [rival.price for rival in islice(rivals(market, order), 1)]
    return (min(prices) if order.is_buy else max(prices)) if prices else None


def fillable(exchange: Exchange, market: Market, order: Order) -> Decimal:
    """How much of an order could trade at once within its limit."""
    limit = limit_price(market, order, exchange.facts)
    total = ZERO
    for price, left in market.book.opposite(buying=order.is_buy).levels():
        if beyond(price, limit, buying=order.is_buy) or total >= order.qty:
            break
        total += left
    for rival in rivals(market, order):
        if beyond(rival.price, limit, buying=order.is_buy) or total >= order.qty:
            break
        total += reducible(exchange.accounts[rival.account], rival)
    return total

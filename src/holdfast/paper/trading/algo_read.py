"""Reading a conditional order from its parameters (protocol notes D.3)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO
from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError, missing, unwanted
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import CONDITIONAL_TYPES, Algo
from holdfast.paper.params import Params
from holdfast.paper.trading import checks, trailing

_TIFS = ("GTC", "IOC", "FOK", "GTX", "GTD", "GTE_GTC")
_WORKING_TYPES = ("MARK_PRICE", "CONTRACT_PRICE")


def read(exchange: Exchange, account: Account, market: Market, params: Params) -> Algo:
    """Build a conditional order; raises VenueError for anything malformed or off the filters."""
    checks.check_status(market.symbol, exchange.facts)
    side = checks.read_side(params)
    kind = _read_type(params)
    position_side = checks.read_position_side(account, params)
    tif = checks.check_tif(params.get("timeInForce") or "GTC", _TIFS)
    refused = {"GTE_GTC": exchange.facts.gte_gtc, "GTD": exchange.facts.algo_gtd}
    if refused.get(tif) == "-1115":
        raise VenueError(-1115)
    if exchange.facts.algo_reduce_only == "-1106" and params.has("reduceOnly"):
        raise unwanted("reduceonly")
    working_type = params.get("workingType").upper() or "CONTRACT_PRICE"
    if working_type not in _WORKING_TYPES:
        raise VenueError(-4031)
    trigger = _read_trigger(exchange, market, params, kind)
    algo = Algo(
        account=account.name,
        algo_id=0,
        client_id=checks.read_client_id(exchange, params, "clientAlgoId"),
        symbol=market.symbol.name,
        side=side,
        position_side=position_side,
        type=kind,
        tif=tif,
        qty=ZERO,
        price=ZERO,
        trigger=trigger,
        working_type=working_type,
        close_position=params.flag("closePosition"),
        reduce_only=checks.read_reduce_only(account, params, exchange.facts),
        price_protect=params.flag("priceProtect"),
        price_match=checks.read_price_match(params),
        stp=checks.read_stp(params),
        good_till_ms=checks.read_good_till(exchange, params, tif),
        created_us=exchange.now_us,
        updated_us=exchange.now_us,
    )
    algo.qty = _read_quantity(market, params, algo)
    algo.price = _read_price(market, params, algo)
    if algo.price:
        checks.check_limit_band(market.symbol, algo.price, algo.trigger, exchange.facts)
    if algo.is_trailing:
        trailing.read(market, params, algo)
    checks.read_response_type(params)
    return algo


def _read_type(params: Params) -> str:
    kind = params.need("type").upper()
    if kind not in CONDITIONAL_TYPES:
        raise VenueError(-1116)
    return kind


def _read_trigger(exchange: Exchange, market: Market, params: Params, kind: str) -> Decimal:
    """The `triggerPrice`, which a trailing stop finds by itself."""
    trigger = params.decimal("triggerPrice")
    if kind == "TRAILING_STOP_MARKET":
        if trigger:
            raise unwanted("triggerprice")
        return ZERO
    if trigger is None:
        raise missing("triggerPrice")
    checks.check_trigger(market, trigger, exchange.facts)
    return trigger


def _read_quantity(market: Market, params: Params, algo: Algo) -> Decimal:
    quantity = params.decimal("quantity")
    if algo.close_position:
        if not algo.is_market or algo.is_trailing:
            raise unwanted("closeposition")
        if quantity:
            raise VenueError(-4137)
        if params.has("reduceOnly"):
            raise unwanted("reduceonly") if algo.reduce_only else VenueError(-4138)
        opening = {"LONG": "BUY", "SHORT": "SELL"}.get(algo.position_side)
        if opening == algo.side:
            raise VenueError(-4061)
        return ZERO
    if quantity is None:
        raise missing("quantity")
    checks.check_quantity(market.symbol, quantity, market_order=algo.is_market)
    return quantity


def _read_price(market: Market, params: Params, algo: Algo) -> Decimal:
    price = params.decimal("price")
    if algo.is_market:
        if price:
            raise unwanted("price")
        if algo.price_match != "NONE":
            raise VenueError(-5038)
        return ZERO
    if algo.price_match != "NONE":
        if price is not None:
            raise unwanted("price")
        return ZERO
    if price is None:
        raise missing("price")
    checks.check_price(market.symbol, price)
    return price

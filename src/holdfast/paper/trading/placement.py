"""Placing an order at the matching engine: read the parameters, check everything, submit (notes C.1)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO
from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError, missing, unwanted
from holdfast.paper.exchange import Exchange
from holdfast.paper.market import display
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import CONDITIONAL_TYPES, Order
from holdfast.paper.params import Params
from holdfast.paper.trading import checks, matching, restrictions

_TIFS = ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI")
_DEPTHS = {"OPPONENT": 1, "OPPONENT_5": 5, "QUEUE": 1, "QUEUE_5": 5, "QUEUE_10": 10, "QUEUE_20": 20}


def place(exchange: Exchange, account: Account, params: Params) -> Order:
    """Place an order as the account; raises VenueError when the venue refuses it."""
    market = exchange.market(params.need("symbol"))
    order = read_order(exchange, account, market, params)
    admit(exchange, account, market, order)
    matching.submit(exchange, account, market, order)
    return order


def read_order(exchange: Exchange, account: Account, market: Market, params: Params) -> Order:
    """Build an order from the parameters; only their form and the price and quantity filters are checked."""
    checks.check_status(market.symbol, exchange.facts)
    side = checks.read_side(params)
    kind = checks.check_order_type(params.need("type"), ("LIMIT", "MARKET"))
    if kind == "MARKET" and exchange.facts.market_extras == "ignore":
        params = params.changed(price="", timeInForce="")
    tif = _read_tif(params, kind)
    order = Order(
        account=account.name,
        order_id=0,
        client_id=checks.read_client_id(exchange, params, "newClientOrderId"),
        symbol=market.symbol.name,
        side=side,
        position_side=checks.read_position_side(account, params),
        type=kind,
        original_type=kind,
        tif=tif,
        price=ZERO,
        qty=_read_quantity(market, params, market_order=kind == "MARKET"),
        reduce_only=checks.read_reduce_only(account, params, exchange.facts),
        stp=checks.read_stp(params),
        price_match=checks.read_price_match(params),
        good_till_ms=checks.read_good_till(exchange, params, tif),
    )
    order.price = read_price(market, params, order)
    checks.read_response_type(params)
    return order


def _read_tif(params: Params, kind: str) -> str:
    if kind == "LIMIT":
        return checks.check_tif(params.need("timeInForce"), _TIFS)
    if params.has("timeInForce"):
        raise unwanted("timeinforce")
    return "GTC"


def _read_quantity(market: Market, params: Params, *, market_order: bool) -> Decimal:
    quantity = params.decimal("quantity")
    if quantity is None:
        raise missing("quantity")
    checks.check_quantity(market.symbol, quantity, market_order=market_order)
    return quantity


def read_price(market: Market, params: Params, order: Order) -> Decimal:
    """The limit price, given or taken from the book by `priceMatch`; 0 for market orders."""
    price = params.decimal("price")
    matched = order.price_match != "NONE"
    if order.type != "LIMIT":
        if price is not None:
            raise unwanted("price")
        if matched:
            raise VenueError(-5038)
        return ZERO
    if matched:
        if price is not None:
            raise unwanted("price")
        return matched_price(market, order.price_match, buying=order.is_buy)
    if price is None:
        raise missing("price")
    checks.check_price(market.symbol, price)
    return price


def matched_price(market: Market, price_match: str, *, buying: bool) -> Decimal:
    """The price that `priceMatch` names in the book as it is now; -5041 when the book is not that deep."""
    depth = _DEPTHS[price_match]
    levels = display.first(market, depth, buying=buying != ("OPPONENT" in price_match))
    if len(levels) < depth:
        raise VenueError(-5041)
    return levels[-1][0]


def test(exchange: Exchange, account: Account, params: Params) -> Order:
    """Check an order as if it was placed, and place nothing (notes C.2); it has the order id 0."""
    market = exchange.market(params.need("symbol"))
    kind = params.get("type").upper()
    if kind in CONDITIONAL_TYPES and exchange.facts.order_test_conditional == "accept":
        order = read_order(exchange, account, market, params.changed(type="MARKET", timeInForce="", price=""))
        order.type = order.original_type = kind
    else:
        order = read_order(exchange, account, market, params)
    check(exchange, account, market, order)
    order.created_us = order.updated_us = exchange.now_us
    return order


def admit(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    """Check an order and give it its id."""
    check(exchange, account, market, order)
    order.order_id = market.order_id()
    order.status = "NEW"


def check(exchange: Exchange, account: Account, market: Market, order: Order) -> None:
    """Everything that depends on account and market; a refused order leaves no trace."""
    checks.check_live(market)
    restrictions.check(exchange, account, closes=order.closes_only or order.close_position)
    checks.check_duplicate(exchange, account, order.symbol, order.client_id)
    checks.check_opening(account, market.symbol, order)
    if order.type == "LIMIT":
        checks.check_percent_price(market, order.price, buying=order.is_buy)
    checks.check_notional(market, order)
    checks.check_reducing(account, order, exchange.facts)
    checks.check_open_orders(account, market)
    checks.check_flip(exchange, account, market, order)
    checks.check_margin(exchange, account, market, order)
    checks.check_matching(exchange, market, order)


def cancel(exchange: Exchange, account: Account, params: Params) -> Order:
    """Cancel an open order by order id or client id; -2011 when none is open under it."""
    market = exchange.market(params.need("symbol"))
    order = find(account, market, params)
    if order is None or not order.is_open:
        raise VenueError(int(exchange.facts.unknown_cancel))
    matching.close(exchange, account, order)
    return order


def find(account: Account, market: Market, params: Params) -> Order | None:
    """The order of a symbol by `orderId`, which wins, or by `origClientOrderId` (the newest match)."""
    from_id = params.integer("orderId")
    name = market.symbol.name
    if from_id is not None:
        return account.orders.get(name, {}).get(from_id)
    client_id = params.get("origClientOrderId")
    if not client_id:
        raise VenueError(
            -1102, message="Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        )
    return account.by_client.get((name, client_id))

"""User events as they go out on the private stream (protocol notes D.7, E.3 to E.5), and their log records.

Each function writes the venue log first and builds the event only when somebody listens.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model.num import ZERO, text
from holdfast.paper.account import Account, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.money import money
from holdfast.paper.money.margin import break_even
from holdfast.paper.orders import STOP_TRIGGERED, Algo, Order, Trade

ZERO_TEXT = "0"
LIQUIDATION_PREFIX = "autoclose-"
"""How the client ids of liquidations begin (protocol notes E.3)."""

_FORCED_NAMES = {"LIQUIDATION": "NEW_INSURANCE", "ADL": "NEW_ADL"}
_USD_M = 1
"""`st` of USDⓈ-M contracts."""


def average_price(order: Order) -> Decimal:
    """The mean price of an order's fills; 0 without any."""
    return money.average(order.quote, order.executed) if order.executed else order.executed


def average_text(symbol: PaperSymbol, order: Order) -> str:
    """The mean price with the contract's decimals, and more only where it needs them."""
    mean = average_price(order)
    shown = mean.quantize(symbol.price_exponent)
    return text(shown) if shown == mean else money.trim(money.cut(mean))


def order_event(exchange: Exchange, account: Account, order: Order, x: str, trade: Trade | None = None) -> None:
    """Log a state change of an order and send its ORDER_TRADE_UPDATE."""
    symbol = exchange.markets[order.symbol].symbol
    _log_order(exchange, symbol, order, x)
    _tell_order(exchange, account, order, x, trade)


def initial_record(exchange: Exchange, account: Account, spawned: Order) -> None:
    """Send the end of the order that a conditional limit order was before its trigger; it is in no list (notes D.6)."""
    record = msgspec.structs.replace(
        spawned,
        order_id=exchange.markets[spawned.symbol].order_id(),
        type=spawned.original_type,
        status="EXPIRED",
        expiry_reason=STOP_TRIGGERED,
        updated_us=exchange.now_us,
    )
    _tell_order(exchange, account, record, "EXPIRED", None)


def _tell_order(exchange: Exchange, account: Account, order: Order, x: str, trade: Trade | None) -> None:
    if exchange.listened(account):
        symbol = exchange.markets[order.symbol].symbol
        payload: dict[str, Any] = {
            "e": "ORDER_TRADE_UPDATE",
            "T": exchange.now_ms,
            "E": exchange.now_ms,
            "o": _order_body(account, exchange, symbol, order, x, trade),
        }
        if exchange.facts.order_event_st:
            payload["st"] = _USD_M
        exchange.push(
            account,
            "ORDER_TRADE_UPDATE",
            payload,
            symbol=order.symbol,
            client_id=order.client_id,
            order_id=order.order_id,
        )


def _log_order(exchange: Exchange, symbol: PaperSymbol, order: Order, x: str) -> None:
    fields: dict[str, object] = {
        "account": order.account,
        "symbol": order.symbol,
        "order_id": order.order_id,
        "client_id": order.client_id,
        "side": order.side,
        "position_side": order.position_side,
        "type": order.type,
        "tif": order.tif,
        "price": text(order.price),
        "qty": text(order.qty),
        "executed": text(order.executed),
        "avg_price": average_text(symbol, order),
        "status": order.status,
        "x": x,
        "reduce_only": order.reduce_only,
        "close_position": order.close_position,
    }
    if order.algo is not None:
        fields["algo_id"] = order.algo.algo_id
    if order.expiry_reason != "0":
        fields["expiry_reason"] = order.expiry_reason
    exchange.log("order", **fields)


def _order_body(
    account: Account, exchange: Exchange, symbol: PaperSymbol, order: Order, x: str, trade: Trade | None
) -> dict[str, Any]:
    leg = account.leg(order.symbol, order.position_side)
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.tif,
        "q": symbol.quantity_text(order.qty),
        "p": symbol.price_text(order.price) if order.price else ZERO_TEXT,
        "ap": average_text(symbol, order) if order.executed else ZERO_TEXT,
        "sp": symbol.price_text(order.trigger) if order.trigger else ZERO_TEXT,
        "x": x,
        "X": _told_status(exchange, order, trade),
        "i": order.order_id,
        "l": symbol.quantity_text(trade.qty) if trade is not None else ZERO_TEXT,
        "z": symbol.quantity_text(order.executed) if order.executed else ZERO_TEXT,
        "L": symbol.price_text(trade.price) if trade is not None else ZERO_TEXT,
    }
    if trade is not None:
        body["n"] = money.text(trade.fee)
        body["N"] = trade.fee_asset
    if order.algo is not None and order.algo.is_trailing:
        body |= {"AP": symbol.price_text(order.algo.activate), "cr": money.trim(order.algo.callback)}
    if x == "AMENDMENT" and order.modify_id is not None:
        body["M"] = str(order.modify_id)
    body |= {
        "T": order.updated_us // 1000,
        "t": trade.trade_id if trade is not None else 0,
        "b": symbol.quote_text(leg.bids) if leg.bids else ZERO_TEXT,
        "a": symbol.quote_text(leg.asks) if leg.asks else ZERO_TEXT,
        "m": trade.maker if trade is not None else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.original_type,
        "ps": order.position_side,
        "cp": order.close_position,
        "rp": money.trim(trade.realized) if trade is not None else ZERO_TEXT,
        "pP": order.price_protect,
        "si": 0,
        "ss": 0,
        "V": order.stp,
        "pm": order.price_match,
        "gtd": order.good_till_ms,
        "er": order.expiry_reason,
    }
    return body


def _told_status(exchange: Exchange, order: Order, trade: Trade | None) -> str:
    """The status as the event shows it: that of a fill by the venue itself has names of its own at times."""
    told = exchange.facts.forced_status
    if trade is None or not order.forced or told == "as filled":
        return order.status
    return _FORCED_NAMES.get(order.forced, order.status) if told == "NEW_INSURANCE" else "NEW"


def trade_events(exchange: Exchange, account: Account, market: Market, order: Order, trade: Trade, x: str) -> None:
    """The three events of one fill, in the order of the venue fact `fill_events`."""
    if market.taps.liquidations and order.client_id.startswith(LIQUIDATION_PREFIX):
        for feed in market.taps.liquidations:
            feed.on_liquidation(order, trade.qty)
    heard = bool(exchange.listened(account))
    for kind in exchange.facts.fill_events.split():
        if kind == "order":
            order_event(exchange, account, order, x, trade)
        elif heard and kind == "lite":
            _tell_lite(exchange, account, market.symbol, order, trade)
        elif heard:
            assets = tuple(dict.fromkeys((market.symbol.margin_asset, trade.fee_asset)))
            account_event(exchange, account, "ORDER", assets=assets, legs=_told_legs(exchange, account, market, order))


def _tell_lite(exchange: Exchange, account: Account, symbol: PaperSymbol, order: Order, trade: Trade) -> None:
    exchange.push(
        account,
        "TRADE_LITE",
        {
            "e": "TRADE_LITE",
            "E": exchange.now_ms,
            "T": exchange.now_ms,
            "s": order.symbol,
            "q": symbol.quantity_text(order.qty),
            "p": symbol.price_text(order.price) if order.price else ZERO_TEXT,
            "m": trade.maker,
            "c": order.client_id,
            "S": order.side,
            "L": symbol.price_text(trade.price),
            "l": symbol.quantity_text(trade.qty),
            "t": trade.trade_id,
            "i": order.order_id,
        },
        symbol=order.symbol,
        client_id=order.client_id,
        order_id=order.order_id,
    )


def _told_legs(exchange: Exchange, account: Account, market: Market, order: Order) -> tuple[tuple[Market, Leg], ...]:
    """The positions that the ACCOUNT_UPDATE of a fill shows."""
    shows_all = order.position_side != "BOTH" and exchange.facts.hedge_event_rows == "three"
    sides = ("BOTH", "LONG", "SHORT") if shows_all else (order.position_side,)
    return tuple((market, account.leg(order.symbol, side)) for side in sides)


def account_event(
    exchange: Exchange,
    account: Account,
    reason: str,
    *,
    assets: tuple[str, ...],
    legs: tuple[tuple[Market, Leg], ...] = (),
    change: Decimal | None = None,
    symbol: str = "",
) -> None:
    """Send an ACCOUNT_UPDATE with the changed balances and positions. `change` excludes profit and fees."""
    if not exchange.listened(account):
        return
    body: dict[str, Any] = {
        "m": reason,
        "B": [
            {
                "a": asset,
                "wb": money.text(account.wallets.get(asset, ZERO)),
                "cw": money.text(account.cross_wallet(asset)),
                "bc": money.trim(change) if change is not None else ZERO_TEXT,
            }
            for asset in assets
        ],
        "P": [_position_row(exchange, account, market, leg) for market, leg in legs],
    }
    if symbol:
        body["S"] = symbol
    payload = {"e": "ACCOUNT_UPDATE", "T": exchange.now_ms, "E": exchange.now_ms, "a": body}
    told: dict[str, object] = {"positions": len(legs)}
    if len({market.symbol.name for market, _ in legs}) == 1:
        told["symbol"] = legs[0][0].symbol.name
    exchange.push(account, "ACCOUNT_UPDATE", payload, **told)


def _position_row(exchange: Exchange, account: Account, market: Market, leg: Leg) -> dict[str, str]:
    mark = market.reference() or leg.entry
    isolated = account.exposure(market.symbol.name).margin_type == "ISOLATED"
    profit = money.cut((mark - leg.entry) * leg.amt)
    return {
        "s": market.symbol.name,
        "pa": market.symbol.quantity_text(leg.amt) if leg.amt else ZERO_TEXT,
        "ep": money.trim(leg.entry),
        "bep": money.trim(break_even(leg, exchange.facts)),
        "cr": money.trim(leg.realized),
        "up": money.text(profit) if profit else ZERO_TEXT,
        "mt": "isolated" if isolated else "cross",
        "iw": money.trim(leg.isolated),
        "ps": leg.side,
    }


def algo_event(exchange: Exchange, account: Account, algo: Algo) -> None:
    """Log a status change of a conditional order and send its ALGO_UPDATE."""
    symbol = exchange.markets[algo.symbol].symbol
    fields: dict[str, object] = {
        "account": algo.account,
        "symbol": algo.symbol,
        "algo_id": algo.algo_id,
        "client_id": algo.client_id,
        "side": algo.side,
        "position_side": algo.position_side,
        "type": algo.type,
        "trigger": text(algo.trigger),
        "price": text(algo.price),
        "qty": text(algo.qty),
        "close_position": algo.close_position,
        "reduce_only": algo.reduce_only,
        "working_type": algo.working_type,
        "status": algo.status,
    }
    if algo.child is not None:
        fields["order_id"] = algo.child.order_id
    if algo.is_trailing:
        fields |= {"activate": text(algo.activate), "callback": text(algo.callback), "activated": algo.activated}
    if algo.reason:
        fields["reason"] = algo.reason
    exchange.log("algo", **fields)
    if exchange.listened(account) and not algo.vanished:
        exchange.push(
            account,
            "ALGO_UPDATE",
            {
                "e": "ALGO_UPDATE",
                "T": algo.updated_us // 1000,
                "E": exchange.now_ms,
                "o": _algo_body(exchange, symbol, algo),
            },
            symbol=algo.symbol,
            client_id=algo.client_id,
        )


def _algo_body(exchange: Exchange, symbol: PaperSymbol, algo: Algo) -> dict[str, Any]:
    names_from = exchange.facts.triggered_order_id
    hides_order = names_from != "TRIGGERED" and algo.status != names_from
    body: dict[str, Any] = {
        "caid": algo.client_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": algo.position_side,
        "f": algo.tif,
        "q": symbol.quantity_text(algo.qty),
        "X": algo.status,
        "ai": "" if algo.child is None or hides_order else str(algo.child.order_id),
    }
    if algo.child is not None:
        body["ap"] = average_text(symbol, algo.child) if algo.status == "FINISHED" else ZERO_TEXT
        body["aq"] = symbol.quantity_text(algo.child.executed) if algo.status == "FINISHED" else ZERO_TEXT
        body["act"] = algo.child.type
    body |= {
        "tp": money.trim(algo.trigger),
        "p": money.trim(algo.price),
        "V": algo.stp,
        "wt": algo.working_type,
        "pm": algo.price_match,
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_us // 1000,
        "gtd": algo.good_till_ms,
    }
    if algo.is_trailing:
        body["ia"] = algo.activated
    if algo.reason:
        body["rm"] = algo.reason
    return body


def leverage_event(exchange: Exchange, account: Account, symbol: str, leverage: int) -> None:
    """Send the ACCOUNT_CONFIG_UPDATE of a leverage change."""
    _config_event(exchange, account, {"ac": {"s": symbol, "l": leverage}})


def multi_assets_event(exchange: Exchange, account: Account) -> None:
    """Send the ACCOUNT_CONFIG_UPDATE of a multi-assets mode change."""
    _config_event(exchange, account, {"ai": {"j": account.multi_assets}})


def _config_event(exchange: Exchange, account: Account, body: dict[str, Any]) -> None:
    if exchange.listened(account):
        now_ms = exchange.now_ms
        exchange.push(
            account, "ACCOUNT_CONFIG_UPDATE", {"e": "ACCOUNT_CONFIG_UPDATE", "E": now_ms, "T": now_ms, **body}
        )

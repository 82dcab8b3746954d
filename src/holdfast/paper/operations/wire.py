"""Replies about orders, conditional orders, trades and income (protocol notes C.1, C.7 to C.9, D.5).

Ids, times and counters are JSON numbers, flags are booleans, everything else is text.
"""

from __future__ import annotations

from typing import Any

from holdfast.model.num import ZERO
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.money import money
from holdfast.paper.orders import Algo, Amendment, Income, Order, Trade
from holdfast.paper.streams.events import average_text


def place_reply(symbol: PaperSymbol, order: Order, *, acknowledged: bool, legacy: bool) -> dict[str, Any]:
    """The answer to placing or cancelling. `acknowledged`: show the order as it was when it was accepted.

    Averages are absent since July 2026; `legacy` brings them back.
    """
    shown = symbol.quantity_text(ZERO if acknowledged else order.executed)
    body = {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": "NEW" if acknowledged else order.status,
        "clientOrderId": order.client_id,
        "price": symbol.price_text(order.price),
        "origQty": symbol.quantity_text(order.qty),
        "executedQty": shown,
        "cumQty": shown,
        **_order_tail(symbol, order),
        "updateTime": (order.created_us if acknowledged else order.updated_us) // 1000,
    }
    if legacy:
        body["avgPrice"] = "0.00" if acknowledged else average_text(symbol, order)
        body["cumQuote"] = symbol.quote_text(ZERO if acknowledged else order.quote)
    return body


def amendment_reply(symbol: PaperSymbol, amendment: Amendment) -> dict[str, Any]:
    """One row of orderAmendment."""
    changed: dict[str, Any] = {
        "price": {
            "before": money.trim(amendment.price_before),
            "after": money.trim(amendment.price_after),
        },
        "origQty": {
            "before": symbol.quantity_text(amendment.qty_before),
            "after": symbol.quantity_text(amendment.qty_after),
        },
        "count": amendment.count,
    }
    if amendment.modify_id is not None:
        changed["modifyId"] = amendment.modify_id
    return {
        "amendmentId": amendment.amendment_id,
        "symbol": symbol.name,
        "pair": symbol.pair,
        "orderId": amendment.order_id,
        "clientOrderId": amendment.client_id,
        "time": amendment.us // 1000,
        "amendment": changed,
    }


def query_reply(symbol: PaperSymbol, order: Order) -> dict[str, Any]:
    """An order as queries show it: with the averages."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "pair": symbol.pair,
        "status": order.status,
        "clientOrderId": order.client_id,
        "price": symbol.price_text(order.price),
        "avgPrice": average_text(symbol, order),
        "origQty": symbol.quantity_text(order.qty),
        "executedQty": symbol.quantity_text(order.executed),
        "cumQuote": symbol.quote_text(order.quote),
        "cumBase": "0",
        **_order_tail(symbol, order),
        "time": order.created_us // 1000,
        "updateTime": order.updated_us // 1000,
    }


def _order_tail(symbol: PaperSymbol, order: Order) -> dict[str, Any]:
    return {
        "timeInForce": order.tif,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": symbol.price_text(order.trigger),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": order.original_type,
        "priceMatch": order.price_match,
        "selfTradePreventionMode": order.stp,
        "goodTillDate": order.good_till_ms,
    }


def trade_reply(symbol: PaperSymbol, trade: Trade) -> dict[str, Any]:
    """One row of userTrades."""
    return {
        "buyer": trade.side == "BUY",
        "commission": money.text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "id": trade.trade_id,
        "maker": trade.maker,
        "orderId": trade.order_id,
        "price": symbol.price_text(trade.price),
        "qty": symbol.quantity_text(trade.qty),
        "quoteQty": symbol.quote_text(trade.quote),
        "realizedPnl": money.trim(trade.realized),
        "side": trade.side,
        "positionSide": trade.position_side,
        "symbol": trade.symbol,
        "pair": symbol.pair,
        "marginAsset": symbol.margin_asset,
        "baseQty": "0",
        "time": trade.us // 1000,
    }


def income_reply(row: Income) -> dict[str, Any]:
    """One row of income."""
    return {
        "symbol": row.symbol,
        "incomeType": row.type,
        "income": money.text(row.amount),
        "asset": row.asset,
        "info": row.trade_id or row.type,
        "time": row.us // 1000,
        "tranId": row.tran_id,
        "tradeId": row.trade_id,
    }


def algo_reply(symbol: PaperSymbol, algo: Algo) -> dict[str, Any]:
    """The answer to placing a conditional order."""
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.tif,
        "quantity": symbol.quantity_text(algo.qty),
        "algoStatus": algo.status,
        "triggerPrice": symbol.price_text(algo.trigger),
        "price": symbol.price_text(algo.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.stp,
        "workingType": algo.working_type,
        "priceMatch": algo.price_match,
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "activatePrice": symbol.price_text(algo.activate) if algo.is_trailing else "",
        "callbackRate": money.trim(algo.callback) if algo.is_trailing else "",
        "createTime": algo.created_us // 1000,
        "updateTime": algo.updated_us // 1000,
        "triggerTime": algo.triggered_us // 1000,
        "goodTillDate": algo.good_till_ms,
    }


def algo_query_reply(symbol: PaperSymbol, algo: Algo) -> dict[str, Any]:
    """A conditional order as queries show it: its type once triggered, its quantity once filled."""
    child = algo.child
    body = algo_reply(symbol, algo)
    body["actualOrderId"] = "" if child is None else str(child.order_id)
    body["actualPrice"] = average_text(symbol, child) if child is not None else "0.00"
    body["tpOrderType"] = ""
    if child is not None:
        body["actualType"] = child.type
    if child is not None and child.executed:
        body["actualQty"] = symbol.quantity_text(child.executed)
    return body


def algo_cancel_reply(algo: Algo) -> dict[str, Any]:
    """The answer to cancelling one conditional order: here the code is a text."""
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_id, "code": "200", "msg": "success"}

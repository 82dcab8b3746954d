"""apiTradingStatus: the ratios by which the venue judges how an account trades (protocol notes C.9).

They are counted over the orders of the last ten minutes that the venue remembers. Nothing is ever locked here.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model.num import ONE, ZERO, divide
from holdfast.paper.account import Account
from holdfast.paper.call import Call
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import Order

_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_WINDOW_US = 600_000_000
_HUNDREDTH = Decimal("0.01")


def _unfilled(_market: Market, order: Order) -> bool:
    return not order.executed


def _expired_at_once(_market: Market, order: Order) -> bool:
    return order.tif in ("IOC", "FOK") and order.status == "EXPIRED" and not order.executed


def _cancelled(_market: Market, order: Order) -> bool:
    return order.tif == "GTC" and order.status == "CANCELED" and not order.executed


def _dust(market: Market, order: Order) -> bool:
    return ZERO < order.price * order.qty < market.symbol.minimum_notional


_INDICATORS: dict[str, tuple[Callable[[Market, Order], bool], Decimal]] = {
    "UFR": (_unfilled, Decimal("0.995")),
    "IFER": (_expired_at_once, Decimal("0.99")),
    "GCR": (_cancelled, Decimal("0.99")),
    "DR": (_dust, Decimal("0.99")),
}


def api_trading_status(call: Call) -> Any:
    """The indicators of one symbol, or of all with recent orders, and of the account."""
    exchange, account = call.exchange, call.account
    named = [exchange.market(call.params.get("symbol")).symbol.name] if call.params.has("symbol") else []
    rows = {name: _rows(exchange, account, name) for name in named or list(account.orders)}
    rows["ACCOUNT"] = [_row("TMV", ZERO, Decimal(10))]
    return msgspec.Raw(_NUMBERS.encode({"indicators": rows, "updateTime": exchange.now_ms}))


def _rows(exchange: Exchange, account: Account, symbol: str) -> list[dict[str, Any]]:
    market, since_us = exchange.markets[symbol], exchange.now_us - _WINDOW_US
    recent = [order for order in account.orders.get(symbol, {}).values() if order.created_us >= since_us]
    rows: list[dict[str, Any]] = []
    for name, (counts, limit) in _INDICATORS.items():
        share = divide(sum((ONE for order in recent if counts(market, order)), ZERO), max(ONE, Decimal(len(recent))))
        rows.append(_row(name, share.quantize(_HUNDREDTH), limit))
    return rows


def _row(name: str, value: Decimal, limit: Decimal) -> dict[str, Any]:
    return {"isLocked": False, "plannedRecoverTime": 0, "indicator": name, "value": value, "triggerValue": limit}

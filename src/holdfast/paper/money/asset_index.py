"""What a margin asset is worth in multi-assets mode, with the buffers around it (protocol notes B.1, F.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from holdfast.model.num import ONE
from holdfast.paper.exchange import Exchange
from holdfast.paper.money import money

_BUFFER = Decimal("0.05")
_EXCHANGE_BUFFER = Decimal("0.025")


def asset_row(exchange: Exchange, asset: str) -> dict[str, Any]:
    """One margin asset, for the read and for the stream."""
    market = exchange.markets.get(f"{asset}USDT")
    known = market.index if market is not None else None
    index = ONE if known is None else known
    shown = {
        "index": money.text(index),
        "bidBuffer": money.text(_BUFFER),
        "askBuffer": money.text(_BUFFER),
        "bidRate": money.text(index * (ONE - _BUFFER)),
        "askRate": money.text(index * (ONE + _BUFFER)),
        "autoExchangeBidBuffer": money.text(_EXCHANGE_BUFFER),
        "autoExchangeAskBuffer": money.text(_EXCHANGE_BUFFER),
        "autoExchangeBidRate": money.text(index * (ONE - _EXCHANGE_BUFFER)),
        "autoExchangeAskRate": money.text(index * (ONE + _EXCHANGE_BUFFER)),
    }
    return {"symbol": f"{asset}USD", "time": exchange.now_ms, **shown}

"""Our own trades on the public tape (protocol notes B.1, F.1, F.2).

A fill between our accounts or against the market is a trade like any other: streams, candles, tickers and the last
price learn of it. What waits on the last price learns of it when the step that traded is over (`aftermath`).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.markets import Market


def tell(
    exchange: Exchange,
    market: Market,
    *,
    trade_id: int,
    price: Decimal,
    qty: Decimal,
    buyer_maker: bool,
    rpi: bool = False,
) -> None:
    """Print a trade of ours. `rpi`: what rested was an RPI order."""
    now_ms = exchange.now_ms
    market.last, market.last_ms = price, now_ms
    market.own_last = not market.told_trades
    history, listeners = market.history, market.taps.trades
    if history is not None or listeners:
        event = PublicTrade(
            symbol=market.symbol.name,
            trade_id=trade_id,
            price=price,
            qty=qty,
            buyer_maker=buyer_maker,
            T=now_ms,
            E=now_ms,
            rpi=rpi,
        )
        if history is not None:
            history.on_trade(event)
        for feed in listeners:
            feed.on_trade(event)
    if market.last_triggers.waits() or market.mark_triggers.protected:
        exchange.traded.append((market.symbol.name, price))


def strangers_trade(market: Market, event: PublicTrade, filled: Decimal) -> PublicTrade | None:
    """What is told of a stranger's trade of which our resting orders got `filled`; None where they got all of it."""
    market.told_trades, market.own_last = True, False
    if filled >= event.qty:
        # One of our trades stands in its place, under the id that it would have had.
        market.trade_shift -= 1
        return None
    trade_id = market.told_trade_id(event.trade_id)
    if trade_id == event.trade_id and not filled:
        return event
    return msgspec.structs.replace(event, trade_id=trade_id, qty=event.qty - filled)

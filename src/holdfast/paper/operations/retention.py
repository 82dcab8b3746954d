"""What queries no longer show: the venue forgets by age (protocol notes C.7, C.8, D.2)."""

from __future__ import annotations

from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange
from holdfast.paper.orders import Algo, Order, Trade

_DAY_US = 86_400_000_000
UNFILLED_US = 3 * _DAY_US
"""Orders that ended without a fill are shown this long after their creation."""
QUARTER_US = 90 * _DAY_US
"""Everything else is shown this long: orders, trades, amendments, income, forced closings."""
WEEK_US = 7 * _DAY_US
"""What income and forced closings show when no start was asked for."""

_ENDED = frozenset({"CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"})


def keeps(exchange: Exchange, order: Order) -> bool:
    """Whether queries still show an order."""
    age_us = exchange.now_us - order.created_us
    unfilled = order.status in _ENDED and not order.executed
    return age_us <= (UNFILLED_US if unfilled else QUARTER_US)


def keeps_algo(exchange: Exchange, algo: Algo) -> bool:
    """Whether queries still show a conditional order; a waiting one always is."""
    age_us = exchange.now_us - algo.created_us
    unfilled = algo.child is None or not algo.child.executed
    return algo.is_open or age_us <= (UNFILLED_US if unfilled else QUARTER_US)


def keeps_trade(exchange: Exchange, trade: Trade) -> bool:
    """Whether queries still show a trade."""
    return exchange.now_us - trade.us <= QUARTER_US


def span(call: Call, *, default_us: int = QUARTER_US) -> tuple[int, int]:
    """`startTime` and `endTime` in milliseconds: of any length, nothing older than what is kept.

    Without a start it is the last `default_us` before the end.
    """
    oldest = max(call.exchange.now_us - QUARTER_US, 0) // 1000
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    last = call.exchange.now_ms if end is None else end
    if start is not None and last < start:
        raise VenueError(-1023)
    return max(last - default_us // 1000 if start is None else start, oldest), last

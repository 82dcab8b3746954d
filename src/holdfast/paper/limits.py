"""Request weight per address and orders per account, counted per window of the venue's clock.

Windows are aligned to the clock, not sliding (protocol notes A.7). A refused request costs its
weight too.
"""

from __future__ import annotations

from typing import Any

from holdfast.paper.config import RateLimits
from holdfast.paper.errors import VenueError

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND


class Window:
    """A counter that starts anew at each multiple of its length."""

    __slots__ = ("_index", "_length_us", "count", "limit")

    def __init__(self, length_us: int, limit: int | None) -> None:
        """Count up to `limit` per `length_us`; no limit when it is None."""
        self._length_us = length_us
        self._index = -1
        self.limit = limit
        self.count = 0

    def add(self, amount: int, now_us: int) -> bool:
        """Count `amount`; answer whether the limit still holds."""
        self.roll(now_us)
        self.count += amount
        return self.limit is None or self.count <= self.limit

    def roll(self, now_us: int) -> None:
        """Start anew when the window has turned."""
        index = now_us // self._length_us
        if index != self._index:
            self._index = index
            self.count = 0


class Limits:
    """Every counter of the venue."""

    def __init__(self, config: RateLimits) -> None:
        """Start all counters at 0."""
        self.config = config
        self.weight = Window(_MINUTE, config.weight_per_minute)
        self._orders: dict[str, tuple[Window, Window]] = {}

    def change(self, config: RateLimits) -> None:
        """Apply other limits from now on; what was counted stays counted."""
        self.config = config
        self.weight.limit = config.weight_per_minute
        for short, long in self._orders.values():
            short.limit, long.limit = config.orders_per_10_seconds, config.orders_per_minute

    def orders(self, account: str) -> tuple[Window, Window]:
        """The 10-second and the 1-minute order counters of an account."""
        windows = self._orders.get(account)
        if windows is None:
            config = self.config
            windows = self._orders[account] = (
                Window(10 * _SECOND, config.orders_per_10_seconds),
                Window(_MINUTE, config.orders_per_minute),
            )
        return windows

    def charge_weight(self, weight: int, now_us: int) -> None:
        """Count request weight; refuse with -1003 above the limit."""
        if not self.weight.add(weight, now_us):
            raise VenueError(-1003, self.weight.limit)

    def charge_order(self, account: str, now_us: int, *, short: int = 1) -> None:
        """Count one order (`short` in the 10-second window); refuse with -1015 above either limit."""
        seconds, minute = self.orders(account)
        seconds_hold, minute_holds = seconds.add(short, now_us), minute.add(1, now_us)
        if not seconds_hold:
            raise VenueError(-1015, seconds.limit, "10 SECOND")
        if not minute_holds:
            raise VenueError(-1015, minute.limit, "1 MINUTE")

    def rows(self) -> list[dict[str, Any]]:
        """The `rateLimits` of exchangeInfo; a lifted limit is shown as a very large one."""
        return [_row("REQUEST_WEIGHT", "MINUTE", 1, self.config.weight_per_minute), *reversed(self.order_rows())]

    def order_rows(self) -> list[dict[str, Any]]:
        """The order limits of an account."""
        return [
            _row("ORDERS", "SECOND", 10, self.config.orders_per_10_seconds),
            _row("ORDERS", "MINUTE", 1, self.config.orders_per_minute),
        ]

    def counted_rows(self, account: str, now_us: int) -> list[dict[str, Any]]:
        """The `rateLimits` of a WS API reply, with counts."""
        rows: list[dict[str, Any]] = []
        if account:
            for row, window in zip(self.order_rows(), self.orders(account), strict=True):
                window.roll(now_us)
                rows.append({**row, "count": window.count})
        self.weight.roll(now_us)
        weight = _row("REQUEST_WEIGHT", "MINUTE", 1, self.config.weight_per_minute)
        return [*rows, {**weight, "count": self.weight.count}]


def _row(kind: str, interval: str, number: int, limit: int | None) -> dict[str, Any]:
    shown = 1_000_000_000 if limit is None else limit
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": shown}

"""Request weight per address and orders per account, counted per window of the venue's clock.

Windows are aligned to the clock, not sliding (protocol notes A.7). A refused request costs its
weight too. Who goes on asking after refusals is banned for a time that doubles with each ban.
"""

from __future__ import annotations

from typing import Any

from holdfast.paper.config import RateLimits
from holdfast.paper.errors import BANNED, CONNECTIONS, VenueError

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_FIRST_BAN_US = 2 * _MINUTE
_LONGEST_BAN_US = 3 * 24 * 60 * _MINUTE
_POOLS = {"funding": 500, "data": 1000}
"""Requests in five minutes to what costs no weight (protocol notes A.7)."""


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

    def end_us(self, now_us: int) -> int:
        """When the window turns."""
        return (now_us // self._length_us + 1) * self._length_us


class Limits:
    """Every counter of the venue."""

    def __init__(self, config: RateLimits) -> None:
        """Start all counters at 0."""
        self.config = config
        self.weight = Window(_MINUTE, config.weight_per_minute)
        self._orders: dict[str, tuple[Window, Window]] = {}
        self._pools = {name: Window(5 * _MINUTE, limit) for name, limit in _POOLS.items()}
        self._refusals = Window(_MINUTE, config.refusals_before_ban)
        self._connections = Window(5 * _MINUTE, config.connections_per_5_minutes)
        self._offences = Window(5 * _MINUTE, config.ws_closes_before_ban)
        self._bans = 0
        self.banned_until_us = 0
        self._streams_banned_until_us = 0

    def change(self, config: RateLimits) -> None:
        """Apply other limits from now on; what was counted stays counted."""
        self.config = config
        self.weight.limit = config.weight_per_minute
        self._refusals.limit = config.refusals_before_ban
        self._connections.limit = config.connections_per_5_minutes
        self._offences.limit = config.ws_closes_before_ban
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
        """Count request weight; refuse with -1003 above the limit, and everything during a ban."""
        self.check_ban(now_us)
        if not self.weight.add(weight, now_us):
            self._refuse(now_us)

    def charge_pool(self, pool: str, now_us: int) -> None:
        """Count one request of a pool of its own; refuse with -1003 above its limit."""
        self.check_ban(now_us)
        if not self._pools[pool].add(1, now_us):
            self._refuse(now_us)

    def _refuse(self, now_us: int) -> None:
        if not self._refusals.add(1, now_us):
            self.ban(self._next_ban_us(), now_us)
            self.check_ban(now_us)
        raise VenueError(-1003, self.weight.limit)

    def _next_ban_us(self) -> int:
        length_us = min(_FIRST_BAN_US << self._bans, _LONGEST_BAN_US)
        self._bans = min(self._bans + 1, 16)
        return length_us

    def charge_connection(self, now_us: int) -> None:
        """Count one WebSocket that is about to be opened; refuse with -1003 above the limit."""
        if not self._connections.add(1, now_us):
            raise VenueError(-1003, message=CONNECTIONS % self._connections.limit)

    def offend(self, now_us: int) -> None:
        """A stream connection said too much and was closed: who goes on so may open no stream for a while."""
        if not self._offences.add(1, now_us):
            self._streams_banned_until_us = now_us + self._next_ban_us()

    def check_streams(self, now_us: int) -> None:
        """Raise -1003 with status 418 while the address may open no stream connection."""
        if now_us < self._streams_banned_until_us:
            raise VenueError(-1003, message=BANNED % (self._streams_banned_until_us // 1000), status=418)

    def ban(self, length_us: int, now_us: int) -> None:
        """Refuse everything for so long."""
        self.banned_until_us = now_us + length_us

    def check_ban(self, now_us: int) -> None:
        """Raise -1003 with status 418 during a ban."""
        if now_us < self.banned_until_us:
            raise VenueError(-1003, message=BANNED % (self.banned_until_us // 1000), status=418)

    def retry_at_us(self, code: int | None, account: str, now_us: int) -> int:
        """When a throttled request may be sent again: the end of the ban, or of the window that is full."""
        if now_us < self.banned_until_us:
            return self.banned_until_us
        if code != -1015:
            return self.weight.end_us(now_us)
        short, long = self.orders(account)
        full = [window for window in (short, long) if window.limit is not None and window.count > window.limit]
        return max((window.end_us(now_us) for window in full), default=short.end_us(now_us))

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

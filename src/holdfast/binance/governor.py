"""The rate governor: what may be sent now, and how long the rest has to wait (protocol notes A.7, RULES 12).

Weight and order counts live in UTC-aligned windows. The venue's own counters (headers, `rateLimits` blocks) correct
ours upwards, because other processes share the address and the account. Reads and entries may use 70 % of a window;
the rest is kept for protection and cancels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from holdfast.binance.payloads import RateLimitPayload
from holdfast.binance.replies import INTERVALS_MS
from holdfast.model.effects import Lane
from holdfast.model.reports import RateWindow

MINUTE_MS: Final = 60_000
WEIGHT_LIMIT: Final = 2_400
ORDER_LIMITS: Final[dict[int, int]] = {10_000: 300, MINUTE_MS: 1_200}
"""Production limits, until exchangeInfo or a reply says otherwise."""

OPEN_PERCENT: Final = 70
"""How much of a window the lanes without privilege may use."""

PRIVILEGED: Final = (Lane.PROTECT, Lane.CANCEL)
LOOK_PERCENT: Final = 90
"""How much of a window the reads of protection may use: the last tenth is for requests that act, which weigh 1."""
ACT_WEIGHT: Final = 1

WEIGHT_HEADER: Final = "x-mbx-used-weight-1m"
ORDER_HEADERS: Final[dict[str, int]] = {"x-mbx-order-count-10s": 10_000, "x-mbx-order-count-1m": MINUTE_MS}


class Bucket:
    """A counter that starts again at every turn of its UTC-aligned window."""

    __slots__ = ("_turn", "_used", "interval_ms", "limit")

    def __init__(self, interval_ms: int, limit: int) -> None:
        self.interval_ms = interval_ms
        self.limit = limit
        self._turn = -1
        self._used = 0

    def used(self, now_ms: int) -> int:
        """The count of the window that `now_ms` lies in."""
        turn = now_ms // self.interval_ms
        if turn > self._turn:
            self._turn, self._used = turn, 0
        return self._used

    def add(self, amount: int, now_ms: int) -> None:
        """Count something that is being sent."""
        self._used = self.used(now_ms) + amount

    def correct(self, count: int, now_ms: int) -> None:
        """The venue's own count; ours is never lowered by it, as it may not contain what is still under way."""
        self._used = max(self.used(now_ms), count)

    def wait_ms(self, amount: int, percent: int, now_ms: int) -> int:
        """0 when `amount` more fits into `percent` of the limit, else the time to the turn."""
        if (self.used(now_ms) + amount) * 100 <= self.limit * percent:
            return 0
        return self.interval_ms - now_ms % self.interval_ms


class Governor:
    """One per address and account. Pure: time comes in, waiting times go out."""

    def __init__(self, weight_limit: int = WEIGHT_LIMIT, order_limits: Mapping[int, int] = ORDER_LIMITS) -> None:
        self._weight = Bucket(MINUTE_MS, weight_limit)
        self._orders = {interval: Bucket(interval, limit) for interval, limit in sorted(order_limits.items())}
        self._blocked_until_ms = dict.fromkeys(Lane, 0)
        self._banned_until_ms = 0
        self.weight_told = False
        """Whether the venue has told its weight limit; until then ours is an assumption."""

    @property
    def weight_limit(self) -> int:
        """Request weight per minute that the venue grants this address."""
        return self._weight.limit

    def admit(self, lane: Lane, weight: int, now_ms: int, orders: int = 0) -> int:
        """0 when the request may go now, else the milliseconds to wait. Counts nothing; `spend` does."""
        until_ms = max(self._banned_until_ms, self._blocked_until_ms[lane])
        if until_ms > now_ms:
            return until_ms - now_ms
        percent = OPEN_PERCENT
        if lane in PRIVILEGED:
            percent = 100 if orders or weight <= ACT_WEIGHT else LOOK_PERCENT
        wait_ms = self._weight.wait_ms(weight, percent, now_ms) if weight else 0
        if orders:
            for bucket in self._orders.values():
                bucket_ms = bucket.wait_ms(orders, percent, now_ms)
                if bucket_ms > wait_ms:
                    wait_ms = bucket_ms
        return wait_ms

    def spend(self, weight: int, now_ms: int, orders: int = 0) -> None:
        """Count a request that is being sent. A refused one costs as well, so nothing is ever given back."""
        if weight:
            self._weight.add(weight, now_ms)
        if orders:
            for bucket in self._orders.values():
                bucket.add(orders, now_ms)

    def throttled(self, lane: Lane, code: int, until_ms: int, *, banned: bool) -> None:
        """The venue refused for rate.

        A ban stops everything. A full weight window stops reads and entries, a full order window stops entries;
        protection is stopped only by a refusal of its own.
        """
        if banned:
            self._banned_until_ms = max(self._banned_until_ms, until_ms)
        stopped = (Lane.ENTRY, lane) if code == -1015 else (Lane.ENTRY, Lane.QUERY, lane)
        for each in stopped:
            self._blocked_until_ms[each] = max(self._blocked_until_ms[each], until_ms)

    def seen_headers(self, headers: Mapping[str, str], now_ms: int) -> bool:
        """Counters from response headers (lower-case names). True when order counts were among them."""
        weight = _count(headers.get(WEIGHT_HEADER))
        if weight is not None:
            self._weight.correct(weight, now_ms)
        found = False
        for name, interval_ms in ORDER_HEADERS.items():
            count = _count(headers.get(name))
            if count is not None and interval_ms in self._orders:
                self._orders[interval_ms].correct(count, now_ms)
                found = True
        return found

    def seen_limits(self, rows: Iterable[RateLimitPayload], now_ms: int) -> bool:
        """Limits, and counters where rows carry them: exchangeInfo, rateLimit/order, WS API replies.

        True when order windows were among them. Rows of intervals that nobody knows are left alone.
        """
        found = False
        for row in rows:
            interval_ms = INTERVALS_MS.get(row.interval, 0) * row.interval_num
            if row.rate_limit_type == "REQUEST_WEIGHT" and interval_ms == MINUTE_MS:
                self._weight.limit = row.limit
                self.weight_told = True
                self._weight.correct(row.count, now_ms)
            elif row.rate_limit_type == "ORDERS" and interval_ms:
                bucket = self._orders.setdefault(interval_ms, Bucket(interval_ms, row.limit))
                bucket.limit = row.limit
                bucket.correct(row.count, now_ms)
                found = True
        return found

    def seen_windows(self, windows: Iterable[RateWindow], now_ms: int) -> None:
        """Order windows as `GET rateLimit/order` lists them: limits without counts."""
        for window in windows:
            if window.limit is not None:
                bucket = self._orders.setdefault(window.interval_ms, Bucket(window.interval_ms, window.limit))
                bucket.limit = window.limit
                bucket.correct(window.count, now_ms)

    def windows(self, now_ms: int) -> tuple[RateWindow, ...]:
        """The ORDERS windows as they stand, shortest first."""
        return tuple(
            RateWindow(interval_ms=bucket.interval_ms, count=bucket.used(now_ms), limit=bucket.limit)
            for _, bucket in sorted(self._orders.items())
        )

    def weight_window(self, now_ms: int) -> RateWindow:
        """The request weight of the minute as it stands."""
        used = self._weight.used(now_ms)
        return RateWindow(interval_ms=self._weight.interval_ms, count=used, limit=self._weight.limit)

    def orders_above_half(self, now_ms: int) -> bool:
        """Whether more than half of any ORDERS window is used."""
        return any(bucket.used(now_ms) * 2 > bucket.limit for bucket in self._orders.values())

    def weight_used(self, now_ms: int) -> int:
        """Request weight counted in the current minute."""
        return self._weight.used(now_ms)


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None

"""Rate windows: how many orders the account may still send, and whether an entry leaves room for its protection.

The venue counts in buckets aligned to UTC (protocol notes A.7: the counter falls at :00) and tells the count in
headers, which lag behind orders in flight and include orders of other programs. We therefore count our own sends,
and keep beside them what a report shows above them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from holdfast.model.reports import RateWindow


@dataclass(slots=True)
class Window:
    """One window. `own` are our sends of the current bucket, `others` what reports showed above them."""

    interval_ms: int
    limit: int | None = None
    bucket: int = 0
    own: int = 0
    others: int = 0

    def turn(self, now_ms: int) -> None:
        """Begin a new bucket if the old one is over. Time that goes back stays in the newer bucket."""
        bucket = now_ms // self.interval_ms
        if bucket > self.bucket:
            self.bucket, self.own, self.others = bucket, 0, 0

    @property
    def used(self) -> int:
        """Orders counted in the current bucket."""
        return self.own + self.others


@dataclass(slots=True)
class Windows:
    """All ORDERS windows of the account, by length in milliseconds. Empty until the venue has told its limits."""

    windows: dict[int, Window] = field(default_factory=dict)

    def see(self, reports: Iterable[RateWindow], now_ms: int, in_flight: int = 0) -> None:
        """Take counts and limits from headers, replies or `GET rateLimit/order`.

        `in_flight` of our sends may not be in the count yet. A count below ours changes nothing: it is either older
        than our last send or belongs to a bucket that the venue has already left, and both are safe to ignore.
        """
        for report in reports:
            window = self.windows.get(report.interval_ms)
            if window is None:
                window = self.windows[report.interval_ms] = Window(report.interval_ms)
            window.turn(now_ms)
            if report.limit is not None:
                window.limit = report.limit
            included = max(window.own - in_flight, 0)
            window.others = max(window.others, report.count - included)

    def note_send(self, now_ms: int, orders: int = 1) -> None:
        """Count orders of ours, at the moment they are handed to the gateway."""
        for window in self.windows.values():
            window.turn(now_ms)
            window.own += orders

    def current(self, now_ms: int) -> tuple[RateWindow, ...]:
        """The windows as they stand now, shortest first."""
        for window in self.windows.values():
            window.turn(now_ms)
        ordered = sorted(self.windows.values(), key=lambda window: window.interval_ms)
        return tuple(RateWindow(interval_ms=w.interval_ms, count=w.used, limit=w.limit) for w in ordered)


READ_PERCENT = 90
"""How much of the minute's request weight reads may use at all; the rest is for requests that act."""
TRADE_WEIGHT = 40
"""What a trade may still need in its minute: reading it after a restart (10), closing it and proving it closed (30)."""
START_WEIGHT = 200
"""What a restart needs, whatever is open."""
ALWAYS_PERCENT = 45
"""Until so much is used, weight keeps no entry out, however many trades are open: they do not all close at once."""


def of_this_window(window: RateWindow | None, told_ms: int, now_ms: int) -> RateWindow | None:
    """A count that was told at `told_ms`, or None when its window has turned since."""
    if window is None or told_ms // window.interval_ms != now_ms // window.interval_ms:
        return None
    return window


def weight_allowed(weight: RateWindow, live_trades: int) -> int | None:
    """How much weight may be used when an entry begins; None where the limit is not known.

    An order weighs nothing, but what follows it does: looking whether it is covered, closing it, proving it closed.
    """
    if weight.limit is None:
        return None
    kept = START_WEIGHT + TRADE_WEIGHT * (live_trades + 1)
    return max(weight.limit * READ_PERCENT // 100 - kept, weight.limit * ALWAYS_PERCENT // 100)


class Shortfall(NamedTuple):
    """A window without enough room. `wait_until_ms` is None when no bucket, however empty, would be enough."""

    window: RateWindow
    needed: int
    wait_until_ms: int | None


def entry_needs(*, targets: int, open_positions: int, owed: int = 0) -> int:
    """Orders for which there must be room: entry, stop, one replacement, a flatten, the targets, one flatten for
    every open position, and what live trades have yet to send (RULES 12)."""
    assert targets >= 0, "invariant: a number of targets is not negative"
    assert open_positions >= 0, "invariant: a number of positions is not negative"
    return 4 + targets + open_positions + owed


def limits_known(rates: tuple[RateWindow, ...]) -> bool:
    """Whether the venue has told at least one window, and the limit of each."""
    for window in rates:
        if window.limit is None:
            return False
    return bool(rates)


def entry_fits(rates: tuple[RateWindow, ...], needed: int, now_ms: int) -> Shortfall | None:
    """The first window in which `needed` orders do not fit, or None when all have room."""
    for window in rates:
        assert window.limit is not None, "invariant: unknown limits are denied before"
        if window.count + needed > window.limit:
            turns_ms = (now_ms // window.interval_ms + 1) * window.interval_ms
            return Shortfall(window, needed, turns_ms if needed <= window.limit else None)
    return None

"""Candle intervals on the venue's clock: where a candle opens and where the next one does (protocol notes A.8).

Times are milliseconds since the epoch, UTC. Weeks open on Monday, months on their first day; every
other interval counts from the epoch.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

_SECOND = 1_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_FIRST_MONDAY_MS = 4 * _DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Interval(msgspec.Struct, frozen=True):
    """One interval. A month has no fixed length: its `length_ms` is 0."""

    name: str
    length_ms: int
    offset_ms: int = 0

    def start(self, at_ms: int) -> int:
        """Where the candle that contains an instant opens."""
        if self.length_ms:
            return at_ms - (at_ms - self.offset_ms) % self.length_ms
        day = _EPOCH + timedelta(milliseconds=at_ms)
        return _ms(day.year, day.month)

    def end(self, open_ms: int) -> int:
        """Where the candle after the one that opens at `open_ms` opens."""
        if self.length_ms:
            return open_ms + self.length_ms
        day = _EPOCH + timedelta(milliseconds=open_ms)
        return _ms(day.year + day.month // 12, day.month % 12 + 1)

    def at_or_after(self, at_ms: int) -> int:
        """The first opening that is not before an instant."""
        start = self.start(at_ms)
        return start if start == at_ms else self.end(start)


def _ms(year: int, month: int) -> int:
    return (datetime(year, month, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


INTERVALS: dict[str, Interval] = {
    interval.name: interval
    for interval in (
        Interval("1s", _SECOND),
        Interval("1m", _MINUTE),
        Interval("3m", 3 * _MINUTE),
        Interval("5m", 5 * _MINUTE),
        Interval("15m", 15 * _MINUTE),
        Interval("30m", 30 * _MINUTE),
        Interval("1h", _HOUR),
        Interval("2h", 2 * _HOUR),
        Interval("4h", 4 * _HOUR),
        Interval("6h", 6 * _HOUR),
        Interval("8h", 8 * _HOUR),
        Interval("12h", 12 * _HOUR),
        Interval("1d", _DAY),
        Interval("3d", 3 * _DAY),
        Interval("1w", 7 * _DAY, _FIRST_MONDAY_MS),
        Interval("1M", 0),
    )
}
"""Every interval by name, shortest first. `1s` exists for continuous contracts only."""

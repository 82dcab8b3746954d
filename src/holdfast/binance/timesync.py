"""The venue's clock from samples of `GET /fapi/v1/time`: offset and error by midpoint (P41).

A sample says: between `sent` and `received` (monotonic) the venue's clock read `server`. Halfway is the best guess,
half the round trip the largest error; the quickest of several samples is used, because delays are one-sided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

MIN_SAMPLES: Final = 3
MAX_ERROR_US: Final = 1_000_000
"""A measurement less exact than a second says nothing about what recvWindow needs."""
_RESOLUTION_US: Final = 500
"""The venue tells whole milliseconds, cut off: half of one on either side after centring."""


class Sample(NamedTuple):
    """One exchange; microseconds of the monotonic clock, milliseconds of the venue."""

    sent_us: int
    received_us: int
    server_ms: int

    @property
    def round_trip_us(self) -> int:
        """How long the exchange took."""
        return self.received_us - self.sent_us


class Anchor(NamedTuple):
    """At `mono_us` the venue's clock read `venue_us`, give or take `error_us`."""

    mono_us: int
    venue_us: int
    error_us: int

    def venue_at(self, mono_us: int) -> int:
        """The venue's time in microseconds at a later moment of the monotonic clock."""
        return self.venue_us + mono_us - self.mono_us


def anchor_of(samples: Sequence[Sample]) -> Anchor | None:
    """The anchor of a round of samples; None when they are too few or too slow to be of use."""
    good = [sample for sample in samples if sample.round_trip_us >= 0]
    if len(good) < MIN_SAMPLES:
        return None
    best = min(good, key=lambda sample: sample.round_trip_us)
    error_us = best.round_trip_us // 2 + _RESOLUTION_US
    if error_us > MAX_ERROR_US:
        return None
    middle_us = (best.sent_us + best.received_us) // 2
    return Anchor(middle_us, best.server_ms * 1_000 + _RESOLUTION_US, error_us)

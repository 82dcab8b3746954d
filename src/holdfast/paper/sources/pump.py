"""Feeds a market source and the venue's own timers into the venue, as time passes. Pure: the caller has the clock."""

from __future__ import annotations

from typing import Protocol

from holdfast.paper.market.market import MarketEvent
from holdfast.paper.sources.source import MarketSource


class PumpedVenue(Protocol):
    """What the pump needs of the exchange."""

    def market(self, event: MarketEvent, now_us: int) -> None:
        """Take one market event."""

    def advance(self, now_us: int) -> None:
        """Run what is due."""

    def next_due_us(self) -> int | None:
        """When the next timer of the exchange is due."""


class Pump:
    """Knows what is due next and hands over what is due now, one market event ahead of time and no more."""

    def __init__(self, venue: PumpedVenue, source: MarketSource) -> None:
        """`source` is pulled at once for its first event. May raise `MarketFileError`."""
        self._venue = venue
        self._source = source
        self._next = next(source, None)
        self.events = 0

    @property
    def ended(self) -> bool:
        """Whether the source has no event now; only a live one may have more later. The venue's timers go on."""
        return self._next is None

    def next_us(self) -> int | None:
        """The time of the next event or timer; None when nothing will ever be due."""
        due_us = self._venue.next_due_us()
        if self._next is None:
            return due_us
        return self._next[0] if due_us is None else min(due_us, self._next[0])

    def run(self, now_us: int, most: int = 1000) -> bool:
        """Hand over what is due by `now_us`, at most `most` events; True when everything due was handed over.

        May raise `MarketFileError` when the recording breaks a rule further on; the event before it was handed over.
        """
        if self._next is None:
            self._next = next(self._source, None)
        for _ in range(most):
            due = self._next
            if due is None or due[0] > now_us:
                break
            self._venue.market(due[1], now_us)
            self.events += 1
            self._next = None
            self._next = next(self._source, None)
        self._venue.advance(now_us)
        return self._next is None or self._next[0] > now_us

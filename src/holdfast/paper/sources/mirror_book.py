"""One order book kept in step with a venue's: a snapshot, then differences without a hole (protocol notes F.3).

Two connections may tell the same book for a while, when one takes over from the other. Each has a chain of its own,
whose links must fit (`pu` is the `u` before); what both tell is taken once. Quantities are absolute, so an event may
begin before the end of what is known, and never after it.
"""

from __future__ import annotations

from holdfast.paper.market.market import DepthDiff, DepthSnapshot, MarketEvent

MOST_WAITING = 5_000
"""Events kept while a snapshot is on its way: more than eight minutes of ten a second."""


class BookSync:
    """What is known of one book. It starts out of step."""

    __slots__ = ("_chains", "_waiting", "last")

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.last: int | None = None
        """The update id up to which the book is known; None while out of step."""
        self._chains: dict[int, int] = {}
        self._waiting: list[DepthDiff] = []

    def hear(self, link: int, event: DepthDiff) -> DepthDiff | str | None:
        """An event of one connection: to be applied, nothing new (None), or why the book is out of step from now on."""
        before = self._chains.get(link)
        self._chains[link] = event.u
        if before is not None and event.pu != before:
            return self._broken(link, event, before)
        if self.last is None:
            if len(self._waiting) >= MOST_WAITING:
                del self._waiting[: MOST_WAITING // 2]
            self._waiting.append(event)
            return None
        if event.u <= self.last:
            return None
        if event.pu > self.last:
            return self._broken(link, event, self.last)
        self.last = event.u
        return event

    def _broken(self, link: int, event: DepthDiff, before: int) -> str:
        """Events are missing: the one that shows it is the first of what waits for a new snapshot."""
        self.lose()
        self._chains = {link: event.u}
        self._waiting.append(event)
        return f"depth events are missing: after {before} came one that follows {event.pu}"

    def snapshot(self, event: DepthSnapshot) -> list[MarketEvent] | None:
        """The book anew, with what waited and is later; None when a later snapshot is needed first."""
        last = event.u
        later: list[DepthDiff] = []
        for waiting in self._waiting:
            if waiting.u <= last:
                continue
            if waiting.pu > last:
                return None
            last = waiting.u
            later.append(waiting)
        self.last = last
        self._waiting.clear()
        return [event, *later]

    def lose(self) -> None:
        """The book is not known any more; connections that are open tell on."""
        self.last = None
        self._waiting.clear()

    def end(self, link: int) -> None:
        """A connection has ended: the next one begins a chain of its own."""
        self._chains.pop(link, None)

"""What every market stream has in common: a name that somebody listens to, and a pace.

A feed lives from the first listener of its name to the last one. It hangs on the taps of its market
and does nothing between two things that happen there.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market


class Feed:
    """One market stream with listeners."""

    kind = ""
    """The event type, by which stream faults name it."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        """Nothing happens before `start`."""
        self.exchange = exchange
        self.name = name

    def start(self) -> None:
        """Somebody listens now."""

    def stop(self) -> None:
        """Nobody listens any more."""

    def send(self, payload: bytes) -> None:
        """Publish one frame."""
        self.exchange.publish(self.kind, self.name, payload)


class SymbolFeed(Feed):
    """A stream of one market."""

    def __init__(self, exchange: Exchange, name: str, market: Market) -> None:
        """`market` is the one that the name tells."""
        super().__init__(exchange, name)
        self.market = market


class Pace:
    """Calls back at the next whole multiple of its period, once for each time it is woken."""

    def __init__(self, exchange: Exchange, period_ms: int, action: Callable[[int], None]) -> None:
        """`action` learns the venue time in milliseconds. `period_ms` > 0."""
        self._exchange = exchange
        self._period_us = period_ms * 1000
        self._action = action
        self._armed = False
        self._ended = False

    def wake(self) -> None:
        """Make sure that the action comes at the end of this period."""
        if self._armed or self._ended:
            return
        self._armed = True
        now_us = self._exchange.now_us
        self._exchange.timers.at((now_us // self._period_us + 1) * self._period_us, self._ring)

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True

    def _ring(self, now_us: int) -> None:
        self._armed = False
        if not self._ended:
            self._action(now_us // 1000)


class TickingFeed(Feed):
    """A stream that says something in every period while somebody listens."""

    def __init__(self, exchange: Exchange, name: str, period_ms: int) -> None:
        """Ticks begin with `start`."""
        super().__init__(exchange, name)
        self._pace = Pace(exchange, period_ms, self._on_tick)

    def start(self) -> None:
        """Begin to tick."""
        self._pace.wake()

    def stop(self) -> None:
        """Tick no more."""
        self._pace.end()

    def _on_tick(self, now_ms: int) -> None:
        self.tick(now_ms)
        self._pace.wake()

    def tick(self, now_ms: int) -> None:
        """Say what there is to say."""

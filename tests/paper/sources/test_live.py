"""A market that is told while it happens: a source that may be empty now and full later."""

from decimal import Decimal

import pytest

from holdfast.paper.market.market import Mark, MarketEvent
from holdfast.paper.sources.live import LiveMarket
from holdfast.paper.sources.pump import Pump


def mark(price: int) -> Mark:
    """Any event."""
    value = Decimal(price)
    return Mark(symbol="BTCUSDT", mark=value, index=value, rate=Decimal(0), next_funding_ms=0, E=0)


class Heard:
    """A venue that notes what it is told."""

    def __init__(self) -> None:
        self.events: list[MarketEvent] = []

    def market(self, event: MarketEvent, now_us: int) -> None:
        self.events.append(event)

    def advance(self, now_us: int) -> None:
        """Nothing is ever due."""

    def next_due_us(self) -> int | None:
        return None


def test_an_empty_market_is_not_over():
    """Pulled again after its end, it goes on."""
    market = LiveMarket()
    with pytest.raises(StopIteration):
        next(market)
    market.push(mark(1))
    assert next(iter(market)) == (0, mark(1))


def test_whoever_plays_it_is_woken_by_the_first_event_only():
    """What comes behind it is found with it."""
    market, woken = LiveMarket(), []
    market.wake = lambda: woken.append(1)
    market.push(mark(1))
    market.push(mark(2))
    assert woken == [1]
    assert [next(market)[1], next(market)[1]] == [mark(1), mark(2)]
    market.push(mark(3))
    assert woken == [1, 1]


def test_the_pump_plays_what_comes_later():
    """It is asked again after it had nothing."""
    market, venue = LiveMarket(), Heard()
    pump = Pump(venue, market)
    assert (pump.run(10), pump.ended, pump.next_us()) == (True, True, None)
    market.push(mark(1))
    market.push(mark(2))
    pump.run(20)
    assert venue.events == [mark(1), mark(2)]


def test_a_burst_is_played_in_portions():
    """Requests get their turn between them, and what is left is due at once."""
    market, venue = LiveMarket(), Heard()
    pump = Pump(venue, market)
    for price in range(1, 8):
        market.push(mark(price))
    assert pump.run(20, most=5) is False
    assert (len(venue.events), pump.next_us()) == (5, 0)
    assert pump.run(20, most=5) is True
    assert len(venue.events) == 7

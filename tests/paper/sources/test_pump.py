"""The pump: what is due is handed over in order, and nothing before its time."""

from __future__ import annotations

from decimal import Decimal

from holdfast.paper.market.market import MarketEvent, PublicTrade
from holdfast.paper.sources.pump import Pump


class Recorder:
    """A venue that writes down what it is told."""

    def __init__(self, due_us: int | None = None) -> None:
        self.seen: list[tuple[int, int]] = []
        self.advanced: list[int] = []
        self.due_us = due_us

    def market(self, event: MarketEvent, now_us: int) -> None:
        """Note the event and the time it came."""
        assert isinstance(event, PublicTrade)
        self.seen.append((event.trade_id, now_us))

    def advance(self, now_us: int) -> None:
        """Note the time."""
        self.advanced.append(now_us)

    def next_due_us(self) -> int | None:
        """The timer it was made with."""
        return self.due_us


def trades(*times_us: int) -> list[tuple[int, MarketEvent]]:
    """One trade at each time, its id is its time."""
    one = Decimal(1)
    return [
        (at, PublicTrade(symbol="BTCUSDT", trade_id=at, price=one, qty=one, buyer_maker=False, T=0, E=0))
        for at in times_us
    ]


def test_only_what_is_due_is_handed_over() -> None:
    """Later events wait."""
    venue = Recorder()
    pump = Pump(venue, iter(trades(10, 20, 30)))
    assert pump.run(20) is True
    assert venue.seen == [(10, 20), (20, 20)]


def test_next_is_the_earlier_of_event_and_timer() -> None:
    """The shell sleeps until then."""
    assert Pump(Recorder(5), iter(trades(10))).next_us() == 5
    assert Pump(Recorder(15), iter(trades(10))).next_us() == 10
    assert Pump(Recorder(), iter(trades(10))).next_us() == 10


def test_ended_market_leaves_the_venues_timers() -> None:
    """Countdowns and expiries go on after the last event."""
    pump = Pump(Recorder(50), iter(trades(10)))
    pump.run(10)
    assert (pump.ended, pump.next_us()) == (True, 50)


def test_nothing_due_ever_is_none() -> None:
    """No event, no timer."""
    assert Pump(Recorder(), iter([])).next_us() is None


def test_venue_learns_the_time_without_events() -> None:
    """Timers of the venue run through advance."""
    venue = Recorder()
    Pump(venue, iter([])).run(7)
    assert venue.advanced == [7]


def test_backlog_is_worked_off_in_portions() -> None:
    """A late loop answers requests between two portions."""
    venue = Recorder()
    pump = Pump(venue, iter(trades(*range(10))))
    assert pump.run(100, most=6) is False
    assert pump.run(100, most=6) is True
    assert (len(venue.seen), pump.events) == (10, 10)

"""Marks made up for recordings without them."""

from __future__ import annotations

from decimal import Decimal

from holdfast.paper.market.market import BookTop, Mark, MarketEvent
from holdfast.paper.sources.marks import fill_marks
from holdfast.paper.sources.source import Grid

KNOWN = {"BTCUSDT": Grid(symbol="BTCUSDT", tick=Decimal("0.1"), step=Decimal("0.001"))}
SECOND = 1_000_000


def top(time_us: int, bid: str = "100.0", ask: str = "100.3", symbol: str = "BTCUSDT") -> tuple[int, MarketEvent]:
    """A quote."""
    one = Decimal(1)
    event = BookTop(symbol=symbol, bid=Decimal(bid), bid_qty=one, ask=Decimal(ask), ask_qty=one, u=1, T=0, E=7)
    return time_us, event


def recorded(time_us: int) -> tuple[int, MarketEvent]:
    """A recorded mark."""
    price = Decimal(99)
    return time_us, Mark(symbol="BTCUSDT", mark=price, index=price, rate=Decimal(1), next_funding_ms=5, E=0)


def made_up(*events: tuple[int, MarketEvent]) -> list[int]:
    """The times of the marks that were added."""
    filled = fill_marks(iter(events), KNOWN)
    return [at for at, event in filled if isinstance(event, Mark) and not event.next_funding_ms]


def test_mark_is_the_middle_on_the_tick_without_funding() -> None:
    """Rounded down."""
    (_, _), (_, event) = fill_marks(iter([top(0)]), KNOWN)
    assert event == Mark(
        symbol="BTCUSDT", mark=Decimal("100.1"), index=Decimal("100.1"), rate=Decimal(0), next_funding_ms=0, E=7
    )


def test_marks_come_once_a_second() -> None:
    """However many quotes there are."""
    assert made_up(*(top(n * 100_000) for n in range(25))) == [0, SECOND, 2 * SECOND]


def test_recorded_marks_end_the_made_up_ones() -> None:
    """As long as they come at least every three seconds."""
    assert made_up(top(0), recorded(10), top(2 * SECOND), recorded(3 * SECOND), top(6 * SECOND)) == [0]


def test_made_up_marks_return_after_silence() -> None:
    """A recorder that lost one stream goes on with the others."""
    assert made_up(recorded(0), top(3 * SECOND), top(4 * SECOND)) == [4 * SECOND]


def test_every_recorded_event_stays() -> None:
    """Nothing is replaced."""
    events = [top(0), recorded(10), top(20)]
    assert [timed for timed in fill_marks(iter(events), {}) if timed in events] == events


def test_symbols_the_exchange_does_not_have_get_no_marks() -> None:
    """Their tick is not known."""
    assert made_up(top(0, symbol="ETHUSDT")) == []

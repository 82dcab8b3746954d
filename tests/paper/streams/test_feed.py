"""The pace of streams."""

from holdfast.paper.streams.feed import Feed, Pace, TickingFeed
from tests.paper.desk import SECOND, START_US, Desk

START_MS = START_US // 1000


def test_a_pace_rings_at_whole_multiples_of_its_period() -> None:
    """Once, however often it was woken."""
    desk = Desk()
    rung: list[int] = []
    pace = Pace(desk.venue.exchange, 250, rung.append)
    desk.wait(30_000)
    pace.wake()
    pace.wake()
    desk.wait(SECOND)
    assert rung == [START_MS + 1030]
    pace.wake()
    desk.wait(219_999)
    assert len(rung) == 1
    desk.wait(1)
    assert len(rung) == 2


def test_a_pace_that_has_ended_rings_no_more() -> None:
    """Even when it was woken before."""
    desk = Desk()
    rung: list[int] = []
    pace = Pace(desk.venue.exchange, 250, rung.append)
    pace.wake()
    pace.end()
    pace.wake()
    desk.wait(SECOND)
    assert rung == []


def test_a_ticking_feed_ticks_until_it_is_stopped() -> None:
    """Once a period."""
    desk = Desk()
    ticks: list[int] = []

    class Ticker(TickingFeed):
        def tick(self, now_ms: int) -> None:
            ticks.append(now_ms - START_MS)

    feed = Ticker(desk.venue.exchange, "name", 1000)
    feed.start()
    for _ in range(3):
        desk.wait(SECOND)
    feed.stop()
    desk.wait(5 * SECOND)
    assert ticks == [1000, 2000, 3000]


def test_a_feed_publishes_under_its_name() -> None:
    """To those who listen to it."""
    desk = Desk()
    desk.venue.ws_open(1, "/market/ws/!contractInfo", desk.now_us)
    Feed(desk.venue.exchange, "!contractInfo").send(b"{}")
    assert desk.sent() == [{}]

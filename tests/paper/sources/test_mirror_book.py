"""A mirrored book is the venue's at its update id, or out of step and says so (protocol notes F.3)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.market.market import DepthDiff, DepthSnapshot, Level, MarketEvent
from holdfast.paper.sources.mirror_book import MOST_WAITING, BookSync


def diff(pu: int, u: int, *bids: Level) -> DepthDiff:
    """A depth event that follows `pu`."""
    return DepthDiff(symbol="BTCUSDT", U=pu + 1, u=u, pu=pu, bids=list(bids), asks=[], T=0, E=0)


def snapshot(u: int, *bids: Level) -> DepthSnapshot:
    """A book at an update id."""
    return DepthSnapshot(symbol="BTCUSDT", u=u, bids=list(bids), asks=[], T=0, E=0)


CASES = [
    ("nothing waits: the snapshot alone", [], 10, [10]),
    ("older events are dropped (step 3)", [diff(3, 5), diff(5, 8)], 10, [10]),
    ("the first one spans the snapshot (step 4)", [diff(7, 9), diff(9, 12), diff(12, 15)], 10, [10, 12, 15]),
    ("the first one follows the snapshot exactly", [diff(10, 12)], 10, [10, 12]),
    ("one that ends with the snapshot says nothing new", [diff(8, 10), diff(10, 11)], 10, [10, 11]),
    ("all are newer: another snapshot (step 4)", [diff(11, 12)], 10, None),
]


@pytest.mark.parametrize("name, waiting, at, expected", CASES, ids=[case[0] for case in CASES])
def test_a_snapshot_and_what_waited(name: str, waiting: list[DepthDiff], at: int, expected: list[int] | None):
    """Protocol notes F.3, steps 3 and 4."""
    book = BookSync()
    assert [book.hear(1, event) for event in waiting] == [None] * len(waiting)
    told = book.snapshot(snapshot(at))
    assert (None if told is None else [event.u for event in told]) == expected  # type: ignore[union-attr]
    assert book.last == (None if expected is None else expected[-1])


def test_events_that_fit_are_applied():
    """Protocol notes F.3, step 5: `pu` is the `u` before."""
    book = BookSync()
    book.snapshot(snapshot(10))
    assert book.hear(1, diff(10, 12)) == diff(10, 12)
    assert book.hear(1, diff(12, 13)) == diff(12, 13)
    assert book.last == 13


def test_a_gap_puts_the_book_out_of_step():
    """Protocol notes F.3, step 5; the event that shows it waits for the new snapshot."""
    book = BookSync()
    book.snapshot(snapshot(10))
    book.hear(1, diff(10, 12))
    assert book.hear(1, diff(13, 15)) == "depth events are missing: after 12 came one that follows 13"
    assert book.last is None
    assert book.snapshot(snapshot(14)) == [snapshot(14), diff(13, 15)]


def test_a_chain_that_falls_back_is_a_gap():
    """The venue began its ids anew: nothing that is known fits them."""
    book = BookSync()
    book.snapshot(snapshot(1000))
    book.hear(1, diff(1000, 1001))
    assert isinstance(book.hear(1, diff(4, 5)), str)
    assert book.last is None


def test_two_connections_tell_one_book():
    """Whatever both tell is taken once, however each cuts it into events."""
    book = BookSync()
    book.snapshot(snapshot(10))
    assert book.hear(1, diff(10, 12)) == diff(10, 12)
    assert book.hear(2, diff(11, 12)) is None
    assert book.hear(2, diff(12, 14)) == diff(12, 14)
    assert book.hear(1, diff(12, 13)) is None
    assert book.hear(1, diff(13, 16)) == diff(13, 16)
    assert book.last == 16


def test_a_hole_in_one_of_two_connections_is_found():
    """Each has a chain of its own."""
    book = BookSync()
    book.snapshot(snapshot(10))
    book.hear(1, diff(10, 12))
    book.hear(2, diff(10, 12))
    assert isinstance(book.hear(2, diff(13, 14)), str)


def test_a_new_connection_begins_a_chain_of_its_own():
    """But what it does not know of is a gap."""
    book = BookSync()
    book.snapshot(snapshot(10))
    book.hear(1, diff(10, 12))
    book.end(1)
    assert book.hear(1, diff(11, 14)) == diff(11, 14)
    book.end(1)
    assert isinstance(book.hear(1, diff(15, 16)), str)


def test_what_waits_is_bounded():
    """The older half goes; a snapshot that is older than the rest is refused then."""
    book = BookSync()
    for number in range(MOST_WAITING + 1):
        book.hear(1, diff(number, number + 1))
    assert book.snapshot(snapshot(0)) is None
    told = book.snapshot(snapshot(MOST_WAITING // 2))
    assert told is not None
    assert len(told) == 1 + MOST_WAITING - MOST_WAITING // 2 + 1


class Venue:
    """A venue's book with its whole past, told over two connections that flush when they like."""

    def __init__(self) -> None:
        self.past: list[dict[Decimal, Decimal]] = [{}]
        self.changed: list[Decimal] = []
        self.flushed: dict[int, int] = {}

    @property
    def now(self) -> int:
        return len(self.changed)

    def change(self, price: int, quantity: int) -> None:
        level = Decimal(price)
        book = {**self.past[-1], level: Decimal(quantity)}
        self.past.append({key: value for key, value in book.items() if value})
        self.changed.append(level)

    def open(self, link: int) -> None:
        self.flushed[link] = self.now

    def flush(self, link: int) -> DepthDiff | None:
        before = self.flushed[link]
        if before == self.now:
            return None
        self.flushed[link] = self.now
        prices = dict.fromkeys(self.changed[before:])
        return diff(before, self.now, *((price, self.past[-1].get(price, Decimal(0))) for price in prices))

    def book(self) -> DepthSnapshot:
        return snapshot(self.now, *self.past[-1].items())


STEPS = st.one_of(
    st.tuples(st.just("change"), st.integers(1, 5), st.integers(0, 3)),
    st.tuples(st.sampled_from(["flush", "drop", "end", "open"]), st.integers(1, 2)),
    st.tuples(st.sampled_from(["ask", "answer", "lose"])),
)


@given(st.lists(STEPS, max_size=80))
def test_a_book_in_step_is_the_venue_s_at_its_id(steps: list[tuple[str, ...]]):
    """Whatever gets lost, comes twice or late: what is told rebuilds the venue's book, or the book is out of step."""
    venue, book, rebuilt = Venue(), BookSync(), dict[Decimal, Decimal]()
    asked: list[DepthSnapshot] = []

    def apply(event: MarketEvent) -> None:
        assert isinstance(event, DepthDiff | DepthSnapshot)
        if isinstance(event, DepthSnapshot):
            rebuilt.clear()
        rebuilt.update(event.bids)
        for price in [price for price, quantity in rebuilt.items() if not quantity]:
            del rebuilt[price]

    for what, *numbers in steps:
        link = int(numbers[0]) if numbers else 0
        if what == "change":
            venue.change(int(numbers[0]), int(numbers[1]))
        elif what in ("flush", "drop") and link in venue.flushed:
            event = venue.flush(link)
            heard = book.hear(link, event) if event is not None and what == "flush" else None
            if isinstance(heard, DepthDiff):
                apply(heard)
        elif what == "end":
            venue.flushed.pop(link, None)
            book.end(link)
        elif what == "open" and link not in venue.flushed:
            venue.open(link)
        elif what == "ask":
            asked.append(venue.book())
        elif what == "answer" and asked and book.last is None:
            for told in book.snapshot(asked.pop(0)) or ():
                apply(told)
        elif what == "lose":
            book.lose()
        assert book.last is None or rebuilt == venue.past[book.last]

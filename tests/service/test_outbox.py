"""Only what is durable goes out; nothing is lost and nothing comes twice to one subscriber."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from holdfast.adapters.store_memory import MemoryJournal
from holdfast.model import events as ev
from holdfast.model.chain import link
from holdfast.ports import GENESIS, JournalEntry
from holdfast.service.outbox import Outbox, Published, Subscription
from tests.service.toy import Recorder, alarm
from tests.waiting import within


class Box:
    """An outbox over a memory journal."""

    def __init__(self, journal: MemoryJournal | None = None, recent: int = 4) -> None:
        self.journal = journal if journal is not None else MemoryJournal()
        self.observer = Recorder()
        self.outbox = Outbox(self.journal, self.observer, recent=recent)  # type: ignore[arg-type]

    async def add(self, *events: ev.AnyEvent) -> None:
        """Append and publish one batch."""
        entries = [JournalEntry(ev.kind_of(event), ev.encode(event)) for event in events]
        head = await self.journal.append(entries, 7)
        self.outbox.publish(head, 7, events, entries)


async def take(subscription: Subscription, count: int) -> list[int]:
    """The numbers of the next records."""
    async with within(5, f"the delivery of {count} records"):
        return [(await anext(subscription)).seq for _ in range(count)]


def cleared(n: int) -> ev.AlarmCleared:
    """Another kind of event."""
    return ev.AlarmCleared(at_ms=n, code=ev.AlarmCode.STREAM_STALE, subject=str(n))


async def test_a_listener_gets_each_event_with_its_own_head() -> None:
    """Sequence, hash and exact bytes of each record of a batch."""
    box, seen = Box(), list[Published]()
    box.outbox.listen("test", seen.append)
    await box.add(alarm("a"), alarm("b"))
    first = link(GENESIS, 1, 7, "alarm_raised", ev.encode(alarm("a")))
    assert [(r.seq, r.hash, r.event) for r in seen] == [
        (1, first, alarm("a")),
        (2, box.journal.head.hash, alarm("b")),
    ]


async def test_a_listener_that_raises_is_reported_and_disturbs_nobody() -> None:
    """The others still get the event."""
    box, seen = Box(), list[int]()
    box.outbox.listen("bad", lambda record: 1 // 0)
    box.outbox.listen("good", lambda record: seen.append(record.seq))
    await box.add(alarm())
    assert seen == [1]
    assert [call[:3] for call in box.observer.calls] == [("listener_failed", "bad", 1)]


async def test_a_subscriber_gets_what_comes() -> None:
    """From now on, in order, however it is batched."""
    box = Box()
    await box.add(alarm())
    subscription = box.outbox.subscribe()
    waiting = asyncio.ensure_future(take(subscription, 3))
    await asyncio.sleep(0)
    await box.add(alarm())
    await box.add(alarm(), alarm())
    assert await waiting == [2, 3, 4]


async def test_a_late_subscriber_is_replayed_from_the_journal() -> None:
    """All ten, although only four are kept in memory; then what comes live, without a gap or a double."""
    box = Box(recent=4)
    for _ in range(10):
        await box.add(alarm())
    subscription = box.outbox.subscribe(after_seq=0)
    assert await take(subscription, 10) == list(range(1, 11))
    await box.add(alarm())
    assert await take(subscription, 1) == [11]


async def test_a_slow_subscriber_loses_nothing() -> None:
    """It falls out of memory and continues from the journal."""
    box = Box(recent=2)
    subscription = box.outbox.subscribe()
    await box.add(alarm())
    assert await take(subscription, 1) == [1]
    for _ in range(20):
        await box.add(alarm())
    assert await take(subscription, 20) == list(range(2, 22))


async def test_records_from_before_the_start_are_replayed() -> None:
    """An outbox on a journal with history."""
    journal = MemoryJournal()
    await Box(journal).add(alarm("old"))
    box = Box(journal)
    await box.add(alarm("new"))
    assert await take(box.outbox.subscribe(after_seq=0), 2) == [1, 2]


async def test_kinds_are_filtered_and_the_cursor_moves_on() -> None:
    """Continuing from the cursor does not look at the same records again."""
    box = Box()
    subscription = box.outbox.subscribe(kinds=["alarm_cleared"])
    await box.add(alarm(), cleared(2), alarm())
    assert await take(subscription, 1) == [2]
    assert subscription.take() is None
    assert subscription.cursor == 3


async def test_subscribers_end_after_the_last_record() -> None:
    """Closing lets them finish, then ends them."""
    box = Box()
    subscription = box.outbox.subscribe()
    await box.add(alarm())
    box.outbox.close()
    async with within(5, "the end of the subscription"):
        assert [record.seq async for record in subscription] == [1]


async def test_many_subscribers_each_get_everything() -> None:
    """Nobody takes another's events."""
    box = Box()
    readers: Sequence[Subscription] = [box.outbox.subscribe() for _ in range(5)]
    waiting = [asyncio.ensure_future(take(reader, 2)) for reader in readers]
    await asyncio.sleep(0)
    await box.add(alarm(), alarm())
    assert await asyncio.gather(*waiting) == [[1, 2]] * 5

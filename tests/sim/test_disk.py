"""The journal's disk: what a kill leaves on it, how long it takes, and how it fails."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from holdfast.ports import JournalEntry, JournalFailed, Snapshot
from holdfast.sim.disk import Platter, SimJournal
from holdfast.sim.lives import Killed, Life, Points, Strike, Variant
from holdfast.sim.loop import VirtualLoop, run


def on_loop(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run on a virtual loop."""
    return run(main, loop=VirtualLoop())


def entry(name: str) -> list[JournalEntry]:
    """A batch of one record."""
    return [JournalEntry(name, b"{}")]


class Process:
    """A process with a journal on the platter, struck at one of its appends."""

    def __init__(self, platter: Platter, *strikes: Strike) -> None:
        self.life = Life(1, Points(strikes), lambda _, variant: self.journal.end(variant))
        self.journal = SimJournal(platter)

    def append(self, name: str) -> asyncio.Future[Any]:
        """Append a batch as this process."""
        return self.life.context.run(self.journal.append, entry(name), 1)


def kinds(platter: Platter) -> list[str]:
    """What is durable."""
    return [record.kind for record in platter.content.records]


@pytest.mark.parametrize(
    ("variant", "expected"),
    [("before", ["confirmed", "waiting"]), ("after", ["confirmed", "waiting", "struck"]), ("lost", ["confirmed"])],
)
def test_a_strike_at_an_append_leaves_the_right_records(variant: str, expected: list[str]) -> None:
    """What was confirmed always; what waited unless it was lost; what was struck only after it."""

    async def main() -> None:
        platter = Platter(1, (5,))
        process = Process(platter, Strike(point=3, variant=Variant(variant)))
        await process.append("confirmed")
        unheard = process.append("waiting")
        with pytest.raises(Killed):
            process.append("struck")
        assert kinds(platter) == expected
        await asyncio.sleep(1)
        assert kinds(platter) == expected
        assert not unheard.done()

    on_loop(main)


@pytest.mark.parametrize("variant", Variant)
def test_the_next_process_goes_on_from_what_is_there(variant: Variant) -> None:
    """Its numbers follow without a gap."""

    async def main() -> None:
        platter = Platter(1, (5,))
        process = Process(platter, Strike(point=2, variant=variant))
        process.append("one")
        with pytest.raises(Killed):
            process.append("two")
        heir = Process(platter)
        assert heir.journal.head == platter.content.head
        await heir.append("three")
        records = platter.content.records
        assert [record.seq for record in records] == list(range(1, len(records) + 1))

    on_loop(main)


def test_an_append_takes_as_long_as_a_sync() -> None:
    """One of the platter's times."""

    async def main() -> float:
        await Process(Platter(1, (30,))).append("one")
        return asyncio.get_running_loop().time()

    assert on_loop(main) == 0.03


def test_a_slow_platter_takes_longer() -> None:
    """By up to so many milliseconds, and not for ever."""
    platter = Platter(1, (1,))
    platter.slow_by_ms = 100
    slow = [platter.next_sync_ms() for _ in range(200)]
    platter.slow_by_ms = 0
    assert 1 <= min(slow) < 20 < max(slow) <= 101
    assert {platter.next_sync_ms() for _ in range(20)} == {1}


def test_a_seed_is_one_platter() -> None:
    """The same times in the same order."""
    times = [
        [platter.next_sync_ms() for _ in range(50)] for platter in (Platter(7, (1, 5, 30)), Platter(7, (1, 5, 30)))
    ]
    assert times[0] == times[1]
    assert set(times[0]) == {1, 5, 30}


def test_the_way_is_used_while_the_disk_works() -> None:
    """A batch that is on the way lets others go on; one that is durable at once does not need to."""

    async def main(sync_ms: int) -> list[str]:
        called: list[str] = []
        Process(Platter(1, (sync_ms,))).journal.append(entry("one"), 1, lambda: called.append("on the way"))
        return called

    assert (on_loop(lambda: main(5)), on_loop(lambda: main(0))) == (["on the way"], [])


def test_a_snapshot_is_an_effect_point() -> None:
    """Struck before, it is not kept."""

    async def main() -> None:
        platter = Platter(1)
        process = Process(platter, Strike(point=1, variant=Variant.BEFORE))
        with pytest.raises(Killed):
            process.life.context.run(process.journal.save_snapshot, Snapshot(platter.content.head, b"state"))
        assert platter.content.snapshot is None

    on_loop(main)


@pytest.mark.parametrize("seed", range(20))
def test_what_waits_at_a_failure_reaches_the_disk_from_the_front(seed: int) -> None:
    """Some of it, in order; all of it is said to have failed."""

    async def main() -> int:
        platter = Platter(seed, (5,))
        process = Process(platter)
        futures = [process.append(name) for name in "abc"]
        process.journal.break_down("no space left on device")
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(result) for result in results] == [JournalFailed] * 3
        assert "".join(kinds(platter)) in ("", "a", "ab", "abc")
        return len(kinds(platter))

    landed = on_loop(main)
    assert 0 <= landed <= 3


def test_as_much_as_all_and_as_little_as_nothing_lands() -> None:
    """By the seed."""
    platter = Platter(1)
    assert {platter.landed_of(3) for _ in range(100)} == {0, 1, 2, 3}


def test_a_broken_disk_takes_nothing_until_it_is_mended() -> None:
    """And then goes on from what is durable."""

    async def main() -> None:
        platter = Platter(1)
        process = Process(platter)
        await process.append("one")
        process.journal.break_down("input/output error")
        with pytest.raises(JournalFailed, match="input/output"):
            await process.append("two")
        with pytest.raises(JournalFailed):
            await process.journal.recover()
        process.journal.mend()
        assert await process.journal.recover() == platter.content.head
        await process.append("three")
        assert kinds(platter) == ["one", "three"]

    on_loop(main)


def test_a_process_may_start_on_a_broken_disk() -> None:
    """It reads what is there and cannot write."""

    async def main() -> None:
        platter = Platter(1)
        await Process(platter).append("one")
        platter.failure = "no space left on device"
        journal = SimJournal(platter)
        assert (journal.failed, [record.kind for record in journal.read()]) == (True, ["one"])
        with pytest.raises(JournalFailed, match="no space"):
            await journal.append(entry("two"), 1)

    on_loop(main)


@pytest.mark.parametrize("variant", Variant)
def test_a_kill_on_a_broken_disk_saves_nothing(variant: Variant) -> None:
    """The kernel had nowhere to put it."""

    async def main() -> None:
        platter = Platter(1, (5,))
        process = Process(platter)
        await process.append("one")
        process.journal.break_down("input/output error")
        process.life.die(variant)
        assert kinds(platter) == ["one"]

    on_loop(main)


def test_a_batch_whose_waiter_was_cancelled_still_lands_or_fails() -> None:
    """Giving up waiting for the disk does not break the disk's failing."""

    async def main() -> None:
        process = Process(Platter(1, (5,)))
        process.append("one").cancel()
        process.journal.break_down("input/output error")
        assert process.journal.failed

    on_loop(main)


def test_a_failure_that_nobody_lives_to_hear_is_not_complained_of() -> None:
    """asyncio would print a traceback for each append whose process was killed with it."""
    complaints: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        journal = SimJournal(Platter(1, sync_ms=(5,)))
        journal.append([JournalEntry("a", b"1")], 1)
        journal.break_down("no space left on device")
        journal.append([JournalEntry("b", b"2")], 1)

    run(main, loop=VirtualLoop())
    gc.collect()
    assert complaints == []

"""One answer for all who ask at the same moment, and never one that is older than the question."""

import asyncio

import pytest

from holdfast.model.effects import Lane
from holdfast.service.shared_read import SharedRead, gap_ms
from tests.service.fakes_venue import virtual
from tests.waiting import time_passes


class Desk:
    """Answers with the number of the question, after `takes_s`."""

    def __init__(self, takes_s: float = 0.01) -> None:
        self.takes_s = takes_s
        self.asked: list[tuple[float, Lane]] = []
        self.shared = SharedRead(self._ask)

    async def _ask(self, lane: Lane) -> int:
        number = len(self.asked)
        self.asked.append((asyncio.get_running_loop().time(), lane))
        await time_passes(self.takes_s)
        return number

    def begin(self, lane: Lane = Lane.QUERY) -> asyncio.Task[int]:
        """Ask, and go on."""
        return asyncio.ensure_future(self.shared.answer(lane))


@virtual
async def test_the_first_of_a_quiet_moment_leaves_at_once() -> None:
    """Nobody waits for company."""
    desk = Desk()
    assert await desk.shared.answer(Lane.QUERY) == 0
    assert desk.asked == [(0.0, Lane.QUERY)]


@virtual
async def test_all_who_ask_at_once_share_one_question() -> None:
    """However many they are."""
    desk = Desk()
    assert await asyncio.gather(*(desk.begin() for _ in range(20))) == [0] * 20
    assert len(desk.asked) == 1


@virtual
async def test_nobody_gets_the_answer_to_a_question_that_left_before_he_asked() -> None:
    """It could show the position before what he wants to know about."""
    desk = Desk()
    first = desk.begin()
    await time_passes(0.005)
    assert await asyncio.gather(first, desk.begin()) == [0, 1]


@virtual
async def test_questions_leave_a_gap_apart_however_many_ask() -> None:
    """Those who come meanwhile share the next one."""
    desk = Desk()
    asking = []
    for _ in range(100):
        asking.append(desk.begin())
        await time_passes(0.01)
    await asyncio.gather(*asking)
    times = [at for at, _ in desk.asked]
    assert times == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0], abs=0.001)


@virtual
async def test_a_question_without_an_answer_holds_up_nobody() -> None:
    """The next one leaves when the gap is over, while the first still hangs."""
    desk = Desk(takes_s=3.0)
    first = desk.begin()
    await time_passes(0.1)
    second = desk.begin()
    await asyncio.gather(first, second)
    assert [at for at, _ in desk.asked] == pytest.approx([0.0, 0.25], abs=0.001)


@pytest.mark.parametrize("lane", [Lane.PROTECT, Lane.CANCEL])
def test_rules_12_the_shared_question_goes_in_the_lane_of_the_most_entitled(lane: Lane) -> None:
    """Who protects does not wait for a window because he asks beside one who does not."""

    @virtual
    async def check() -> None:
        desk = Desk()
        await asyncio.gather(desk.begin(), desk.begin(lane), desk.begin())
        assert desk.asked == [(0.0, lane)]

    check()


@virtual
async def test_when_the_one_who_asks_is_called_away_another_asks() -> None:
    """The others still get their answer."""
    desk = Desk()
    first, *others = [desk.begin() for _ in range(3)]
    await time_passes(0.005)
    first.cancel()
    assert await asyncio.gather(*others) == [1, 1]
    assert first.cancelled()


@virtual
async def test_who_is_called_away_takes_nobody_with_him() -> None:
    """One of those who wait may give up."""
    desk = Desk()
    first, second, third = desk.begin(), desk.begin(), desk.begin()
    await time_passes(0.005)
    second.cancel()
    assert await asyncio.gather(first, third) == [0, 0]


@virtual
async def test_a_fault_is_told_to_the_one_who_asked_and_tried_by_the_next() -> None:
    """Our own fault is nobody's answer."""
    desk = Desk()

    async def broken(lane: Lane) -> int:
        desk.asked.append((0.0, lane))
        if len(desk.asked) == 1:
            raise RuntimeError("our own fault")
        return 7

    desk.shared = SharedRead(broken)
    first, second = desk.begin(), desk.begin()
    with pytest.raises(RuntimeError):
        await first
    assert await second == 7


@pytest.mark.parametrize(
    ("used", "gap"), [(0, 250), (1_200, 250), (1_201, 500), (1_800, 500), (1_801, 1_000), (2_400, 1_000)]
)
def test_rules_12_the_fuller_the_window_the_longer_the_gap(used: int, gap: int) -> None:
    """So the question alone never uses up what is reserved: 60 of weight 5 in a minute whose last quarter is left."""
    assert gap_ms(used, 2_400) == gap

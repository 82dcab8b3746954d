"""Venue time: measured by midpoint, carried by the monotonic clock, told to the core."""

from holdfast.model.inputs import AnyInput, ClockChecked, Command
from holdfast.ports import HttpFailed, HttpReply
from holdfast.service.venue_clock import VenueClock
from tests.service.fakes_venue import Asked, FakeClock, FakeHttp, reply, virtual
from tests.waiting import time_passes

TIME = "GET /fapi/v1/time"


class Bench:
    """A clock, a venue whose time is `ahead_ms` of the wall, and what the core was told."""

    def __init__(self, ahead_ms: int = 80) -> None:
        self.clock = FakeClock()
        self.ahead_us = ahead_ms * 1_000
        self.epoch_us = self.clock.wall_offset_us
        self.told: list[AnyInput] = []
        self.http = FakeHttp()
        self.http.answers[TIME] = self.answer
        self.venue_clock = VenueClock(clock=self.clock, http=self.http, deliver=self.told.append)

    def venue_us(self) -> int:
        """The venue's true time; a wall clock that a test moves does not move it."""
        return self.epoch_us + self.clock.mono_us() + self.ahead_us

    async def answer(self, asked: Asked) -> HttpReply:
        """Ten milliseconds there, ten back."""
        await time_passes(0.010)
        body = {"serverTime": self.venue_us() // 1_000}
        await time_passes(0.010)
        return reply(body)

    def checks(self) -> list[ClockChecked]:
        """What was told about the clock."""
        return [told for told in self.told if isinstance(told, ClockChecked)]


@virtual
async def test_the_offset_is_told_with_its_error() -> None:
    """P41: midpoint of at least three samples."""
    bench = Bench(ahead_ms=80)
    assert await bench.venue_clock.measure()
    assert len(bench.http.asked) >= 3
    (check,) = bench.checks()
    assert check.ok
    assert abs(check.offset_ms - 80) <= check.error_ms <= 11
    assert abs(bench.venue_clock.now_us() - bench.venue_us()) <= 1_000


@virtual
async def test_a_wall_clock_jump_moves_nothing_that_is_signed() -> None:
    """Seed 004 ran three hours off: time goes on by the monotonic clock."""
    bench = Bench()
    await bench.venue_clock.measure()
    bench.clock.wall_offset_us += 3 * 3_600_000_000
    assert abs(bench.venue_clock.now_us() - bench.venue_us()) <= 1_000


@virtual
async def test_a_jump_is_noticed_and_measured_again() -> None:
    """Unsure at once, sure again after a new measurement."""
    bench = Bench()
    await bench.venue_clock.start()
    bench.clock.wall_offset_us -= 500_000
    await time_passes(1.5)
    states = [(check.ok, round(check.offset_ms, -2)) for check in bench.checks()]
    assert states == [(True, 100), (False, 0), (True, 600)]
    await bench.venue_clock.stop()


@virtual
async def test_it_is_checked_every_minute() -> None:
    """Three minutes, three more checks."""
    bench = Bench()
    await bench.venue_clock.start()
    await time_passes(185)
    assert len(bench.checks()) == 4
    await bench.venue_clock.stop()


@virtual
async def test_a_venue_that_does_not_answer_is_told() -> None:
    """The engine starts halted and the clock keeps trying; nothing is raised."""
    bench = Bench()
    bench.http.answers[TIME] = HttpFailed("connection refused", sent=False)
    await bench.venue_clock.start()
    assert [check.ok for check in bench.checks()] == [False]
    bench.http.answers[TIME] = bench.answer
    await time_passes(6)
    assert bench.checks()[-1].ok
    assert bench.venue_clock.sure
    await bench.venue_clock.stop()


@virtual
async def test_rubbish_is_no_time() -> None:
    """An error page under 200, or an error status."""
    bench = Bench()
    for answer in (reply(b"<html>"), reply({"serverTime": 5}, status=503), reply({"code": -1003, "msg": "x"})):
        bench.http.answers[TIME] = answer
        assert not await bench.venue_clock.measure()


@virtual
async def test_a_refused_timestamp_makes_it_measure_soon() -> None:
    """−1021: resync before anything is signed again (RULES 2)."""
    bench = Bench()
    await bench.venue_clock.start()
    bench.ahead_us += 5_000_000
    bench.venue_clock.resync()
    await time_passes(0.2)
    assert bench.checks()[-1].offset_ms > 5_000
    await bench.venue_clock.stop()


@virtual
async def test_stopping_is_quiet() -> None:
    """No task is left, and the core is not halted by an orderly end."""
    bench = Bench()
    await bench.venue_clock.start()
    await bench.venue_clock.stop()
    assert not [told for told in bench.told if isinstance(told, Command)]

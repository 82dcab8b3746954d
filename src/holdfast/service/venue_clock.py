"""Venue time in our process: an anchor from the venue's own clock, carried on by the monotonic one (P41).

Wall-clock jumps therefore move nothing that is signed. A jump is noticed all the same (the machine may have been
suspended, and the monotonic clock with it) and makes the clock unsure until it is measured again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from holdfast.binance import endpoints as ep
from holdfast.binance.replies import Unreadable, server_time_of
from holdfast.binance.timesync import MIN_SAMPLES, Anchor, Sample, anchor_of
from holdfast.model.inputs import AnyInput, ClockChecked
from holdfast.ports import Clock, HttpClient, HttpFailed
from holdfast.service.lifecycle import Supervisor
from holdfast.service.venue_observer import Unobserved, VenueObserver

CHECK_EVERY_S: Final = 60.0
RETRY_EVERY_S: Final = 5.0
WATCH_EVERY_S: Final = 1.0
SAMPLES: Final = 5
SAMPLE_TIMEOUT_MS: Final = 2_000
JUMP_US: Final = 100_000
"""Wall against monotonic: more than this between two looks is a jump, less is drift and discipline."""


class VenueClock:
    """`now_ms` never goes back except by a new measurement; the runner makes inputs monotone anyway."""

    name = "venue clock"

    def __init__(
        self,
        *,
        clock: Clock,
        http: HttpClient,
        deliver: Callable[[AnyInput], None],
        observer: VenueObserver | None = None,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._clock = clock
        self._http = http
        self._deliver = deliver
        self._observer: VenueObserver = observer if observer is not None else Unobserved()
        self._check_every_s = check_every_s
        self._wall_minus_mono_us = clock.wall_us() - clock.mono_us()
        # Until it is measured, the wall clock stands in; the core hears that it is unsure and enters nothing.
        self._venue_minus_mono_us = self._wall_minus_mono_us
        self._wanted = asyncio.Event()
        self.sure = False
        """Whether the last measurement succeeded and no jump came after it."""
        self.supervisor = Supervisor(deliver, self._observer)

    def now_us(self) -> int:
        """Venue time, microseconds since the epoch."""
        return self._clock.mono_us() + self._venue_minus_mono_us

    def now_ms(self) -> int:
        """Venue time, milliseconds since the epoch."""
        return (self._clock.mono_us() + self._venue_minus_mono_us) // 1_000

    async def start(self) -> None:
        """Measure once, then keep watch. A venue that does not answer is told to the core, not raised."""
        await self.measure()
        self.supervisor.spawn("venue-clock-measure", self._keep_measuring())
        self.supervisor.spawn("venue-clock-watch", self._watch_for_jumps())

    async def stop(self) -> None:
        """End the watch."""
        await self.supervisor.stop()

    def resync(self) -> None:
        """Measure soon: the venue has refused a timestamp of ours (−1021, −5028)."""
        self._wanted.set()

    async def measure(self) -> bool:
        """Take samples, set the anchor, tell the core. False when the venue's time could not be had."""
        samples: list[Sample] = []
        for _ in range(SAMPLES):
            sample = await self._sample()
            if sample is not None:
                samples.append(sample)
            elif len(samples) < MIN_SAMPLES:
                break
        anchor = anchor_of(samples)
        if anchor is not None:
            self._take(anchor)
        self._tell(anchor)
        return anchor is not None

    async def _sample(self) -> Sample | None:
        endpoint = ep.SERVER_TIME
        sent_us = self._clock.mono_us()
        try:
            reply = await self._http.request(endpoint.method, endpoint.path, {}, b"", SAMPLE_TIMEOUT_MS)
            received_us = self._clock.mono_us()
            return Sample(sent_us, received_us, server_time_of(reply.body)) if reply.status == 200 else None
        except HttpFailed as failed:
            self._observer.read_repeated("time", failed.reason)
        except Unreadable as error:
            self._observer.reply_unreadable("time", str(error))
        return None

    def _take(self, anchor: Anchor) -> None:
        self._venue_minus_mono_us = anchor.venue_us - anchor.mono_us
        self._wall_minus_mono_us = self._clock.wall_us() - self._clock.mono_us()

    def _tell(self, anchor: Anchor | None) -> None:
        self.sure = anchor is not None
        if anchor is None:
            self._observer.clock_measured(False, 0, 0)
            self._deliver(ClockChecked(now_ms=self.now_ms(), ok=False))
            return
        mono_us = self._clock.mono_us()
        offset_ms = (anchor.venue_at(mono_us) - self._clock.wall_us()) // 1_000
        error_ms = -(-anchor.error_us // 1_000)
        self._observer.clock_measured(True, offset_ms, error_ms)
        self._deliver(ClockChecked(now_ms=self.now_ms(), ok=True, offset_ms=offset_ms, error_ms=error_ms))

    async def _keep_measuring(self) -> None:
        while True:
            pause_s = self._check_every_s if self.sure else RETRY_EVERY_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wanted.wait()
            self._wanted.clear()
            await self.measure()

    async def _watch_for_jumps(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            difference_us = self._clock.wall_us() - self._clock.mono_us()
            jump_us = difference_us - self._wall_minus_mono_us
            self._wall_minus_mono_us = difference_us
            if abs(jump_us) >= JUMP_US:
                self._observer.clock_jumped(jump_us // 1_000)
                self.sure = False
                # The anchor may be as wrong as the wall clock is right (a suspended machine), or the other way round.
                self._deliver(ClockChecked(now_ms=self.now_ms(), ok=False))
                self.resync()

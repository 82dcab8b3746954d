"""The clock that follows the loop."""

import asyncio

from holdfast.adapters.loop_clock import LoopClock


def test_the_loop_clock_follows_the_loop() -> None:
    """It stands still with the loop's time and starts at the given epoch."""

    class Loop(asyncio.SelectorEventLoop):
        now = 0.0

        def time(self) -> float:
            return self.now

    loop = Loop()
    clock = LoopClock(loop, epoch_us=1_700_000_000_000_000)
    assert clock.wall_us() == 1_700_000_000_000_000
    loop.now = 3_600.000_001
    assert clock.mono_us() == 3_600_000_001
    assert clock.wall_us() == 1_700_003_600_000_001
    loop.close()

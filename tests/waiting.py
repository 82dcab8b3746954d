"""Waiting for a condition nobody signals: a file that another process writes, a port that opens.

The only place of the tests that sleeps. Where a signal exists (an event, a queue, a line of output), wait for that.
`time_passes` is for tests whose input is a moment in time (a process killed 0.7 s later), never for an outcome.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

PAUSE_S = 0.01


def until(condition: Callable[[], object], *, within_s: float = 10.0, what: str = "the condition") -> None:
    """Return as soon as `condition()` is true; fail the test when that takes longer than `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {within_s} s"
        time.sleep(PAUSE_S)


async def eventually(condition: Callable[[], object], *, within_s: float = 10.0, what: str = "the condition") -> None:
    """The same for tests that run in an event loop, which goes on meanwhile."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {within_s} s"
        await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Give what is awaited inside so long; the test fails by the name of what did not happen."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise AssertionError(f"{what} did not happen within {seconds:g} s") from None


async def time_passes(seconds: float) -> None:
    """Let so much time go by, because the length of it is what the test is about."""
    await asyncio.sleep(seconds)

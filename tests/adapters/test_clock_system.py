"""The machine's clock."""

import time

from holdfast.adapters.clock_system import SystemClock


def test_the_system_clock_reads_the_wall() -> None:
    """Microseconds since the epoch, between two readings of our own."""
    before = time.time_ns() // 1_000
    assert before <= SystemClock().wall_us() <= time.time_ns() // 1_000


def test_the_system_clock_never_goes_back() -> None:
    """Monotonic readings only grow."""
    clock = SystemClock()
    readings = [clock.mono_us() for _ in range(100)]
    assert readings == sorted(readings)

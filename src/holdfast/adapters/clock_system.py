"""The machine's clock."""

from __future__ import annotations

import time


class SystemClock:
    """The `Clock` port on the operating system."""

    def wall_us(self) -> int:
        """Microseconds since the epoch; may jump."""
        return time.time_ns() // 1_000

    def mono_us(self) -> int:
        """Monotonic microseconds."""
        return time.monotonic_ns() // 1_000

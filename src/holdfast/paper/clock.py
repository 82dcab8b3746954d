"""Venue time as a function of the machine's: the same, faster, slower, or standing still until it is moved.

Pure: the caller has the clock of the machine. Venue time never goes back.
"""

from __future__ import annotations

from fractions import Fraction


class VenueClock:
    """Venue time in microseconds; `speed` venue seconds pass in one of the machine's."""

    def __init__(self, wall_us: int, start_us: int | None = None, speed: Fraction = Fraction(1)) -> None:
        """Venue time is `start_us` (or the machine's) when the machine's is `wall_us`. A speed of 0 stands still."""
        assert speed >= 0, "invariant: time does not run backwards"
        self._wall_us = wall_us
        self._venue_us = wall_us if start_us is None else start_us
        self.speed = speed

    def now_us(self, wall_us: int) -> int:
        """Venue time when the machine's is `wall_us`."""
        passed = max(0, wall_us - self._wall_us)
        return self._venue_us + passed * self.speed.numerator // self.speed.denominator

    def wait_us(self, due_us: int, wall_us: int) -> int | None:
        """How long the machine has to wait until venue time is `due_us`; None while time stands still."""
        left_us = max(0, due_us - self.now_us(wall_us))
        if not left_us:
            return 0
        if not self.speed:
            return None
        return -(-left_us * self.speed.denominator // self.speed.numerator)

    def change(self, wall_us: int, *, speed: Fraction | None = None, advance_us: int = 0) -> None:
        """From now on at another speed, and at once further by `advance_us` of 0 or more."""
        assert advance_us >= 0, "invariant: time does not run backwards"
        self._venue_us = self.now_us(wall_us) + advance_us
        self._wall_us = max(wall_us, self._wall_us)
        self.speed = self.speed if speed is None else speed

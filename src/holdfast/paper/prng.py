"""A small random number generator of our own (splitmix64): the same numbers on every machine and Python, from a seed.

It is state passed in, not a global; made-up markets and ids draw from it. It is not for secrets.
"""

from __future__ import annotations

import hashlib

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15

NOISE_DEVIATION = 37_837
"""The standard deviation of `Prng.noise`: sqrt(4 / 12) of 65,536."""


class Prng:
    """64 random bits at a time. Two generators with the same seed give the same numbers."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        """Start from any integer; only its low 64 bits count."""
        self._state = seed & _MASK

    @classmethod
    def named(cls, seed: int, name: str) -> Prng:
        """An independent generator for each name under one seed."""
        digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
        return cls(int.from_bytes(digest[:8], "big"))

    def bits(self) -> int:
        """64 random bits as an integer of 0 or more."""
        self._state = state = (self._state + _GAMMA) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def between(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        assert low <= high, "invariant: a range has a low end and a high end"
        return low + self.bits() % (high - low + 1)

    def noise(self) -> int:
        """Bell-shaped around 0 within ±131,070, deviation `NOISE_DEVIATION`: the sum of four even draws."""
        bits = self.bits()
        total = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return total - 131_070

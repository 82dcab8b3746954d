"""What the engine can know of contracts whose rules change while it runs, by the control port's word.

A change is known once the rules were asked for after it, or soon after an order was refused by it: a refusal teaches
the engine to ask. What was planned before that is refused for its form without anybody's fault.
"""

from __future__ import annotations

from typing import Final

from holdfast.verify.records import ControlLine, Reply, Request

RULES: Final = "exchangeInfo"
OK: Final = 200
TAUGHT_US: Final = 10_000_000
"""How long after a refusal by new rules these may take to be known."""
_NEVER: Final = 1 << 62


class Grids:
    """Follows the venue log."""

    def __init__(self, lag_us: int) -> None:
        self._lag_us = lag_us
        self._changed: dict[str, list[int]] = {}
        """Symbol → when its rules changed, and when that was known, µs: the newest change alone."""
        self._asked: dict[int, int] = {}

    def controlled(self, line: ControlLine) -> None:
        """A contract was changed."""
        if line.what == "symbol":
            self._changed[line.symbol] = [line.us, _NEVER]

    def asked(self, line: Request) -> None:
        """The rules of all contracts are asked for."""
        if RULES in line.method:
            self._asked[line.n] = line.us

    def answered(self, line: Reply) -> None:
        """The answer tells of what was changed before it was asked for."""
        asked_us = self._asked.pop(line.req, None)
        if asked_us is None or line.status != OK or line.fault is not None:
            return
        for change in self._changed.values():
            if change[0] <= asked_us:
                change[1] = min(change[1], line.us + self._lag_us)

    def is_old(self, symbol: str, planned_us: int, us: int) -> bool:
        """Whether an order planned then, and refused now, can only have followed rules that were changed meanwhile."""
        change = self._changed.get(symbol)
        if change is None:
            return False
        change[1] = min(change[1], us + TAUGHT_US)
        return planned_us <= change[1]

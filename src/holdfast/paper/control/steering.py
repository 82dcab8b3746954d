"""The control verbs of a running server, `save` and `clock`; everything else is the exchange's own.

`save` writes the state where the server was told to keep it. `clock` reads venue time, and changes it: `speed`
(venue seconds in one second, 0 stands still) and `advance_ms` (so much further, at once).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec

from holdfast.paper.clock import VenueClock
from holdfast.paper.config import PaperConfig
from holdfast.paper.control.refusals import ControlError, known_fields, whole_of
from holdfast.paper.control.scenario import Step, plan
from holdfast.paper.edge import PaperVenue
from holdfast.paper.exchange import Log
from holdfast.paper.state import StateError

Keep = Callable[[bytes], None]

_FASTEST = 10_000


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How an exchange begins: with the state of an earlier run, a scenario, and a speed of venue time."""

    state: bytes | None = None
    steps: tuple[Step, ...] = ()
    speed: Fraction = Fraction(1)

    def venue(self, config: PaperConfig, info: dict[str, Any], wall_us: int, log: Log) -> PaperVenue:
        """A new exchange, or the earlier one taken up again at the machine's time. Raises `StateError`."""
        if self.state is None:
            venue = PaperVenue(config, info, wall_us, log)
        else:
            venue = PaperVenue.restore(self.state, log)
            venue.restart(wall_us)
        plan(venue.exchange, self.steps)
        venue.clock = VenueClock(wall_us, venue.exchange.now_us, self.speed)
        return venue


class Steering:
    """What the control port is answered by."""

    def __init__(self, venue: PaperVenue, keep: Keep | None) -> None:
        """`keep` puts the bytes of a state where they last; without it there is no place."""
        assert venue.clock is not None, "invariant: the venue of a server has a clock"
        self._venue = venue
        self._clock = venue.clock
        self._keep = keep

    def now_us(self, wall_us: int) -> int:
        """Venue time."""
        return self._clock.now_us(wall_us)

    def wait_us(self, due_us: int, wall_us: int) -> int | None:
        """How long until that venue time comes; None while time stands still."""
        return self._clock.wait_us(due_us, wall_us)

    def control(self, request: dict[str, Any], wall_us: int) -> dict[str, Any]:
        """Carry out one control request."""
        own = {"save": self._save, "clock": self._set_clock}
        verb = own.get(str(request.get("do")))
        if verb is None:
            return self._venue.control(request, self._clock.now_us(wall_us), also=tuple(own))
        try:
            return {"ok": True, **verb({key: value for key, value in request.items() if key != "do"}, wall_us)}
        except (ControlError, StateError) as error:
            return {"ok": False, "error": str(error)}
        except OSError as error:
            return {"ok": False, "error": f"save: the state cannot be written: {error}"}

    def _save(self, request: dict[str, Any], _wall_us: int) -> dict[str, Any]:
        known_fields(request)
        return {"bytes": self.save()}

    def save(self) -> int:
        """Keep the state as it is now; how many bytes it has. Raises `ControlError`, `StateError` or `OSError`."""
        if self._keep is None:
            raise ControlError("save", "the server has no place for a state", "holdfast paper --state FILE")
        data = self._venue.snapshot()
        self._keep(data)
        return len(data)

    def _set_clock(self, request: dict[str, Any], wall_us: int) -> dict[str, Any]:
        known_fields(request, "speed", "advance_ms")
        advance_ms = whole_of(request, "advance_ms", least=0, default=0)
        speed = speed_of(request["speed"]) if "speed" in request else None
        self._clock.change(wall_us, speed=speed, advance_us=advance_ms * 1000)
        return {"us": self._clock.now_us(wall_us), "speed": str(self._clock.speed)}


def speed_of(value: object) -> Fraction:
    """A speed of venue time: 0 to 10,000, as text or as a whole number. Raises `ControlError`."""
    rule = f"must be a number from 0 to {_FASTEST}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ControlError("speed", rule, '"speed": "60"')
    try:
        speed = Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ControlError("speed", rule, '"speed": "60"') from None
    if not 0 <= speed <= _FASTEST:
        raise ControlError("speed", rule, '"speed": "60"')
    return speed

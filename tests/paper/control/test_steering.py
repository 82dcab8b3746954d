"""The control verbs of a running server."""

from __future__ import annotations

import pytest

from holdfast.paper.clock import VenueClock
from holdfast.paper.control.steering import Keep, Steering
from holdfast.paper.edge import PaperVenue
from tests.paper.desk import START_US, Desk


def steering(desk: Desk, keep: Keep | None = None) -> Steering:
    """The control door of a server around the desk's venue."""
    desk.venue.clock = VenueClock(0, START_US)
    return Steering(desk.venue, keep)


def test_what_is_no_verb_of_the_server_goes_to_the_exchange() -> None:
    """At venue time."""
    desk = Desk()
    assert steering(desk).control({"do": "state"}, 5)["us"] == START_US + 5


def test_an_unknown_verb_is_told_all_that_are_known() -> None:
    """Those of the server among them: `clock` and `save`."""
    error = steering(Desk()).control({"do": "juggle"}, 0)["error"]
    assert error.startswith("do: unknown verb 'juggle'; known: fault, fund,")
    assert error.endswith(", save, clock")


def test_saving_keeps_a_state_that_can_be_restored() -> None:
    """With everything in it."""
    desk, kept = Desk(), []
    desk.order()
    answer = steering(desk, kept.append).control({"do": "save"}, 0)
    assert answer == {"ok": True, "bytes": len(kept[0])}
    venue = PaperVenue.restore(kept[0], lambda _record: None)
    assert venue.exchange.accounts["paper"].leg("BTCUSDT", "BOTH").amt > 0


def test_saving_without_a_place_says_how_to_get_one() -> None:
    """The refusal names the option."""
    assert "--state FILE" in steering(Desk()).control({"do": "save"}, 0)["error"]


def test_a_disk_that_refuses_is_told() -> None:
    """And the server goes on."""

    def full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    assert "No space left" in steering(Desk(), full).control({"do": "save"}, 0)["error"]


def test_the_clock_is_read_and_changed() -> None:
    """Sixty times as fast from now on, after an hour at once."""
    door = steering(Desk())
    assert door.control({"do": "clock"}, 7) == {"ok": True, "us": START_US + 7, "speed": "1"}
    door.control({"do": "clock", "speed": "60", "advance_ms": 3_600_000}, 10)
    assert door.control({"do": "clock"}, 11)["us"] == START_US + 10 + 3_600_000_000 + 60


@pytest.mark.parametrize("speed", ["fast", "-1", "10001", True, None, "1/0"])
def test_a_senseless_speed_is_refused(speed: object) -> None:
    """With what would pass."""
    answer = steering(Desk()).control({"do": "clock", "speed": speed}, 0)
    assert "would pass" in answer["error"]

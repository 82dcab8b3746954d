"""The options of `holdfast paper`."""

from __future__ import annotations

from fractions import Fraction

import pytest

from holdfast.cli.paper_options import check_port, speed_of
from holdfast.cli.shell import Failure


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_is_none_names_one(port: int) -> None:
    """With the range."""
    with pytest.raises(Failure, match="--control-port: must be 0 to 65535"):
        check_port("--control-port", port)


def test_only_a_clock_may_stand_still() -> None:
    """A market at speed 0 would never be played."""
    assert speed_of("--clock-speed", "0", may_stand=True) == 0
    assert speed_of("--speed", "2.5") == Fraction(5, 2)
    with pytest.raises(Failure, match="--speed: must be above 0"):
        speed_of("--speed", "0")


@pytest.mark.parametrize("text", ["fast", "-1", "1/0", "nan", "1e9"])
def test_a_speed_that_is_none_names_one(text: str) -> None:
    """For the clock as for the market."""
    with pytest.raises(Failure, match="would pass: --clock-speed 10"):
        speed_of("--clock-speed", text, may_stand=True)

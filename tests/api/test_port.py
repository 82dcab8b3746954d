"""What the API needs of an engine."""

import inspect

from holdfast.api.desk import Desk
from holdfast.api.port import Busy, EngineService
from tests.api.fake import FakeService

METHODS = [name for name, _ in inspect.getmembers(EngineService, inspect.isfunction) if not name.startswith("_")]


def test_desk_and_fake_take_the_same_arguments() -> None:
    """What the tests of the API use stands for the real one."""
    assert METHODS
    for name in METHODS:
        wanted = list(inspect.signature(getattr(EngineService, name)).parameters)
        assert list(inspect.signature(getattr(FakeService, name)).parameters) == wanted
        assert list(inspect.signature(getattr(Desk, name)).parameters) == wanted


def test_busy_says_when_to_come_back() -> None:
    """After a second, unless it knows better."""
    assert Busy("x").retry_after_s == 1
    assert Busy("x", retry_after_s=9).retry_after_s == 9

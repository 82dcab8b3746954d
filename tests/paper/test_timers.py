"""Things due later."""

from holdfast.paper.timers import Timers


def test_actions_run_in_order_of_time_then_of_making() -> None:
    """Two actions of one instant run as they were made."""
    timers, ran = Timers(), []
    timers.at(20, lambda _now: ran.append("b"))
    timers.at(10, lambda _now: ran.append("a"))
    timers.at(20, lambda _now: ran.append("c"))
    timers.run(20)
    assert ran == ["a", "b", "c"]


def test_an_action_may_add_another_that_is_due() -> None:
    """What becomes due while running runs in the same call; later things wait."""
    timers, ran = Timers(), []
    timers.at(10, lambda now: timers.at(now, lambda _now: ran.append("added")))
    timers.at(99, lambda _now: ran.append("later"))
    timers.run(10)
    assert ran == ["added"]
    assert timers.next_due_us() == 99

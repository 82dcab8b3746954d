"""Waiting ends when the condition comes true, and fails when it does not."""

import asyncio

import pytest

from tests.waiting import eventually, until, within


def test_until_returns_when_the_condition_is_true():
    """It asks again until it is."""
    answers = iter([False, False, True])
    until(lambda: next(answers))
    assert next(answers, "asked no more") == "asked no more"


def test_until_fails_and_names_what_it_waited_for():
    """Rather than hanging."""
    with pytest.raises(AssertionError, match="the file did not come true within 0 s"):
        until(lambda: False, within_s=0, what="the file")


async def test_eventually_does_the_same_in_a_loop():
    """Both ways."""
    answers = iter([False, True])
    await eventually(lambda: next(answers))
    with pytest.raises(AssertionError, match="the port did not"):
        await eventually(lambda: False, within_s=0, what="the port")


async def test_within_names_what_did_not_happen():
    """And passes on what was raised inside, a timeout of the tested code included."""
    async with within(10, "nothing"):
        pass
    with pytest.raises(AssertionError, match=r"the answer did not happen within 0.01 s"):
        async with within(0.01, "the answer"):
            await asyncio.Event().wait()
    with pytest.raises(TimeoutError, match="its own"):
        async with within(10, "the answer"):
            raise TimeoutError("its own")

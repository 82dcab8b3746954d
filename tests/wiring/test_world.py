"""Engine, exchange and market in one process, on a loop whose time is the world's."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest

from holdfast.model.reasons import TradingState
from holdfast.wiring.world import log_into
from tests.world import START_US, Stage, play, trading, with_working_entry


def test_time_begins_with_the_market() -> None:
    """A recording of last year is played in last year."""

    async def scene(stage: Stage) -> tuple[int, int]:
        return stage.world.begin_us, stage.world.clock.wall_us() - START_US

    begin_us, passed_us = play(scene)
    assert begin_us == START_US
    assert 0 < passed_us < 2_000_000


def test_it_says_why_an_engine_does_not_become_active() -> None:
    """With the reasons that hold the state down."""

    async def scene(stage: Stage) -> None:
        with pytest.raises(OSError, match=r"did not become active within 30 s: .*halted"):
            await stage.world.active()

    play(scene, boot_state=TradingState.HALTED)


def test_it_says_when_there_are_no_prices() -> None:
    """A market whose frames never come."""

    async def scene(stage: Stage) -> None:
        stage.fault("ws.silence", ms=60_000, kinds=["bookTicker", "markPriceUpdate"])
        with pytest.raises(OSError, match="no touch and mark within 30 s"):
            await stage.world.priced()

    play(scene)


def test_until_waits_for_a_condition_but_not_for_ever() -> None:
    """In the loop's seconds."""

    async def scene(stage: Stage) -> tuple[bool, bool, int]:
        before = stage.now_ms
        return await stage.world.until(lambda: 1, 5), await stage.world.until(lambda: 0, 5), stage.now_ms - before

    at_once, never, passed_ms = play(scene)
    assert (at_once, never) == (True, False)
    assert 5_000 <= passed_ms < 5_200


def test_the_touch_is_what_the_engine_knows() -> None:
    """None before the first quote; then bid and ask of the exchange."""

    async def scene(stage: Stage) -> Any:
        before = stage.world.touch("BTCUSDT")
        await trading(stage)
        return before, stage.world.touch("BTCUSDT")

    before, (bid, ask) = play(scene)
    assert before is None
    assert 0 < ask - bid <= Decimal("0.2")


def test_a_closed_world_leaves_no_entry_behind() -> None:
    """`close` is an orderly end: the working entry is cancelled, its result is published."""
    kept: list[Stage] = []

    async def scene(stage: Stage) -> None:
        await with_working_entry(stage)
        kept.append(stage)

    play(scene)
    assert kept[0].node.model.intent("i1") is not None
    assert kept[0].node.model.orders() == []


def test_the_log_is_lines_of_json_with_numbers_as_text() -> None:
    """As `holdfast paper` writes it: no digit is lost."""
    file = io.BytesIO()
    log_into(file)({"k": "trade", "price": Decimal("0.10"), "n": 1})
    assert json.loads(file.getvalue()) == {"k": "trade", "price": "0.10", "n": 1}
    assert file.getvalue().endswith(b"}\n")

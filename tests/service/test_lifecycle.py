"""Parts start in order and stop in reverse; tasks that die are loud and halt the engine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.model.inputs import AnyInput, Command
from holdfast.service import lifecycle
from holdfast.service.lifecycle import Service, Supervisor
from tests.service.toy import Recorder


class ToyPart:
    """Notes what happens to it."""

    def __init__(self, name: str, log: list[str], *, fails: str = "") -> None:
        self.name = name
        self._log = log
        self._fails = fails

    async def start(self) -> None:
        """Note, or fail."""
        self._log.append(f"start {self.name}")
        if self._fails == "start":
            raise OSError("port in use")

    async def stop(self) -> None:
        """Note, fail, or hang."""
        self._log.append(f"stop {self.name}")
        if self._fails == "stop":
            raise OSError("cannot")
        if self._fails == "hang":
            await asyncio.Event().wait()


def service(log: list[str], fails: dict[str, str] | None = None) -> tuple[Service, Any]:
    """Three parts a, b, c."""
    observer: Any = Recorder()
    return Service([ToyPart(name, log, fails=(fails or {}).get(name, "")) for name in "abc"], observer), observer


async def test_parts_stop_in_the_opposite_order() -> None:
    """What was started last depends on what was started first."""
    log: list[str] = []
    whole, _ = service(log)
    await whole.start()
    assert whole.started.is_set()
    await whole.stop()
    await whole.stop()
    assert log == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]


async def test_a_part_that_cannot_start_stops_the_others() -> None:
    """Its own error reaches the caller, and it is stopped as well."""
    log: list[str] = []
    whole, _ = service(log, {"b": "start"})
    with pytest.raises(OSError, match="port in use"):
        await whole.start()
    assert log == ["start a", "start b", "stop b", "stop a"]
    assert not whole.started.is_set()


@pytest.mark.parametrize(("fault", "said"), [("stop", "OSError('cannot')"), ("hang", "did not stop within 0.01 s")])
async def test_a_part_that_cannot_stop_does_not_keep_the_others(
    fault: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported."""
    monkeypatch.setattr(lifecycle, "STOP_TIMEOUT_S", 0.01)
    log: list[str] = []
    whole, observer = service(log, {"b": fault})
    await whole.start()
    await whole.stop()
    assert log[-1] == "stop a"
    assert ("part_stopped", "b", said) in observer.calls


async def waits() -> None:
    """Run for ever, as a task should."""
    await asyncio.Event().wait()


async def dies() -> None:
    """Raise at once."""
    raise RuntimeError("boom")


async def returns() -> None:
    """End without a word, as a task must not."""


@pytest.mark.parametrize(("work", "reason"), [(dies, "task t ended: RuntimeError('boom')"), (returns, "task t ended")])
async def test_a_task_that_ends_halts_the_engine(work: Any, reason: str) -> None:
    """By the supervisor, with the reason; and it shows in health."""
    observer: Any = Recorder()
    delivered: list[AnyInput] = []
    supervisor = Supervisor(delivered.append, observer)
    task = supervisor.spawn("t", work())
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert delivered == [Command(now_ms=0, what="halt", by="supervisor", reason=reason)]
    assert observer.names() == ["task_died"]
    assert supervisor.dead == ["t"]
    await supervisor.stop()


async def test_a_task_that_is_stopped_halts_nothing() -> None:
    """An orderly end is silent."""
    observer: Any = Recorder()
    delivered: list[AnyInput] = []
    supervisor = Supervisor(delivered.append, observer)
    supervisor.spawn("t", waits())
    await asyncio.sleep(0)
    await supervisor.stop()
    assert (delivered, observer.calls, supervisor.dead) == ([], [], [])

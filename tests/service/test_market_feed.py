"""One connection of market streams: subscribing, silence, and coming back."""

import asyncio
from typing import Any

import pytest

from holdfast.service.lifecycle import Supervisor
from holdfast.service.market_feed import MarketFeed
from holdfast.service.venue_observer import Unobserved
from tests.service.fakes_venue import FakeConnector, virtual
from tests.waiting import time_passes


class Bench:
    """A feed, its venue, and what it told."""

    def __init__(self) -> None:
        self.connector = FakeConnector()
        self.frames: list[bytes] = []
        self.changes: list[tuple[bool, str]] = []
        self.halts: list[Any] = []
        self.feed = MarketFeed(
            name="public",
            connector=self.connector,
            target="/public/stream",
            on_frame=self.frames.append,
            on_change=lambda name, up, reason: self.changes.append((up, reason)),
            silent_after_s=5.0,
            supervisor=Supervisor(self.halts.append, Unobserved()),
            observer=Unobserved(),
        )

    def names(self) -> list[str]:
        """What was subscribed on the newest connection."""
        return [name for message in self.connector.link.messages() for name in message["params"]]


@virtual
async def test_what_is_asked_for_is_subscribed() -> None:
    """Before and after the start."""
    bench = Bench()
    bench.feed.subscribe(["a@bookTicker"])
    await bench.feed.start()
    bench.feed.subscribe(["b@bookTicker"])
    await time_passes(1)
    assert bench.names() == ["a@bookTicker", "b@bookTicker"]
    assert [message["method"] for message in bench.connector.link.messages()] == ["SUBSCRIBE", "SUBSCRIBE"]


@virtual
async def test_messages_have_ids_of_their_own() -> None:
    """The venue wants unsigned integers."""
    bench = Bench()
    bench.feed.subscribe([f"s{n}@bookTicker" for n in range(500)])
    await bench.feed.start()
    await time_passes(2)
    assert [message["id"] for message in bench.connector.link.messages()] == [1, 2, 3]


@virtual
async def test_frames_are_handed_on_as_they_are() -> None:
    """Reading them is somebody else's."""
    bench = Bench()
    await bench.feed.start()
    bench.connector.link.say(b"frame")
    assert bench.frames == [b"frame"]
    assert bench.feed.heard_at == asyncio.get_running_loop().time()


@virtual
async def test_every_name_is_asked_for_again_after_a_close() -> None:
    """The venue forgets with the connection."""
    bench = Bench()
    bench.feed.subscribe(["a@bookTicker", "b@bookTicker"])
    await bench.feed.start()
    await time_passes(1)
    bench.connector.link.end("reset")
    await time_passes(1)
    assert bench.names() == ["a@bookTicker", "b@bookTicker"]
    assert bench.changes == [(True, "connected"), (False, "reset"), (True, "connected")]


@virtual
async def test_silence_ends_the_connection() -> None:
    """Only where something is expected."""
    bench = Bench()
    await bench.feed.start()
    await time_passes(60)
    assert len(bench.connector.links) == 1
    bench.feed.subscribe(["a@bookTicker"])
    await time_passes(7)
    assert len(bench.connector.links) > 1


@virtual
async def test_attempts_back_off() -> None:
    """A venue that is away is not hammered."""
    bench = Bench()
    bench.connector.failures = [OSError("refused")] * 100
    await bench.feed.start()
    await time_passes(60)
    assert 90 < len(bench.connector.failures) < 95
    assert bench.changes == []


@virtual
async def test_too_many_streams_are_a_fault_of_ours() -> None:
    """The venue would close the connection."""
    with pytest.raises(AssertionError, match="invariant"):
        Bench().feed.subscribe([f"s{n}" for n in range(1_001)])


@virtual
async def test_a_broken_reader_halts() -> None:
    """A feed that dies of our own fault is not silently gone (fault E5)."""
    bench = Bench()

    def broken(name: str, up: bool, reason: str) -> None:
        raise RuntimeError("bug")

    bench.feed._on_change = broken
    starting = asyncio.ensure_future(bench.feed.start())
    await time_passes(1)
    starting.cancel()
    assert [halt.what for halt in bench.halts] == ["halt"]

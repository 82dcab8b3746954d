"""Waiting for messages that the official SDK hands to a handler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.waiting import within


def heard(handle: Any) -> asyncio.Queue[Any]:
    """The messages of one subscription."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    handle.on("message", queue.put_nowait)
    return queue


async def take(queue: asyncio.Queue[Any], wanted: Callable[[Any], object] = bool) -> Any:
    """The first message that `wanted` accepts, as the SDK's model of it."""
    async with within(40, "the awaited message"):
        while True:
            message = await queue.get()
            message = getattr(message, "actual_instance", None) or message
            if wanted(message):
                return message


def kind(message: object) -> str:
    """The name of an account event's model; the SDK drops the field `e`."""
    return type(message).__name__

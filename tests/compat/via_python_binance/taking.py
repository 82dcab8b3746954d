"""Waiting for a message of python-binance's sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.waiting import within


async def take(socket: Any, wanted: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
    """The first message that `wanted` accepts."""
    async with within(40, "the awaited message"):
        while True:
            message: dict[str, Any] = await socket.recv()
            if wanted(message):
                return message

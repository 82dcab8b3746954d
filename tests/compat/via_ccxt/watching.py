"""Waiting for what ccxt pro watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.pro

from tests.waiting import eventually, within

Watch = Callable[[], Awaitable[Any]]


async def watched(watch: Watch, wanted: Callable[[Any], object] = bool) -> Any:
    """What a watch call gives, from the first time that `wanted` accepts it."""
    async with within(40, "what was watched for"):
        while True:
            seen = await watch()
            if wanted(seen):
                return seen


async def after(exchange: ccxt.pro.binanceusdm, watch: Watch, act: Watch, wanted: Callable[[Any], object]) -> Any:
    """What a watch call gives after an act of ours, begun when the account's events can be heard."""
    seen = asyncio.create_task(watched(watch, wanted))
    await eventually(lambda: _listening(exchange), within_s=60, what="the watch of the private stream")
    await act()
    return await seen


def _listening(exchange: ccxt.pro.binanceusdm) -> bool:
    """Whether the account's connection is open and somebody waits for one of its events, beyond a first snapshot."""
    private = [client for url, client in exchange.clients.items() if "/private" in url and client.connected.done()]
    return any("Snapshot" not in name for client in private for name in client.futures)

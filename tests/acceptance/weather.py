"""Bad weather for a stand: prices that jump, and requests, answers and events that go astray at random."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.acceptance import markets
from tests.acceptance.stand import Stand
from tests.waiting import time_passes

PRICE_GAP_S = 0.04
FAULT_GAP_S = 0.8
METHODS = ("order.place", "algoOrder.place", "order.cancel", "algoOrder.cancel", "order.place", "")
ASTRAY: tuple[dict[str, Any], ...] = (
    {"verb": "503-unknown", "executed": True},
    {"verb": "503-unknown"},
    {"verb": "503-unavailable"},
    {"verb": "resp.drop"},
    {"verb": "req.drop"},
    {"verb": "reset", "executed": True},
    {"verb": "reset"},
    {"verb": "-1007", "executed": True},
    {"verb": "-1007"},
    {"verb": "-1008"},
    {"verb": "status", "status": 502, "executed": True},
    {"verb": "code", "code": -9999},
    {"verb": "code", "code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."},
    {"verb": "throttle", "code": -1015},
    {"verb": "delay", "ms": 300},
    {"verb": "delay", "ms": 1_200},
)
"""What a single request may meet."""

DEAF: tuple[dict[str, Any], ...] = (
    {"verb": "ws.close", "kinds": ["private"]},
    {"verb": "ws.close", "kinds": ["wsapi"]},
    {"verb": "ws.close"},
    {"verb": "ws.silence", "ms": 1_500},
    {"verb": "ws.drop", "count": 2},
    {"verb": "ws.dup", "count": 3},
    {"verb": "lk.expire"},
    {"verb": "algo.vanish"},
    {"verb": "query.lag", "ms": 400},
    {"verb": "query.lag", "count": 0},
)
"""What happens to streams, lists and stops."""


async def move_prices(stand: Stand, rng: random.Random) -> None:
    """Prices jump, each about where it began, so that stops trigger and targets fill all the time. Until cancelled."""
    away = dict.fromkeys(markets.SYMBOLS, 0)
    while True:
        symbol = rng.choice(markets.SYMBOLS)
        step = rng.randint(-9, 9) - away[symbol] // 2
        away[symbol] += step
        await asyncio.to_thread(stand.control, do="price", symbol=symbol, percent=str(step / 10))
        await time_passes(PRICE_GAP_S)


async def lead_astray(stand: Stand, rng: random.Random) -> None:
    """One fault after the other, of every kind. Until cancelled; then everything is disarmed by `calm`."""
    while True:
        fault = dict(rng.choice(ASTRAY if rng.random() < 0.75 else DEAF))
        if fault in ASTRAY:
            fault["match"] = {"method": rng.choice(METHODS)}
        await asyncio.to_thread(stand.fault, **fault)
        await time_passes(rng.uniform(0.0, 2 * FAULT_GAP_S))


def calm(stand: Stand) -> None:
    """Disarm every fault that has not met its request yet."""
    stand.fault("clear")

"""A market that was watched for a minute, and short ways to read it."""

from __future__ import annotations

from typing import Any

from tests.paper.desk import SECOND, START_US, Desk

NOW_MS = START_US // 1000
MINUTE_MS = 60_000
MINUTE_OPEN_MS = NOW_MS - NOW_MS % MINUTE_MS


def read(desk: Desk, path: str, **params: Any) -> Any:
    """The body of a public read that must succeed."""
    query = "&".join(f"{name}={value}" for name, value in params.items())
    reply = desk.raw("GET", f"/{'' if path.startswith('futures') else 'fapi/v1/'}{path}?{query}")
    assert reply.status == 200, reply.body
    return reply.body


def traded() -> Desk:
    """Three trades: 1 and 0.5 BTC within one aggregate, and a minute later 0.25 sold."""
    desk = Desk()
    desk.trade("80000.1", "1", seller_aggressive=False)
    desk.trade("80000.1", "0.5", seller_aggressive=False)
    desk.wait(61 * SECOND)
    desk.trade("80000.0", "0.25", seller_aggressive=True)
    return desk

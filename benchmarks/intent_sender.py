"""The sender of the intent's path: one connection, one intent at a time, at a pace."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.exchange import names
from benchmarks.results import CannotRun

SYMBOLS = 300
REST_S = 11.5
"""A symbol rests so long after its trade (RULES 4); a block of intents on the same symbols waits for it."""


class Pace(NamedTuple):
    """How intents follow each other: `pause_ms` after an answer, `burst` trades opened before they are closed."""

    name: str
    pause_ms: int
    burst: int


BRISK = Pace("brisk", 3, 10)
IDLE = Pace("idle", 15, 1)
CLOSED_S = 1.0
"""After so long the trades of a burst are closed and nobody looks at them any more."""

_HEAD = (
    b"POST /v1/intents HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)


class Sent(NamedTuple):
    """One opening intent: when it left, and when its answer came."""

    intent_id: str
    sent_us: int
    answered_us: int


class Sender:
    """Posts intents one after the other on one connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sent = 0
        self._free_at = dict.fromkeys(names(SYMBOLS), 0.0)

    def block(self, count: int, pace: Pace) -> Iterator[Sent]:
        """Open and close so many trades, each on the symbol that has rested longest."""
        pause_s = pace.pause_ms / 1_000
        for _ in range(0, count, pace.burst):
            opened = []
            for _ in range(pace.burst):
                symbol = next(iter(self._free_at))
                time.sleep(max(pause_s, self._free_at.pop(symbol) - time.monotonic()))
                self._sent += 1
                opened.append((self._sent, symbol))
                yield self._post(f"open-{self._sent}", _open(symbol))
            for number, symbol in opened:
                time.sleep(IDLE.pause_ms / 1_000)
                self._post(f"close-{number}", {"symbol": symbol, "action": "close"})
                self._free_at[symbol] = time.monotonic() + REST_S
            if pace.burst > 1:
                time.sleep(CLOSED_S)

    def bare(self, count: int, pace: Pace) -> Iterator[Sent]:
        """So many intents to the skeleton, which opens nothing."""
        for _ in range(count):
            time.sleep(pace.pause_ms / 1_000)
            self._sent += 1
            yield self._post(f"bare-{self._sent}", _open(names(SYMBOLS)[0]))

    def _post(self, intent_id: str, fields: dict[str, Any]) -> Sent:
        # Written whole beforehand: what this client takes to build a request is not the engine's time.
        body = json.dumps({"id": intent_id, "source": "benchmark", **fields}).encode()
        request = _HEAD % (self._port, len(body)) + body
        sent_us = time.time_ns() // 1_000
        self._socket.sendall(request)
        reply = self._socket.recv(65_536)
        answered_us = time.time_ns() // 1_000
        while not _whole(reply):
            more = self._socket.recv(65_536)
            if not more:
                raise CannotRun(f"the connection ended during the answer to {intent_id}")
            reply += more
        if not reply.startswith(b"HTTP/1.1 202 "):
            raise CannotRun(f"{intent_id} was answered with {reply.decode('utf-8', 'replace')[:400]}")
        return Sent(intent_id, sent_us, answered_us)


def _whole(reply: bytes) -> bool:
    head, found, body = reply.partition(b"\r\n\r\n")
    if not found:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    if not lengths:
        raise CannotRun(f"an answer without a length: {head[:200]!r}")
    return len(body) >= int(lengths[0].partition(b":")[2])


def _open(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "action": "open",
        "side": "long",
        "size": {"quantity": "0.2"},
        "stop_loss": {"pct": "1"},
    }

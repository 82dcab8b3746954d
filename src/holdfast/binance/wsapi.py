"""The WebSocket API: messages, their answers, and which answer belongs to which request (protocol notes G).

Answers come in any order and are matched by id. A request whose connection ends is not failed but unknown, so the
table of requests in flight is drained by whoever closes.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

from holdfast.binance import payloads as pl
from holdfast.binance.encoding import signing_text
from holdfast.binance.endpoints import LOGON
from holdfast.binance.outcomes import Answer
from holdfast.binance.replies import decoder, read
from holdfast.binance.requests import Request
from holdfast.binance.signing import Signer

T = TypeVar("T")

LIFE_MS: Final = 24 * 3_600_000
"""The venue ends every connection after 24 hours."""

ROLL_AFTER_MS: Final = LIFE_MS - 3_600_000
"""A connection is replaced an hour before its end, the new one first."""

HANDSHAKE_WEIGHT: Final = 5
LOGON_RECV_WINDOW_MS: Final = 5_000
MAX_GIVEN_UP: Final = 1_000


class ErrorFields(msgspec.Struct, frozen=True, gc=False):
    """What an answer says when it refuses."""

    code: int = 0
    msg: str = ""


class Reply(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One answer; `result` is read later, by whoever knows what was asked."""

    status: int
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: ErrorFields | None = None
    rate_limits: list[pl.RateLimitPayload] = []

    @property
    def request_id(self) -> int | None:
        """None when it answers no request of ours."""
        return self.id if isinstance(self.id, int) else None

    def answer(self, *, parsed: bool) -> Answer:
        """For the outcome table; `parsed` says whether a result could be read as what was asked for."""
        if self.error is None:
            return Answer(self.status, parsed=parsed)
        return Answer(self.status, self.error.code, self.error.msg, parsed=self.status != 200)


_reply: Final = decoder(Reply)
_encoder: Final = msgspec.json.Encoder()


def parse(message: bytes) -> Reply:
    """Read an answer. Raises `Unreadable`."""
    return read(_reply, message)


def encode(request_id: int, request: Request, signer: Signer | None, timestamp_ms: int, recv_window_ms: int) -> bytes:
    """One request as a message. `signer` None means that the session is logged on and needs no signature."""
    params = request.params.copy()
    params["recvWindow"] = recv_window_ms
    params["timestamp"] = timestamp_ms
    if signer is not None:
        params["apiKey"] = signer.api_key
        params["signature"] = signer.sign(signing_text(params).encode("ascii"))
    return _encoder.encode({"id": request_id, "method": request.endpoint.ws_method, "params": params})


def logon(request_id: int, signer: Signer, timestamp_ms: int) -> bytes:
    """Log the session on; only Ed25519 keys may (protocol notes A.4)."""
    assert signer.key_type == "ed25519", "invariant: only an Ed25519 key logs on"
    return encode(request_id, Request(LOGON, {}, LOGON.weight), signer, timestamp_ms, LOGON_RECV_WINDOW_MS)


class InFlight(Generic[T]):
    """Requests without an answer. All have the same timeout, so the order of sending is the order of deadlines.

    Deadlines are microseconds of any clock that never goes back.
    What timed out is remembered for a while: its answer, if it still comes, is evidence.
    """

    __slots__ = ("_given_up", "_last_id", "_waiting")

    def __init__(self) -> None:
        self._last_id = 0
        self._waiting: dict[int, tuple[int, T]] = {}
        self._given_up: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def new_id(self) -> int:
        """An id that no other request of this connection had."""
        self._last_id += 1
        return self._last_id

    def add(self, request_id: int, deadline_us: int, token: T) -> None:
        """Remember a request that was sent. `deadline_us` must not be earlier than that of any before it."""
        self._waiting[request_id] = (deadline_us, token)

    def take(self, request_id: int | None) -> T | None:
        """Forget and return the request that an answer belongs to; None when there is none (late, or not ours)."""
        found = self._waiting.pop(request_id, None) if request_id is not None else None
        return None if found is None else found[1]

    def take_late(self, request_id: int | None) -> T | None:
        """Forget and return a request that had timed out before its answer came."""
        return self._given_up.pop(request_id, None) if request_id is not None else None

    def first_deadline_us(self) -> int | None:
        """When the oldest request times out."""
        for deadline_us, _ in self._waiting.values():
            return deadline_us
        return None

    def expire(self, now_us: int) -> list[T]:
        """Give up and return every request whose deadline has come, oldest first."""
        due: dict[int, T] = {}
        for request_id, (deadline_us, token) in self._waiting.items():
            if deadline_us > now_us:
                break
            due[request_id] = token
        for request_id in due:
            del self._waiting[request_id]
        self._given_up.update(due)
        while len(self._given_up) > MAX_GIVEN_UP:
            del self._given_up[next(iter(self._given_up))]
        return list(due.values())

    def drain(self) -> list[T]:
        """Forget and return everything: the connection has ended."""
        tokens = [token for _, token in self._waiting.values()]
        self._waiting.clear()
        return tokens

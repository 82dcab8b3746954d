"""REST towards the venue: one signed request, one answer, its cost counted. Nothing is sent twice here."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from holdfast.binance.governor import Governor
from holdfast.binance.outcomes import Answer, is_ban, throttled_until
from holdfast.binance.replies import error_of
from holdfast.binance.requests import Request, rest_message
from holdfast.binance.signing import Signer
from holdfast.model.effects import Lane
from holdfast.ports import HttpClient, HttpFailed


class VenueTime(Protocol):
    """What signing needs of the venue's clock."""

    def now_ms(self) -> int:
        """Venue time, milliseconds since the epoch."""

    def resync(self) -> None:
        """Measure again soon."""


class RestReply(NamedTuple):
    """How an exchange ended. `status` 0: no complete answer, `failure` says why."""

    status: int
    body: bytes
    failure: str = ""
    sent: bool = True
    retry_after_ms: int = 0

    def answer(self, *, parsed: bool) -> Answer:
        """For the outcome table; `parsed` says whether a 200 body was what had been asked for."""
        if self.status == 0:
            return Answer(0, message=self.failure, sent=self.sent)
        if self.status == 200:
            return Answer(200, parsed=parsed)
        error = error_of(self.body)
        if error is None:
            return Answer(self.status)
        return Answer(self.status, error.code, error.msg, True, True, self.retry_after_ms)


class RestDoor:
    """Signs, sends and counts. The caller has asked the governor for admission; the door tells it what came of it."""

    def __init__(self, *, http: HttpClient, signer: Signer, clock: VenueTime, governor: Governor) -> None:
        self.governor = governor
        self.clock = clock
        self._http = http
        self._signer = signer

    async def exchange(
        self, request: Request, lane: Lane, *, recv_window_ms: int, timeout_ms: int, timestamp_ms: int | None = None
    ) -> RestReply:
        """Send once. `timestamp_ms` None stamps now. Never raises for what the network or the venue does."""
        now_ms = self.clock.now_ms()
        stamp_ms = timestamp_ms if timestamp_ms is not None else now_ms
        message = rest_message(request, self._signer, stamp_ms, recv_window_ms)
        self.governor.spend(request.weight, now_ms)
        try:
            got = await self._http.request(message.method, message.target, message.headers, message.body, timeout_ms)
        except HttpFailed as failed:
            return RestReply(0, b"", failed.reason, failed.sent)
        now_ms = self.clock.now_ms()
        self.governor.seen_headers(got.headers, now_ms)
        reply = RestReply(got.status, got.body, retry_after_ms=_retry_after_ms(got.headers.get("retry-after")))
        self._note_throttle(lane, reply, now_ms)
        return reply

    def _note_throttle(self, lane: Lane, reply: RestReply, now_ms: int) -> None:
        if reply.status not in (418, 429):
            return
        answer = reply.answer(parsed=False)
        # A page without a body proves nothing about the request, but is reason enough to be quiet for a while.
        code = answer.code if answer.code in (-1003, -1015) else -1003
        until_ms = throttled_until(answer._replace(code=code), now_ms)
        self.governor.throttled(lane, code, until_ms, banned=reply.status == 418 or is_ban(answer))


def _retry_after_ms(text: str | None) -> int:
    return int(text) * 1_000 if text is not None and text.isascii() and text.isdigit() else 0

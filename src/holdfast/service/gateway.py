"""The gateway: carries effects to the venue and brings back exactly one answer for each (RULES 1, 2, 8).

Orders and cancels go over the WebSocket API when its connection is open, else over REST; which of the two is decided
before the first byte. Nothing that was sent is ever sent again here: what has no answer is unknown, and the core
decides what that means for the order's role. Only reads are repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec

from holdfast.binance import endpoints as ep
from holdfast.binance import requests
from holdfast.binance.codes import RESYNC_CLOCK, RULES_CHANGED, is_listed
from holdfast.binance.endpoints import Endpoints
from holdfast.binance.governor import Governor
from holdfast.binance.outcomes import Answer, Op, classify, is_ban
from holdfast.binance.payloads import RateLimitPayload
from holdfast.binance.replies import Unreadable, algo_cancel_of, algo_of, order_of
from holdfast.binance.requests import Request, Unsendable
from holdfast.binance.signing import Signer
from holdfast.binance.wsapi import Reply
from holdfast.model.effects import Cancel, ChangeSetting, Lane, Place, Read
from holdfast.model.ids import Role
from holdfast.model.inputs import (
    AlgoSeen,
    AnyInput,
    CancelAnswered,
    LinkChanged,
    OrderSeen,
    PlaceAnswered,
    RatesSeen,
    ReadAnswered,
    SettingAnswered,
)
from holdfast.model.reasons import Outcome
from holdfast.model.reports import AlgoReport, Channel, OrderReport, RateWindow, RequestOutcome
from holdfast.model.settings import EngineSettings
from holdfast.ports import HttpClient, WsConnector
from holdfast.service.order_channel import ChannelEnds, OrderChannel, Ticket
from holdfast.service.rest_door import RestDoor, VenueTime
from holdfast.service.venue_observer import Unobserved, VenueObserver
from holdfast.service.venue_reads import VenueReads

RATES_EVERY_MS: Final = 1_000
"""Rate windows go to the core at most so often while less than half of an ORDERS window is used, and always beyond."""

MAX_READS: Final = 512
"""Reads that may be under way; one more is answered as not asked."""

SETTING_RECV_WINDOW_MS: Final = 5_000

PREPARED_MS: Final = 100
"""So old may the time stamp of a prepared stop or close be when it leaves."""

MAX_PREPARED: Final = 200
"""Orders that may lie prepared; more means that their journal does not answer."""


class Gateway:
    """One account's way to the venue. Construct it in a running loop.

    `confirmed` is called with the client id of each order or cancel that the venue confirmed: an event is owed for it.
    `rules_doubted` is called when a refusal shows that a symbol's rules are others than ours.
    `entries_forbidden` is asked before each entry is written (the kill latch, RULES 16). `http` belongs to the REST
    host, `wallet_http` to the wallet host where the venue has one, `ws_connector` to the WebSocket API host.
    """

    name = "gateway"

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        signer: Signer,
        http: HttpClient,
        ws_connector: WsConnector,
        clock: VenueTime,
        deliver: Callable[[AnyInput], None],
        settings: EngineSettings,
        observer: VenueObserver | None = None,
        governor: Governor | None = None,
        wallet_http: HttpClient | None = None,
        confirmed: Callable[[str], None] | None = None,
        entries_forbidden: Callable[[], bool] | None = None,
        rules_doubted: Callable[[], None] | None = None,
    ) -> None:
        self.governor = governor if governor is not None else Governor()
        self._signer = signer
        self._clock = clock
        self._deliver = deliver
        self._settings = settings
        self._observer: VenueObserver = observer if observer is not None else Unobserved()
        self._confirmed = confirmed if confirmed is not None else _nobody
        self._rules_doubted = rules_doubted if rules_doubted is not None else _nothing
        self._entries_forbidden = entries_forbidden if entries_forbidden is not None else _never
        self._loop = asyncio.get_running_loop()
        self.door = RestDoor(http=http, signer=signer, clock=clock, governor=self.governor)
        wallet = None
        if wallet_http is not None and endpoints.wallet is not None:
            wallet = RestDoor(http=wallet_http, signer=signer, clock=clock, governor=Governor())
        timeout_ms = settings.request_timeout_ms
        self.reads = VenueReads(self.door, observer=self._observer, timeout_ms=timeout_ms, wallet=wallet)
        self._channel = OrderChannel(
            connector=ws_connector,
            path=endpoints.ws_api.path,
            signer=signer,
            clock=clock,
            governor=self.governor,
            ends=ChannelEnds(self._settled, self._lost, self._late, self._link_told),
            observer=self._observer,
            timeout_ms=timeout_ms,
        )
        self._tasks: dict[asyncio.Task[Any], Callable[[str], None]] = {}
        self._tasks_made = 0
        self._prepared: dict[str, Ticket] = {}
        self._rates_told_ms = 0
        self._rates_told: tuple[RateWindow, ...] = ()

    async def start(self) -> None:
        """Open the order channel. When that fails, REST carries orders until it succeeds."""
        await self._channel.start()

    async def stop(self) -> None:
        """Close. What is under way is answered as unknown (reads as not asked)."""
        await self._channel.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            await asyncio.gather(task, return_exceptions=True)

    async def read_now(self, read: Read) -> ReadAnswered:
        """Ask and wait for the answer instead of having it delivered: for boot and for checks."""
        return await self.reads.answer(read)

    def perform(self, effect: Place | Cancel | Read | ChangeSetting) -> None:
        """Begin. Never blocks, never raises; exactly one answer is delivered, perhaps before this returns."""
        if isinstance(effect, Place):
            self._place(effect)
        elif isinstance(effect, Cancel):
            self._cancel(effect)
        elif isinstance(effect, Read):
            self._read(effect)
        else:
            self._spawn(self._change(effect), lambda reason: self._setting_done(effect, _unknown(reason)))

    def prepare(self, effects: Sequence[Place | Cancel | Read | ChangeSetting]) -> None:
        """Write the orders among the effects, so that performing them is little more than a send.

        A stop is stamped here as well: `PREPARED_MS` later it is written anew (RULES 8).
        """
        if len(self._prepared) > MAX_PREPARED:
            self._prepared.clear()  # What was held back is never asked for again.
        now_ms = self._clock.now_ms()
        for effect in effects:
            if isinstance(effect, Place):
                with contextlib.suppress(Unsendable):  # Performing it says so.
                    ticket = self._ticket(effect, now_ms)
                    self._prepared[_client_id_of(effect)] = ticket._replace(letter=self._channel.write(ticket))

    def hold(self) -> None:
        """Orders performed until `release` may leave in one packet."""
        self._channel.hold()

    def release(self) -> None:
        """What was held leaves now."""
        self._channel.release()

    # Orders and cancels.

    def _place(self, effect: Place) -> None:
        now_ms = self._clock.now_ms()
        try:
            ticket = self._ticket_for(effect, now_ms)
        except Unsendable as error:
            self._refuse(effect, now_ms, "unsendable", str(error))
            return
        if effect.order.spec.role is Role.ENTRY and self._entries_forbidden():
            self._refuse(effect, now_ms, "latched", "the kill latch is closed")
            return
        self._write(ticket, effect.lane, now_ms)

    def _ticket_for(self, effect: Place, now_ms: int) -> Ticket:
        """The prepared one where it still holds, or a new one. Raises `Unsendable`."""
        ready = self._prepared.pop(effect.order.spec.client_id, None) if self._prepared else None
        if ready is not None and ready.effect is effect:
            if effect.timestamp_ms is not None or now_ms - ready.stamp_ms <= PREPARED_MS:
                return ready._replace(begun=self._loop.time())
        return self._ticket(effect, now_ms)

    def _ticket(self, effect: Place, now_ms: int) -> Ticket:
        stamp_ms = effect.timestamp_ms if effect.timestamp_ms is not None else now_ms
        return Ticket(effect, requests.place(effect.order.spec), stamp_ms, effect.recv_window_ms, self._loop.time())

    def _cancel(self, effect: Cancel) -> None:
        now_ms = self._clock.now_ms()
        request = requests.cancel(effect)
        ticket = Ticket(effect, request, now_ms, self._settings.safe_recv_window_ms, self._loop.time())
        self._write(ticket, Lane.CANCEL, now_ms)

    def _write(self, ticket: Ticket, lane: Lane, now_ms: int) -> None:
        if self._is_late(ticket, now_ms):
            self._refuse(ticket.effect, ticket.stamp_ms, "late", f"{now_ms - ticket.stamp_ms} ms after its record")
            return
        request = ticket.request
        orders = request.endpoint.orders
        wait_ms = self.governor.admit(lane, request.weight, now_ms, orders)
        if wait_ms:
            outcome = RequestOutcome(outcome=Outcome.THROTTLED, local="budget", until_ms=now_ms + wait_ms)
            self._answer(ticket, outcome, now_ms)
            return
        # From here on the way is chosen: the channel has written the whole request, or nothing of it.
        if self._channel.send(ticket):
            self.governor.spend(request.weight, now_ms, orders)
        else:
            self.governor.spend(0, now_ms, orders)
            self._spawn(self._by_rest(ticket, lane), lambda reason: self._lost(ticket, reason))

    def _is_late(self, ticket: Ticket, now_ms: int) -> bool:
        effect = ticket.effect
        once = isinstance(effect, Place) and effect.timestamp_ms is not None
        return once and now_ms - ticket.stamp_ms > ticket.recv_window_ms // 2

    async def _by_rest(self, ticket: Ticket, lane: Lane) -> None:
        now_ms = self._clock.now_ms()
        if self._is_late(ticket, now_ms):
            self._refuse(ticket.effect, ticket.stamp_ms, "late", f"{now_ms - ticket.stamp_ms} ms after its record")
            return
        if _op_of(ticket.effect) is not Op.PLACE_ONCE:
            ticket = ticket._replace(stamp_ms=now_ms)
        reply = await self.door.exchange(
            ticket.request,
            lane,
            timestamp_ms=ticket.stamp_ms,
            recv_window_ms=ticket.recv_window_ms,
            timeout_ms=self._settings.request_timeout_ms,
        )
        result = self._result(ticket, reply.body) if reply.status == 200 else None
        self._finish(ticket, reply.answer(parsed=result is not None), result, [])
        self._rates_changed()

    def _settled(self, ticket: Ticket, reply: Reply) -> None:
        good = reply.status == 200 and reply.error is None
        result = self._result(ticket, reply.result) if good else None
        self._finish(ticket, reply.answer(parsed=result is not None), result, reply.rate_limits)

    def _finish(self, ticket: Ticket, answer: Answer, result: _Result | None, limits: list[RateLimitPayload]) -> None:
        now_ms = self._clock.now_ms()
        order, algo = result if result is not None else (None, None)
        outcome = classify(_op_of(ticket.effect), answer, now_ms, order, algo)
        if outcome.outcome is not Outcome.CONFIRMED:
            self._learn(ticket.request, _lane_of(ticket.effect), answer, outcome)
        self._answer(ticket, outcome, now_ms, limits)

    def _learn(self, request: Request, lane: Lane, answer: Answer, outcome: RequestOutcome) -> None:
        """What a refusal says about our pace, our clock, or our tables."""
        if outcome.outcome is Outcome.THROTTLED:
            self.governor.throttled(lane, outcome.code, outcome.until_ms, banned=is_ban(answer))
        elif outcome.code in RESYNC_CLOCK:
            self._clock.resync()
        elif outcome.code in RULES_CHANGED:
            self._rules_doubted()
        elif outcome.code and not is_listed(outcome.code):
            self._observer.code_unlisted(_name_of(request), outcome.code, outcome.message)

    def _lost(self, ticket: Ticket, reason: str) -> None:
        self._answer(ticket, _unknown(reason), self._clock.now_ms())

    def _late(self, ticket: Ticket, reply: Reply) -> None:
        """The request was given up, and now its answer comes: a confirmation is evidence like any other."""
        self._observer.reply_late(_name_of(ticket.request))
        good = reply.status == 200 and reply.error is None
        result = self._result(ticket, reply.result) if good else None
        if result is None:
            return
        order, algo = result
        now_ms = self._clock.now_ms()
        if order is not None:
            self._deliver(OrderSeen(now_ms=now_ms, report=order))
        if algo is not None:
            self._deliver(AlgoSeen(now_ms=now_ms, report=algo))

    def _result(self, ticket: Ticket, body: bytes | msgspec.Raw) -> _Result | None:
        """What a result says, if it is about the order that was meant; otherwise it proves nothing."""
        endpoint, client_id = ticket.request.endpoint, _client_id_of(ticket.effect)
        try:
            order = algo = None
            if endpoint is ep.PLACE_ORDER or endpoint is ep.CANCEL_ORDER:
                order = order_of(body, Channel.REPLY)
                named = order.client_id
            elif endpoint is ep.PLACE_ALGO:
                algo = algo_of(body, Channel.REPLY)
                named = algo.client_id
            else:
                named = algo_cancel_of(body).client_algo_id
        except Unreadable as error:
            self._observer.reply_unreadable(_name_of(ticket.request), str(error))
            return None
        if named != client_id:
            self._observer.reply_unreadable(_name_of(ticket.request), f"names {named!r} instead of {client_id!r}")
            return None
        return order, algo

    def _refuse(self, effect: Place | Cancel, stamp_ms: int, local: str, text: str) -> None:
        """Our own refusal, before anything left."""
        outcome = RequestOutcome(outcome=Outcome.REJECTED, local=local, message=text)
        request = Request(ep.PLACE_ORDER, {}, 0)
        self._answer(Ticket(effect, request, stamp_ms, 0, self._loop.time()), outcome, self._clock.now_ms())

    def _answer(
        self, ticket: Ticket, outcome: RequestOutcome, now_ms: int, limits: Sequence[RateLimitPayload] = ()
    ) -> None:
        effect = ticket.effect
        if isinstance(effect, Place):
            self._deliver(
                PlaceAnswered(
                    now_ms=now_ms,
                    client_id=effect.order.spec.client_id,
                    outcome=outcome,
                    sent_ms=ticket.stamp_ms,
                    recv_window_ms=effect.recv_window_ms,
                )
            )
        else:
            self._deliver(CancelAnswered(now_ms=now_ms, client_id=effect.client_id, outcome=outcome))
        # The engine goes on first; what nobody waits for comes in the loop's next turn.
        self._loop.call_soon(self._afterwards, ticket, outcome, limits, self._loop.time())

    def _afterwards(
        self, ticket: Ticket, outcome: RequestOutcome, limits: Sequence[RateLimitPayload], ended_at: float
    ) -> None:
        """Metrics, the event that is owed now, and the venue's counters."""
        took_us = int((ended_at - ticket.begun) * 1_000_000)
        self._observer.request_ended(_name_of(ticket.request), outcome.outcome.value, outcome.code, took_us)
        if outcome.outcome is Outcome.CONFIRMED:
            self._confirmed(_client_id_of(ticket.effect))
        if limits and self.governor.seen_limits(limits, self._clock.now_ms()):
            self._rates_changed()

    # Reads and settings.

    def _read(self, effect: Read) -> None:
        if len(self._tasks) >= MAX_READS:
            self._read_failed(effect, "too many reads are under way")
        else:
            self._spawn(self._answer_read(effect), lambda reason: self._read_failed(effect, reason))

    async def _answer_read(self, effect: Read) -> None:
        self._deliver(await self.reads.answer(effect))
        self._rates_changed()

    def _read_failed(self, effect: Read, reason: str) -> None:
        now_ms = self._clock.now_ms()
        self._deliver(ReadAnswered(now_ms=now_ms, read=effect, ok=False, asked_ms=now_ms, outcome=_unknown(reason)))

    async def _change(self, effect: ChangeSetting) -> None:
        """Margin type, then leverage. The first that is not done ends it."""
        outcome = RequestOutcome(outcome=Outcome.REJECTED, local="unsendable", message="nothing to change")
        for request in requests.settings(effect):
            outcome = await self._change_one(request)
            if outcome.outcome is not Outcome.CONFIRMED:
                break
        self._setting_done(effect, outcome)

    async def _change_one(self, request: Request) -> RequestOutcome:
        now_ms = self._clock.now_ms()
        wait_ms = self.governor.admit(Lane.ENTRY, request.weight, now_ms)
        if wait_ms:
            return RequestOutcome(outcome=Outcome.THROTTLED, local="budget", until_ms=now_ms + wait_ms)
        timeout_ms = self._settings.request_timeout_ms
        reply = await self.door.exchange(
            request, Lane.ENTRY, recv_window_ms=SETTING_RECV_WINDOW_MS, timeout_ms=timeout_ms
        )
        answer = reply.answer(parsed=_is_object(reply.body))
        outcome = classify(Op.SETTING, answer, self._clock.now_ms())
        self._learn(request, Lane.ENTRY, answer, outcome)
        return outcome

    def _setting_done(self, effect: ChangeSetting, outcome: RequestOutcome) -> None:
        self._observer.request_ended("setting", outcome.outcome.value, outcome.code, 0)
        now_ms = self._clock.now_ms()
        self._deliver(SettingAnswered(now_ms=now_ms, symbol=effect.symbol, purpose=effect.purpose, outcome=outcome))

    # Links, rates, tasks.

    def _link_told(self, up: bool, reason: str) -> None:
        self._observer.link_changed("order_channel", up, reason)
        self._deliver(LinkChanged(now_ms=self._clock.now_ms(), link="order_channel", up=up, reason=reason))

    def _rates_changed(self) -> None:
        now_ms = self._clock.now_ms()
        if now_ms - self._rates_told_ms < RATES_EVERY_MS and not self.governor.orders_above_half(now_ms):
            return
        windows, weight = self.governor.windows(now_ms), self.governor.weight_window(now_ms)
        if (*windows, weight) != self._rates_told:
            self._rates_told_ms, self._rates_told = now_ms, (*windows, weight)
            self._deliver(RatesSeen(now_ms=now_ms, windows=windows, weight=weight))

    def _spawn(self, work: Coroutine[Any, Any, None], give_up: Callable[[str], None]) -> None:
        """Run `work`, which delivers its answer; should it end in any other way, `give_up` delivers one."""
        self._tasks_made += 1
        task = self._loop.create_task(work, name=f"gateway-{self._tasks_made}")
        self._tasks[task] = give_up
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        give_up = self._tasks.pop(task)
        if task.cancelled():
            give_up("the gateway has stopped")
            return
        error = task.exception()
        if error is not None:
            self._observer.task_died(task.get_name(), error)
            give_up(f"our own fault: {error!r}")


_Result = tuple[OrderReport | None, AlgoReport | None]


def _unknown(reason: str) -> RequestOutcome:
    return RequestOutcome(outcome=Outcome.UNKNOWN, message=reason)


def _op_of(effect: Place | Cancel) -> Op:
    if isinstance(effect, Cancel):
        return Op.CANCEL
    return Op.PLACE_AGAIN if effect.timestamp_ms is None else Op.PLACE_ONCE


def _lane_of(effect: Place | Cancel) -> Lane:
    return effect.lane if isinstance(effect, Place) else Lane.CANCEL


def _client_id_of(effect: Place | Cancel) -> str:
    return effect.order.spec.client_id if isinstance(effect, Place) else effect.client_id


def _name_of(request: Request) -> str:
    return request.endpoint.ws_method or request.endpoint.path


def _is_object(body: bytes) -> bool:
    """Whether a body is a JSON object: all that the venue promises for a settings change."""
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _nobody(client_id: str) -> None:
    """No one is owed an event."""


def _nothing() -> None:
    """Nobody wants to know."""


def _never() -> bool:
    return False

"""The account's event stream: carries out what `binance.session` decides, and turns frames into inputs.

Every doubt about completeness reaches the core as the link going down and up; after `up` it asks for everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from holdfast.binance import endpoints as ep
from holdfast.binance.endpoints import Endpoint, Endpoints
from holdfast.binance.governor import Governor
from holdfast.binance.replies import Unreadable, listen_key_of
from holdfast.binance.requests import simple
from holdfast.binance.session import Action, Close, CreateKey, ExtendKey, Open, Tell, UserSession
from holdfast.binance.signing import Signer
from holdfast.binance.streams import Ignored, KeyExpired, Undecodable, client_id_of, user_frame
from holdfast.model.effects import Lane
from holdfast.model.inputs import AccountConfigSeen, AccountSeen, AnyInput, Command, LinkChanged
from holdfast.ports import HttpClient, WsConnector, WsLink
from holdfast.service.rest_door import RestDoor, RestReply, VenueTime
from holdfast.service.venue_observer import Unobserved, VenueObserver

LINK: Final = "user_stream"
TIMEOUT_MS: Final = 5_000
INVALID_LISTEN_KEY: Final = -1125


class UserStream:
    """One account's user stream. Construct it in a running loop. `http` belongs to the REST host.

    `owe` is for the gateway: after a confirmed order an event must come within two seconds.
    """

    name = "user stream"

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        signer: Signer,
        http: HttpClient,
        ws_connector: WsConnector,
        clock: VenueTime,
        deliver: Callable[[AnyInput], None],
        governor: Governor | None = None,
        observer: VenueObserver | None = None,
    ) -> None:
        self._path = endpoints.streams.path
        self._connector = ws_connector
        self._clock = clock
        self._deliver = deliver
        self._observer: VenueObserver = observer if observer is not None else Unobserved()
        own = governor if governor is not None else Governor()
        self._door = RestDoor(http=http, signer=signer, clock=clock, governor=own)
        self._loop = asyncio.get_running_loop()
        self._session = UserSession()
        self._links: dict[int, WsLink] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._tasks_made = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tick_at_ms = 0
        self._stopped = False

    @property
    def up(self) -> bool:
        """Whether a connection is open and nothing is owed beyond its time."""
        return self._session.up

    async def start(self) -> None:
        """Begin, and return at once: what covers a position does not wait for this stream. `LinkChanged` tells."""
        self._do(self._session.start(self._now_ms()))

    async def stop(self) -> None:
        """Close the connections. The listen key stays: it belongs to the account (RULES 16)."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for link in list(self._links.values()):
            link.close()

    def owe(self, client_id: str) -> None:
        """The venue confirmed a request about this order of ours."""
        self._session.owe(self._now_ms(), client_id)
        self._plan()

    # What the session wants.

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case CreateKey():
                    self._spawn(self._create_key())
                case ExtendKey():
                    self._spawn(self._extend_key())
                case Open(link, key):
                    self._spawn(self._open(link, key))
                case Close(link):
                    self._close(link)
                case Tell(up, reason):
                    self._tell(up, reason)
        self._plan()

    async def _create_key(self) -> None:
        reply = await self._key_request(ep.CREATE_LISTEN_KEY)
        key = _key_in(reply)
        if key:
            self._do(self._session.key_ready(self._now_ms(), key))
            return
        self._tell_trouble(reply)
        self._do(self._session.key_failed(self._now_ms()))

    async def _extend_key(self) -> None:
        reply = await self._key_request(ep.EXTEND_LISTEN_KEY)
        if reply.status == 200:
            self._do(self._session.extended(self._now_ms()))
            return
        self._tell_trouble(reply)
        gone = reply.answer(parsed=False).code == INVALID_LISTEN_KEY
        self._do(self._session.extend_failed(self._now_ms(), gone=gone))

    def _tell_trouble(self, reply: RestReply) -> None:
        answer = reply.answer(parsed=False)
        if reply.status == 200:
            self._observer.reply_unreadable("listenKey", "the answer holds no key")
        else:
            reason = reply.failure or f"HTTP {reply.status} {answer.code} {answer.message}"
            self._observer.read_repeated("listenKey", reason)

    async def _key_request(self, endpoint: Endpoint) -> RestReply:
        """Asked for even when the window is full: without events we trade blind, and it costs a weight of 1."""
        return await self._door.exchange(simple(endpoint), Lane.PROTECT, recv_window_ms=0, timeout_ms=TIMEOUT_MS)

    async def _open(self, number: int, key: str) -> None:
        target = f"{self._path}/private/ws/{key}"
        try:
            link = await self._connector.connect(
                target,
                self._receive,
                lambda reason: self._closed(number, reason),
                TIMEOUT_MS,
            )
        except (OSError, TimeoutError) as error:
            self._observer.link_changed(LINK, False, f"cannot connect: {error}")
            self._do(self._session.open_failed(self._now_ms(), number))
            return
        self._links[number] = link
        self._do(self._session.opened(self._now_ms(), number))

    def _close(self, number: int) -> None:
        link = self._links.pop(number, None)
        if link is not None:
            link.close()

    def _tell(self, up: bool, reason: str) -> None:
        self._observer.link_changed(LINK, up, reason)
        self._deliver(LinkChanged(now_ms=self._clock.now_ms(), link=LINK, up=up, reason=reason))

    # What happens.

    def _receive(self, message: bytes) -> None:
        frame = user_frame(message, self._clock.now_ms())
        if isinstance(frame, Ignored):
            self._observer.frame_ignored(LINK, frame.kind)
        elif isinstance(frame, KeyExpired):
            self._do(self._session.expired(self._now_ms(), frame.listen_key))
        elif isinstance(frame, Undecodable):
            self._observer.frame_unreadable(LINK, frame.kind, frame.detail)
            self._do(self._session.gap(self._now_ms(), f"a frame could not be read: {frame.kind}"))
        else:
            if not isinstance(frame, AccountSeen | AccountConfigSeen):
                self._session.event(self._now_ms(), client_id_of(frame))
            self._deliver(frame)

    def _closed(self, number: int, reason: str) -> None:
        self._links.pop(number, None)
        if not self._stopped:
            self._do(self._session.closed(self._now_ms(), number, reason))

    def _now_ms(self) -> int:
        """The session's own time: it never goes back, whatever the venue's clock does."""
        return int(self._loop.time() * 1_000)

    def _plan(self) -> None:
        """One timer for whatever the session waits for next."""
        at_ms = None if self._stopped else self._session.next_tick_ms()
        if at_ms is None or (self._timer is not None and self._tick_at_ms <= at_ms):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._tick_at_ms = at_ms
        # A millisecond later than due, because the session's time is cut to whole milliseconds.
        self._timer = self._loop.call_at((at_ms + 1) / 1_000, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._do(self._session.tick(self._now_ms()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks_made += 1
        task = self._loop.create_task(work, name=f"user-stream-{self._tasks_made}")
        self._tasks[task] = None
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._observer.task_died(task.get_name(), error)
            # Nobody knows what the session is waiting for now: no entries until a human has looked (RULES 9).
            reason = f"the user stream failed: {error!r}"
            self._deliver(Command(now_ms=self._clock.now_ms(), what="halt", by="supervisor", reason=reason))


def _key_in(reply: RestReply) -> str:
    if reply.status != 200:
        return ""
    try:
        return listen_key_of(reply.body)
    except Unreadable:
        return ""

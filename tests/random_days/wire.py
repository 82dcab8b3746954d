"""The way to the venue and back: the real encoders and readers over a network that delays, loses and reorders.

Written beside `service/gateway.py` and `service/venue_reads.py` and bound to the same contract: every effect is
answered by exactly one input, nothing but reads is repeated, entries that are late at the socket stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.binance import endpoints as ep
from holdfast.binance import replies, requests
from holdfast.binance.outcomes import Answer, Op, classify
from holdfast.binance.paging import Pager
from holdfast.binance.replies import READERS, Findings, Page, error_of
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ChangeSetting, Place, Read, ReadKind
from holdfast.model.orders import AlgoSpec
from holdfast.model.reasons import Outcome
from holdfast.model.reports import AlgoReport, Channel, OrderReport, RequestOutcome
from holdfast.paper.wire_out import HttpOutcome

if TYPE_CHECKING:
    from tests.random_days.process import Process

NO_SUCH_ORDER = -2013
READ_PAUSES_MS = (200, 400)
WATCH_TIMEOUT_MS = 2_000

Heard = Callable[[HttpOutcome | None], None]
Result = tuple[OrderReport | None, AlgoReport | None]


class Wire:
    """One process's connection. What has left arrives even when the process dies; what comes back then is lost."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.world = process.world
        self.settings = process.world.settings

    def perform(self, effect: Place | Cancel | Read | ChangeSetting) -> None:
        """Begin; the answer comes as an input, never before this returns."""
        match effect:
            case Place():
                self._place(effect)
            case Cancel():
                self._write(effect, requests.cancel(effect), self.process.now_ms, self.settings.safe_recv_window_ms)
            case Read():
                Asking(self, effect).ask()
            case ChangeSetting():
                self._change(effect, list(requests.settings(effect)))

    # Orders and cancels.

    def _place(self, effect: Place) -> None:
        now_ms = self.process.now_ms
        stamp_ms = effect.timestamp_ms if effect.timestamp_ms is not None else now_ms
        if effect.timestamp_ms is not None and now_ms - stamp_ms > effect.recv_window_ms // 2:
            late = RequestOutcome(outcome=Outcome.REJECTED, local="late", message="too late at the socket")
            self.process.later(0, lambda: self._answer(effect, late, stamp_ms))
            return
        self._write(effect, requests.place(effect.order.spec), stamp_ms, effect.recv_window_ms)

    def _write(self, effect: Place | Cancel, request: requests.Request, stamp_ms: int, window_ms: int) -> None:
        settled: list[bool] = []

        def heard(reply: HttpOutcome | None) -> None:
            outcome, result = self._outcome(effect, reply)
            if not settled:
                settled.append(True)
                self._answer(effect, outcome, stamp_ms)
            elif outcome.outcome is Outcome.CONFIRMED:
                self._too_late(*result)

        def given_up() -> None:
            if not settled:
                settled.append(True)
                self._answer(effect, RequestOutcome(outcome=Outcome.UNKNOWN, message="no answer"), stamp_ms)

        self.exchange(request, heard, stamp_ms=stamp_ms, window_ms=window_ms)
        self.process.later(self.settings.request_timeout_ms, given_up)

    def _outcome(self, effect: Place | Cancel, reply: HttpOutcome | None) -> tuple[RequestOutcome, Result]:
        result: Result = (None, None)
        good = reply is not None and reply.kind == "reply" and reply.status == 200
        if good and reply is not None:
            result = _result_of(effect, reply.body)
        op = Op.CANCEL if isinstance(effect, Cancel) else _place_op(effect)
        return classify(op, answer_of(reply, parsed=good), self.process.now_ms, *result), result

    def _answer(self, effect: Place | Cancel, outcome: RequestOutcome, stamp_ms: int) -> None:
        process = self.process
        if isinstance(effect, Cancel):
            client_id = effect.client_id
            process.give(inp.CancelAnswered(now_ms=0, client_id=client_id, outcome=outcome))
        else:
            client_id = effect.order.spec.client_id
            process.give(
                inp.PlaceAnswered(
                    now_ms=0,
                    client_id=client_id,
                    outcome=outcome,
                    sent_ms=stamp_ms,
                    recv_window_ms=effect.recv_window_ms,
                )
            )
        if outcome.outcome is Outcome.CONFIRMED:
            process.stream.owe(client_id)

    def _too_late(self, order: OrderReport | None, algo: AlgoReport | None) -> None:
        """The answer to a request that was given up: evidence like any other."""
        if order is not None:
            self.process.give(inp.OrderSeen(now_ms=0, report=order))
        if algo is not None:
            self.process.give(inp.AlgoSeen(now_ms=0, report=algo))

    def _change(self, effect: ChangeSetting, waiting: list[requests.Request]) -> None:
        done: list[bool] = []

        def end(outcome: RequestOutcome) -> None:
            if not done:
                done.append(True)
                self.process.give(
                    inp.SettingAnswered(now_ms=0, symbol=effect.symbol, purpose=effect.purpose, outcome=outcome)
                )

        def heard(reply: HttpOutcome | None) -> None:
            good = reply is not None and reply.kind == "reply" and reply.status == 200
            outcome = classify(Op.SETTING, answer_of(reply, parsed=good), self.process.now_ms)
            if outcome.outcome is Outcome.CONFIRMED and waiting:
                self.exchange(waiting.pop(0), heard)
            else:
                end(outcome)

        self.exchange(waiting.pop(0), heard)
        timeout = RequestOutcome(outcome=Outcome.UNKNOWN, message="no answer")
        self.process.later(self.settings.request_timeout_ms, lambda: end(timeout))

    # The network.

    def exchange(
        self, request: requests.Request, heard: Heard, *, stamp_ms: int | None = None, window_ms: int = 5_000
    ) -> None:
        """Send a request, and hear what comes back of it: a reply, None for a torn connection, or nothing for ever."""
        world, stamp = self.world, self.process.now_ms if stamp_ms is None else stamp_ms
        message = requests.rest_message(request, world.signer, stamp, window_ms)

        def arrive() -> None:
            reply = world.http(message)
            if reply.kind != "hang":
                back_ms = reply.delay_us // 1_000 + world.network.back_ms()
                self.process.later(back_ms, lambda: heard(None if reply.kind == "reset" else reply))

        world.agenda.at(world.agenda.now_ms + world.network.out_ms(), arrive)

    def findings(self, request: requests.Request, heard: Callable[[Findings | None], None]) -> None:
        """One list for the coverage watch, or None when it could not be had in time."""
        settled: list[bool] = []

        def end(found: Findings | None) -> None:
            if not settled:
                settled.append(True)
                heard(found)

        def reply_came(reply: HttpOutcome | None) -> None:
            found = None
            if reply is not None and reply.status == 200:
                found = Findings()
                READERS[request.endpoint](reply.body, found)
            end(found)

        self.exchange(request, reply_came)
        self.process.later(WATCH_TIMEOUT_MS, lambda: end(None))


class Asking:
    """One read with its pages and repeats."""

    def __init__(self, wire: Wire, read: Read) -> None:
        self.wire = wire
        self.read = read
        self.process = wire.process
        self.asked_ms = self.process.now_ms
        self.pager = Pager(read, self.asked_ms)
        self.request = self.pager.next()
        self.first = True
        self.tries = 0
        self.outcome = RequestOutcome(outcome=Outcome.CONFIRMED, status=200)

    def ask(self) -> None:
        """The page that is due; or the answer, when there is none."""
        request = self.request
        if request is None:
            self._found()
            return
        self.tries += 1
        attempt, sent_ms, settled = self.tries, self.process.now_ms, list[bool]()

        def heard(reply: HttpOutcome | None) -> None:
            if not settled:
                settled.append(True)
                self._heard(reply, sent_ms, attempt)

        self.wire.exchange(request, heard)
        self.process.later(self.wire.settings.request_timeout_ms, lambda: heard(None))

    def _heard(self, reply: HttpOutcome | None, sent_ms: int, attempt: int) -> None:
        assert self.request is not None
        page: Page | None = None
        if reply is not None and reply.kind == "reply" and reply.status == 200:
            page = READERS[self.request.endpoint](reply.body, self.pager.findings)
        self.outcome = classify(Op.READ, answer_of(reply, parsed=page is not None), self.process.now_ms)
        if page is not None:
            self.asked_ms, self.first = (sent_ms, False) if self.first else (self.asked_ms, False)
            self.pager.feed(page)
            self.request, self.tries = self.pager.next(), 0
            self.ask()
        elif self.outcome.outcome is Outcome.UNKNOWN and self.outcome.code != NO_SUCH_ORDER and attempt <= 2:
            self.process.later(READ_PAUSES_MS[attempt - 1], self.ask)
        else:
            self.asked_ms = sent_ms if self.first else self.asked_ms
            self._nothing()

    def _nothing(self) -> None:
        absent = self.outcome.code == NO_SUCH_ORDER and self.read.kind in (ReadKind.ORDER, ReadKind.ALGO)
        self.process.give(
            inp.ReadAnswered(
                now_ms=0, read=self.read, ok=absent, absent=absent, asked_ms=self.asked_ms, outcome=self.outcome
            )
        )

    def _found(self) -> None:
        found = self.pager.findings
        self.process.give(
            inp.ReadAnswered(
                now_ms=0,
                read=self.read,
                ok=True,
                asked_ms=self.asked_ms,
                outcome=self.outcome,
                orders=tuple(found.orders),
                algos=tuple(found.algos),
                fills=tuple(found.fills),
                positions=tuple(found.positions),
                balances=tuple(found.balances),
                incomes=tuple(found.incomes),
                symbol_configs=tuple(found.symbol_configs),
                rate_windows=tuple(found.rate_windows),
                hedge_mode=found.hedge_mode,
                multi_assets=found.multi_assets,
            )
        )


def answer_of(reply: HttpOutcome | None, *, parsed: bool) -> Answer:
    """What a reply says, for the function that classifies it."""
    if reply is None or reply.kind != "reply":
        return Answer(0, message="the connection was reset")
    if parsed:
        return Answer(200, parsed=True)
    error = error_of(reply.body)
    return Answer(reply.status) if error is None else Answer(reply.status, error.code, error.msg, parsed=True)


def _result_of(effect: Place | Cancel, body: bytes) -> Result:
    if isinstance(effect, Cancel):
        return (None, None) if effect.algo else (replies.order_of(body, Channel.REPLY), None)
    if isinstance(effect.order.spec, AlgoSpec):
        return None, replies.algo_of(body, Channel.REPLY)
    return replies.order_of(body, Channel.REPLY), None


def _place_op(effect: Place) -> Op:
    return Op.PLACE_AGAIN if effect.timestamp_ms is None else Op.PLACE_ONCE


def listen_key_request() -> requests.Request:
    """What creates the listen key, or returns the active one."""
    return requests.simple(ep.CREATE_LISTEN_KEY)


def key_in(reply: HttpOutcome | None) -> str:
    """The listen key of a reply, "" when there is none."""
    if reply is None or reply.status != 200:
        return ""
    return replies.listen_key_of(reply.body)

"""Reads: asked over REST, a bounded number of times, and never answered with "nothing" when nothing was learned.

Only reads are repeated. A write is sent once by whoever sends it (RULES 1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from holdfast.binance import endpoints as ep
from holdfast.binance import filters, replies
from holdfast.binance.codes import RESYNC_CLOCK, is_listed
from holdfast.binance.outcomes import Answer, Op, classify
from holdfast.binance.paging import Pager, TooLong
from holdfast.binance.payloads import RestrictionsPayload
from holdfast.binance.replies import READERS, Findings, Page, Unreadable
from holdfast.binance.requests import Request, simple
from holdfast.model.effects import Lane, Read, ReadKind
from holdfast.model.inputs import InstrumentsLoaded, ReadAnswered
from holdfast.model.reasons import Outcome
from holdfast.model.reports import PositionReport, RequestOutcome
from holdfast.service.rest_door import RestDoor
from holdfast.service.shared_read import SharedRead, gap_ms
from holdfast.service.venue_observer import VenueObserver

T = TypeVar("T")
Question = tuple[str, tuple[tuple[str, str | int], ...]]

PAUSES_S: Final = (0.2, 0.4)
"""A read is repeated so often, after these pauses, when nothing or rubbish came back."""

MAX_WAIT_MS: Final = 5_000
"""A read that would have to wait longer for its rate budget is answered as throttled instead."""
MAX_AT_ONCE: Final = 24
RECV_WINDOW_MS: Final = 5_000
NO_SUCH_ORDER: Final = -2013


class CannotAsk(ConnectionError):
    """The venue could not be asked, or refused to answer; `outcome` says which."""

    def __init__(self, name: str, outcome: RequestOutcome) -> None:
        code = f" ({outcome.code})" if outcome.code else ""
        detail = outcome.message or outcome.local or (f"HTTP {outcome.status}" if outcome.status else "no answer")
        super().__init__(f"{name}: {outcome.outcome.value}{code}: {detail}")
        self.outcome = outcome


class Got(NamedTuple):
    """A page that was read, or the outcome that prevented it."""

    page: Page | None
    outcome: RequestOutcome
    asked_ms: int


@dataclass(slots=True)
class _Positions:
    """The positions of the account, if they could be had."""

    got: Got
    rows: list[PositionReport]
    told: bool = False
    """Whether one of those who asked was told all of them."""


class VenueReads:
    """All reads of one account. `wallet` is the door to the wallet host, where there is one."""

    def __init__(
        self, door: RestDoor, *, observer: VenueObserver, timeout_ms: int, wallet: RestDoor | None = None
    ) -> None:
        self._door = door
        self._wallet = wallet
        self._observer = observer
        self._timeout_ms = timeout_ms
        self._turn = asyncio.Semaphore(MAX_AT_ONCE)
        self._waiting: dict[Question, None] = {}
        """What waits for its budget."""
        self._positions = SharedRead(self._ask_positions, self._positions_gap_ms)
        self._taker_fees: dict[str, Decimal] = {}

    async def answer(self, read: Read) -> ReadAnswered:
        """Everything the read asks for, over all its pages, or `ok` False."""
        if read.kind is ReadKind.POSITIONS:
            return await self._answer_positions(read)
        asked_ms = self._door.clock.now_ms()
        pager = Pager(read, asked_ms)
        outcome = RequestOutcome(outcome=Outcome.CONFIRMED, status=200)
        first = True
        try:
            while (request := pager.next()) is not None:
                got = await self._ask(request, read.lane, _reader(request.endpoint, pager.findings))
                if first:
                    asked_ms, first = got.asked_ms, False
                outcome = got.outcome
                if got.page is None:
                    return self._no_answer(read, outcome, asked_ms)
                pager.feed(got.page)
        except TooLong as error:
            unknown = RequestOutcome(outcome=Outcome.UNKNOWN, message=str(error))
            return self._no_answer(read, unknown, asked_ms)
        return self._found(read, pager, outcome, asked_ms)

    async def _answer_positions(self, read: Read) -> ReadAnswered:
        """All who want positions at that moment share one question about the whole account. One of them is told what
        it shows of the other symbols as well: nothing that was learned is thrown away."""
        shared = await self._positions.answer(read.lane)
        got = shared.got
        if got.page is None:
            return self._no_answer(read, got.outcome, got.asked_ms)
        now_ms = self._door.clock.now_ms()
        wanted = tuple(row for row in shared.rows if not shared.told or read.symbol in ("", row.symbol))
        shared.told = True
        return ReadAnswered(
            now_ms=now_ms, read=read, ok=True, asked_ms=got.asked_ms, outcome=got.outcome, positions=wanted
        )

    def _positions_gap_ms(self) -> int:
        governor = self._door.governor
        return gap_ms(governor.weight_used(self._door.clock.now_ms()), governor.weight_limit)

    async def _ask_positions(self, lane: Lane) -> _Positions:
        found = Findings()
        return _Positions(await self._ask(simple(ep.POSITIONS), lane, _reader(ep.POSITIONS, found)), found.positions)

    def _no_answer(self, read: Read, outcome: RequestOutcome, asked_ms: int) -> ReadAnswered:
        # −2013 is an answer, but only to a question about one order; it is never a rejection (RULES 1).
        absent = outcome.code == NO_SUCH_ORDER and read.kind in (ReadKind.ORDER, ReadKind.ALGO)
        now_ms = self._door.clock.now_ms()
        return ReadAnswered(now_ms=now_ms, read=read, ok=absent, absent=absent, asked_ms=asked_ms, outcome=outcome)

    def _found(self, read: Read, pager: Pager, outcome: RequestOutcome, asked_ms: int) -> ReadAnswered:
        found = pager.findings
        now_ms = self._door.clock.now_ms()
        if read.kind is ReadKind.ORDER_LIMITS:
            self._door.governor.seen_windows(found.rate_windows, now_ms)
            found.rate_windows = list(self._door.governor.windows(now_ms))
        return ReadAnswered(
            now_ms=now_ms,
            read=read,
            ok=True,
            asked_ms=asked_ms,
            outcome=outcome,
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

    async def instruments(self, version: int = 1, lane: Lane = Lane.PROTECT) -> InstrumentsLoaded:
        """Symbol rules with their tiers. The governor learns the venue's limits. Raises `CannotAsk`.

        No position can be covered before these two are known, so a start does not wait for the share of the window
        that reads may use; they cost a weight of 1 each. Reading them again can wait (`lane` QUERY).
        """
        rules = simple(ep.EXCHANGE_INFO)
        info = await self.fetch(rules, lambda body: filters.exchange_info_of(body, version), lane=lane)
        self._door.governor.seen_limits(info.rate_limits, self._door.clock.now_ms())
        tiers = await self.fetch(simple(ep.LEVERAGE_BRACKET), filters.brackets_of, lane=lane)
        now_ms = self._door.clock.now_ms()
        joined = filters.with_fees(filters.with_brackets(info.instruments, tiers), self._taker_fees)
        return InstrumentsLoaded(now_ms=now_ms, instruments=joined, quarantined=info.quarantined)

    async def taker_fee(self, symbol: str) -> Decimal:
        """What the account pays on a symbol; from now on it stands in the symbol's rules. Raises `CannotAsk`."""
        got = await self.fetch(simple(ep.COMMISSION_RATE, symbol=symbol), replies.commission_of)
        self._taker_fees[symbol] = got.taker_commission_rate
        return got.taker_commission_rate

    async def key_restrictions(self) -> RestrictionsPayload | None:
        """What the key may do (P37); None where the venue has no wallet host. Raises `CannotAsk`."""
        if self._wallet is None:
            return None
        return await self.fetch(simple(ep.API_RESTRICTIONS), replies.restrictions_of, door=self._wallet)

    async def fetch(
        self,
        request: Request,
        reader: Callable[[bytes], T],
        *,
        door: RestDoor | None = None,
        lane: Lane = Lane.QUERY,
    ) -> T:
        """One answer, read by `reader`. Raises `CannotAsk`."""
        found: list[T] = []

        def take(body: bytes) -> Page:
            found.append(reader(body))
            return Page()

        got = await self._ask(request, lane, take, door)
        if not found:
            raise CannotAsk(request.endpoint.path, got.outcome)
        return found[0]

    async def _ask(
        self, request: Request, lane: Lane, take: Callable[[bytes], Page], door: RestDoor | None = None
    ) -> Got:
        door = door if door is not None else self._door
        got = await self._ask_once(request, lane, take, door)
        for pause_s in PAUSES_S:
            if got.outcome.outcome is not Outcome.UNKNOWN or got.outcome.code == NO_SUCH_ORDER:
                break
            reason = got.outcome.message or f"HTTP {got.outcome.status}"
            self._observer.read_repeated(request.endpoint.path, reason)
            await asyncio.sleep(pause_s)
            got = await self._ask_once(request, lane, take, door)
        return got

    async def _ask_once(self, request: Request, lane: Lane, take: Callable[[bytes], Page], door: RestDoor) -> Got:
        # A limit that is only assumed must not hold up the request whose answer tells the real one.
        asks_for_limits = request.endpoint is ep.EXCHANGE_INFO and not door.governor.weight_told
        weight = 0 if asks_for_limits else request.weight
        while True:
            now_ms = door.clock.now_ms()
            if wait_ms := door.governor.admit(lane, weight, now_ms):
                if wait_ms > MAX_WAIT_MS or _question(request) in self._waiting:
                    throttled = RequestOutcome(outcome=Outcome.THROTTLED, local="budget", until_ms=now_ms + wait_ms)
                    return Got(None, throttled, now_ms)
                await self._wait(request, wait_ms)
                continue
            # Only who may go now takes one of the places: who waits in one keeps those out whom no window holds up.
            async with self._turn:
                if not door.governor.admit(lane, weight, door.clock.now_ms()):
                    return await self._exchange(request, lane, take, door)

    async def _exchange(self, request: Request, lane: Lane, take: Callable[[bytes], Page], door: RestDoor) -> Got:
        asked_ms = door.clock.now_ms()
        reply = await door.exchange(request, lane, recv_window_ms=RECV_WINDOW_MS, timeout_ms=self._timeout_ms)
        page: Page | None = None
        if reply.status == 200:
            try:
                page = take(reply.body)
            except Unreadable as error:
                self._observer.reply_unreadable(request.endpoint.path, str(error))
        outcome = self._outcome(request, reply.answer(parsed=page is not None))
        return Got(page, outcome, asked_ms)

    async def _wait(self, request: Request, wait_ms: int) -> None:
        """Wait for the window to turn. Of equal questions only one does: who asks again and again until he is answered
        would fill the new window with what he asked in the old one."""
        self._waiting[_question(request)] = None
        try:
            await asyncio.sleep(wait_ms / 1_000)
        finally:
            del self._waiting[_question(request)]

    def _outcome(self, request: Request, answer: Answer) -> RequestOutcome:
        outcome = classify(Op.READ, answer, self._door.clock.now_ms())
        if outcome.code in RESYNC_CLOCK:
            self._door.clock.resync()
        elif outcome.code and not is_listed(outcome.code):
            self._observer.code_unlisted(request.endpoint.path, outcome.code, outcome.message)
        return outcome


def _question(request: Request) -> Question:
    return request.endpoint.path, tuple(request.params.items())


def _reader(endpoint: ep.Endpoint, findings: Findings) -> Callable[[bytes], Page]:
    reader = READERS[endpoint]
    return lambda body: reader(body, findings)

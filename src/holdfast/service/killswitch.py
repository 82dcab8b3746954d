"""`holdfast kill`: stop everything at the venue, without the engine and without a database (RULES 16).

Latch → cancel working entries → flatten loop → position 0 in two reads at least 1 s apart and later than latch +
recvWindow + 5 s → then both cancel-alls per symbol → report. It speaks REST only, with its own order prefix, so that
it works beside an engine that is alive, stuck or dead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from holdfast.binance import endpoints as ep
from holdfast.binance import replies, requests
from holdfast.binance.filters import exchange_info_of
from holdfast.binance.requests import Request
from holdfast.binance.signing import Signer
from holdfast.model import num
from holdfast.model.ids import KILL_PREFIX, is_kill
from holdfast.model.instrument import Instrument
from holdfast.model.num import ZERO
from holdfast.model.reports import AlgoReport, OrderReport, PositionReport
from holdfast.ports import HttpClient, HttpFailed, HttpReply

RECV_WINDOW_MS: Final = 5_000
TIMEOUT_MS: Final = 3_000
STEP_S: Final = 0.5
SAY_SILENCE_MS: Final = 5_000
QUIET_MS: Final = RECV_WINDOW_MS + 5_000
"""A request that was signed before the latch may still arrive this long after it."""
DELETE_ALL_ORDERS: Final = ep.Endpoint("DELETE", "/fapi/v1/allOpenOrders", 1, ep.Security.SIGNED)
DELETE_ALL_ALGOS: Final = ep.Endpoint("DELETE", "/fapi/v1/algoOpenOrders", 1, ep.Security.SIGNED)


class KillReport(msgspec.Struct, kw_only=True):
    """What was done, and what remains. `clean` means: nothing is open and nothing works any more."""

    latched: bool = False
    cancelled_entries: int = 0
    closes_sent: int = 0
    symbols: list[str] = []
    positions_left: dict[str, str] = {}
    orders_left: int = 0
    problems: list[str] = []
    seconds: str = ""

    @property
    def clean(self) -> bool:
        """Whether the account is flat and empty, proved by the last reads."""
        return self.latched and not self.positions_left and self.orders_left == 0


class _Refused(Exception):
    """The venue answered with something else than the expected list."""


class KillSwitch:
    """One run. `now_ms` is venue time; `say` gets one line per step for the operator."""

    def __init__(
        self,
        *,
        http: HttpClient,
        signer: Signer,
        now_ms: Callable[[], int],
        close_latch: Callable[[], None],
        say: Callable[[str], None],
        limit_s: int = 120,
    ) -> None:
        self._http = http
        self._signer = signer
        self._now_ms = now_ms
        self._close_latch = close_latch
        self._say = say
        self._limit_ms = limit_s * 1_000
        self._number = 0
        self._noted: dict[str, None] = {}
        self._entries_gone = False
        self._silence_said_ms = -SAY_SILENCE_MS
        self._last_refusal = ""
        self._instruments: dict[str, Instrument] = {}
        self.report = KillReport()

    async def run(self) -> KillReport:
        """Do everything that RULES 16 lists; never raises for what the venue answers or fails to answer."""
        started_ms = self._now_ms()
        self._latch()
        seen: dict[str, None] = {}
        await self._prepare(seen)
        flat = await self._flatten(started_ms, seen)
        if flat:
            await self._cancel_all(seen)
        await self._look_once_more()
        self.report.symbols = sorted(seen)
        self.report.seconds = num.text(num.divide(Decimal(self._now_ms() - started_ms), Decimal(1000)))
        return self.report

    def _latch(self) -> None:
        try:
            self._close_latch()
            self.report.latched = True
            self._say("latch closed: no engine on this host will enter")
        except OSError as error:
            self._trouble(f"the latch file could not be written ({error.strerror}); going on")

    async def _prepare(self, seen: dict[str, None]) -> None:
        """What comes before the closes. A venue that does not answer is asked again beside them."""
        if not self._instruments:
            await self._learn_filters()
        self._entries_gone = await self._cancel_entries(seen)

    async def _learn_filters(self) -> None:
        try:
            reply = await self._ask(requests.simple(ep.EXCHANGE_INFO))
            info = exchange_info_of(reply.body)
            self._instruments = {item.symbol: item for item in info.instruments}
        except (_Refused, ValueError) as error:
            self._trouble("no symbol rules, closing without slices", str(error))

    async def _cancel_entries(self, seen: dict[str, None]) -> bool:
        """Every working order that could open something, ours or not; stops and reduce-only orders stay for now.

        False when the venue did not say which orders work.
        """
        found = await self._list(ep.OPEN_ORDERS, "")
        if found is None:
            return False
        for order in found.orders:
            seen[order.symbol] = None
            if order.reduce_only:
                continue
            request = requests.simple(ep.CANCEL_ORDER, orderId=order.order_id, symbol=order.symbol)
            if await self._try(request):
                self.report.cancelled_entries += 1
        self._say(f"{self.report.cancelled_entries} working entries cancelled")
        return True

    async def _flatten(self, started_ms: int, seen: dict[str, None]) -> bool:
        """Close until two reads, 1 s apart and past every window, show nothing. False when the time is over."""
        zeros: list[int] = []
        while self._now_ms() - started_ms < self._limit_ms:
            if not self._entries_gone:
                await self._prepare(seen)
            asked_ms = self._now_ms()
            positions = await self._positions()
            if positions is None:
                zeros.clear()
                self._say_silence(started_ms + self._limit_ms - self._now_ms())
            elif any(row.amount for row in positions):
                zeros.clear()
                for row in positions:
                    if row.amount:
                        seen[row.symbol] = None
                        await self._close(row)
            elif not self._entries_gone or asked_ms < started_ms + QUIET_MS:
                zeros.clear()
            elif not zeros or asked_ms - zeros[-1] >= 1_000:
                zeros.append(asked_ms)
            if len(zeros) >= 2:
                self._say("flat: the venue showed no position twice")
                return True
            await asyncio.sleep(STEP_S)
        self._trouble("the time was over before the account was proved flat")
        return False

    def _say_silence(self, left_ms: int) -> None:
        """Now and then, so that whoever waits knows for what."""
        now_ms = self._now_ms()
        if now_ms - self._silence_said_ms >= SAY_SILENCE_MS:
            self._silence_said_ms = now_ms
            self._say(f"the venue does not answer ({self._last_refusal}); asked again for {left_ms // 1_000} s more")

    def _trouble(self, what: str, why: str = "") -> None:
        """Noted once, however often it happens: the reasons of a venue carry a time and differ each time."""
        if what not in self._noted:
            self._noted[what] = None
            self.report.problems.append(f"{what}: {why}" if why else what)

    async def _close(self, row: PositionReport) -> None:
        self._number += 1
        side = "SELL" if row.amount > 0 else "BUY"
        instrument = self._instruments.get(row.symbol)
        largest = instrument.max_market_slice() if instrument is not None else ZERO
        quantity = min(abs(row.amount), largest) if largest else abs(row.amount)
        request = requests.simple(
            ep.PLACE_ORDER,
            newClientOrderId=f"{KILL_PREFIX}{self._now_ms()}-{self._number}",
            newOrderRespType="RESULT",
            quantity=num.text(quantity),
            reduceOnly="true",
            side=side,
            symbol=row.symbol,
            type="MARKET",
        )
        self._say(f"closing {num.text(row.amount)} {row.symbol}")
        if await self._try(request):
            self.report.closes_sent += 1
            return
        for order in await self._orders(row.symbol):
            # Resting reduce-only orders can hold the quantity that the close needs; the stop is an algo and stays.
            if order.reduce_only and not is_kill(order.client_id):
                await self._try(requests.simple(ep.CANCEL_ORDER, orderId=order.order_id, symbol=order.symbol))

    async def _cancel_all(self, seen: dict[str, None]) -> None:
        for algo in await self._algos():
            seen[algo.symbol] = None
        for order in await self._orders():
            seen[order.symbol] = None
        for symbol in sorted(seen):
            await self._try(requests.simple(DELETE_ALL_ORDERS, symbol=symbol))
            await self._try(requests.simple(DELETE_ALL_ALGOS, symbol=symbol))
        self._say(f"both cancel-alls sent for {len(seen)} symbols")

    async def _look_once_more(self) -> None:
        positions = await self._positions()
        if positions is None:
            self.report.positions_left = {"?": "the venue could not be asked"}
        else:
            self.report.positions_left = {row.symbol: num.text(row.amount) for row in positions if row.amount}
        orders, algos = await self._list(ep.OPEN_ORDERS, ""), await self._list(ep.OPEN_ALGOS, "")
        # -1 = could not be asked, which is not "nothing there".
        self.report.orders_left = -1 if orders is None or algos is None else len(orders.orders) + len(algos.algos)

    async def _positions(self) -> list[PositionReport] | None:
        try:
            reply = await self._ask(requests.simple(ep.POSITIONS))
            found = replies.Findings()
            replies.READERS[ep.POSITIONS](reply.body, found)
        except (_Refused, replies.Unreadable) as error:
            self._trouble("positions could not be read", str(error))
            return None
        return found.positions

    async def _orders(self, symbol: str = "") -> list[OrderReport]:
        found = await self._list(ep.OPEN_ORDERS, symbol)
        return found.orders if found is not None else []

    async def _algos(self) -> list[AlgoReport]:
        found = await self._list(ep.OPEN_ALGOS, "")
        return found.algos if found is not None else []

    async def _list(self, endpoint: ep.Endpoint, symbol: str) -> replies.Findings | None:
        found = replies.Findings()
        params = {"symbol": symbol} if symbol else {}
        try:
            reply = await self._ask(requests.simple(endpoint, **params))
            replies.READERS[endpoint](reply.body, found)
        except (_Refused, replies.Unreadable) as error:
            self._trouble(f"{endpoint.path} could not be read", str(error))
            return None
        return found

    async def _try(self, request: Request) -> bool:
        try:
            await self._ask(request)
        except _Refused as error:
            self._trouble(f"{request.endpoint.method} {request.endpoint.path}", str(error))
            return False
        return True

    async def _ask(self, request: Request) -> HttpReply:
        message = requests.rest_message(request, self._signer, self._now_ms(), RECV_WINDOW_MS)
        try:
            reply = await self._http.request(message.method, message.target, message.headers, message.body, TIMEOUT_MS)
        except HttpFailed as error:
            self._last_refusal = error.reason
            raise _Refused(error.reason) from error
        if reply.status != 200:
            self._last_refusal = f"HTTP {reply.status} {reply.body[:200].decode(errors='replace')}"
            raise _Refused(self._last_refusal)
        return reply

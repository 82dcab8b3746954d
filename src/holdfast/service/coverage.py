"""The coverage watch: positions and stops as the venue lists them, read again and again (RULES 12).

It has its own task, timer and connections, and it sends nothing: findings enter the inbox and the core repairs,
because only the core knows what is being replaced just now. Its rounds are also its heartbeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from holdfast.binance import endpoints as ep
from holdfast.binance.governor import Governor
from holdfast.binance.replies import READERS, Findings, Unreadable
from holdfast.binance.requests import Request, simple
from holdfast.binance.signing import Signer
from holdfast.model.effects import Lane
from holdfast.model.inputs import AnyInput, CoverageChecked
from holdfast.model.reports import AlgoReport, PositionReport
from holdfast.model.settings import EngineSettings
from holdfast.ports import HttpClient
from holdfast.service.lifecycle import Supervisor
from holdfast.service.rest_door import RestDoor, VenueTime
from holdfast.service.venue_observer import Unobserved, VenueObserver

TIMEOUT_MS: Final = 2_000
EARLY_S: Final = 0.3
"""How long positions, and the lists that have come, wait for the other lists: what they show may not wait for a
timeout."""
RECV_WINDOW_MS: Final = 5_000
ALL_FROM_SYMBOLS: Final = 40
"""From so many symbols on, the list without a symbol (weight 40) is cheaper than one list each (weight 1)."""

WEIGHT_LIMIT: Final = 2_400
"""Weight a minute of one address in production; the smallest of all venues (protocol notes A.7)."""

SHARE_PERCENT: Final = 30
"""How much of an address's weight the watches of all its accounts may use."""


class _NotRead(Exception):
    """A list could not be had. `code` is the venue's error code, 0 where it gave none."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


_Lists = dict[str, list[AlgoReport] | _NotRead]


class CoverageWatch:
    """One account's watch. Construct it in a running loop. `http` is a client of its own for the REST host.

    `exposed` names the symbols with a position or an entry that works or is unknown; while it names any, and after a
    round that failed, the next is made after `coverage_interval_ms`, else after `coverage_idle_interval_ms`.
    """

    name = "coverage watch"

    def __init__(
        self,
        *,
        http: HttpClient,
        signer: Signer,
        clock: VenueTime,
        deliver: Callable[[AnyInput], None],
        exposed: Callable[[], Sequence[str]],
        settings: EngineSettings,
        governor: Governor,
        observer: VenueObserver | None = None,
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._exposed = exposed
        self._interval_s = settings.coverage_interval_ms / 1_000
        self._idle_interval_s = settings.coverage_idle_interval_ms / 1_000
        self._observer: VenueObserver = observer if observer is not None else Unobserved()
        self._door = RestDoor(http=http, signer=signer, clock=clock, governor=governor)
        self._loop = asyncio.get_running_loop()
        self.supervisor = Supervisor(deliver, self._observer)

    async def start(self) -> None:
        """Begin with a round at once."""
        self.supervisor.spawn("coverage-watch", self._keep_watch())

    async def stop(self) -> None:
        """End the watch."""
        await self.supervisor.stop()

    async def look(self) -> CoverageChecked:
        """One round. What could not be read is left out of it, and is not asked again: the next round comes soon."""
        asked_ms = self._clock.now_ms()
        positions: list[PositionReport] = []
        lists: _Lists = {}
        failed: _NotRead | None = None

        def early(lists: _Lists) -> None:
            self._deliver(self._report(asked_ms, positions, lists, ok=False))

        try:
            positions = await self._positions()
            held = [row.symbol for row in positions if row.amount]
            lists = await self._algos(sorted(dict.fromkeys([*self._exposed(), *held])), early)
        except _NotRead as error:
            failed = error
        for found in lists.values():
            failed = found if isinstance(found, _NotRead) else failed
        if failed is not None:
            self._observer.read_repeated("coverage watch", str(failed))
        return self._report(asked_ms, positions, lists, ok=failed is None, code=failed.code if failed else 0)

    def _report(
        self, asked_ms: int, positions: list[PositionReport], lists: _Lists, *, ok: bool, code: int = 0
    ) -> CoverageChecked:
        """What was read, and whether that is all of the round. Positions are told without their stops too."""
        read = {symbol: algos for symbol, algos in lists.items() if not isinstance(algos, _NotRead)}
        return CoverageChecked(
            now_ms=self._clock.now_ms(),
            ok=ok,
            asked_ms=asked_ms,
            code=code,
            symbols=tuple(read),
            positions=tuple(positions),
            algos=tuple(algo for algos in read.values() for algo in algos),
        )

    async def _keep_watch(self) -> None:
        last_at = -self._idle_interval_s
        failed = False
        while True:
            if failed or self._exposed() or self._loop.time() - last_at >= self._idle_interval_s:
                last_at = self._loop.time()
                found = await self.look()
                failed = not found.ok
                self._deliver(found)
            # Looked at every interval in any case, so that new exposure does not wait for an idle round.
            await asyncio.sleep(max(0.0, last_at + self._interval_s - self._loop.time()) or self._interval_s)

    async def _positions(self) -> list[PositionReport]:
        return (await self._read(simple(ep.POSITIONS))).positions

    async def _algos(self, symbols: Sequence[str], early: Callable[[_Lists], None]) -> _Lists:
        """The open algo orders of each symbol, or why they could not be had. `early` is told what came of them when
        the others take their time."""
        if len(symbols) >= ALL_FROM_SYMBOLS:
            found = (await self._read(Request(ep.OPEN_ALGOS, {}, ep.ALL_SYMBOLS_WEIGHT))).algos
            return {symbol: [algo for algo in found if algo.symbol == symbol] for symbol in symbols}
        asked = {
            symbol: self._loop.create_task(self._algos_of(symbol), name=f"coverage-{symbol}") for symbol in symbols
        }
        whole = asyncio.gather(*asked.values())
        try:
            await asyncio.wait([whole], timeout=EARLY_S)
            come = {symbol: answer.result() for symbol, answer in asked.items() if answer.done()}
            if not whole.done():
                early(come)
            return dict(zip(symbols, await whole, strict=True))
        finally:
            whole.cancel()  # Whoever ends the watch ends its questions.

    async def _algos_of(self, symbol: str) -> list[AlgoReport] | _NotRead:
        try:
            found = (await self._read(simple(ep.OPEN_ALGOS, symbol=symbol))).algos
        except _NotRead as error:
            return error
        return [algo for algo in found if algo.symbol == symbol]

    async def _read(self, request: Request) -> Findings:
        door, path = self._door, request.endpoint.path
        if door.governor.admit(Lane.PROTECT, request.weight, self._clock.now_ms()):
            raise _NotRead(f"{path}: no rate budget")
        reply = await door.exchange(request, Lane.PROTECT, recv_window_ms=RECV_WINDOW_MS, timeout_ms=TIMEOUT_MS)
        if reply.status != 200:
            answer = reply.answer(parsed=False)
            text = reply.failure or f"HTTP {reply.status} {answer.code} {answer.message}"
            raise _NotRead(f"{path}: {text}", answer.code)
        findings = Findings()
        try:
            READERS[request.endpoint](reply.body, findings)
        except Unreadable as error:
            raise _NotRead(f"{path}: {error}") from None
        return findings


def weight_per_minute(symbols: int, interval_ms: int) -> int:
    """What the watch of one account costs while `symbols` are exposed."""
    lists = symbols if symbols < ALL_FROM_SYMBOLS else ep.ALL_SYMBOLS_WEIGHT
    return -(-(ep.POSITIONS.weight + lists) * 60_000 // interval_ms)


def accounts_that_fit(weight_limit: int, symbols: int, interval_ms: int) -> int:
    """How many accounts behind one address may be watched, each with `symbols` exposed (RULES 12)."""
    return weight_limit * SHARE_PERCENT // 100 // weight_per_minute(symbols, interval_ms)


def too_costly(symbols: int, interval_ms: int, *, beside: int = 0, weight_limit: int = WEIGHT_LIMIT) -> str | None:
    """Why an account with so many exposed symbols may not be watched that often (RULES 12), or None when it may.

    `beside` is the weight a minute that the watches of the other accounts behind the same address cost.
    """
    share, cost = weight_limit * SHARE_PERCENT // 100, weight_per_minute(symbols, interval_ms)
    if beside + cost <= share:
        return None
    looking = f"looking at {symbols} symbols every {interval_ms} ms costs {cost}"
    if cost > share:
        passes = f"coverage.interval_ms = {-(-cost * interval_ms // share)}"
        return f"{looking} of the {share} weight a minute that it may use; would pass: {passes}"
    fits = accounts_that_fit(weight_limit, symbols, interval_ms)
    return (
        f"{looking}, and the other engines of this host cost {beside}, of the {share} weight a minute that all of them "
        f"may use; would pass: at most {fits} accounts like this one behind one address, or fewer symbols "
        "(symbols.allow, limits.max_trades)"
    )

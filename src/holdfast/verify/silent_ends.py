"""Stops that ended although we had not asked for it. Until something tells of it, an engine rightly relies on them."""

from __future__ import annotations

from typing import Final

from holdfast.model.ids import Role, role_of
from holdfast.verify.base import Scene
from holdfast.verify.evidence import Shows, shows
from holdfast.verify.records import AlgoLine, PushLine, Reply, Request
from holdfast.verify.venue_state import LegKey, VenueAlgo

OK: Final = 200
UNKNOWN_ORDER: Final = -2013
ORDER_EVENTS: Final = frozenset({"ORDER_TRADE_UPDATE", "TRADE_LITE"})
REMEMBERED_US: Final = 60_000_000
"""For how long an end that was told is remembered: longer than any word is on its way."""


class SilentEnds:
    """Follows the venue log: ends of stops, and the events and replies that tell of them."""

    def __init__(self, scene: Scene) -> None:
        self.journal = scene.journal
        self.state = scene.state
        self._told: dict[LegKey, dict[int, int | None]] = {}
        """Algo id → when its end was told first, by leg."""
        self._ended_n: dict[int, int] = {}
        """Algo id → the record of its end."""
        self._doubted: dict[int, int] = {}
        """Algo id → when the venue said that it does not know it: a suspicion, no proof (RULES 12)."""
        self._reads: dict[int, tuple[str | None, tuple[int, ...]]] = {}

    def ended(self, line: AlgoLine) -> None:
        """A stop may have ended, and not because we asked: the engine does not know until it is told."""
        stop = self.state.algos[line.algo_id]
        asked = any(us <= line.us for _, us in self.journal.cancels.get(line.client_id, ()))
        if stop.is_ours and stop.is_stop and not stop.is_open and not asked:
            told = self._told.get(stop.leg, {})
            lately = {algo_id: us for algo_id, us in told.items() if us is None or us >= line.us - REMEMBERED_US}
            self._told[stop.leg] = {**lately, line.algo_id: None}
            self._ended_n[line.algo_id] = line.n

    def untold(self, leg: LegKey) -> bool:
        """Whether a stop of a leg has ended without a word until now."""
        return any(us is None for us in self._told.get(leg, {}).values())

    def untold_on(self, symbol: str) -> bool:
        """The same of any leg of a symbol, of all of them with ""."""
        return any(self.untold(leg) for leg in self._told if symbol in ("", leg[0]))

    def believed(self, leg: LegKey, since_us: int) -> list[VenueAlgo]:
        """The stops that are gone, and of which nobody had told that, or cast doubt on them, by a time."""
        known = (
            (algo_id, min(us or since_us, self._doubted.get(algo_id, since_us)))
            for algo_id, us in self._told.get(leg, {}).items()
        )
        return [self.state.algos[algo_id] for algo_id, us in known if us >= since_us]

    def named(self, line: Request) -> tuple[int, ...]:
        """The conditional orders that a request names, as far as anybody knows them."""
        name, number = line.params.get("clientAlgoId"), line.params.get("algoId")
        if number and not (number.isascii() and number.isdecimal()):
            return ()
        found = [int(number)] if number else self.state.algos_by_client.get(name or "", [])
        return tuple(algo_id for algo_id in found if algo_id in self.state.algos)

    def asked(self, line: Request) -> None:
        """A request that will tell of stops when it is answered."""
        if shows(line) is not Shows.ALGOS or not line.account:
            return
        named, params = self.named(line), line.params
        if named or not (params.get("clientAlgoId") or params.get("algoId")):
            symbol = self.state.algos[named[-1]].leg[0] if named else params.get("symbol", "")
            self._reads[line.n] = (symbol, named)

    def answered(self, line: Reply) -> None:
        """What a complete reply shows of the stops it was asked for: of one, or of a whole list."""
        symbol, named = self._reads.pop(line.req, (None, ()))
        if symbol is None or line.fault is not None:
            return
        if line.code == UNKNOWN_ORDER:
            for algo_id in named:
                self._doubted.setdefault(algo_id, line.us)
        if line.status != OK:
            return
        for leg, told in self._told.items():
            if named or symbol in ("", leg[0]):
                _tell(told, line.us, named or tuple(told))

    def pushed(self, line: PushLine) -> None:
        """An event of a stop, or of the order that it became."""
        of_a_stop = line.e in ORDER_EVENTS and role_of(line.client_id or "") is Role.STOP
        if line.e == "ALGO_UPDATE" or of_a_stop:
            known = self.state.algos_by_client.get(line.client_id or "", ())
            named = tuple(algo_id for algo_id in known if self._ended_n.get(algo_id, 0) <= line.tells_n)
            for told in self._told.values():
                _tell(told, line.us, named)


def _tell(told: dict[int, int | None], us: int, named: tuple[int, ...]) -> None:
    for algo_id in named:
        if told.get(algo_id, us) is None:
            told[algo_id] = us

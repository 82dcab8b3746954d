"""I3: no position without a live stop for its full size, measured at the venue (RULES 5 and 15).

`uncovered`: our position is above live cover. `naked`: the longest stretch of that in which no covering or closing
request of ours arrived. The bound holds for a live engine, from the first evidence delivered to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from holdfast.model.ids import Role, is_kill, role_of
from holdfast.model.num import ZERO, text
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import WRITES, Shows, Verb, client_id_of, shows, trouble_of
from holdfast.verify.hearing import Hearing, told_of
from holdfast.verify.liveness import Liveness
from holdfast.verify.measures import milliseconds, summary
from holdfast.verify.obligation import CLASSES, DEAD, LIVE, THROTTLED, UNREACHABLE, Obligation, Refusal
from holdfast.verify.records import AlgoLine, FaultLine, PushLine, Reply, Request, TradeLine
from holdfast.verify.silent_ends import SilentEnds
from holdfast.verify.venue_state import LegKey

OK: Final = 200
COVERING: Final = frozenset({Role.STOP, Role.CLOSE})


class Episode(msgspec.Struct, kw_only=True):
    """A leg from flat to flat. `tells` is what evidence the open gap needs; `refusal` how the last act ended."""

    leg: LegKey
    start_us: int
    start_n: int
    gap: Obligation | None = None
    tells: Shows = Shows.FILLS
    uncovered_us: int = 0
    naked_us: int = 0
    informed_us: int = 0
    covered_us: int | None = None
    close_us: int | None = None
    refusal: Refusal = msgspec.field(default_factory=Refusal)


class Cover(Check):
    """Watches every leg on which we hold something."""

    def __init__(self, scene: Scene, liveness: Liveness) -> None:
        super().__init__(scene)
        self.liveness = liveness
        liveness.listeners.append(self._on_live)
        self.hearing = Hearing()
        self.silent = SilentEnds(scene)
        self._episodes: dict[LegKey, Episode] = {}
        self._triggering: dict[int, int] = {}
        """Algo id → when it stops to cover."""
        self._told: set[int] = set()
        """Algo ids whose trigger was told to the engine."""
        self._reads: dict[int, tuple[Shows, str, tuple[int, ...]]] = {}
        """What a request will tell, on which symbol, and of which conditional orders alone ((): of all)."""
        self._acts: dict[int, tuple[str, int]] = {}
        """The symbol of a request that acts, and when it arrived."""
        self._throttle = Refusal()
        """The last throttle of anything: limits count the address and the account, so it holds cover back as well."""
        self._naked: list[int] = []
        self._informed: list[int] = []
        self._uncovered: list[int] = []
        self._protect: list[int] = []
        self._close: list[int] = []
        self._classes: dict[str, list[int]] = {}

    def after(self) -> LineHandlers:
        """Positions and stops change cover; requests act; replies and pushes tell."""
        return {
            TradeLine: self._on_trade,
            AlgoLine: self._on_algo,
            Request: self._on_request,
            Reply: self._on_reply,
            PushLine: self._on_push,
            FaultLine: self._on_fault,
        }

    def ticks(self) -> Callable[[int], None]:
        """A trigger that takes too long ends its cover."""
        return self._expire

    def finish(self) -> None:
        """What is open when the record ends is measured up to there."""
        for episode in list(self._episodes.values()):
            self._end_gap(episode, self.state.us)
            self._end_episode(episode, None)
        self.found.measures |= {
            "naked_ms": summary(self._naked),
            "naked_after_evidence_ms": summary(self._informed),
            "uncovered_ms": summary(self._uncovered),
            "protect_ms": summary(self._protect),
            "close_to_flat_ms": summary(self._close),
            "classes": {kind: _class_row(self._classes[kind]) for kind in CLASSES if kind in self._classes},
        }
        self.found.counts["position_episodes"] = len(self._uncovered)
        if self.journal.foreign:
            symbols = ", ".join(sorted(self.journal.foreign))
            self.found.not_checked("I3 for foreign quantity", f"cover is stated for our part only ({symbols})")

    def _on_trade(self, line: TradeLine) -> None:
        self.hearing.executed(line)
        key = (line.symbol, line.position_side)
        held = self.state.leg(key).ours != ZERO
        episode = self._episodes.get(key)
        if held and episode is None:
            episode = self._episodes[key] = Episode(leg=key, start_us=line.us, start_n=line.n)
            self.found.counts["positions_opened"] += 1
        if episode is not None:
            self._refresh(episode, line.us, line.n, Shows.FILLS)
            if not held:
                self._end_episode(episode, line.us)

    def _on_algo(self, line: AlgoLine) -> None:
        if line.status == "TRIGGERING":
            self._triggering[line.algo_id] = line.us + self.options.triggering_ms * 1_000
        else:
            self._triggering.pop(line.algo_id, None)
            self._told.discard(line.algo_id)
            self.silent.ended(line)
        episode = self._episodes.get((line.symbol, line.position_side))
        if episode is not None:
            self._refresh(episode, line.us, line.n, Shows.ALGOS)

    def _expire(self, us: int) -> None:
        for algo_id, deadline_us in list(self._triggering.items()):
            if deadline_us > us:
                continue
            del self._triggering[algo_id]
            algo = self.state.algos[algo_id]
            algo.stuck = True
            episode = self._episodes.get(algo.leg)
            if episode is not None:
                self._refresh(episode, deadline_us, algo.last_n, Shows.ALGOS)
                if episode.gap is not None and algo_id in self._told:
                    episode.gap.inform(deadline_us)

    def _refresh(self, episode: Episode, us: int, n: int, tells: Shows) -> None:
        """Open or close the uncovered interval of a leg by what is live now."""
        ours = self.state.leg(episode.leg).ours
        covered = sum((s.covers(ours) for s in self.state.open_stops(episode.leg) if not s.stuck), ZERO)
        if covered >= abs(ours):
            self._end_gap(episode, us)
            if ours and episode.covered_us is None:
                episode.covered_us = us
        elif episode.gap is None:
            episode.gap = Obligation(
                us, n, live=self.liveness.live, refused=episode.refusal.at(us) or self._throttle.at(us)
            )
            # A fill tells of nothing missing while the engine believes in a stop that is silently gone.
            episode.tells = Shows.ALGOS if self.silent.untold(episode.leg) else tells

    def _end_gap(self, episode: Episode, us: int) -> None:
        gap = episode.gap
        if gap is None:
            return
        gap.end(us, DEAD)
        episode.gap = None
        episode.uncovered_us += us - gap.start_us
        episode.naked_us = max(episode.naked_us, gap.longest.get(LIVE, 0))
        episode.informed_us = max(episode.informed_us, gap.informed_us)
        for kind, length in gap.longest.items():
            self._classes.setdefault(kind, []).append(length)
        self._judge(episode, gap)

    def _judge(self, episode: Episode, gap: Obligation) -> None:
        symbol = episode.leg[0]
        bound_us = self.options.naked_ms * 1_000
        silent_us = (self.options.silent_ms + self.options.lag_ms) * 1_000
        evidence = (gap.start_n, self.state.n)
        size = text(self.state.leg(episode.leg).ours)
        if gap.informed_us > bound_us:
            self.found.violated(
                "I3",
                f"{symbol} was naked for {milliseconds(gap.informed_us)} ms after a live engine had evidence of it;"
                f" at most {self.options.naked_ms} ms (position now {size})",
                ns=evidence,
            )
        elif gap.silent_us > silent_us:
            self.found.violated(
                "I3",
                f"{symbol} was naked for {milliseconds(gap.silent_us)} ms in which a live engine had no evidence of it;"
                f" the coverage watch must find it within {self.options.silent_ms} ms",
                ns=evidence,
            )

    def _end_episode(self, episode: Episode, flat_us: int | None) -> None:
        del self._episodes[episode.leg]
        self._naked.append(episode.naked_us)
        self._informed.append(episode.informed_us)
        self._uncovered.append(episode.uncovered_us)
        if episode.covered_us is not None:
            self._protect.append(episode.covered_us - episode.start_us)
        if flat_us is not None and episode.close_us is not None:
            self._close.append(flat_us - episode.close_us)

    def _on_request(self, line: Request) -> None:
        self.hearing.asked(line)
        self.silent.asked(line)
        verb = WRITES.get(line.method)
        if verb in (Verb.PLACE, Verb.PLACE_ALGO):
            client_id = client_id_of(line)
            if is_kill(client_id) or role_of(client_id) in COVERING:
                self._acted(line, closing=verb is Verb.PLACE)
        told = shows(line)
        if told is None or not line.account:
            return
        params, named = line.params, self.silent.named(line)
        if named or not (params.get("clientAlgoId") or params.get("algoId")):
            symbol = self.state.algos[named[-1]].leg[0] if named else params.get("symbol", "")
            self._reads[line.n] = (told, symbol, named)

    def _acted(self, line: Request, *, closing: bool) -> None:
        symbol = line.params.get("symbol", "")
        self._acts[line.n] = (symbol, line.us)
        for episode in self._on_symbol(symbol):
            # Until a window turns, one act that is let through, only to be refused for another reason, changes nothing.
            held = THROTTLED if self._was_on_its_way(self._throttle, line.us) else episode.refusal.at(line.us)
            if held != THROTTLED:
                episode.refusal.note(line.us, "")
            if episode.gap is not None:
                episode.gap.act(line.us)
                if held == THROTTLED:
                    episode.gap.refuse(held)
                if self.hearing.untold(episode.leg[0]):
                    episode.gap.forget()
            if closing and episode.close_us is None:
                episode.close_us = line.us

    def _on_symbol(self, symbol: str) -> list[Episode]:
        return [episode for leg, episode in self._episodes.items() if symbol in ("", leg[0])]

    def _on_reply(self, line: Reply) -> None:
        self.hearing.answered(line)
        self.silent.answered(line)
        (acted, came_us), trouble = self._acts.pop(line.req, (None, line.us)), trouble_of(line)
        if trouble == THROTTLED:
            self._throttle.note(line.us, trouble)
            acted = ""
        elif acted is not None and line.status == OK and not self._was_on_its_way(self._throttle, came_us):
            self._throttle.note(line.us, "")
        if acted is not None and (trouble or line.status == OK):
            for episode in self._on_symbol(acted):
                if trouble or not self._was_on_its_way(episode.refusal, came_us):
                    _refused(episode, line.us, trouble)
        read = self._reads.pop(line.req, None)
        if read is None or line.status != 200 or line.fault is not None:
            return
        told, symbol, named = read
        if named:
            self._tell_of_stop(symbol, line.us, line.n)
        else:
            self._tell(told, symbol, line.us, line.n)

    def _was_on_its_way(self, refusal: Refusal, us: int) -> bool:
        """Whether what came then left before a throttle was heard: although it is taken, the next act has to wait."""
        return refusal.at(us) == THROTTLED and not refusal.known_by(us - self.options.lag_ms * 1_000)

    def _on_push(self, line: PushLine) -> None:
        self.hearing.pushed(line)
        self.silent.pushed(line)
        if line.e == "ALGO_UPDATE":
            named = set(self.state.algos_by_client.get(line.client_id or "", ())) & set(self._triggering)
            self._told |= {algo_id for algo_id in named if self.state.algos[algo_id].last_n <= line.tells_n}
            self._tell_of_stop(line.symbol or "", line.us, line.tells_n)
        elif line.e in ("ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE"):
            self._tell(Shows.FILLS, told_of(line), line.us, line.tells_n)
            if role_of(line.client_id or "") is Role.STOP:
                self._tell_of_stop(line.symbol or "", line.us, line.tells_n)

    def _tell_of_stop(self, symbol: str, us: int, of_n: int) -> None:
        """A word about one stop. While another has ended without one, nobody can know that nothing covers."""
        if not self.silent.untold_on(symbol):
            self._tell(Shows.ALGOS, symbol, us, of_n)

    def _on_fault(self, line: FaultLine) -> None:
        """A request that a fault kept from the venue was an act all the same; what follows is its own class."""
        planned = self.journal.planned.get(line.client_id)
        if line.verb != "req.drop" or planned is None or role_of(line.client_id) not in COVERING:
            return
        for episode in self._on_symbol(planned.event.spec.symbol):
            _refused(episode, line.us, UNREACHABLE)

    def _tell(self, what: Shows, symbol: str | None, us: int, of_n: int) -> None:
        """Evidence was delivered. What the venue had held back says nothing of a gap that began after it."""
        if symbol is None:
            return
        for episode in self._on_symbol(symbol):
            gap = episode.gap
            if gap is None or gap.start_n > of_n:
                continue
            if what is episode.tells or (what is Shows.POSITION and episode.tells is Shows.FILLS):
                gap.inform(us)

    def _on_live(self, us: int, *, live: bool, absence: str) -> None:
        for episode in self._episodes.values():
            if episode.gap is not None:
                episode.gap.turn(us, live=live, absence=absence)
                if live and absence == DEAD:
                    # What a new process must learn first is that there is a position at all.
                    episode.tells = Shows.FILLS


def _refused(episode: Episode, us: int, kind: str) -> None:
    episode.refusal.note(us, kind)
    if episode.gap is not None:
        episode.gap.refuse(kind or LIVE)


def _class_row(lengths_us: list[int]) -> dict[str, object]:
    return {"count": len(lengths_us), "max": milliseconds(max(lengths_us))}

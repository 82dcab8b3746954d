"""Conclusions need their proof: a rejection, an absence, a position of 0 (RULES 1, 3, 5, 7)."""

from __future__ import annotations

from typing import Final

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.reasons import Outcome
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.records import Reply, Request

PROVES_NOTHING: Final = frozenset({-1000, -1001, -1006, -1007, -1008, -1010, -1016, -2011, -2013, -4083})
"""Codes that say nothing of what became of a request (RULES 1)."""
THROTTLES: Final = frozenset({-1003, -1015})
UNAVAILABLE: Final = 503
"""The one status that proves a rejection without a code, by its exact text (RULES 1)."""

GRACE_MS: Final = 5_000
ABSENCES: Final = 3
SPACING_MS: Final = 1_000
BY_ORDERS: Final = ("order", "all_orders")
BY_BOOKS: Final = ("trades", "position")
ZERO_READS: Final = 2


class Proofs(Check):
    """Reads answers and conclusions in the journal's order, and counts the position reads behind them."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._absences: dict[str, dict[str, list[int]]] = {}
        self._sent_ms: dict[str, int] = {}
        self._flattens: dict[str, ev.FlattenStarted] = {}
        self._asked: dict[int, tuple[str, int]] = {}
        """Position reads without an answer: number in the log → (symbol or "", signed ms)."""
        self._reads: dict[str, list[int]] = {}
        """Symbol, or "" for all → signed ms of position reads that were answered."""
        self._requests = False

    def after(self) -> LineHandlers:
        """Position reads and their answers."""
        return {Request: self._on_request, Reply: self._on_reply}

    def finish(self) -> None:
        """The whole journal in its order."""
        if not self._requests:
            self.found.not_checked("RULES 5, 7 by position reads", "the venue log tells of no requests")
        for seq, event in self.journal.story:
            match event:
                case ev.OrderPlanned() if not event.preauthorised:
                    self._sent_ms[event.spec.client_id] = event.timestamp_ms
                case ev.OrderSendDue():
                    self._sent_ms[event.client_id] = event.timestamp_ms
                case ev.OrderAnswered():
                    self._on_answered(seq, event)
                case ev.UnknownOpened():
                    self._absences[event.client_id] = {}
                case ev.AbsenceNoted():
                    noted = self._absences.setdefault(event.client_id, {})
                    noted.setdefault(event.endpoint, []).append(event.asked_ms)
                case ev.UnknownResolved() if event.resolution == "never_placed":
                    self._on_never_placed(seq, event)
                case ev.FlattenStarted():
                    self._flattens[event.symbol] = event
                case ev.FlattenEnded():
                    self._on_flatten_ended(seq, event)
                case ev.TradeClosed():
                    self._on_closed(seq, event)
                case _:
                    pass

    def _on_request(self, line: Request) -> None:
        self._requests = True
        if line.method.endswith(("/positionRisk", "account.position")):
            self._asked[line.n] = (line.params.get("symbol", ""), line.signed_ms)

    def _on_reply(self, line: Reply) -> None:
        asked = self._asked.pop(line.req, None)
        if asked is not None and line.status == 200:
            self._reads.setdefault(asked[0], []).append(asked[1])

    def _on_answered(self, seq: int, event: ev.OrderAnswered) -> None:
        self._sent_ms[event.client_id] = max(event.sent_ms, self._sent_ms.get(event.client_id, 0))
        if event.local:
            return
        problem = ""
        if event.outcome is Outcome.REJECTED and event.code in PROVES_NOTHING:
            problem = f"{event.code} proves nothing"
        elif event.outcome is Outcome.REJECTED and not event.code and event.status != UNAVAILABLE:
            problem = f"an answer with status {event.status} and no code proves nothing"
        elif event.outcome is Outcome.THROTTLED and event.code not in THROTTLES:
            problem = f"code {event.code} names no limit"
        if problem:
            self.found.violated(
                "RULES 1", f"{event.client_id} is journalled as {event.outcome.value}, but {problem}", seqs=[seq]
            )

    def _on_never_placed(self, seq: int, event: ev.UnknownResolved) -> None:
        """Three absences a second apart on the order and on the list, past the window, and books that agree."""
        planned = self.journal.planned.get(event.client_id)
        if planned is None or planned.event.spec.role is Role.STOP:
            return  # A stop is sent again under its id; its absence decides nothing by itself.
        past_ms = self._sent_ms.get(event.client_id, 0) + planned.event.recv_window_ms + GRACE_MS
        noted = self._absences.get(event.client_id, {})
        lacking = [name for name in BY_ORDERS if _spaced(noted.get(name, [])) < ABSENCES]
        lacking += [name for name in (*BY_ORDERS, *BY_BOOKS) if max(noted.get(name, [0])) < past_ms]
        if lacking:
            self.found.violated(
                "RULES 3",
                f"{event.client_id} is called never placed without the whole proof of it: {', '.join(lacking)}",
                seqs=[planned.seq, seq],
            )

    def _reads_since(self, symbol: str, since_ms: int, until_ms: int) -> int:
        reads = [*self._reads.get(symbol, ()), *self._reads.get("", ())]
        return sum(since_ms <= at_ms <= until_ms for at_ms in reads)

    def _on_flatten_ended(self, seq: int, event: ev.FlattenEnded) -> None:
        """A flatten ends when the venue has shown 0 twice, after the last close of ours (RULES 7)."""
        began = self._flattens.pop(event.symbol, None)
        if began is None or not self._requests:
            return
        closes = [sent_ms for name, sent_ms in self._sent_ms.items() if self._is_close(name, event)]
        since_ms = max([began.at_ms, *closes])
        if self._reads_since(event.symbol, since_ms, event.at_ms) < ZERO_READS:
            self.found.violated(
                "RULES 7",
                f"the flatten of {event.symbol} ended, but its position was not read twice after the last close",
                seqs=[seq],
            )

    def _is_close(self, client_id: str, event: ev.FlattenEnded) -> bool:
        planned = self.journal.planned.get(client_id)
        if planned is None or planned.event.spec.role is not Role.CLOSE:
            return False
        return planned.event.spec.symbol == event.symbol and planned.event.subject == event.subject

    def _on_closed(self, seq: int, event: ev.TradeClosed) -> None:
        """A trade of which something left is closed when the venue showed its position after that (RULES 5)."""
        trade_id, symbol = event.result.trade_id, event.result.symbol
        sent = [self._sent_ms[name] for name in self._sent_ms if self.journal.trade_of(name) == trade_id]
        if sent and event.result.fills and self._requests and not self._reads_since(symbol, max(sent), event.at_ms):
            self.found.violated(
                "RULES 5",
                f"trade {trade_id} is closed, but the position of {symbol} was not read after its last order",
                seqs=[seq],
            )


def _spaced(asked: list[int]) -> int:
    """How many of the questions were a second apart."""
    counted, last = 0, -SPACING_MS
    for at_ms in sorted(asked):
        if at_ms - last >= SPACING_MS:
            counted, last = counted + 1, at_ms
    return counted

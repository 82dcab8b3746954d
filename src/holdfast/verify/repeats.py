"""I25: what the venue refused is not sent again and again unchanged (RULES 2).

Stops, full closes and cancels have a rhythm of their own and go on until the venue shows what they are for. Reads ask
for what may change. Everything else was refused for a reason that another try does not remove.
"""

from __future__ import annotations

from typing import Final

from holdfast.model.ids import is_ours, role_of, tag_of
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.commands import TRANSPORT
from holdfast.verify.evidence import SEEN_AS_THEY_ARE, WRITES, Verb, client_id_of, trouble_of
from holdfast.verify.once import NEVER_AGAIN
from holdfast.verify.records import Reply, Request

MOST: Final = 3
"""So often may the same request be refused."""

SETTINGS: Final = frozenset({"POST /fapi/v1/leverage", "POST /fapi/v1/marginType"})

NAMES: Final = frozenset({"newClientOrderId", "clientAlgoId", "goodTillDate"})
"""Parameters that differ although the input is the same."""

Input = tuple[str, ...]


class Repeats(Check):
    """Counts refusals of one input."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._asked: dict[int, tuple[Input, str]] = {}
        self._refused: dict[Input, list[int]] = {}
        self._names: dict[Input, tuple[str, str]] = {}

    def after(self) -> LineHandlers:
        """Requests and how they were answered."""
        return {Request: self._on_request, Reply: self._on_reply}

    def finish(self) -> None:
        """An input is one intent's; a setting may be asked for by each intent on its symbol."""
        intents: dict[str, int] = {}
        for accepted in self.journal.accepted.values():
            symbol = accepted.event.intent.symbol
            intents[symbol] = intents.get(symbol, 0) + 1
        for wanted, ns in self._refused.items():
            name, symbol = self._names[wanted]
            most = MOST * max(intents.get(symbol, 1), 1) if name in SETTINGS else MOST
            if len(ns) > most:
                self.found.violated(
                    "I25", f"{name} was refused {len(ns)} times with the same input; at most {most} times", ns=ns
                )

    def _on_request(self, line: Request) -> None:
        name = client_id_of(line)
        if line.method in SETTINGS:
            name = line.method
        elif not (
            WRITES.get(line.method) in (Verb.PLACE, Verb.PLACE_ALGO) and is_ours(name) and role_of(name) in NEVER_AGAIN
        ):
            return
        stated = (f"{k}={v}" for k, v in sorted(line.params.items()) if k not in TRANSPORT and k not in NAMES)
        wanted = (line.method, str(role_of(name)), str(tag_of(name)), *stated)
        self._asked[line.n] = wanted, name
        self._names[wanted] = name, line.params.get("symbol", "")

    def _on_reply(self, line: Reply) -> None:
        asked = self._asked.pop(line.req, None)
        if asked is None or line.status == 200 or trouble_of(line) or line.fault not in SEEN_AS_THEY_ARE:
            return
        if line.code is not None:
            self._refused.setdefault(asked[0], []).append(line.req)

"""The inbox of an engine: two lines, evidence and intents.

Evidence (everything but new intents) is never dropped and goes first: what protects money must not wait behind what
wants to spend it. Overload is a decision, not an accident: an intent that finds its line full is refused with an error
that says so, its id stays unused, and its source may send it again.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import msgspec

from holdfast.model.inputs import AnyInput, MarketSeen

Answer = TypeVar("Answer")


class Refused(Exception):
    """An intent that was not taken. Nothing of it is remembered; the same id may be sent again."""


class Overloaded(Refused):
    """Too many intents wait. Try again later."""


class NotDurable(Refused):
    """The journal could not be written, so nothing that opens was sent to the venue (RULES 8).

    What was decided before the failure was known is written once the journal can be again: an opening intent as
    accepted and rejected, or as denied. The same id, sent again, is told that.
    """


class Stopped(Refused):
    """The engine is shutting down, or has stopped after an internal error."""


class InboxLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds. `intents`: waiting intents before refusal; `evidence_alarm`: waiting evidence before it is logged."""

    intents: int = 1_000
    evidence_alarm: int = 10_000


class Inbox(Generic[Answer]):
    """Inputs with the future, if any, that waits for their answer."""

    def __init__(self, limits: InboxLimits) -> None:
        self._limits = limits
        self._evidence: deque[tuple[AnyInput, Answer | None]] = deque()
        self._intents: deque[tuple[AnyInput, Answer | None]] = deque()
        self._market: dict[str, MarketSeen] = {}

    def __len__(self) -> int:
        return len(self._evidence) + len(self._intents)

    @property
    def crowded(self) -> bool:
        """Whether more evidence waits than is healthy."""
        return len(self._evidence) > self._limits.evidence_alarm

    def put_intent(self, input: AnyInput, answer: Answer | None) -> None:
        """Queue an intent. Raises `Overloaded`."""
        if len(self._intents) >= self._limits.intents:
            raise Overloaded(
                f"{len(self._intents)} intents are waiting, the limit is {self._limits.intents}; "
                "would pass: the same intent, later"
            )
        self._intents.append((input, answer))

    def put(self, input: AnyInput, answer: Answer | None = None) -> None:
        """Queue evidence or a command. Of prices that wait, only the newest of each symbol is kept."""
        if isinstance(input, MarketSeen):
            waiting = self._market.get(input.symbol)
            self._market[input.symbol] = input if waiting is None else _merged(waiting, input)
            if waiting is not None:
                return
        self._evidence.append((input, answer))

    def take(self) -> tuple[AnyInput, Answer | None]:
        """The next input: evidence first. Raises `IndexError` when empty."""
        if not self._evidence:
            return self._intents.popleft()
        input, answer = self._evidence.popleft()
        if isinstance(input, MarketSeen):
            input = self._market.pop(input.symbol)
        return input, answer


def _merged(old: MarketSeen, new: MarketSeen) -> MarketSeen:
    """The newest of each price; a message without a price does not erase the one before."""
    return MarketSeen(
        now_ms=new.now_ms,
        symbol=new.symbol,
        mark=old.mark if new.mark is None else new.mark,
        bid=old.bid if new.bid is None else new.bid,
        ask=old.ask if new.ask is None else new.ask,
        venue_ms=max(old.venue_ms, new.venue_ms),
    )

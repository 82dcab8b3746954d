"""`explain ID`: the life of an intent, a trade or an order, from the journal, each step with its reason.

An id may be an intent's, a trade's, one of our client order ids, or the venue's own order or algo id. The records of
everything that belongs together are told in the order in which they became durable, which is the order of causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from holdfast.model import events as ev
from holdfast.ports import JournalRecord
from holdfast.service.sentences import channel_of, sentence_of


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One record. `channel`: where its evidence came from, "" for a decision of ours. `after_ms`: since the first."""

    seq: int
    at_ms: int
    after_ms: int
    kind: str
    channel: str
    text: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The story, with all the ids that belong to it and the journal's head at its last record."""

    id: str
    intents: tuple[str, ...]
    trades: tuple[str, ...]
    orders: tuple[str, ...]
    venue_orders: tuple[int, ...]
    venue_algos: tuple[int, ...]
    lines: tuple[Line, ...]
    seq: int
    hash: str


class _Ids:
    """Everything known to belong to the story; dicts keep the order in which it was met."""

    def __init__(self, seed: str) -> None:
        self.texts: dict[str, None] = {seed: None} if seed else {}
        """Intents, trades, orders and subjects: our ids never collide, being made from what they name."""
        self.orders: dict[tuple[str, int], None] = {}
        """(symbol, venue order id): the venue's numbers are unique per symbol only."""
        self.number = int(seed) if seed.isascii() and seed.isdigit() and len(seed) < 19 else None
        """A number that was asked for: an order's or an algo's, of any symbol."""
        self._tokens: list[bytes] = []

    @property
    def size(self) -> int:
        """Grows until everything is found."""
        return len(self.texts) + len(self.orders)

    def mentioned_in(self, body: bytes) -> bool:
        """Whether a record can belong: a cheap look that spares decoding nearly all of a long journal."""
        if len(self._tokens) != self.size:
            self._tokens = [text.encode() for text in (*self.texts, *(str(number) for _, number in self.orders))]
        return any(token in body for token in self._tokens)


def explain(read: Callable[[], Iterable[JournalRecord]], any_id: str) -> Explanation | None:
    """The story behind an id, or None when the journal never mentions it.

    `read` starts reading the journal from its first record; it is called a few times, until no new id is met. Events
    that name no intent, trade or order (balances, states) are left out.
    """
    ids, known = _Ids(any_id), 0
    chosen: list[tuple[JournalRecord, ev.AnyEvent]] = []
    met: list[_Names] = []
    while known != ids.size:
        known = ids.size
        chosen, met = [], []
        for record in read():
            if not ids.mentioned_in(record.body):
                continue
            event = ev.decode(record.body)
            names = names_of(event)
            if names.belongs(ids):
                names.link(ids)
                chosen.append((record, event))
                met.append(names)
    if not chosen:
        return None
    first_ms = chosen[0][1].at_ms
    last = chosen[-1][0]
    return Explanation(
        id=any_id,
        intents=_unique(names.intent for names in met),
        trades=_unique(names.trade for names in met),
        orders=_unique(names.order for names in met),
        venue_orders=_unique_numbers(names.venue[1] for names in met if names.venue is not None),
        venue_algos=_unique_numbers(names.algo for names in met if names.algo is not None),
        lines=tuple(_line(record, event, first_ms) for record, event in chosen),
        seq=last.seq,
        hash=last.hash,
    )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(names) if name)


def _unique_numbers(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers))


@dataclass(frozen=True, slots=True)
class _Names:
    """The ids that one event mentions, and thereby ties together."""

    intent: str = ""
    trade: str = ""
    order: str = ""
    subject: str = ""
    venue: tuple[str, int] | None = None
    algo: int | None = None

    def belongs(self, ids: _Ids) -> bool:
        """Whether one of its ids is already part of the story."""
        texts = ids.texts
        mine = self.intent in texts or self.trade in texts or self.order in texts or self.subject in texts
        return mine or self.venue in ids.orders or (ids.number is not None and self._numbered(ids.number))

    def link(self, ids: _Ids) -> None:
        """Make all its ids part of the story."""
        for name in (self.intent, self.trade, self.order, self.subject):
            if name:
                ids.texts[name] = None
        if self.venue is not None:
            ids.orders[self.venue] = None

    def _numbered(self, number: int) -> bool:
        return number == self.algo or (self.venue is not None and number == self.venue[1])


def names_of(event: ev.AnyEvent) -> _Names:
    """The ids in an event."""
    found: Any = event
    match event:
        case ev.IntentAccepted():
            return _Names(intent=event.intent.id, trade=event.plan.trade_id if event.plan is not None else "")
        case ev.IntentDenied():
            return _Names(intent=event.intent_id)
        case ev.OrderPlanned():
            return _Names(trade=event.trade_id, order=event.spec.client_id, subject=event.subject)
        case ev.OrderUpdated():
            return _Names(order=event.report.client_id, venue=(event.report.symbol, event.report.order_id))
        case ev.AlgoUpdated():
            # The order that the algo spawns is met in updates and fills of its own.
            return _Names(order=event.report.client_id, algo=event.report.algo_id)
        case ev.FillBooked():
            venue = (event.fill.symbol, event.fill.order_id)
            return _Names(trade=event.trade_id, order=event.client_id, venue=venue)
        case ev.FillCompleted():
            return _Names(order=event.client_id, venue=(event.symbol, event.order_id))
        case ev.LateEntryFound():
            return _Names(order=event.client_id, intent=event.intent_id)
        case ev.TradeAdopted():
            return _Names(trade=event.plan.trade_id, order=event.order)
        case ev.FlattenStarted():
            return _Names(trade=event.trade_id, subject=event.subject)
        case ev.FlattenEnded():
            return _Names(subject=event.subject)
        case ev.ResultPublished():
            return _Names(intent=event.result.intent_id, trade=event.result.trade_id)
        case ev.TradeClosed():
            return _Names(trade=event.result.trade_id)
        case ev.IncomeBooked() | ev.PhaseChanged() | ev.EntryRejudged() | ev.ResultCorrected() | ev.TradeNetted():
            return _Names(trade=found.trade_id)
        case _:
            return _Names(order=getattr(event, "client_id", ""))


def _line(record: JournalRecord, event: ev.AnyEvent, first_ms: int) -> Line:
    return Line(
        seq=record.seq,
        at_ms=event.at_ms,
        after_ms=event.at_ms - first_ms,
        kind=record.kind,
        channel=channel_of(event),
        text=sentence_of(event),
    )

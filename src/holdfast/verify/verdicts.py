"""The verdicts that let an entry pass, each with what it saw and the settings of its process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from holdfast.model import events as ev
from holdfast.model.plans import TradePlan
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings
from holdfast.verify.journal_view import JournalView

CITES: int = 2
"""The first format of journals whose verdicts carry what they saw."""


class Passed(NamedTuple):
    """One verdict: `seen` and `settings` are None where the journal is older than both."""

    seq: int
    at_ms: int
    plan: TradePlan
    seen: Seen | None
    settings: EngineSettings | None
    cites: bool
    """Whether its process writes what it sees."""
    first: bool = True
    """Whether it made the plan, as against one that looked at the plan again."""


def passed(journal: JournalView) -> Iterator[Passed]:
    """In the journal's order: accepted opening intents, and entries that were looked at again and may go."""
    settings: EngineSettings | None = None
    cites = False
    for seq, event in journal.story:
        if isinstance(event, ev.EngineStarted):
            settings, cites = event.settings, event.format >= CITES
        elif isinstance(event, ev.IntentAccepted) and event.plan is not None:
            yield Passed(seq, event.at_ms, event.plan, event.seen, settings, cites)
        elif isinstance(event, ev.EntryRejudged) and event.code is None and event.trade_id in journal.plans:
            yield Passed(seq, event.at_ms, journal.plans[event.trade_id][1], event.seen, settings, cites, first=False)

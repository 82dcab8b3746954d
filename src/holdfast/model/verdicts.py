"""The records that decide, with everything that a second judgement of them needs (I13, I18).

A verdict rests on the state before it (the fold of the journal up to there), the settings of the newest start, the
rules of the symbol, and what it saw.
"""

from __future__ import annotations

from holdfast.model.instrument import Instrument
from holdfast.model.intent import Intent
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import DenyCode
from holdfast.model.record import Event
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings, Venue
from holdfast.model.venue_facts import VenueFacts


class EngineStarted(Event, frozen=True, kw_only=True, tag="engine_started"):
    """An engine took the account. Settings and venue facts are journalled so that a replay decides alike (RULES 14)."""

    version: str
    config_hash: str
    venue: Venue
    account: str
    key_fingerprint: str
    facts: VenueFacts
    settings: EngineSettings | None = None
    """What the verdicts of this process rest on. None in format 1."""
    state_hash: str = ""
    """SHA-256 of the state that all records before this one were folded into (I18). Empty in format 1."""
    state_shape: str = ""
    """Names the fields that the hashed state had: hashes of different shapes cannot be compared."""
    format: int = 1
    """The format of the records behind this one, `FORMAT` of the program that writes them. Format 1 did not write it,
    so a start without it is of that one."""


class RulesSeen(Event, frozen=True, kw_only=True, tag="rules_seen"):
    """The rules of a symbol, before the first verdict that uses them and again when they have changed."""

    rules: Instrument


class IntentAccepted(Event, frozen=True, kw_only=True, tag="intent_accepted"):
    """The gate let an intent pass; `facts` are the numbers it saw. `plan` is present for opening intents."""

    intent: Intent
    content_hash: str
    verdict: str
    plan: TradePlan | None = None
    facts: dict[str, str] = {}
    seen: Seen | None = None
    """None in format 1."""


class IntentDenied(Event, frozen=True, kw_only=True, tag="intent_denied"):
    """The gate refused an intent: the code, the numbers, and what would have passed.

    A repeat of an id with other content is denied without touching the first intent's record, and without a look at
    anything else: it has no `seen`. In format 1 `intent` is None as well.
    """

    intent_id: str
    source: str
    symbol: str
    action: str
    content_hash: str
    code: DenyCode
    facts: dict[str, str] = {}
    counterfactual: dict[str, str] = {}
    intent: Intent | None = None
    seen: Seen | None = None


class EntryRejudged(Event, frozen=True, kw_only=True, tag="entry_rejudged"):
    """The gate looked again at an accepted entry that was not sent at once: its settings had to be changed first, or
    the venue had proved that it did not look at it (RULES 2, 13). Without a `code` it may go, under the new `verdict`.
    """

    trade_id: str
    verdict: str
    code: DenyCode | None = None
    facts: dict[str, str] = {}
    counterfactual: dict[str, str] = {}
    seen: Seen | None = None

"""Evidence first and never dropped; intents bounded."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model.inputs import IntentReceived, LinkChanged, MarketSeen
from holdfast.service.inbox import Inbox, InboxLimits, Overloaded
from tests.service.toy import intent


def received(id: str) -> IntentReceived:
    """An intent."""
    return IntentReceived(now_ms=0, intent=intent(id), content_hash="h")


def link(reason: str) -> LinkChanged:
    """Evidence."""
    return LinkChanged(now_ms=0, link="user_stream", up=True, reason=reason)


def test_evidence_overtakes_intents_and_keeps_its_order() -> None:
    """Each line is first in, first out."""
    inbox: Inbox[str] = Inbox(InboxLimits())
    inbox.put_intent(received("i-1"), "one")
    inbox.put_intent(received("i-2"), None)
    inbox.put(link("a"))
    inbox.put(link("b"), "answer")
    taken = [inbox.take() for _ in range(4)]
    assert [answer for _, answer in taken] == [None, "answer", "one", None]
    assert [type(input) for input, _ in taken] == [LinkChanged, LinkChanged, IntentReceived, IntentReceived]
    assert len(inbox) == 0


def test_an_intent_over_the_bound_is_refused_with_the_number() -> None:
    """Evidence does not count."""
    inbox: Inbox[str] = Inbox(InboxLimits(intents=1))
    inbox.put(link("a"))
    inbox.put_intent(received("i-1"), None)
    with pytest.raises(Overloaded, match="the limit is 1; would pass"):
        inbox.put_intent(received("i-2"), None)


def test_crowded_means_more_evidence_than_the_limit() -> None:
    """And is only a report."""
    inbox: Inbox[str] = Inbox(InboxLimits(evidence_alarm=2))
    for name in "abc":
        assert not inbox.crowded
        inbox.put(link(name))
    assert inbox.crowded


def test_a_price_that_was_taken_does_not_hold_back_the_next() -> None:
    """Merging concerns what waits."""
    inbox: Inbox[str] = Inbox(InboxLimits())
    first = MarketSeen(now_ms=0, symbol="A", mark=Decimal(1), venue_ms=5)
    second = MarketSeen(now_ms=0, symbol="A", mark=Decimal(2), venue_ms=4)
    inbox.put(first)
    assert inbox.take()[0] == first
    inbox.put(second)
    assert inbox.take()[0] == second


def test_merged_prices_keep_the_newest_venue_time() -> None:
    """A message that was overtaken on the way does not make the price older."""
    inbox: Inbox[str] = Inbox(InboxLimits())
    inbox.put(MarketSeen(now_ms=0, symbol="A", mark=Decimal(1), venue_ms=5))
    inbox.put(MarketSeen(now_ms=0, symbol="A", bid=Decimal(2), ask=Decimal(3), venue_ms=4))
    assert len(inbox) == 1
    assert inbox.take()[0] == MarketSeen(
        now_ms=0, symbol="A", mark=Decimal(1), bid=Decimal(2), ask=Decimal(3), venue_ms=5
    )

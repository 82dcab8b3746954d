"""Every record in one sentence."""

from __future__ import annotations

import typing
from decimal import Decimal

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.service.sentences import _SENTENCES, channel_of, sentence_of
from tests.service import story
from tests.service.story import CLOSING, DENIED, FUNDING, OPENING, T0

EVENTS: list[ev.AnyEvent] = [*OPENING, DENIED, FUNDING, *CLOSING]


def test_every_kind_of_event_has_its_sentence() -> None:
    """A new event without words fails here."""
    assert set(_SENTENCES) == set(typing.get_args(ev.AnyEvent))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: ev.kind_of(event))
def test_sentences_are_plain_text(event: ev.AnyEvent) -> None:
    """No representation of an object slips through."""
    words = sentence_of(event)
    assert words
    assert "Decimal(" not in words
    assert "<" not in words


def test_small_numbers_are_written_out() -> None:
    """0.0000001, never 1E-7."""
    booked = story.fill(10, story.ENTRY, story.Side.BUY, "0.0000001", "1")
    assert booked.fill.price == Decimal("1E-7")
    assert "at 0.0000001," in sentence_of(booked)


@pytest.mark.parametrize(
    ("event", "channel"),
    [
        (story.fill(10, story.ENTRY, story.Side.BUY, "1", "1"), "stream"),
        (story.algo_report(story.AlgoStatus.ARMED), "reply"),
        (ev.AbsenceNoted(at_ms=T0, client_id="c", endpoint="order", asked_ms=T0), "query"),
        (ev.UnknownResolved(at_ms=T0, client_id="c", resolution="confirmed", evidence="list"), "list"),
        (story.ACCEPTED, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else ev.kind_of(value),
)
def test_evidence_names_its_channel(event: ev.AnyEvent, channel: str) -> None:
    """What we decided ourselves has none."""
    assert channel_of(event) == channel


def test_a_denial_says_its_sentence_once_and_what_would_pass() -> None:
    """The fact that repeats it, empty facts, and the label of a state of things are left out."""
    facts = {"sentence": "an opening intent needs a stop loss", "default_stop_pct": "none", "ids": ""}
    event = msgspec.structs.replace(DENIED, facts=facts, counterfactual={"state": "the sun shines", "leverage": "5"})
    assert sentence_of(event).endswith(" (default_stop_pct none); would pass: the sun shines, leverage 5")


def test_zeros_that_say_nothing_are_left_out() -> None:
    """The venue writes eight places; people read the number. Whole numbers and words stay as they are."""
    facts = {"mark": "64983.00000000", "cap": "65056.60", "open": "100", "step": "0.010", "of": "v1.0.0", "zero": "0.0"}
    event = msgspec.structs.replace(DENIED, facts=facts, counterfactual={"stop": "1.50"})
    shown = "(mark 64983, cap 65056.6, open 100, step 0.01, of v1.0.0, zero 0); would pass: stop 1.5"
    assert sentence_of(event).endswith(shown)


def test_a_result_says_what_it_came_to() -> None:
    """What filled when something did, and why when there is a reason."""
    (published,) = (event for event in EVENTS if isinstance(event, ev.ResultPublished))
    assert sentence_of(published) == "result of i-1: protected, filled 0.5"
    expired = msgspec.structs.replace(published.result, filled=Decimal(0), code="NO_FILL_AT_CAP", reason="no price")
    event = msgspec.structs.replace(published, result=expired)
    assert sentence_of(event) == "result of i-1: protected (NO_FILL_AT_CAP: no price)"


def test_a_flatten_that_is_only_prepared_does_not_look_like_a_decision() -> None:
    """It stands beside every entry, and most are never sent."""
    planned = next(event for event in EVENTS if isinstance(event, ev.OrderPlanned))
    spec = msgspec.structs.replace(planned.spec, role=Role.CLOSE)
    prepared = msgspec.structs.replace(planned, spec=spec, preauthorised=True)
    assert sentence_of(prepared).startswith("close prepared for an emergency: ")


def test_a_closed_trade_says_how_much_of_it_met_somebody_elses() -> None:
    """Then profit and fees hold a part that is not the trade's (RULES 15)."""
    closed = next(event for event in CLOSING if isinstance(event, ev.TradeClosed))
    shared = msgspec.structs.replace(closed.result, foreign_quantity=Decimal("0.2"))
    assert "somebody else" not in sentence_of(closed)
    assert "0.2 of it with somebody else's" in sentence_of(msgspec.structs.replace(closed, result=shared))

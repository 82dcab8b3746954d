"""Connections of the mirror: one message to subscribe, pauses that grow, a roll without a hole."""

import json
from itertools import count

import pytest

from holdfast.paper.sources.mirror_links import (
    ACK_MS,
    FIRST_BACKOFF_MS,
    LONGEST_BACKOFF_MS,
    OVERLAP_MS,
    ROLL_AFTER_MS,
    ROLL_EVERY_MS,
    STEADY_AFTER_MS,
    Feed,
    Hang,
    Open,
    Send,
)


def feed(jitter: int = 0) -> Feed:
    """Two streams of the public route; every pause is longer by `jitter`."""
    return Feed("public", ["a@depth@100ms", "a@bookTicker"], numbers=count(1), jitter=lambda _pause: jitter)


def ready(one: Feed, now_ms: int = 0) -> Feed:
    """The same with its first connection open and confirmed."""
    (opening,) = one.start(now_ms)
    one.opened(now_ms, opening.link)
    one.confirmed(now_ms, opening.link)
    return one


def test_all_streams_are_asked_for_with_one_message():
    """Protocol notes F.1, F.4: combined frames of a route, and a subscription that costs one message of ten."""
    one = feed()
    assert one.start(0) == [Open(1, "/public/stream")]
    (sent,) = one.opened(5, 1)
    assert isinstance(sent, Send)
    assert json.loads(sent.message) == {"method": "SUBSCRIBE", "params": ["a@depth@100ms", "a@bookTicker"], "id": 1}
    assert not one.ready
    one.confirmed(9, 1)
    assert one.ready


def test_a_connection_without_an_answer_is_left():
    """Open is not enough: what is not subscribed stays silent."""
    one = feed()
    one.start(0)
    one.opened(0, 1)
    assert one.tick(ACK_MS - 1) == []
    assert one.tick(ACK_MS) == [Hang(1)]


def test_a_refused_subscription_ends_the_connection():
    """The next one asks again, after a pause."""
    one = ready(feed())
    assert one.refused(1) == [Hang(1)]


def test_after_a_good_connection_the_next_attempt_is_immediate():
    """Most ends are the venue's restarts."""
    one = ready(feed())
    one.closed(STEADY_AFTER_MS, 1)
    assert not one.ready
    assert one.tick(STEADY_AFTER_MS) == [Open(2, "/public/stream")]


@pytest.mark.parametrize("jitter", [0, 70])
def test_pauses_double_up_to_a_minute(jitter: int):
    """With what the caller adds to each, so that many clients do not come back at one instant."""
    one, now_ms, pauses = feed(jitter), 0, []
    one.start(0)
    for number in range(1, 12):
        one.closed(now_ms, number)
        began_ms = now_ms
        while not one.tick(now_ms):
            now_ms += 10
        pauses.append(now_ms - began_ms)
    expected = [min(FIRST_BACKOFF_MS << step, LONGEST_BACKOFF_MS) + jitter for step in range(11)]
    assert pauses == expected


def test_nothing_is_opened_twice_while_one_is_on_its_way():
    """A tick comes ten times a second."""
    one = feed()
    one.start(0)
    assert [one.tick(at_ms) for at_ms in (100, 200)] == [[], []]


def test_the_next_connection_is_there_before_the_day_is_over():
    """Protocol notes F.5: the old one is left when the new one has been confirmed for a while."""
    one = ready(feed())
    assert one.tick(ROLL_AFTER_MS - 1) == []
    assert one.tick(ROLL_AFTER_MS) == [Open(2, "/public/stream")]
    assert one.tick(ROLL_AFTER_MS + 100) == []
    one.opened(ROLL_AFTER_MS + 200, 2)
    assert one.tick(ROLL_AFTER_MS + 300) == []
    one.confirmed(ROLL_AFTER_MS + 400, 2)
    assert one.tick(ROLL_AFTER_MS + 400 + OVERLAP_MS - 1) == []
    assert one.tick(ROLL_AFTER_MS + 400 + OVERLAP_MS) == [Hang(1)]
    one.closed(ROLL_AFTER_MS + 8_000, 1)
    assert one.ready
    assert one.tick(ROLL_AFTER_MS + 8_000) == []


def test_a_roll_that_fails_leaves_the_old_connection_alone():
    """And is tried again after a minute, not at each tick."""
    one = ready(feed())
    one.tick(ROLL_AFTER_MS)
    one.closed(ROLL_AFTER_MS + 50, 2)
    assert one.ready
    assert one.tick(ROLL_AFTER_MS + 100) == []
    assert one.tick(ROLL_AFTER_MS + ROLL_EVERY_MS) == [Open(3, "/public/stream")]


def test_when_the_old_one_ends_during_a_roll_the_new_one_is_the_connection():
    """Nothing else is opened beside it."""
    one = ready(feed())
    one.tick(ROLL_AFTER_MS)
    one.closed(ROLL_AFTER_MS + 50, 1)
    assert not one.ready
    assert one.tick(ROLL_AFTER_MS + 100) == []
    one.opened(ROLL_AFTER_MS + 200, 2)
    one.confirmed(ROLL_AFTER_MS + 300, 2)
    assert one.ready


def test_a_connection_that_opens_too_late_is_hung_up():
    """It is none of ours any more."""
    one = feed()
    one.start(0)
    one.closed(10, 1)
    assert one.opened(20, 1) == [Hang(1)]

"""The user stream's life: keys, connections, silence. A conversation per test, in milliseconds of no clock."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance.session import (
    EXTEND_EVERY_MS,
    EXTEND_RETRY_MS,
    FIRST_BACKOFF_MS,
    KEY_LIFE_MS,
    LONGEST_BACKOFF_MS,
    OVERLAP_MS,
    OWED_MS,
    Action,
    Close,
    CreateKey,
    ExtendKey,
    Open,
    Tell,
    UserSession,
)
from holdfast.binance.wsapi import ROLL_AFTER_MS

T0 = 1_000_000


def running() -> UserSession:
    """A session whose first connection is open since T0."""
    session = UserSession()
    assert session.start(T0) == [CreateKey()]
    assert session.key_ready(T0, "key-1") == [Open(1, "key-1")]
    assert session.opened(T0, 1) == [Tell(True, "connected")]
    return session


def test_a_key_then_a_connection() -> None:
    """Up only when the connection is open."""
    session = UserSession()
    session.start(T0)
    session.key_ready(T0, "key-1")
    assert not session.up
    session.opened(T0 + 5, 1)
    assert session.up


def test_the_key_is_extended_every_25_minutes() -> None:
    """And again 25 minutes after that."""
    session = running()
    assert session.next_tick_ms() == T0 + EXTEND_EVERY_MS
    assert session.tick(T0 + EXTEND_EVERY_MS - 1) == []
    assert session.tick(T0 + EXTEND_EVERY_MS) == [ExtendKey()]
    session.extended(T0 + EXTEND_EVERY_MS)
    assert session.next_tick_ms() == T0 + 2 * EXTEND_EVERY_MS


def test_a_failed_extension_is_tried_again() -> None:
    """Every minute, while the key must still be alive."""
    session = running()
    session.tick(T0 + EXTEND_EVERY_MS)
    assert session.extend_failed(T0 + EXTEND_EVERY_MS, gone=False) == []
    assert session.tick(T0 + EXTEND_EVERY_MS + EXTEND_RETRY_MS) == [ExtendKey()]


def test_a_key_that_may_have_ended_is_given_up() -> None:
    """Nobody said so, but an hour without an extension is over."""
    session = running()
    actions = session.extend_failed(T0 + KEY_LIFE_MS, gone=False)
    assert actions == [Close(1), Tell(False, "listen key gone"), CreateKey()]


def test_a_key_that_is_gone_is_replaced() -> None:
    """−1125: a new key and a new connection (protocol notes C.12)."""
    session = running()
    assert session.extend_failed(T0 + 5, gone=True) == [Close(1), Tell(False, "listen key gone"), CreateKey()]
    assert session.key_ready(T0 + 9, "key-2") == [Open(2, "key-2")]
    assert session.opened(T0 + 12, 2) == [Tell(True, "connected")]


def test_an_expired_key_is_an_event_not_a_close() -> None:
    """listenKeyExpired: the connection would stay open and silent."""
    assert running().expired(T0 + 5, "key-1") == [Close(1), Tell(False, "listen key expired"), CreateKey()]


def test_another_accounts_key_is_none_of_ours() -> None:
    """A combined stream may carry several."""
    assert running().expired(T0 + 5, "key-of-another") == []


def test_a_close_is_told_and_repaired_at_once() -> None:
    """The first attempt after a good connection does not wait."""
    session = running()
    assert session.closed(T0 + 60_000, 1, "reset") == [Tell(False, "reset"), CreateKey()]


def test_failures_back_off_and_recover() -> None:
    """Pauses double up to a bound; a connection that lasts resets them."""
    session, now_ms, pauses = UserSession(), T0, []
    actions: list[Action] = session.start(now_ms)
    for _ in range(12):
        assert actions == [CreateKey()]
        session.key_failed(now_ms)
        due_ms = session.next_tick_ms()
        assert due_ms is not None
        pauses.append(due_ms - now_ms)
        now_ms = due_ms
        actions = session.tick(now_ms)
    assert pauses[:4] == [0, FIRST_BACKOFF_MS, 2 * FIRST_BACKOFF_MS, 4 * FIRST_BACKOFF_MS]
    assert pauses[-1] == LONGEST_BACKOFF_MS


def test_a_server_that_accepts_and_closes_is_not_hammered() -> None:
    """Short-lived connections count as failures."""
    session = running()
    session.closed(T0 + 1, 1, "bye")
    session.key_ready(T0 + 1, "key-1")
    session.opened(T0 + 1, 2)
    assert session.closed(T0 + 2, 2, "bye") == [Tell(False, "bye")]
    assert session.next_tick_ms() == T0 + 2 + FIRST_BACKOFF_MS


def test_without_rest_a_young_key_still_opens() -> None:
    """The key service is away, the stream host is not."""
    session = running()
    session.closed(T0 + 60_000, 1, "reset")
    assert session.key_failed(T0 + 60_500) == [Open(2, "key-1")]
    session.open_failed(T0 + 60_600, 2)
    assert session.next_tick_ms() is not None


def test_a_connection_is_replaced_before_its_end() -> None:
    """Make before break: the new one opens, both are read, the old one closes (fault B2)."""
    session = running()
    session.extended(T0 + ROLL_AFTER_MS - 1)
    assert session.tick(T0 + ROLL_AFTER_MS) == [Open(2, "key-1")]
    opened_ms = T0 + ROLL_AFTER_MS + 50
    assert session.opened(opened_ms, 2) == [Tell(True, "connection replaced")]
    assert session.tick(opened_ms + OVERLAP_MS - 1) == []
    assert session.tick(opened_ms + OVERLAP_MS) == [Close(1)]
    assert session.closed(opened_ms + OVERLAP_MS + 3, 1, "closed by us") == []
    assert session.up


def test_a_failed_replacement_leaves_the_old_one() -> None:
    """It still has an hour; the replacement is tried again."""
    session = running()
    session.extended(T0 + ROLL_AFTER_MS - 1)
    session.tick(T0 + ROLL_AFTER_MS)
    assert session.open_failed(T0 + ROLL_AFTER_MS + 10, 2) == []
    assert session.up
    assert session.next_tick_ms() is not None


def test_rules_an_event_is_owed_after_our_own_order() -> None:
    """Connected and silent: after two seconds it is a gap (fault B3)."""
    session = running()
    session.owe(T0 + 100, "hf-e1-a")
    assert session.next_tick_ms() == T0 + 100 + OWED_MS
    actions = session.tick(T0 + 100 + OWED_MS)
    assert actions == [Close(1), Tell(False, "silent: no event of hf-e1-a within 2000 ms"), CreateKey()]


def test_an_event_settles_what_is_owed() -> None:
    """Before the reply or after it (fault A16)."""
    after, before = running(), running()
    after.owe(T0 + 100, "hf-e1-a")
    after.event(T0 + 150, "hf-e1-a")
    before.event(T0 + 90, "hf-e1-a")
    before.owe(T0 + 100, "hf-e1-a")
    for session in (after, before):
        assert session.tick(T0 + 10_000) == []


def test_an_old_event_does_not_settle_a_new_order() -> None:
    """A stop sent again under its id owes an event again."""
    session = running()
    session.event(T0, "hf-s1-a")
    session.owe(T0 + 60_000, "hf-s1-a")
    assert session.next_tick_ms() == T0 + 60_000 + OWED_MS


def test_nothing_is_owed_while_down() -> None:
    """The core asks for everything after `up` anyway."""
    session = running()
    session.closed(T0 + 60_000, 1, "reset")
    session.owe(T0 + 60_001, "hf-e1-a")
    assert session.tick(T0 + 70_000) == []


def test_an_unreadable_frame_is_a_gap_without_a_reconnect() -> None:
    """The core asks; the connection is as good as before."""
    assert running().gap(T0 + 5, "unreadable") == [Tell(False, "unreadable"), Tell(True, "unreadable")]


def test_many_unreadable_frames_are_few_gaps() -> None:
    """At most one a second, and the last is not forgotten."""
    session = running()
    session.gap(T0 + 5, "first")
    assert session.gap(T0 + 6, "second") == []
    assert session.next_tick_ms() == T0 + 1_005
    assert session.tick(T0 + 1_005) == [Tell(False, "second"), Tell(True, "second")]


def test_a_connection_nobody_waits_for_is_closed() -> None:
    """It opened after its attempt was given up."""
    session = UserSession()
    session.start(T0)
    session.key_ready(T0, "key-1")
    session.expired(T0 + 1, "key-1")
    assert session.opened(T0 + 2, 1) == [Close(1)]


def test_seen_events_are_bounded() -> None:
    """Memory does not grow with the number of orders."""
    session = running()
    for number in range(3_000):
        session.event(T0, f"hf-{number}")
    assert len(session._seen) <= 1_024


FACTS = st.sampled_from(["tick", "key", "key_failed", "extended", "gone", "opened", "closed", "expired", "owe", "gap"])


@given(st.lists(st.tuples(FACTS, st.integers(0, 40 * 60_000)), max_size=120))
def test_it_never_stands_still_and_tells_in_turn(steps: list[tuple[str, int]]) -> None:
    """Whatever happens: `down` is told only when up; and while down something is always under way."""
    session, now_ms, up, pending = UserSession(), T0, False, 0
    links: list[int] = []
    actions = session.start(now_ms)
    for fact, pause_ms in [*steps, ("tick", 0)]:
        for action in actions:
            if isinstance(action, Tell):
                assert action.up or up
                up = action.up
            elif isinstance(action, CreateKey):
                pending += 1
            elif isinstance(action, Open):
                links.append(action.link)
        assert up == session.up
        assert up or pending or links or session.next_tick_ms() is not None
        now_ms += pause_ms
        actions = session.tick(now_ms) if fact == "tick" else []
        if fact == "key" and pending:
            pending, actions = pending - 1, session.key_ready(now_ms, "key-1")
        elif fact == "key_failed" and pending:
            pending, actions = pending - 1, session.key_failed(now_ms)
        elif fact == "opened" and links:
            actions = session.opened(now_ms, links.pop(0))
        elif fact == "closed" and session.up:
            actions = session.closed(now_ms, session._current or 0, "x")
        elif fact == "gone" and session.up:
            actions = session.extend_failed(now_ms, gone=True)
        elif fact == "expired" and session.up:
            actions = session.expired(now_ms, "key-1")
        elif fact == "owe":
            session.owe(now_ms, "hf-1")
        elif fact == "gap":
            actions = session.gap(now_ms, "x")

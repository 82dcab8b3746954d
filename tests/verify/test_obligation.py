"""Duties in time: what counts as idle, and for whom."""

from __future__ import annotations

from holdfast.verify.obligation import DEAD, LIVE, THROTTLED, UNREACHABLE, Obligation, Refusal

SECOND = 1_000_000


def test_time_runs_from_the_first_evidence():
    """What a live engine could not know is silent, the rest is informed."""
    duty = Obligation(0, 1, live=True)
    duty.inform(2 * SECOND)
    duty.end(5 * SECOND, DEAD)
    assert (duty.informed_us, duty.silent_us, duty.longest) == (3 * SECOND, 2 * SECOND, {LIVE: 5 * SECOND})


def test_an_act_begins_a_new_stretch():
    """Only the longest stretch counts, not the sum."""
    duty = Obligation(0, 1, live=True, informed=True)
    duty.act(2 * SECOND)
    duty.end(3 * SECOND, DEAD)
    assert duty.longest == {LIVE: 2 * SECOND}


def test_the_time_without_an_engine_has_its_own_class():
    """A dead process leaves nothing undone; the next one knows nothing at first."""
    duty = Obligation(0, 1, live=True, informed=True)
    duty.turn(SECOND, live=False, absence=DEAD)
    duty.turn(9 * SECOND, live=True, absence=UNREACHABLE)
    duty.end(11 * SECOND, DEAD)
    assert duty.longest == {LIVE: 2 * SECOND, UNREACHABLE: 8 * SECOND}
    assert (duty.informed_us, duty.silent_us) == (SECOND, 2 * SECOND)


def test_evidence_for_nobody_is_none():
    """What is pushed to a dead process tells nobody."""
    duty = Obligation(0, 1, live=False)
    duty.inform(0)
    duty.turn(SECOND, live=True, absence=DEAD)
    duty.end(2 * SECOND, DEAD)
    assert duty.informed_us == 0


def test_a_refused_act_moves_the_stretch_to_its_class():
    """Until the next act; then the engine is asked again."""
    duty = Obligation(0, 1, live=True, informed=True)
    duty.act(0)
    duty.refuse(THROTTLED)
    duty.act(5 * SECOND)
    duty.end(6 * SECOND, DEAD)
    assert duty.longest == {THROTTLED: 5 * SECOND, LIVE: SECOND}
    assert duty.informed_us == SECOND


def test_a_process_that_was_out_of_reach_is_still_refused():
    """Its connections were cut and came back; the venue's word on its rate has not changed by that."""
    duty = Obligation(0, 1, live=True, informed=True)
    duty.refuse(THROTTLED)
    duty.turn(SECOND, live=False, absence=DEAD)
    duty.turn(2 * SECOND, live=True, absence=UNREACHABLE)
    duty.inform(2 * SECOND)
    duty.end(7 * SECOND, DEAD)
    assert (duty.longest, duty.informed_us) == ({THROTTLED: 5 * SECOND, UNREACHABLE: SECOND}, 0)


def test_the_same_life_twice_changes_nothing():
    """Being told again that an engine is live is no new engine."""
    duty = Obligation(0, 1, live=True, informed=True)
    duty.turn(SECOND, live=True, absence=DEAD)
    duty.end(2 * SECOND, DEAD)
    assert duty.informed_us == 2 * SECOND


def test_a_refusal_explains_what_begins_soon_after_it():
    """Until the next act, and no longer than a rate window."""
    refusal = Refusal()
    refusal.note(SECOND, THROTTLED)
    assert (refusal.at(30 * SECOND), refusal.at(62 * SECOND)) == (THROTTLED, "")
    refusal.note(40 * SECOND, "")
    assert refusal.at(41 * SECOND) == ""
    duty = Obligation(0, 1, live=True, informed=True, refused=THROTTLED)
    duty.end(SECOND, DEAD)
    assert duty.longest == {THROTTLED: SECOND}

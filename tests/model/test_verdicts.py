"""The records that decide: what they must carry, and what earlier journals lack."""

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model import verdicts


@pytest.mark.parametrize("kind", [verdicts.EngineStarted, verdicts.RulesSeen, verdicts.IntentAccepted,
                                  verdicts.IntentDenied, verdicts.EntryRejudged])  # fmt: skip
def test_they_are_events_like_all_others(kind):
    """A reader of the journal meets them under their tag."""
    assert getattr(ev, kind.__name__) is kind
    assert kind in ev.AnyEvent.__args__


def test_a_verdict_of_format_1_is_still_read():
    """E12: an old journal folds; what it did not tell is None, not a guess."""
    event = ev.decode(
        b'{"event":"intent_denied","at_ms":1,"intent_id":"i","source":"s","symbol":"BTCUSDT","action":"open",'
        b'"content_hash":"h","code":"NO_STOP"}'
    )
    assert isinstance(event, ev.IntentDenied)
    assert (event.intent, event.seen) == (None, None)


def test_a_start_of_format_1_is_still_read():
    """It tells neither settings nor a hash of the state."""
    event = ev.decode(
        b'{"event":"engine_started","at_ms":1,"version":"0","config_hash":"c","venue":"paper","account":"a",'
        b'"key_fingerprint":"k","facts":{}}'
    )
    assert isinstance(event, ev.EngineStarted)
    assert (event.format, event.settings, event.state_hash, event.state_shape) == (1, None, "", "")


def test_a_record_nobody_knows_is_refused():
    """It is of a later format, or of no journal of ours."""
    with pytest.raises(msgspec.ValidationError, match="event_of_tomorrow"):
        ev.decode(b'{"event":"event_of_tomorrow","at_ms":1}')

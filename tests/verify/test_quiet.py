"""I24 and I25: a run that ended in peace leaves nothing, and nobody was banned."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from tests.verify.builders import entry_spec, open_trade, whole_trade


def test_an_open_order_at_the_end_is_found():
    """Ours, at the venue."""
    story, _ = open_trade()
    story.close("2", "99")
    assert "still NEW at the venue" in " ".join(v.sentence for v in story.verdict(complete=True).violations)


def test_an_open_position_at_the_end_is_found():
    """Ours, by our trades."""
    story, _ = open_trade()
    assert "still open" in " ".join(v.sentence for v in story.verdict(complete=True).violations)


def test_an_unknown_outcome_at_the_end_is_found():
    """Unknown may last, but not beyond a complete run."""
    story = whole_trade()
    story.event(ev.UnknownOpened, client_id=entry_spec().client_id, reason="timeout")
    assert story.verdict().violations == []
    assert story.verdict(complete=True).broken() == ["I24"]


@pytest.mark.parametrize(("fault", "broken"), [(None, ["I25"]), ("status", [])])
def test_a_ban_is_found_unless_it_was_injected(fault, broken):
    """418 is ours when nobody forced it."""
    story = whole_trade()
    n = story.request("GET /fapi/v3/positionRisk", via="rest")
    story.reply(n, status=418, fault=fault)
    assert story.verdict().broken() == broken

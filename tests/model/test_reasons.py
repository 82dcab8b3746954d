"""Closed sets of reasons: each has its sentence, and the states have their order."""

import pytest

from holdfast.model.reasons import DENY_SENTENCES, DenyCode, TradingState


@pytest.mark.parametrize("code", DenyCode)
def test_every_denial_has_a_sentence(code):
    """An operator reads a sentence, not a code alone."""
    sentence = DENY_SENTENCES[code]
    assert len(sentence) > 15
    assert sentence[0].islower()
    assert not sentence.endswith(".")


def test_no_sentence_without_a_code():
    """What is not in the set is not said."""
    assert set(DENY_SENTENCES) == set(DenyCode)


def test_the_effective_state_is_the_lower_rank():
    """halted < reducing < active (RULES 9)."""
    assert sorted(TradingState, key=lambda state: state.rank) == [
        TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE]  # fmt: skip

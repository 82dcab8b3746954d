"""Conditional orders agree with a slow and obvious model; `python -m tests.paper.naive_algo 100000 1` runs long."""

import pytest

from holdfast.paper.trading import algo
from tests.paper.naive_algo import run


@pytest.mark.parametrize("hedge", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_d4_conditional_orders_agree_with_a_naive_model(seed: int, hedge: bool) -> None:
    """Protocol notes D.4, D.6: triggers, protection, close-all, trailing, GTE_GTC, on random steps in both modes."""
    pair = run(2_500, seed, hedge=hedge)
    assert pair.ended["FINISHED"] > 100
    assert pair.ended["REJECTED"] > 10


def test_the_naive_model_sees_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second look that price protection needs, the two part within a few hundred steps."""
    monkeypatch.setattr(algo, "on_other_price", lambda *_: None)
    with pytest.raises(AssertionError, match="seed 1, step"):
        run(2_500, 1, hedge=False)

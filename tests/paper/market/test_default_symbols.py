"""The built-in symbols and tiers."""

from itertools import pairwise

import pytest

from holdfast.paper.market.default_symbols import default_brackets, default_exchange_info
from holdfast.paper.market.symbols import load_symbols


def test_all_built_in_symbols_are_sound() -> None:
    """None is quarantined, and steps match the precisions."""
    good, bad = load_symbols(default_exchange_info())
    assert sorted(good) == ["BTCUSDT", "DOGEUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]
    assert bad == []
    for symbol in good.values():
        assert symbol.lot.step == symbol.quantity_exponent
        assert symbol.tick % symbol.price_exponent == 0


@pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT"])
def test_tiers_are_continuous_and_falling(symbol: str) -> None:
    """Each starts where the one before ends, at a lower leverage and a higher rate."""
    tiers = default_brackets(symbol)
    for lower, upper in pairwise(tiers):
        assert upper.notionalFloor == lower.notionalCap
        assert upper.initialLeverage < lower.initialLeverage
        assert upper.maintMarginRatio > lower.maintMarginRatio

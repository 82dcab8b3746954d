"""Leverage tier files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from holdfast.adapters.market_files import read_document
from holdfast.paper.market.tiers import TierError, decode_tiers

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "leverage_tiers"
TIER = {
    "bracket": 1,
    "initialLeverage": 50,
    "notionalCap": 5000,
    "notionalFloor": 0,
    "maintMarginRatio": 0.015,
    "cum": 0.0,
}


def tiers_of(**changes: Any) -> bytes:
    """The venue's reply with one tier."""
    return msgspec.json.encode([{"symbol": "AUSDT", "brackets": [{**TIER, **changes}]}])


def test_the_venues_own_reply_is_read_without_a_rounding() -> None:
    """JSON numbers become the decimals that were written."""
    good, bad = decode_tiers(tiers_of())
    assert (good["AUSDT"][0].maintMarginRatio, bad) == (Decimal("0.015"), [])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"notionalFloor": 7}, "starts at 7"),
        ({"notionalCap": 0}, "at or below its start"),
        ({"initialLeverage": 0}, "leverage of 1 or more"),
        ({"maintMarginRatio": "x"}, "Invalid"),
        ({"cum": None}, "cum must be a number"),
    ],
)
def test_a_broken_row_is_quarantined_with_its_reason(changes: dict[str, Any], word: str) -> None:
    """The rest of the file counts."""
    good, bad = decode_tiers(tiers_of(**changes))
    assert not good
    assert bad[0].symbol == "AUSDT"
    assert word in bad[0].reason


@pytest.mark.parametrize("data", [b"{", b"3", b'"x"'])
def test_another_document_is_refused(data: bytes) -> None:
    """It is no list of tiers."""
    with pytest.raises(TierError, match="leverage tiers are"):
        decode_tiers(data)


def test_the_tiers_of_every_real_symbol_load() -> None:
    """907 symbols, none of them broken, dated contracts by the venue's names."""
    files = sorted(DATA.glob("*.json.zst"))
    if not files:
        pytest.skip("no recorded leverage tiers at ../shared/data/leverage_tiers")
    good, bad = decode_tiers(read_document(files[0]))
    assert (len(good), bad) == (907, [])
    assert sum(len(tiers) for tiers in good.values()) == 7276
    assert good["BTCUSDT"][0].notionalFloor == 0

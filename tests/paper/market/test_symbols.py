"""exchangeInfo rows: formats, quarantine, and recorded documents."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zstandard

from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.symbols import load_symbols, parse_row
from tests.paper.desk import START_US, Desk


def broken(**change: Any) -> dict[str, Any]:
    """The built-in document with its first row changed."""
    info = default_exchange_info()
    info["symbols"][0].update(change)
    return info


@pytest.mark.parametrize(
    "change",
    [
        {"filters": []},
        {"pricePrecision": "2"},
        {"pricePrecision": 99},
        {"marginAsset": ""},
        {"marketTakeBound": "0"},
        {"marketTakeBound": 0.05},
        {"status": None},
    ],
)
def test_a_row_that_makes_no_sense_is_quarantined_with_a_reason(change: dict[str, Any]) -> None:
    """The other rows are read."""
    good, bad = load_symbols(broken(**change))
    assert (len(good), bad[0].symbol) == (4, "BTCUSDT")
    assert bad[0].reason


def test_prices_and_quantities_have_storage_digits_not_tick_digits() -> None:
    """BTCUSDT: tick 0.10, two digits."""
    btc = load_symbols(default_exchange_info())[0]["BTCUSDT"]
    assert (btc.price_text(Decimal("80000.1")), btc.quantity_text(Decimal(1))) == ("80000.10", "1.000")


RECORDED = ["mainnet_2025-10-30", "testnet_2025-10-17", "testnet_2025-11-14", "testnet_2025-12-24"]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_documents_make_an_exchange(name: str, shared_dir: Path) -> None:
    """Every row trades or is quarantined with a reason; nothing stops the exchange."""
    packed = (shared_dir / "data" / "exchange_info" / f"{name}.json.zst").read_bytes()
    info = json.loads(zstandard.ZstdDecompressor().decompressobj().decompress(packed))
    venue = PaperVenue(Desk().config, info, START_US, lambda _record: None)
    exchange = venue.exchange
    assert len(exchange.markets) + len(exchange.quarantined) == len(info["symbols"])
    assert "BTCUSDT" in exchange.markets
    assert all(exchange.quarantined.values())
    if name.startswith("mainnet"):
        assert exchange.quarantined == {}


def test_a_traded_value_has_the_decimals_of_price_and_quantity() -> None:
    """Protocol notes C.7: 324.93800 on BTCUSDT; a contract with many decimals breaks nothing."""
    row = default_exchange_info()["symbols"][0]
    assert parse_row({**row, "pricePrecision": 2, "quantityPrecision": 3}).quote_text(Decimal("324.938")) == "324.93800"
    fine = parse_row({**row, "pricePrecision": 18, "quantityPrecision": 18})
    assert fine.quote_text(Decimal("123456789.5")).startswith("123456789.5000")

"""The statistics under /futures/data."""

from decimal import Decimal

import msgspec
import pytest

from tests.paper.desk import Desk
from tests.paper.watched import read, traded


@pytest.mark.parametrize(
    "name", ["topLongShortAccountRatio", "topLongShortPositionRatio", "globalLongShortAccountRatio"]
)
def test_the_shares_of_longs_and_shorts_are_one(name: str) -> None:
    """And their ratio is their ratio."""
    for row in read(traded(), f"futures/data/{name}", symbol="BTCUSDT", period="1h", limit=50):
        longs, shorts = Decimal(row["longAccount"]), Decimal(row["shortAccount"])
        assert longs + shorts == 1
        assert abs(Decimal(row["longShortRatio"]) - longs / shorts) < Decimal("0.0001")


def test_taker_volumes_are_those_of_the_candles() -> None:
    """Nothing is made up where the trades are known."""
    desk = traded()
    row = read(desk, "futures/data/takerlongshortRatio", symbol="BTCUSDT", period="5m", limit=1)[0]
    candle = read(desk, "klines", symbol="BTCUSDT", interval="5m", limit=1)[0]
    assert (row["timestamp"], row["buyVol"]) == (candle[0], candle[9])
    assert Decimal(row["sellVol"]) == Decimal(candle[5]) - Decimal(candle[9])


def test_statistics_reach_back_30_days() -> None:
    """A request for more gets what there is."""
    rows = read(traded(), "futures/data/openInterestHist", symbol="BTCUSDT", period="1d", limit=500)
    assert len(rows) == 30


def test_a_delivered_contract_has_its_price_and_a_perpetual_one_none() -> None:
    """Both values are numbers (protocol notes B.1, delivery-price)."""
    desk = Desk()
    market = desk.venue.exchange.markets["BTCUSDT"]
    assert desk.control("settle", symbol="ETHUSDT")["ok"]
    assert read(desk, "futures/data/delivery-price", pair="ETHUSDT") == []
    market.symbol = msgspec.structs.replace(market.symbol, contract_type="CURRENT_QUARTER")
    market.row["contractType"] = "CURRENT_QUARTER"
    assert read(desk, "futures/data/delivery-price", pair="BTCUSDT") == []
    assert desk.control("settle", symbol="BTCUSDT")["ok"]
    at_ms = desk.now_us // 1000
    assert read(desk, "futures/data/delivery-price", pair="BTCUSDT") == [
        {"deliveryTime": at_ms, "deliveryPrice": 80000}
    ]

"""Reads about indices, insurance and trading hours."""

from decimal import Decimal

from tests.paper.watched import read, traded


def test_an_index_has_one_source_here() -> None:
    """The market that is played, at the index price."""
    row = read(traded(), "constituents", symbol="BTCUSDT")["constituents"][0]
    assert (row["price"], row["weight"]) == ("80000.00000000", "1.00000000")


def test_the_rates_of_an_asset_lie_a_buffer_away() -> None:
    """Protocol notes B.1, assetIndex."""
    row = read(traded(), "assetIndex", symbol="USDTUSD")
    index, buffer = Decimal(row["index"]), Decimal(row["bidBuffer"])
    assert Decimal(row["bidRate"]) == index * (1 - buffer)
    assert Decimal(row["askRate"]) == index * (1 + buffer)


def test_contracts_of_one_margin_asset_share_a_fund() -> None:
    """One symbol gets the fund that covers it."""
    desk = traded()
    (fund,) = read(desk, "insuranceBalance")
    assert read(desk, "insuranceBalance", symbol="ETHUSDT") == fund
    assert fund["symbols"] == sorted(desk.venue.exchange.markets)


def test_no_market_closes_here() -> None:
    """Every kind of underlying is listed, without sessions."""
    schedules = read(traded(), "tradingSchedule")["marketSchedules"]
    assert list(schedules) == ["EQUITY", "COMMODITY", "KR_EQUITY", "HK_EQUITY", "CN_EQUITY", "FX"]
    assert all(schedule == {"sessions": []} for schedule in schedules.values())


def test_an_ordinary_contract_is_no_composite_index() -> None:
    """It is answered with nothing, not refused."""
    assert read(traded(), "indexInfo", symbol="BTCUSDT") == []

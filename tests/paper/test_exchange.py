"""The state's primitives: time, log, income."""

from decimal import Decimal

import pytest

from holdfast.paper.config import AccountConfig, PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.errors import VenueError
from holdfast.paper.market.default_symbols import default_exchange_info
from tests.paper.desk import START_US, Desk


def test_the_log_starts_with_one_record_per_account() -> None:
    """With facts, fees and balances: what a reader needs to recompute everything."""
    desk = Desk(accounts=[AccountConfig(name=name, api_key=name) for name in ("a", "b")])
    first, second = desk.records("start")
    assert (first["n"], first["account"], second["account"]) == (1, "a", "b")
    assert first["fees"] == {"maker": "0.0002", "taker": "0.0005"}
    assert first["balance"] == {"USDT": "10000"}
    assert first["limits"]["orders_per_10_seconds"] is None, "the desk lifts it"
    assert list(first)[:3] == ["n", "us", "k"]


def test_time_never_goes_backwards() -> None:
    """An earlier time counts as the latest one told."""
    desk = Desk()
    desk.venue.advance(START_US + 5)
    desk.venue.advance(START_US)
    assert desk.venue.exchange.now_us == START_US + 5


def test_symbols_are_found_in_any_case() -> None:
    """And -1121 when there is none."""
    exchange = Desk().venue.exchange
    assert exchange.market("btcusdt") is exchange.market("BTCUSDT")
    with pytest.raises(VenueError):
        exchange.market("NOPE")


def test_income_moves_the_wallet() -> None:
    """Wallet = start + Σ income, whatever happened."""
    desk = Desk()
    desk.order()
    desk.book("80100.0", "80100.1")
    desk.order(side="SELL")
    total = sum(Decimal(row["amount"]) for row in desk.records("income"))
    assert desk.wallet() == Decimal(100_000) + total


def test_broken_symbols_are_quarantined_and_the_rest_trades() -> None:
    """A row with a tick of zero does not stop the exchange."""
    info = default_exchange_info()
    info["symbols"][0]["filters"][0]["tickSize"] = "0"
    venue = PaperVenue(PaperConfig(), info, START_US, lambda _record: None)
    assert list(venue.exchange.quarantined) == ["BTCUSDT"]
    assert "ETHUSDT" in venue.exchange.markets


def test_the_same_inputs_give_the_same_log() -> None:
    """No clock, no chance: two runs are equal to the last record."""

    def run() -> list[dict[str, object]]:
        desk = Desk()
        desk.listen()
        desk.order()
        desk.algo()
        desk.mark("70000")
        return desk.log

    assert run() == run()

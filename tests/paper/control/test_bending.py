"""Market events as the control door lets the exchange see them."""

from __future__ import annotations

from decimal import Decimal

from holdfast.paper.control import bending
from holdfast.paper.market.market import DepthDiff, Mark, PublicTrade
from tests.paper.desk import Desk

HOUR_MS = 3_600_000
LEVELS = [(Decimal(100), Decimal("0.5")), (Decimal(99), Decimal("0.001")), (Decimal(98), Decimal(0))]


def test_a_thinned_level_keeps_at_least_one_step_and_a_removed_one_stays_removed() -> None:
    """A level never vanishes by thinning."""
    market = Desk().venue.exchange.markets["BTCUSDT"]
    market.thin = Decimal("0.01")
    diff = DepthDiff(symbol="BTCUSDT", U=1, u=2, pu=0, bids=LEVELS, asks=[], T=0, E=0)
    bent = bending.bent(market, diff)
    assert isinstance(bent, DepthDiff)
    assert [quantity for _, quantity in bent.bids] == [Decimal("0.005"), Decimal("0.001"), 0]


def test_trades_are_left_alone() -> None:
    """Only what stands in the book is thin."""
    market = Desk().venue.exchange.markets["BTCUSDT"]
    market.thin = Decimal("0.01")
    one, qty = Decimal(100), Decimal(3)
    trade = PublicTrade(symbol="BTCUSDT", trade_id=1, price=one, qty=qty, buyer_maker=True, T=0, E=0)
    assert bending.bent(market, trade) is trade


def test_a_contract_without_funding_has_none_on_another_grid_either() -> None:
    """A mark that announces no funding instant is left without one."""
    market = Desk().venue.exchange.markets["BTCUSDT"]
    market.row = {**market.row, "fundingIntervalHours": 4}
    price = Decimal(100)
    quiet = Mark(symbol="BTCUSDT", mark=price, index=price, rate=Decimal(0), next_funding_ms=0, E=5)
    assert bending.bent(market, quiet) == quiet
    assert bending.next_funding_ms(market, 5 * HOUR_MS) == 8 * HOUR_MS

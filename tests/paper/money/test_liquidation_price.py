"""The liquidation price, against worked examples and as a law over real tiers (protocol notes I.3)."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.model.num import ZERO
from holdfast.paper.config import AccountConfig, Bracket
from holdfast.paper.money import margin
from holdfast.paper.money.liquidation_price import solve
from tests.paper.desk import KEY, SECRET, Desk
from tests.paper.money.test_margin import TIERS

REAL = Path(__file__).parents[3] / "../shared/data/leverage_tiers/freqtrade_2026.9_binance_leverage_tiers.json.zst"
CENT = Decimal("0.01")
DUST = Decimal("0.00000001")


def test_the_documented_isolated_long_has_its_price() -> None:
    """Protocol notes I.3: long 2 at 80,000 with 8,000: (8000 + 500 - 160000) / (0.02 - 2) = 76,515.15, tier 2."""
    price = solve([(Decimal(2), Decimal(80_000))], Decimal(8_000), TIERS, Decimal(80_000))
    assert price.quantize(CENT) == Decimal("76515.15")


def test_the_documented_cross_short_has_its_price() -> None:
    """Protocol notes I.3: short 1 BTC at 80,000 with 10,000 - 120 - 300: 89,134.33, in tier 1."""
    price = solve([(Decimal(-1), Decimal(80_000))], Decimal(9_580), TIERS, Decimal(80_000))
    assert price.quantize(CENT) == Decimal("89134.33")


def test_the_tier_is_that_of_the_answer() -> None:
    """Protocol notes I.3: a short of 1.2 BTC begins in tier 1 and is liquidated in tier 2, which is dearer."""
    price = solve([(Decimal("-1.2"), Decimal(80_000))], Decimal(9_600), TIERS, Decimal(80_000))
    assert abs(price - (9_600 + 500 + 96_000) / (Decimal("1.2") * Decimal("1.01"))) < DUST


def test_both_legs_of_hedge_mode_share_one_price() -> None:
    """Long 3 and short 1: maintenance of both against what one long of 2 loses (protocol notes I.3)."""
    legs = [(Decimal(3), Decimal(1_000)), (Decimal(-1), Decimal(1_100))]
    price = solve(legs, Decimal(500), TIERS, Decimal(1_000))
    assert abs(price - (500 - 3_000 + 1_100) / (4 * Decimal("0.005") - 2)) < DUST


def test_no_position_or_much_money_has_no_price() -> None:
    """0 when there is nothing to lose, and for a long that money covers down to zero."""
    assert solve([], Decimal(1), TIERS, Decimal(1)) == 0
    assert solve([(Decimal(1), Decimal(80_000))], Decimal(100_000), TIERS, Decimal(80_000)) == 0


def _real_tiers() -> list[list[Bracket]]:
    zstandard: Any = pytest.importorskip("zstandard", reason="reads the tier file")
    if not REAL.is_file():
        pytest.skip("the real tiers are not here: ../shared/data/leverage_tiers")
    with REAL.open("rb") as file:
        text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        rows = json.load(text, parse_float=Decimal)
    fields = ("bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum")
    return [
        [
            Bracket(
                **{
                    name: Decimal(tier["info"][name]) if name in fields[2:] else int(tier["info"][name])
                    for name in fields
                }
            )
            for tier in tiers
        ]
        for tiers in rows.values()
    ]


def test_at_the_liquidation_price_the_margin_is_exactly_used_up_with_every_real_tier() -> None:
    """Margin balance = maintenance margin, for longs and shorts of every size that the tiers allow."""
    for brackets in _real_tiers():
        for tier in brackets:
            for side in (1, -1):
                entry = Decimal(100)
                amt = side * tier.notionalCap * Decimal("0.9") / entry
                backing = abs(amt) * entry / tier.initialLeverage
                price = solve([(amt, entry)], backing, brackets, entry)
                if not price:
                    assert tier.initialLeverage == 1
                    continue
                at = margin.tier(brackets, abs(amt) * price)
                maintenance = abs(amt) * price * at.maintMarginRatio - at.cum
                assert abs(backing + amt * (price - entry) - maintenance) < DUST * max(abs(amt), 1)


def test_cross_positions_of_other_symbols_count() -> None:
    """At the reported price of one symbol, with the other unmoved, balance and maintenance meet."""
    desk = Desk()
    desk.control("fund", amount="-95000")
    desk.book("2000.00", "2000.01", bid_qty="100", ask_qty="100", symbol="ETHUSDT")
    desk.mark("2000", symbol="ETHUSDT")
    desk.order(quantity="0.500")
    desk.order(symbol="ETHUSDT", side="SELL", quantity="5")
    exchange = desk.venue.exchange
    account, market = exchange.accounts["paper"], exchange.markets["BTCUSDT"]
    rows = {row["symbol"]: row for row in desk.call("GET", "/fapi/v3/positionRisk").body}
    market.mark = Decimal(rows["BTCUSDT"]["liquidationPrice"])
    backing = margin.pool(exchange, account, "USDT")
    assert abs(backing.balance - backing.margin.maintenance) < CENT


def test_an_isolated_position_has_its_own_price() -> None:
    """It does not depend on the cross wallet."""
    desk = Desk(accounts=[AccountConfig(name="paper", api_key=KEY, api_secret=SECRET)], brackets={"BTCUSDT": TIERS})
    desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    desk.order(quantity="1")
    before = desk.call("GET", "/fapi/v3/positionRisk").body[0]
    desk.control("fund", amount="50000")
    [row] = desk.call("GET", "/fapi/v3/positionRisk").body
    assert row["liquidationPrice"] == before["liquidationPrice"]
    wallet, entry = Decimal(row["isolatedWallet"]), Decimal(row["entryPrice"])
    assert abs(Decimal(row["liquidationPrice"]) - (wallet - entry) / (Decimal("0.005") - 1)) < CENT
    assert ZERO < wallet == Decimal("4000.005")

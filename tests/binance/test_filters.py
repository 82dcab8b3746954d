"""exchangeInfo and tiers: rules as the venue states them, broken rows set aside with a reason."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance.filters import brackets_of, exchange_info_of, with_brackets
from holdfast.binance.replies import Unreadable
from holdfast.model.instrument import Instrument

FILTERS: list[dict[str, Any]] = [
    {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
    {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
    {"filterType": "MAX_NUM_ORDERS", "limit": 200},
    {"filterType": "MIN_NOTIONAL", "notional": "50"},
    {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
    {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
]
SYMBOL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "triggerProtect": "0.0500",
    "marketTakeBound": "0.05",
}


def info(*symbols: dict[str, Any]) -> bytes:
    """An exchangeInfo body."""
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}]
    return json.dumps({"rateLimits": limits, "symbols": list(symbols), "assets": []}).encode()


def symbol(changes: dict[str, dict[str, Any]] | None = None, drop: str = "", **fields: Any) -> dict[str, Any]:
    """BTCUSDT with some filter fields changed or a filter dropped."""
    changes = changes or {}
    filters = [{**f, **changes.get(f["filterType"], {})} for f in FILTERS if f["filterType"] != drop]
    return {**SYMBOL, "filters": filters, **fields}


def only(body: bytes) -> Instrument:
    """The one good instrument of a body."""
    (found,) = exchange_info_of(body).instruments
    return found


def load(path: Path) -> bytes:
    """A recorded body."""
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


def test_filters_become_rules() -> None:
    """Each number from its filter, exactly."""
    found = only(info(symbol()))
    assert (found.tick_size, found.price_min, found.price_max) == (Decimal("0.10"), Decimal("556.80"), Decimal(4529764))
    assert (found.step_size, found.quantity_max, found.market_quantity_max) == (Decimal("0.001"), 1000, 120)
    assert (found.notional_min, found.multiplier_up, found.multiplier_down) == (50, Decimal("1.05"), Decimal("0.95"))
    assert (found.max_orders, found.market_take_bound, found.tradable) == (200, Decimal("0.05"), True)


@given(st.permutations(FILTERS))
def test_the_order_of_filters_does_not_matter(filters: list[dict[str, Any]]) -> None:
    """It is random on the wire."""
    assert only(info({**SYMBOL, "filters": filters})) == only(info(symbol()))


def test_price_precision_is_never_used() -> None:
    """The tick is the filter's, whatever the precision says (protocol notes 0.3 no. 10)."""
    assert only(info(symbol(pricePrecision=7))) == only(info(symbol(pricePrecision=0)))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (symbol({"PRICE_FILTER": {"tickSize": "0"}}), "PRICE_FILTER.tickSize is 0"),
        (symbol({"LOT_SIZE": {"stepSize": "0.000"}}), "LOT_SIZE.stepSize is 0"),
        (symbol({"LOT_SIZE": {"minQty": "0"}}), "LOT_SIZE.minQty is 0"),
        (symbol({"MARKET_LOT_SIZE": {"minQty": "0"}}), "MARKET_LOT_SIZE.minQty is 0"),
        (symbol({"PRICE_FILTER": {"tickSize": ""}}), "PRICE_FILTER.tickSize is missing"),
        (symbol({"PRICE_FILTER": {"tickSize": "-1"}}), "PRICE_FILTER.tickSize is negative"),
        (symbol({"PRICE_FILTER": {"tickSize": "NaN"}}), "not a finite number"),
        (symbol({"PRICE_FILTER": {"tickSize": "1e309"}}), "too many digits"),
        (symbol({"LOT_SIZE": {"maxQty": "0.0001"}}), "smallest quantity"),
        (symbol(drop="LOT_SIZE"), "no filter LOT_SIZE"),
        (symbol(drop="MIN_NOTIONAL"), "no filter MIN_NOTIONAL"),
        (symbol(filters=[*FILTERS, FILTERS[0]]), "a filter stands twice"),
        (symbol(contractType="CURRENT_QUARTER DELIVERING"), "unknown contract type"),
        (symbol(marginAsset="BTC"), "margined in BTC"),
        (symbol(filters="none"), "Expected `array`"),
    ],
)
def test_a_broken_row_is_quarantined(broken: dict[str, Any], reason: str) -> None:
    """With its reason; the next row loads all the same."""
    found = exchange_info_of(info(broken, symbol(symbol="ETHUSDT")))
    assert [item.symbol for item in found.instruments] == ["ETHUSDT"]
    assert reason in found.quarantined["BTCUSDT"]


def test_a_symbol_listed_twice_is_quarantined() -> None:
    """Which of the two holds is anybody's guess."""
    found = exchange_info_of(info(symbol(), symbol()))
    assert (found.instruments, found.quarantined) == ((), {"BTCUSDT": "listed twice"})


def test_a_row_without_a_name_is_counted() -> None:
    """It is named by its place."""
    assert list(exchange_info_of(info({"x": 1})).quarantined) == ["#0"]


def test_a_symbol_that_may_only_be_reduced_is_not_tradable() -> None:
    """It is listed as TRADING, but entries would be refused (−4105 to −4107)."""
    found = only(info(symbol({"POSITION_RISK_CONTROL": {"positionControlSide": "BUY"}})))
    assert not found.tradable


def test_a_body_that_is_no_exchange_info_is_refused() -> None:
    """An error page is not an empty exchange."""
    for body in (b"{}", b"[]", b"<html>", b""):
        with pytest.raises(Unreadable):
            exchange_info_of(body)


BRACKETS = b"""[{"symbol":"BTCUSDT","brackets":[
 {"bracket":2,"initialLeverage":100,"notionalCap":800000,"notionalFloor":300000,"maintMarginRatio":0.005,"cum":300.0},
 {"bracket":1,"initialLeverage":125,"notionalCap":300000,"notionalFloor":0,"maintMarginRatio":0.004,"cum":0.0}]}]"""


def test_tiers_are_exact_and_sorted() -> None:
    """JSON numbers become decimals by their text, never through a float."""
    tiers = brackets_of(BRACKETS)["BTCUSDT"]
    assert [tier.max_leverage for tier in tiers] == [125, 100]
    assert tiers[1].maintenance_ratio == Decimal("0.005")


@pytest.mark.parametrize(("coefficient", "cap"), [("1.5", 300000), ("0.5", 150000)])
def test_a_custom_multiplier_only_ever_narrows(coefficient: str, cap: int) -> None:
    """Whether the tiers already contain it is not said; the smaller reading is safe."""
    body = BRACKETS.replace(b'"brackets"', b'"notionalCoef":' + coefficient.encode() + b',"brackets"')
    assert brackets_of(body)["BTCUSDT"][0].cap == cap


def test_tiers_join_their_instruments() -> None:
    """A symbol without tiers keeps none."""
    instruments = exchange_info_of(info(symbol(), symbol(symbol="ETHUSDT"))).instruments
    joined = with_brackets(instruments, brackets_of(BRACKETS))
    assert [len(item.brackets) for item in joined] == [2, 0]


@pytest.mark.parametrize(
    ("name", "count", "quarantined"),
    [
        ("mainnet_2025-10-30", 625, []),
        ("testnet_2025-10-17", 617, ["TUSDT", "OPENUSDT"]),
        ("testnet_2025-12-24", 652, ["TUSDT", "OPENUSDT"]),
    ],
)
def test_recorded_bodies_load(shared_dir: Path, name: str, count: int, quarantined: list[str]) -> None:
    """Every production symbol, and all of the test network but its broken rows."""
    found = exchange_info_of(load(shared_dir / "data" / "exchange_info" / f"{name}.json.zst"))
    assert len(found.instruments) == count
    assert all(symbol in found.quarantined for symbol in quarantined)
    assert all("0" in found.quarantined[symbol] for symbol in quarantined)


def test_recorded_tiers_load(shared_dir: Path) -> None:
    """Tiers of 617 of the 625 production symbols, without gaps."""
    recorded = json.loads(load(shared_dir / "data/leverage_tiers/freqtrade_2026.9_binance_leverage_tiers.json.zst"))
    rows = [
        {"symbol": k.partition(":")[0].replace("/", ""), "brackets": [t["info"] for t in v]}
        for k, v in recorded.items()
    ]
    tiers = brackets_of(json.dumps(rows).encode())
    info_body = load(shared_dir / "data/exchange_info/mainnet_2025-10-30.json.zst")
    joined = with_brackets(exchange_info_of(info_body).instruments, tiers)
    assert sum(bool(item.brackets) for item in joined) >= 600
    for item in joined:
        assert all(low.cap == high.floor for low, high in zip(item.brackets, item.brackets[1:], strict=False))

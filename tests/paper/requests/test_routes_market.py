"""Every public read of protocol notes B.1: shape and JSON types, weight, refusals."""

from typing import Any

import pytest

from holdfast.paper.params import Params
from holdfast.paper.requests.routes import REST
from tests.paper.desk import SECOND, START_US, Desk

_N, _S, _B = int, str, bool
_NOW = START_US // 1000


def _desk() -> Desk:
    """BTCUSDT with a mark, a book and three trades, of which two are one aggregate."""
    desk = Desk()
    desk.trade("80000.1", "1", seller_aggressive=False)
    desk.trade("80000.1", "0.5", seller_aggressive=False)
    desk.wait(SECOND)
    desk.trade("80000.0", "0.25", seller_aggressive=True)
    return desk


def _types(value: Any) -> Any:
    """JSON types; a list is told by its first entry."""
    if isinstance(value, dict):
        return {name: _types(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_types(value[0])] if value else []
    return type(value)


_KLINE = [_N, _S, _S, _S, _S, _S, _N, _S, _N, _S, _S, _S]
_TRADE = {"id": _N, "price": _S, "qty": _S, "quoteQty": _S, "time": _N, "isBuyerMaker": _B, "isRPITrade": _B}
_LEVELS = [[_S]]
_BOOK = {"lastUpdateId": _N, "E": _N, "T": _N, "bids": _LEVELS, "asks": _LEVELS}
_PRICE = {"symbol": _S, "price": _S, "time": _N}
_RATIO = {"symbol": _S, "longShortRatio": _S, "longAccount": _S, "shortAccount": _S, "timestamp": _N}
_FUND = {"symbols": [_S], "assets": [{"asset": _S, "marginBalance": _S, "updateTime": _N}]}
_AT = "symbol=BTCUSDT&period=5m"
_DAY_TEXTS = [
    "symbol",
    "priceChange",
    "priceChangePercent",
    "weightedAvgPrice",
    "lastPrice",
    "lastQty",
    "openPrice",
    "highPrice",
    "lowPrice",
    "volume",
    "quoteVolume",
]
_ASSET_TEXTS = [
    "index",
    "bidBuffer",
    "askBuffer",
    "bidRate",
    "askRate",
    "autoExchangeBidBuffer",
    "autoExchangeAskBuffer",
    "autoExchangeBidRate",
    "autoExchangeAskRate",
]
_DAY = dict.fromkeys(_DAY_TEXTS, _S) | dict.fromkeys(("openTime", "closeTime", "firstId", "lastId", "count"), _N)
_ASSET = {"symbol": _S, "time": _N} | dict.fromkeys(_ASSET_TEXTS, _S)
_PREMIUM = dict.fromkeys(
    ("symbol", "markPrice", "indexPrice", "estimatedSettlePrice", "lastFundingRate", "interestRate"), _S
) | {"nextFundingTime": _N, "time": _N}
_TOP = dict.fromkeys(("symbol", "bidPrice", "bidQty", "askPrice", "askQty"), _S) | {"time": _N, "lastUpdateId": _N}

_SHAPES: dict[str, Any] = {
    "/fapi/v1/depth?symbol=BTCUSDT": _BOOK,
    "/fapi/v1/rpiDepth?symbol=BTCUSDT": _BOOK,
    "/fapi/v1/trades?symbol=BTCUSDT": [_TRADE],
    "/fapi/v1/historicalTrades?symbol=BTCUSDT": [_TRADE],
    "/fapi/v1/aggTrades?symbol=BTCUSDT": [
        {"a": _N, "p": _S, "q": _S, "nq": _S, "f": _N, "l": _N, "T": _N, "m": _B},
    ],
    "/fapi/v1/premiumIndex?symbol=BTCUSDT": _PREMIUM,
    "/fapi/v1/premiumIndex": [_PREMIUM],
    "/fapi/v1/fundingRate?symbol=BTCUSDT": [
        {"symbol": _S, "fundingRate": _S, "fundingTime": _N, "markPrice": _S, "rateType": _S}
    ],
    "/fapi/v1/fundingInfo": [],
    "/fapi/v1/ticker/24hr?symbol=BTCUSDT": _DAY,
    "/fapi/v1/ticker/24hr": [_DAY],
    "/fapi/v1/ticker/price?symbol=BTCUSDT": _PRICE,
    "/fapi/v2/ticker/price?symbol=BTCUSDT": _PRICE,
    "/fapi/v2/ticker/price": [_PRICE],
    "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT": _TOP,
    "/fapi/v1/ticker/bookTicker": [_TOP],
    "/fapi/v1/openInterest?symbol=BTCUSDT": {"openInterest": _S, "symbol": _S, "time": _N},
    "/fapi/v1/indexInfo": [],
    "/fapi/v1/assetIndex": [_ASSET],
    "/fapi/v1/assetIndex?symbol=USDTUSD": _ASSET,
    "/fapi/v1/constituents?symbol=BTCUSDT": {
        "symbol": _S,
        "time": _N,
        "constituents": [dict.fromkeys(("exchange", "symbol", "price", "weight"), _S)],
    },
    "/fapi/v1/insuranceBalance": [_FUND],
    "/fapi/v1/insuranceBalance?symbol=BTCUSDT": _FUND,
    "/fapi/v1/symbolAdlRisk?symbol=BTCUSDT": {"symbol": _S, "adlRisk": _S, "updateTime": _N},
    "/fapi/v1/symbolAdlRisk": [{"symbol": _S, "adlRisk": _S, "updateTime": _N}],
    f"/futures/data/openInterestHist?{_AT}": [
        dict.fromkeys(("symbol", "sumOpenInterest", "sumOpenInterestValue", "CMCCirculatingSupply"), _S)
        | {"timestamp": _N}
    ],
    f"/futures/data/topLongShortAccountRatio?{_AT}": [_RATIO],
    f"/futures/data/topLongShortPositionRatio?{_AT}": [_RATIO],
    f"/futures/data/globalLongShortAccountRatio?{_AT}": [_RATIO],
    f"/futures/data/takerlongshortRatio?{_AT}": [
        dict.fromkeys(("buySellRatio", "sellVol", "buyVol"), _S) | {"timestamp": _N}
    ],
    "/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m": [
        dict.fromkeys(
            ("indexPrice", "contractType", "basisRate", "futuresPrice", "annualizedBasisRate", "basis", "pair"), _S
        )
        | {"timestamp": _N}
    ],
    "/futures/data/delivery-price?pair=BTCUSDT": [],
} | {
    f"/fapi/v1/{path}&interval={interval}": [_KLINE]
    for path in (
        "klines?symbol=BTCUSDT",
        "continuousKlines?pair=BTCUSDT&contractType=PERPETUAL",
        "indexPriceKlines?pair=BTCUSDT",
        "markPriceKlines?symbol=BTCUSDT",
        "premiumIndexKlines?symbol=BTCUSDT",
    )
    for interval in ("1m", "4h", "1w", "1M")
}


@pytest.mark.parametrize(("target", "shape"), _SHAPES.items())
def test_shape_and_json_types(target: str, shape: Any) -> None:
    """Protocol notes B.1: prices and quantities are texts; ids, times and counters numbers; flags booleans."""
    reply = _desk().raw("GET", target)
    assert reply.status == 200
    if isinstance(shape, list) and shape == [_KLINE]:
        assert [type(slot) for slot in reply.body[0]] == _KLINE
        assert reply.body[-1][-1] == "0"
    else:
        assert _types(reply.body) == shape


@pytest.mark.parametrize(
    "target", [target for target in _SHAPES if "symbol=BTCUSDT" in target and "/futures/" not in target]
)
def test_symbols_are_known_in_lower_case_and_strangers_refused(target: str) -> None:
    """Protocol notes A.2 and B.1: -1121 for a symbol that is none."""
    desk = _desk()
    assert desk.raw("GET", target.replace("BTCUSDT", "btcusdt")).body == desk.raw("GET", target).body
    refused = desk.raw("GET", target.replace("BTCUSDT", "NONEUSDT"))
    assert (refused.status, refused.body) == (400, {"code": -1121, "msg": "Invalid symbol."})


_REFUSALS = {
    "depth?symbol=BTCUSDT&limit=7": (-4021, "7 is not valid depth limit"),
    "rpiDepth?symbol=BTCUSDT&limit=500": (-4021, "500 is not valid depth limit"),
    "klines?symbol=BTCUSDT&interval=1m&limit=1501": (-1130, "Data sent for parameter 'limit' is not valid."),
    "klines?symbol=BTCUSDT&interval=1m&limit=0": (-1130, "Data sent for parameter 'limit' is not valid."),
    "klines?symbol=BTCUSDT&interval=2m": (-1120, "Invalid interval."),
    "klines?symbol=BTCUSDT&interval=1s": (-1120, "Invalid interval."),
    "klines?symbol=BTCUSDT&interval=1m&startTime=9&endTime=8": (-1023, "Start time is greater than end time."),
    "klines?symbol=BTCUSDT": (-1102, "Mandatory parameter 'interval' was not sent, was empty/null, or malformed."),
    "klines?interval=1m": (-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
    "continuousKlines?pair=BTCUSDT&contractType=WEEKLY&interval=1m": (-4104, "Invalid contract type."),
    "continuousKlines?pair=NONE&contractType=PERPETUAL&interval=1m": (-4144, "Invalid pair."),
    "indexPriceKlines?pair=NONE&interval=1m": (-4144, "Invalid pair."),
    "markPriceKlines?symbol=BTCUSDT&interval=1s": (-1120, "Invalid interval."),
    "trades?symbol=BTCUSDT&limit=1001": (-1130, "Data sent for parameter 'limit' is not valid."),
    "historicalTrades?symbol=BTCUSDT&limit=501": (-1130, "Data sent for parameter 'limit' is not valid."),
    "aggTrades?symbol=BTCUSDT&limit=1001": (-1130, "Data sent for parameter 'limit' is not valid."),
    f"aggTrades?symbol=BTCUSDT&startTime={_NOW - 172_900_000}": (
        -4166,
        "Search window is restricted to recent 2 days only.",
    ),
    "fundingRate?symbol=BTCUSDT&limit=1001": (-1130, "Data sent for parameter 'limit' is not valid."),
    "assetIndex?symbol=NONEUSD": (-1121, "Invalid symbol."),
    "../../futures/data/openInterestHist?symbol=BTCUSDT&period=3m": (
        -1130,
        "Data sent for parameter 'period' is not valid.",
    ),
    "../../futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m&limit=501": (
        -1130,
        "Data sent for parameter 'limit' is not valid.",
    ),
}


@pytest.mark.parametrize(("target", "expected"), _REFUSALS.items())
def test_refusals(target: str, expected: tuple[int, str]) -> None:
    """Protocol notes B.1, measured behaviours: status 400 with code and text."""
    reply = _desk().raw("GET", f"/fapi/v1/{target}".replace("/fapi/v1/../..", ""))
    assert (reply.status, reply.code, reply.body["msg"]) == (400, *expected)


_WEIGHTS: dict[str, dict[str, int]] = {
    "depth": {"": 1, "5": 2, "50": 2, "100": 5, "500": 10, "1000": 20},
    "klines": {"": 5, "1": 1, "100": 1, "101": 2, "500": 2, "501": 5, "1000": 5, "1001": 10, "1500": 10, "x": 5},
}
for _name in ("continuousKlines", "indexPriceKlines", "markPriceKlines", "premiumIndexKlines"):
    _WEIGHTS[_name] = _WEIGHTS["klines"]


@pytest.mark.parametrize(
    ("path", "limit", "weight"), [(path, *band) for path, bands in _WEIGHTS.items() for band in bands.items()]
)
def test_weight_bands_include_their_upper_edge(path: str, limit: str, weight: int) -> None:
    """Protocol notes 0.3 (16): limit=100 costs 1, 500 costs 2, and no limit 5 or 1."""
    assert REST["GET", f"/fapi/v1/{path}"].cost(Params({"limit": limit})) == weight


_FIXED = {
    "trades": 5,
    "historicalTrades": 200,
    "aggTrades": 20,
    "rpiDepth": 20,
    "openInterest": 1,
    "constituents": 2,
    "tradingSchedule": 5,
    "fundingRate": 0,
    "fundingInfo": 0,
}


@pytest.mark.parametrize(("path", "weight"), _FIXED.items())
def test_fixed_weights(path: str, weight: int) -> None:
    """Protocol notes B.1."""
    assert REST["GET", f"/fapi/v1/{path}"].cost(Params({})) == weight


@pytest.mark.parametrize(("path", "every"), [("ticker/24hr", 40), ("ticker/price", 2), ("assetIndex", 10)])
def test_all_symbols_are_dearer_than_one(path: str, every: int) -> None:
    """Protocol notes B.1."""
    route = REST["GET", f"/fapi/v1/{path}"]
    assert (route.cost(Params({"symbol": "BTCUSDT"})), route.cost(Params({}))) == (1, every)


def test_reads_without_weight_have_pools_of_their_own() -> None:
    """Protocol notes A.7: 500 for funding, 1,000 for the statistics."""
    pools = {path: route.pool for (_, path), route in REST.items() if route.pool}
    assert {path for path, pool in pools.items() if pool == "funding"} == {
        "/fapi/v1/fundingRate",
        "/fapi/v1/fundingInfo",
    }
    assert all(path.startswith("/futures/data/") for path, pool in pools.items() if pool == "data")
    assert len(pools) == 9


def test_historical_trades_need_a_key() -> None:
    """Protocol notes B.1: MARKET_DATA."""
    assert _desk().raw("GET", "/fapi/v1/historicalTrades?symbol=BTCUSDT", key="").code == -2014

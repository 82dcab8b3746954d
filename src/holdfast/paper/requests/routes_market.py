"""Every public read as data: path, operation, weight, handler (protocol notes B.1). All are GET."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from holdfast.paper.call import Handler
from holdfast.paper.operations import funding, klines, market, reference, statistics, ticker, trades
from holdfast.paper.operations.reads import by_symbol, kline_weight
from holdfast.paper.params import Params


class Read(msgspec.Struct, frozen=True):
    """One public path. `pool`: it weighs nothing and counts in a pool of its own; `keyed`: it needs an API key."""

    path: str
    operation: str
    weight: int | Callable[[Params], int]
    handler: Handler
    pool: str = ""
    keyed: bool = False


READS: tuple[Read, ...] = (
    Read("/fapi/v1/ping", "ping", 1, market.ping),
    Read("/api/v3/ping", "ping", 1, market.ping),
    Read("/fapi/v1/time", "time", 1, market.server_time),
    Read("/api/v3/time", "time", 1, market.server_time),
    Read("/fapi/v1/exchangeInfo", "exchangeInfo", 1, market.exchange_info),
    Read("/fapi/v1/depth", "depth", market.depth_weight, market.depth),
    Read("/fapi/v1/rpiDepth", "rpiDepth", 20, market.rpi_depth),
    Read("/fapi/v1/trades", "trades", 5, trades.trades),
    Read("/fapi/v1/historicalTrades", "historicalTrades", 200, trades.historical_trades, keyed=True),
    Read("/fapi/v1/aggTrades", "aggTrades", 20, trades.aggregate_trades),
    Read("/fapi/v1/klines", "klines", kline_weight, klines.klines),
    Read("/fapi/v1/continuousKlines", "continuousKlines", kline_weight, klines.continuous_klines),
    Read("/fapi/v1/indexPriceKlines", "indexPriceKlines", kline_weight, klines.index_price_klines),
    Read("/fapi/v1/markPriceKlines", "markPriceKlines", kline_weight, klines.mark_price_klines),
    Read("/fapi/v1/premiumIndexKlines", "premiumIndexKlines", kline_weight, klines.premium_index_klines),
    Read("/fapi/v1/premiumIndex", "premiumIndex", by_symbol(1, 10), ticker.premium_index),
    Read("/fapi/v1/fundingRate", "fundingRate", 0, funding.funding_rate, pool="funding"),
    Read("/fapi/v1/fundingInfo", "fundingInfo", 0, funding.funding_info, pool="funding"),
    Read("/fapi/v1/ticker/24hr", "ticker.24hr", by_symbol(1, 40), ticker.ticker_day),
    Read("/fapi/v1/ticker/price", "ticker.price", by_symbol(1, 2), ticker.ticker_price),
    Read("/fapi/v2/ticker/price", "ticker.price", by_symbol(1, 2), ticker.ticker_price),
    Read("/fapi/v1/ticker/bookTicker", "ticker.book", by_symbol(2, 5), ticker.ticker_book),
    Read("/fapi/v1/openInterest", "openInterest", 1, ticker.open_interest_now),
    Read("/fapi/v1/indexInfo", "indexInfo", 1, reference.index_info),
    Read("/fapi/v1/assetIndex", "assetIndex", by_symbol(1, 10), reference.asset_index),
    Read("/fapi/v1/constituents", "constituents", 2, reference.constituents),
    Read("/fapi/v1/insuranceBalance", "insuranceBalance", 1, reference.insurance_balance),
    Read("/fapi/v1/symbolAdlRisk", "symbolAdlRisk", 1, reference.adl_risk),
    Read("/fapi/v1/tradingSchedule", "tradingSchedule", 5, reference.trading_schedule),
    Read("/futures/data/openInterestHist", "openInterestHist", 0, statistics.open_interest_history, pool="data"),
    Read(
        "/futures/data/topLongShortAccountRatio",
        "topLongShortAccountRatio",
        0,
        statistics.crowd("top account"),
        pool="data",
    ),
    Read(
        "/futures/data/topLongShortPositionRatio",
        "topLongShortPositionRatio",
        0,
        statistics.crowd("top position"),
        pool="data",
    ),
    Read(
        "/futures/data/globalLongShortAccountRatio",
        "globalLongShortAccountRatio",
        0,
        statistics.crowd("account"),
        pool="data",
    ),
    Read("/futures/data/takerlongshortRatio", "takerlongshortRatio", 0, statistics.taker_volume, pool="data"),
    Read("/futures/data/basis", "basis", 0, statistics.basis, pool="data"),
    Read("/futures/data/delivery-price", "delivery-price", 0, statistics.delivery_price, pool="data"),
)
"""In the order of the protocol notes; the paths under /api/v3 are those that Spot clients probe at start."""

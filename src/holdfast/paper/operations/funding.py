"""Funding: what was settled, and which contracts differ from the usual terms (protocol notes B.1, I.4).

Instants before the exchange began are made up like the candles of that time, every eight hours.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from holdfast.paper.call import Call
from holdfast.paper.market.history import MOST_FUNDINGS, Funding
from holdfast.paper.market.markets import Market
from holdfast.paper.market.past import Noise
from holdfast.paper.money import money
from holdfast.paper.operations.reads import Times, limit, times

_USUAL_HOURS = 8
_HOUR_MS = 3_600_000
_USUAL_MS = _USUAL_HOURS * _HOUR_MS


def funding_rate(call: Call) -> Any:
    """Settled rates of one symbol or of all, oldest first; the first ones of a window, or the latest."""
    most = limit(call.params, default=100, most=1000)
    asked = times(call.params)
    if call.params.has("symbol"):
        markets = [call.exchange.market(call.params.get("symbol"))]
    else:
        markets = list(call.exchange.markets.values())
    found = [(market, row) for market in markets for row in _rows(call, market, asked, most)]
    found.sort(key=lambda pair: pair[1].time_ms)
    shown = found[:most] if asked.start_ms is not None else found[-most:]
    return [_rate_row(market, row) for market, row in shown]


def _rate_row(market: Market, row: Funding) -> dict[str, Any]:
    return {
        "symbol": market.symbol.name,
        "fundingRate": f"{row.rate:.8f}",
        "fundingTime": row.time_ms,
        "markPrice": "" if row.mark is None else money.text(row.mark),
        "rateType": "Regular",
    }


def _rows(call: Call, market: Market, asked: Times, most: int) -> list[Funding]:
    history = call.exchange.history(market)
    settled = list(history.fundings)
    past = history.past
    if past is not None and len(settled) < MOST_FUNDINGS:
        begun = past.anchor_ms if not settled else min(past.anchor_ms, settled[0].time_ms)
        settled = _made_up(call, market, begun, asked, most) + settled
    start = 0 if asked.start_ms is None else asked.start_ms
    end = call.exchange.now_ms if asked.end_ms is None else asked.end_ms
    return [row for row in settled if start <= row.time_ms <= end]


def _made_up(call: Call, market: Market, begun_ms: int, asked: Times, most: int) -> list[Funding]:
    """The instants before the exchange began that a window can show."""
    past = call.exchange.history(market).past
    assert past is not None, "invariant: a market with a made-up past has a first price"
    first = -(-past.first_ms // _USUAL_MS)
    last = (begun_ms - 1) // _USUAL_MS
    if asked.start_ms is not None:
        first = max(first, -(-asked.start_ms // _USUAL_MS))
        last = min(last, first + most - 1)
    else:
        end = last if asked.end_ms is None else min(last, asked.end_ms // _USUAL_MS)
        first, last = max(first, end - most + 1), end
    noise = Noise(f"funding {market.symbol.name}")
    return [
        Funding(cell * _USUAL_MS, _rate(noise.point(cell, _USUAL_MS)), past.price(cell * _USUAL_MS))
        for cell in range(first, last + 1)
    ]


def _rate(drawn: int) -> Decimal:
    """Mostly the usual hundredth of a percent, at times less or more."""
    return Decimal(10_000 if abs(drawn) < 600_000 else 10_000 + drawn // 50).scaleb(-8)


def funding_info(call: Call) -> Any:
    """The contracts whose funding differs from every eight hours. Only those are listed."""
    rows = []
    for market in call.exchange.markets.values():
        hours = market.row.get("fundingIntervalHours", _USUAL_HOURS)
        if hours != _USUAL_HOURS:
            rows.append(
                {
                    "symbol": market.symbol.name,
                    "adjustedFundingRateCap": "0.02000000",
                    "adjustedFundingRateFloor": "-0.02000000",
                    "fundingIntervalHours": hours,
                    "disclaimer": False,
                    "updateTime": None,
                }
            )
    return rows

"""`holdfast paper` with its limits lifted and many quiet symbols, so that intents can follow each other quickly.

One trade a symbol and side is the rule (RULES 4), and a symbol rests after each, so a stream of intents needs many
symbols. Their prices hardly move and come spread over the second: the market should be no part of what is measured.

    python -m benchmarks.exchange --symbols 300 --venue-log venue.jsonl
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from holdfast.paper.config import AccountConfig, PaperConfig, RateLimits
from holdfast.paper.doors.server import PaperOptions, run_server
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, DepthSnapshot, Mark, MarketEvent

PRICE = Decimal("100.00")
TICK = Decimal("0.01")
DEPTH = Decimal(100_000)
EVERY_US = 1_000_000
"""Each symbol is quoted once a second."""

MODEL = "SOLUSDT"
UNLIMITED = 1_000_000_000


def names(count: int) -> list[str]:
    """The symbols."""
    return [f"Q{n:03d}USDT" for n in range(count)]


def exchange_info(symbols: list[str]) -> dict[str, Any]:
    """An exchangeInfo document of so many copies of one contract."""
    document = default_exchange_info()
    model = next(row for row in document["symbols"] if row["symbol"] == MODEL)
    document["symbols"] = [
        {**deepcopy(model), "symbol": name, "pair": name, "baseAsset": name.removesuffix("USDT")} for name in symbols
    ]
    return document


def market(symbols: list[str]) -> Iterator[tuple[int, MarketEvent]]:
    """Books at the start, then one quote and one mark a second for each symbol, one tick up and down."""
    for name in symbols:
        bids = [(PRICE - TICK, DEPTH), (PRICE - 2 * TICK, DEPTH)]
        asks = [(PRICE, DEPTH), (PRICE + TICK, DEPTH)]
        yield 0, DepthSnapshot(symbol=name, u=1, bids=bids, asks=asks, T=0, E=0)
    step_us = EVERY_US // len(symbols)
    for turn in itertools.count(1):
        moved = PRICE + TICK if turn % 2 else PRICE
        for place, name in enumerate(symbols):
            at_us = (turn - 1) * EVERY_US + place * step_us
            at_ms = at_us // 1_000
            yield (
                at_us,
                BookTop(
                    symbol=name, bid=moved - TICK, bid_qty=DEPTH, ask=moved, ask_qty=DEPTH, u=turn + 1, T=at_ms, E=at_ms
                ),
            )
            yield at_us, Mark(symbol=name, mark=moved, index=moved, rate=Decimal(0), next_funding_ms=0, E=at_ms)


def main() -> None:
    """Serve until ended; the first line of standard output is the one of `holdfast paper`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, required=True)
    parser.add_argument("--venue-log", type=Path, required=True)
    options = parser.parse_args()
    symbols = names(options.symbols)
    limits = RateLimits(
        weight_per_minute=UNLIMITED,
        orders_per_minute=UNLIMITED,
        orders_per_10_seconds=UNLIMITED,
        ws_messages_per_second=None,
    )
    rich = {"USDT": Decimal(1_000_000)}
    account = AccountConfig(name="paper", api_key="paper-key", api_secret="paper-secret", balances=rich)
    run_server(
        PaperOptions(
            exchange_info=exchange_info(symbols),
            market=market(symbols),
            config=PaperConfig(accounts=[account], limits=limits),
            venue_log=options.venue_log,
        ),
        say_ready,
    )


def say_ready(addresses: dict[str, str]) -> None:
    """The line that `holdfast paper` prints when it is open."""
    sys.stdout.write(msgspec.json.encode(addresses).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

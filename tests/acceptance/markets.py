"""Thirty contracts, and a market on them that stands still so that only what a test does can move it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from holdfast.paper.market.default_symbols import default_exchange_info

SYMBOLS = tuple(f"{first}{second}AUSDT" for first in "ABCDEF" for second in "ABCDE")
PRICE = "2.0000"
"""Every contract trades at 1.9999 to 2.0000, in ticks of 0.0001 and steps of 0.1."""

MINUTE_MS = 60_000
START_MS = 1_790_000_000_000


def exchange_info(folder: Path) -> Path:
    """A file with the rules of `SYMBOLS`, all alike."""
    document = default_exchange_info()
    pattern = next(row for row in document["symbols"] if row["symbol"] == "XRPUSDT")
    document["symbols"] = [_row(pattern, symbol) for symbol in SYMBOLS]
    path = folder / "exchange_info.json"
    path.write_text(json.dumps(document))
    return path


def _row(pattern: dict[str, Any], symbol: str) -> dict[str, Any]:
    row = copy.deepcopy(pattern)
    return {**row, "symbol": symbol, "pair": symbol, "baseAsset": symbol.removesuffix("USDT")}


def still_market(folder: Path, minutes: int = 10) -> Path:
    """A recording in which nothing moves: each contract is quoted once a second, with plenty on both sides."""
    path = folder / "still.txt"
    with path.open("w") as lines:
        for at_ms in range(START_MS, START_MS + minutes * MINUTE_MS, 1_000):
            for symbol in SYMBOLS:
                quote = {"e": "bookTicker", "u": at_ms, "s": symbol, "b": "1.9999", "B": "900000", "a": PRICE,
                         "A": "900000", "T": at_ms, "E": at_ms}  # fmt: skip
                lines.write(f"{at_ms} {json.dumps(quote)}\n")
    return path


def moving_market(seed: int) -> str:
    """A made-up market on all contracts."""
    return f"synthetic:{seed}:" + ",".join(f"{symbol}=2" for symbol in SYMBOLS)

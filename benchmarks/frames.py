"""Frames of the user stream as the venue writes them (protocol notes E): what one filled entry with its stop causes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import msgspec

VARIANTS = 50
"""Different orders among the frames, so that nothing is read from a cache of one text."""

_NOW_MS = 1_750_000_000_000


def user_frames(count: int) -> Iterator[bytes]:
    """So many frames: order accepted, early fill, account, fill, stop armed, and again for the next order."""
    frames = [msgspec.json.encode(body) for n in range(VARIANTS) for body in _of_entry(n)]
    return islice(cycle(frames), count)


def _of_entry(n: int) -> list[dict[str, Any]]:
    at_ms = _NOW_MS + n * 997
    client_id = f"hf-e1-{n:024d}"
    return [
        _order(n, at_ms, client_id, execution="NEW", status="NEW"),
        _early_fill(n, at_ms, client_id),
        _account(n, at_ms),
        _order(n, at_ms, client_id, execution="TRADE", status="FILLED"),
        _stop(n, at_ms),
    ]


def _order(n: int, at_ms: int, client_id: str, *, execution: str, status: str) -> dict[str, Any]:
    filled = execution == "TRADE"
    price, quantity = (_price(n), "0.100") if filled else ("0", "0")
    fee = {"n": "3.25012500", "N": "USDT"} if filled else {}
    body = {
        "s": "BTCUSDT", "c": client_id, "S": "BUY", "o": "LIMIT", "f": "IOC", "q": "0.100", "p": "65010.00",
        "ap": price, "sp": "0", "x": execution, "X": status, "i": 918_273_645_020 + n, "l": quantity, "z": quantity,
        "L": price, **fee, "T": at_ms, "t": 7_000_000 + n if filled else 0, "b": "0", "a": "0", "m": False, "R": False,
        "wt": "CONTRACT_PRICE", "ot": "LIMIT", "ps": "BOTH", "cp": False, "rp": "0", "pP": False, "si": 0, "ss": 0,
        "V": "EXPIRE_MAKER", "pm": "NONE", "gtd": 0,
    }  # fmt: skip
    return {"e": "ORDER_TRADE_UPDATE", "T": at_ms, "E": at_ms + 1, "o": body}


def _early_fill(n: int, at_ms: int, client_id: str) -> dict[str, Any]:
    return {
        "e": "TRADE_LITE", "E": at_ms + 1, "T": at_ms, "s": "BTCUSDT", "q": "0.100", "p": "65010.00", "m": False,
        "c": client_id, "S": "BUY", "L": _price(n), "l": "0.100", "t": 7_000_000 + n, "i": 918_273_645_020 + n,
    }  # fmt: skip


def _account(n: int, at_ms: int) -> dict[str, Any]:
    wallet = f"98{n:02d}.12345678"
    position = {
        "s": "BTCUSDT", "pa": "0.100", "ep": _price(n), "cr": "12.50000000", "up": "0.01230000", "mt": "cross",
        "iw": "0", "ps": "BOTH", "ma": "USDT", "bep": _price(n),
    }  # fmt: skip
    change = {"B": [{"a": "USDT", "wb": wallet, "cw": wallet, "bc": "0"}], "P": [position], "m": "ORDER"}
    return {"e": "ACCOUNT_UPDATE", "T": at_ms, "E": at_ms + 1, "a": change}


def _stop(n: int, at_ms: int) -> dict[str, Any]:
    body = {
        "caid": f"hf-s1-{n:024d}", "aid": 3_000_000_000 + n, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT",
        "S": "SELL", "ps": "BOTH", "f": "GTC", "q": "0.000", "X": "NEW", "ai": "", "ap": "0.00", "aq": "0.000",
        "act": "0", "tp": "64350.00", "p": "0.00", "V": "EXPIRE_MAKER", "wt": "MARK_PRICE", "pm": "NONE", "cp": True,
        "pP": False, "R": False, "tt": 0, "gtd": 0, "rm": "",
    }  # fmt: skip
    return {"e": "ALGO_UPDATE", "T": at_ms, "E": at_ms + 2, "o": body}


def _price(n: int) -> str:
    return f"650{n % 10}{n // 10 % 10}.{n % 10}0"

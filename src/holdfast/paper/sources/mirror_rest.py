"""What the mirror asks over REST, and how often it may: weight, throttling and bans (protocol notes A.6, A.7).

Pure: questions come out as `Ask`, answers come in with their time. The weight is the address's, and others may live
there: the mirror takes at most half of it, and nothing once nine tenths are used by whomever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from holdfast.paper.market.symbols import load_symbols
from holdfast.paper.sources.mirror_past import limit_of, weight_of

SNAPSHOT_LEVELS = 1000
SNAPSHOT_WEIGHT = 20
TOP_WEIGHT = 2
INFO_WEIGHT = 1
ALL_TOPS_WEIGHT = 5
MOST_AT_ONCE = 4
FIRST_PAUSE_MS = 250
LONGEST_PAUSE_MS = 30_000
FORBIDDEN_MS = 300_000
REFUSED_MS = 60_000
BANNED_MS = 120_000
"""The venue's shortest ban, for one that names no end; it doubles with each that follows."""

_MINUTE_MS = 60_000
_BANNED_UNTIL = re.compile(rb"banned until (\d{13})")


class Ask(NamedTuple):
    """A public GET without a key. `symbol` is "" where it concerns all of them; `interval` is that of candles."""

    number: int
    kind: str
    symbol: str
    target: str
    interval: str = ""


class Refused(NamedTuple):
    """The venue answered with an error, or not at all; asking stops until a time."""

    reason: str
    until_ms: int


class Asker:
    """Lets questions leave when they may."""

    def __init__(self, *, weight_per_minute: int, jitter: Callable[[int], int]) -> None:
        """`weight_per_minute` is the limit of the venue's exchangeInfo."""
        self._own_most = weight_per_minute // 2
        self._all_most = weight_per_minute * 9 // 10
        self._jitter = jitter
        self._minute = 0
        self._own = 0
        self._all = 0
        self._failures = 0
        self._bans = 0
        self._numbers = 0
        self._pending: dict[int, Ask] = {}
        self._wanted: dict[str, int] = {}
        self.quiet_until_ms = 0
        """Nothing is asked before this time."""

    def want(self, symbol: str, at_ms: int) -> None:
        """A depth snapshot of a symbol, not before a time. Wanting it again changes nothing."""
        if not any(ask.symbol == symbol and ask.kind == "depth" for ask in self._pending.values()):
            self._wanted.setdefault(symbol, at_ms)

    def due(self, now_ms: int) -> list[Ask]:
        """The snapshots that may be asked for now."""
        found: list[Ask] = []
        for symbol, at_ms in list(self._wanted.items()):
            if at_ms > now_ms or len(self._pending) >= MOST_AT_ONCE:
                continue
            if not self._admit(now_ms, SNAPSHOT_WEIGHT):
                break
            del self._wanted[symbol]
            found.append(self._ask("depth", symbol, f"/fapi/v1/depth?symbol={quote(symbol)}&limit={SNAPSHOT_LEVELS}"))
        return found

    def tops(self, now_ms: int, symbols: list[str]) -> list[Ask]:
        """Ask for the best prices of symbols that have been quiet; nothing while an earlier question is open."""
        if not symbols or any(ask.kind == "tops" for ask in self._pending.values()):
            return []
        one = len(symbols) == 1
        if not self._admit(now_ms, TOP_WEIGHT if one else ALL_TOPS_WEIGHT):
            return []
        query = f"?symbol={quote(symbols[0])}" if one else ""
        return [self._ask("tops", symbols[0] if one else "", f"/fapi/v1/ticker/bookTicker{query}")]

    def candles(self, now_ms: int, symbol: str, interval: str) -> list[Ask]:
        """Ask for the past candles of an interval; nothing while that may not leave."""
        if len(self._pending) >= MOST_AT_ONCE or not self._admit(now_ms, weight_of(interval)):
            return []
        query = f"symbol={quote(symbol)}&interval={interval}&limit={limit_of(interval)}"
        return [self._ask("klines", symbol, f"/fapi/v1/klines?{query}", interval)]

    def contracts(self, now_ms: int) -> list[Ask]:
        """Ask how the contracts are listed; nothing while that may not leave."""
        if any(ask.kind == "contracts" for ask in self._pending.values()) or not self._admit(now_ms, INFO_WEIGHT):
            return []
        return [self._ask("contracts", "", "/fapi/v1/exchangeInfo")]

    def _ask(self, kind: str, symbol: str, target: str, interval: str = "") -> Ask:
        self._numbers += 1
        ask = Ask(self._numbers, kind, symbol, target, interval)
        self._pending[ask.number] = ask
        return ask

    def _admit(self, now_ms: int, weight: int) -> bool:
        if now_ms // _MINUTE_MS != self._minute:
            self._minute, self._own, self._all = now_ms // _MINUTE_MS, 0, 0
        if now_ms < self.quiet_until_ms or self._own + weight > self._own_most or self._all + weight > self._all_most:
            return False
        self._own += weight
        self._all += weight
        return True

    def answered(
        self, now_ms: int, number: int, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Ask, Refused | None]:
        """An answer came, good (None) or not. Header names are lower-case."""
        ask = self._pending.pop(number)
        used = headers.get("x-mbx-used-weight-1m", "")
        if used.isascii() and used.isdigit() and now_ms // _MINUTE_MS == self._minute:
            self._all = max(self._all, int(used))
        if status == 200:
            self._failures = self._bans = 0
            return ask, None
        if status in (400, 404):
            # It concerns this symbol only: the contract may have ended.
            until_ms = now_ms + REFUSED_MS
        else:
            until_ms = self._pause_until(now_ms, status, headers, body)
            self.quiet_until_ms = max(self.quiet_until_ms, until_ms)
        return ask, Refused(f"HTTP {status} {body[:120].decode('utf-8', 'replace')}".rstrip(), until_ms)

    def unanswered(self, now_ms: int, number: int, reason: str) -> tuple[Ask, Refused]:
        """No answer came."""
        ask = self._pending.pop(number)
        until_ms = self._backoff_until(now_ms)
        self.quiet_until_ms = max(self.quiet_until_ms, until_ms)
        return ask, Refused(reason, until_ms)

    def _pause_until(self, now_ms: int, status: int, headers: Mapping[str, str], body: bytes) -> int:
        """A throttle ends with its minute, a ban when it says; whatever else is tried again soon, then later."""
        after = headers.get("retry-after", "")
        stated_ms = now_ms + int(after) * 1000 if after.isascii() and after.isdigit() else 0
        if status == 429:
            return max(stated_ms, (now_ms // _MINUTE_MS + 1) * _MINUTE_MS)
        if status == 418:
            named = _BANNED_UNTIL.search(body)
            self._bans += 1
            if named is None and not stated_ms:
                return now_ms + (BANNED_MS << min(self._bans - 1, 10))
            return max(stated_ms, int(named.group(1)) if named is not None else 0, now_ms + 1000)
        if status == 403:
            return now_ms + FORBIDDEN_MS
        return self._backoff_until(now_ms)

    def _backoff_until(self, now_ms: int) -> int:
        pause_ms = min(FIRST_PAUSE_MS << min(self._failures, 10), LONGEST_PAUSE_MS)
        self._failures += 1
        return now_ms + pause_ms + self._jitter(pause_ms)


class Touch(NamedTuple):
    """Best bid and ask with their quantities."""

    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal


class _Info(msgspec.Struct, frozen=True):
    """What is read of an exchangeInfo."""

    symbols: list[dict[str, Any]]


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the best prices."""

    symbol: str
    bid_price: Decimal
    bid_qty: Decimal
    ask_price: Decimal
    ask_qty: Decimal
    last_update_id: int = 0


_rows = msgspec.json.Decoder(list[_Row]).decode
_row = msgspec.json.Decoder(_Row).decode


def read_rows(body: bytes) -> dict[str, dict[str, Any]]:
    """The rows of an exchangeInfo by symbol, without those that make no contract. Raises `ValueError`."""
    try:
        info = msgspec.json.decode(body, type=_Info)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    broken = {row.symbol for row in load_symbols({"symbols": info.symbols})[1]}
    return {row["symbol"]: row for row in info.symbols if row.get("symbol", "") not in broken}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The fields in which two rows differ. Filters and other lists come in any order (protocol notes B.2)."""
    return [name for name in {**old, **new} if _ordered(old.get(name)) != _ordered(new.get(name))]


def _ordered(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return sorted(value, key=lambda item: str(item.get("filterType") if isinstance(item, dict) else item))


def read_tops(body: bytes) -> list[tuple[str, Touch, int]]:
    """Symbol, best prices and update id of each row of an answer (one object or a list). Raises `ValueError`."""
    try:
        rows = _rows(body) if body.lstrip().startswith(b"[") else [_row(body)]
    except (msgspec.DecodeError, ArithmeticError) as error:
        raise ValueError(str(error)) from None
    return [
        (row.symbol, Touch(row.bid_price, row.bid_qty, row.ask_price, row.ask_qty), row.last_update_id) for row in rows
    ]

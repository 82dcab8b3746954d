"""Real alerts of a scanner, turned into intents the way a careful user would: numbers stay the text they were written
in, prices go onto the symbol's grid, ids come from the alert.

The rules of a symbol come from the recorded production exchangeInfo; from the newest recorded testnet file that has it
where production does not; and for the few that were listed after both, from the first production symbol whose tick is
the finest digit of the alert's own prices. `Rules.origin` says which.
"""

import io
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from holdfast.model.intent import Distance, Intent, Size, Target
from holdfast.paper.config import Bracket

SIGNALS = "signals/sweep_scanner_signals_2026-07_08.jsonl"
TIERS = "leverage_tiers/freqtrade_2026.9_binance_leverage_tiers.json.zst"
RECORDINGS = ("mainnet_2025-10-30", "testnet_2025-12-24", "testnet_2025-11-14", "testnet_2025-10-17")
SIDES = {"bull": "long", "bear": "short"}
LIFE_MS = 10_000
"""An alert is worth acting on for ten seconds after it arrived."""

NOT_AN_ID = re.compile(r"[^A-Za-z0-9._:/@-]")


class Rules(NamedTuple):
    """A symbol's row of exchangeInfo, its leverage tiers, and where the row comes from."""

    row: dict[str, Any]
    brackets: list[Bracket]
    origin: str


class Alert(NamedTuple):
    """One alert, its numbers as text, and the rules of its symbol."""

    id: str
    symbol: str
    direction: str
    entry: str
    stop: str
    target: str
    rules: Rules

    @property
    def tick(self) -> Decimal:
        """The price grid of the symbol, as the exchange states it."""
        return tick_of(self.rules.row)

    @property
    def entry_price(self) -> Decimal:
        """The alert's entry on the grid."""
        return on_grid(self.entry, self.tick)


def read_zst(path: Path) -> bytes:
    """A compressed file's content."""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(io.BufferedReader(file)) as reader:
        return bytes(reader.read())


def tick_of(row: dict[str, Any]) -> Decimal:
    """The tick of a row of exchangeInfo."""
    return next(Decimal(item["tickSize"]) for item in row["filters"] if item["filterType"] == "PRICE_FILTER")


def on_grid(text: str, tick: Decimal) -> Decimal:
    """A written price on the nearest step of the grid."""
    return (Decimal(text) / tick).quantize(Decimal(1), ROUND_HALF_UP) * tick


def finest(*texts: str) -> Decimal:
    """The finest digit among written prices; digits that only binary arithmetic made do not count."""
    plain = [Decimal(text).normalize() for text in texts if len(text) < 15]
    return min(Decimal(1).scaleb(int(price.as_tuple().exponent)) for price in plain)


def tiers(data: Path) -> dict[str, list[Bracket]]:
    """Leverage tiers by symbol, from the raw bracket entries."""
    found = {}
    for pair, rows in json.loads(read_zst(data / TIERS), parse_float=Decimal, parse_int=Decimal).items():
        base, _, rest = pair.partition("/")
        names = ("bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum")
        found[base + rest.partition(":")[0]] = [Bracket(**{name: row["info"][name] for name in names}) for row in rows]
    return found


def recorded(data: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a recorded exchangeInfo, good and broken ones, as they are."""
    rows: list[dict[str, Any]] = json.loads(read_zst(data / "exchange_info" / f"{name}.json.zst"))["symbols"]
    return rows


class Recordings:
    """The recorded rules of all symbols."""

    def __init__(self, data: Path) -> None:
        self.brackets = tiers(data)
        self.rows = {name: {row["symbol"]: row for row in recorded(data, name)} for name in RECORDINGS}

    def rules_of(self, symbol: str, *prices: str) -> Rules:
        """The rules of a symbol; see the top of this file."""
        for name, rows in self.rows.items():
            if symbol in rows:
                return Rules(rows[symbol], self.brackets[symbol], name)
        tick = finest(*prices)
        like = next(row for row in self.rows[RECORDINGS[0]].values() if tick_of(row) == tick)
        names = {"symbol": symbol, "pair": symbol, "baseAsset": symbol.removesuffix("USDT")}
        return Rules({**like, **names}, self.brackets[symbol], f"as {like['symbol']}")


def load(data: Path) -> list[Alert]:
    """The alerts on Binance symbols that have USDⓈ-M leverage tiers, in the order in which they were published."""
    recordings = Recordings(data)
    found = []
    for line in (data / SIGNALS).read_text("utf-8").splitlines():
        row = json.loads(line, parse_float=str, parse_int=str)
        if row["exchange"] == "BINANCE" and row["symbol"] in recordings.brackets:
            rules = recordings.rules_of(row["symbol"], row["entry"], row["stop"])
            names = ("id", "symbol", "direction", "entry", "stop", "target")
            found.append(Alert(*(row[name] for name in names), rules))
    return found


def intent_of(alert: Alert, arrival_ms: int) -> Intent:
    """1 % risk, leverage 5, at the market, valid for ten seconds.

    A target at or below zero, which a short with a far stop can have, is never reached and is left out. Characters
    that an id may not have are written as their code point.
    """
    target = on_grid(alert.target, alert.tick)
    return Intent(
        id=NOT_AN_ID.sub(lambda found: f"u{ord(found[0]):04x}", alert.id),
        source="sweep-scanner",
        symbol=alert.symbol,
        action="open",
        side=SIDES[alert.direction],  # type: ignore[arg-type]
        size=Size(risk_pct=Decimal(1)),
        leverage=5,
        stop_loss=Distance(price=on_grid(alert.stop, alert.tick)),
        take_profits=(Target(price=target),) if target > 0 else (),
        expires_at=arrival_ms + LIFE_MS,
    )

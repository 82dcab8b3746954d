"""Opens the market that a demo, a simulation or a paper server lives in, by its name, and its exchangeInfo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from holdfast.adapters.market_files import RecordedFile, UnreadableFile, read_document
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.sources.opening import made_up, of_lines, parse_synthetic
from holdfast.paper.sources.source import MarketFileError, MarketSource, grids


class OpenedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market ready to be played, and how far it was read: 0 to 1, always 0 for an endless one.

    `recorded`: its times are those of the recording, not of today. `close` lets go of the file early.
    """

    source: MarketSource
    recorded: bool
    fraction: Callable[[], float]
    close: Callable[[], None]


def open_market(
    name: str,
    exchange_info: dict[str, Any],
    *,
    start_us: int,
    duration_us: int | None = None,
    step_ms: int = 500,
    funding_interval_ms: int = 8 * 3_600_000,
) -> OpenedMarket:
    """Open `synthetic:SEED[:SYMBOL[=PRICE],…]` or a file of frames or klines.

    The times concern a synthetic market only. Raises `MarketFileError` for a name, a symbol or a file
    that makes no market.
    """
    known = grids(exchange_info)
    synthetic = parse_synthetic(name)
    if synthetic is not None:
        market = made_up(
            synthetic,
            known,
            start_us=start_us,
            duration_us=duration_us,
            step_ms=step_ms,
            funding_interval_ms=funding_interval_ms,
        )
        return OpenedMarket(source=market.events(), recorded=False, fraction=lambda: 0.0, close=lambda: None)
    try:
        recorded = RecordedFile(Path(name))
    except UnreadableFile as error:
        raise MarketFileError(line=0, rule=f"a market is synthetic:SEED or a readable file; {error}") from None
    try:
        source = of_lines(_readable(recorded), recorded.path.name, known)
    except MarketFileError:
        recorded.close()
        raise
    return OpenedMarket(source=source, recorded=True, fraction=recorded.fraction, close=recorded.close)


def _readable(recorded: RecordedFile) -> Iterator[bytes]:
    """The lines of the file; damage on the way is a broken market file."""
    try:
        yield from recorded
    except UnreadableFile as error:
        raise MarketFileError(line=0, rule=f"a market file is whole; {error}") from None


def open_exchange_info(name: str | None) -> dict[str, Any]:
    """An exchangeInfo document: plain, .gz or .zst JSON; the built-in one when `name` is None.

    Raises `MarketFileError` when the file cannot be read or is no exchangeInfo.
    """
    if name is None:
        return default_exchange_info()
    try:
        document = msgspec.json.decode(read_document(Path(name)))
    except UnreadableFile as error:
        raise MarketFileError(line=0, rule=f"exchangeInfo is a readable file; {error}") from None
    except msgspec.DecodeError as error:
        raise MarketFileError(line=0, rule=f"exchangeInfo is JSON: {error}", found=name) from None
    if not isinstance(document, dict) or not isinstance(document.get("symbols"), list):
        raise MarketFileError(line=0, rule="exchangeInfo is a JSON object with a list `symbols`", found=name)
    return document

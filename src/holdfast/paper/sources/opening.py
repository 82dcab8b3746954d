"""What a market is called, and what the first line of a file says about it. Pure: opening files is the adapters' part.

Names: `synthetic:SEED` is a made-up market of the usual symbols;
`synthetic:SEED:BTCUSDT=28155.1,ETHUSDT` chooses symbols and, after `=`, start prices, and
`synthetic:SEED:BTCUSDT:flash-crash,ETHUSDT=3000:trend` after another `:` what each lives through. Everything else is
a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain

import msgspec

from holdfast.model.num import NumberError, parse
from holdfast.paper.sources.feed import read_frames
from holdfast.paper.sources.klines import HEADER, read_klines
from holdfast.paper.sources.marks import fill_marks
from holdfast.paper.sources.source import Grid, MarketFileError, MarketSource
from holdfast.paper.sources.synthetic import SHAPES, START_PRICES, SyntheticMarket

PREFIX = "synthetic:"
_USUAL_SYMBOLS = 5


class SyntheticName(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed name of a synthetic market. No symbols: the usual ones."""

    seed: int
    symbols: tuple[str, ...] = ()
    start_prices: dict[str, Decimal] = {}
    shapes: dict[str, str] = {}


def parse_synthetic(name: str) -> SyntheticName | None:
    """The parts of a synthetic market's name; None when it names a file. Raises `MarketFileError`."""
    if not name.startswith(PREFIX):
        return None
    seed, _, chosen = name.removeprefix(PREFIX).partition(":")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= 18):
        rule = f"a synthetic market is named {PREFIX}SEED, with a whole number as seed"
        raise MarketFileError(line=0, rule=rule, found=repr(name))
    prices: dict[str, Decimal] = {}
    symbols: list[str] = []
    shapes: dict[str, str] = {}
    for entry in chosen.split(",") if chosen else ():
        named, _, shape = entry.partition(":")
        symbol, _, price = named.partition("=")
        symbols.append(symbol)
        if shape:
            shapes[symbol] = _shape(shape)
        if price:
            prices[symbol] = _start_price(price, name)
    return SyntheticName(seed=int(seed), symbols=tuple(symbols), start_prices=prices, shapes=shapes)


def _shape(text: str) -> str:
    if text not in SHAPES:
        raise MarketFileError(line=0, rule=f"a shape is one of {', '.join(SHAPES)}", found=repr(text))
    return text


def _start_price(text: str, name: str) -> Decimal:
    try:
        price = parse(text)
    except NumberError as error:
        raise MarketFileError(line=0, rule=f"a start price is a number: {error}", found=repr(name)) from None
    if price <= 0:
        raise MarketFileError(line=0, rule="a start price is above 0", found=repr(name))
    return price


def made_up(
    name: SyntheticName,
    known: Mapping[str, Grid],
    *,
    start_us: int,
    duration_us: int | None = None,
    step_ms: int = 500,
    funding_interval_ms: int = 8 * 3_600_000,
) -> SyntheticMarket:
    """The settings of a synthetic market on the grids of the exchange. Raises `MarketFileError` for unknown symbols."""
    chosen = [_grid(symbol, known) for symbol in name.symbols or usual_symbols(known)]
    return SyntheticMarket(
        seed=name.seed,
        grids=tuple(chosen),
        start_us=start_us,
        start_prices=name.start_prices,
        shapes=name.shapes,
        duration_us=duration_us,
        step_ms=step_ms,
        funding_interval_ms=funding_interval_ms,
    )


def usual_symbols(known: Mapping[str, Grid]) -> list[str]:
    """The first five symbols of the exchange that have a usual start price, or its first five at all."""
    usual = [symbol for symbol in known if symbol in START_PRICES]
    return (usual or list(known))[:_USUAL_SYMBOLS]


def _grid(symbol: str, known: Mapping[str, Grid]) -> Grid:
    grid = known.get(symbol)
    if grid is None:
        shown = ", ".join(list(known)[:5])
        raise MarketFileError(
            line=0, rule=f"a market takes symbols that the exchange lists: {shown} …", found=repr(symbol)
        )
    return grid


def of_lines(lines: Iterable[bytes], file_name: str, known: Mapping[str, Grid]) -> MarketSource:
    """The market of a file, told by its first line: frames or klines.

    The first event is read at once, so that a file that is none is refused before anything starts.
    Raises `MarketFileError`.
    """
    rest = iter(lines)
    head: list[bytes] = []
    for line in rest:
        head.append(line)
        if line.strip():
            break
    first = head[-1].strip() if head else b""
    if first == HEADER.encode():
        source = read_klines(chain(head, rest), grid=_grid(_symbol_of(file_name), known))
    elif first[:1].isdigit():
        source = fill_marks(read_frames(chain(head, rest)), known)
    else:
        rule = f"a market file holds `<receive time> <json>` lines or klines under the header {HEADER}"
        raise MarketFileError(line=max(1, len(head)), rule=rule, found=repr(first[:60].decode("utf-8", "replace")))
    return _checked(source, known)


def _symbol_of(file_name: str) -> str:
    """Klines name their symbol in the file name: `BTCUSDT_1m_2025-05.csv`."""
    return file_name.split("_", 1)[0].split(".", 1)[0].upper()


def _checked(source: MarketSource, known: Mapping[str, Grid]) -> MarketSource:
    first = next(source)
    _grid(first[1].symbol, known)
    return chain((first,), source)

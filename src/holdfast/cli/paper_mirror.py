"""The options of `holdfast paper` by which it mirrors a venue's market live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias
from urllib.parse import urlsplit

from cyclopts import Parameter

from holdfast.cli.shell import UNREACHABLE, Failure, say, wrong

if TYPE_CHECKING:
    from holdfast.wiring.mirror import MirrorOptions, VenueMirror

LIVE_REST: Final = "https://fapi.binance.com"
LIVE_STREAMS: Final = "wss://fstream.binance.com"

Symbols: TypeAlias = Annotated[
    str | None, Parameter(name="--mirror", help="Play the real venue's market live: BTCUSDT[,ETHUSDT,…].")
]
RestUrl: TypeAlias = Annotated[
    str, Parameter(name="--mirror-rest", help="Where the mirrored venue answers exchangeInfo and depth.")
]
StreamUrl: TypeAlias = Annotated[
    str, Parameter(name="--mirror-streams", help="Where the mirrored venue has /public and /market.")
]
Record: TypeAlias = Annotated[
    Path | None, Parameter(name="--mirror-record", help="Keep the mirrored frames in this new file, for --market.")
]


def open_mirror(
    symbols: str | None, rest_url: str, stream_url: str, record: Path | None, *, beside: Mapping[str, object]
) -> VenueMirror | None:
    """A mirror with its contracts, not connected yet; None when none is wanted. `beside`: options that exclude one."""
    given = {"--mirror-rest": rest_url != LIVE_REST, "--mirror-streams": stream_url != LIVE_STREAMS}
    if symbols is None:
        for name, is_given in {**given, "--mirror-record": record is not None}.items():
            if is_given:
                raise wrong(name, "nothing is mirrored without --mirror", f"--mirror BTCUSDT {name} …")
        return None
    _refuse_beside(beside)
    # Imported only when something is mirrored: an exchange without a network needs no client of one.
    from holdfast.wiring.mirror import MirrorRefused, MirrorUnreachable, VenueMirror, contracts

    options = mirror_options(symbols, rest_url, stream_url, record)
    try:
        mirror = VenueMirror(options, contracts(options), _tell)
    except MirrorRefused as error:
        raise wrong(error.name, error.rule, error.passes) from None
    except MirrorUnreachable as error:
        passes = "an internet connection, or --mirror-rest and --mirror-streams of a venue that can be reached"
        raise Failure(f"--mirror: {error}\n    would pass: {passes}", UNREACHABLE) from None
    _tell(f"mirrors {', '.join(options.symbols)} of {options.rest_url} and {options.stream_url}; no key is sent")
    _tell("leverage tiers cannot be read without a key: --tiers gives them, else they are the built-in ones")
    return mirror


def check_listed(mirror: VenueMirror | None, info: Mapping[str, Any]) -> None:
    """An exchange that is taken up again has its own contracts: what it does not list cannot be mirrored on it."""
    listed = [row["symbol"] for row in info["symbols"]]
    for symbol in () if mirror is None else mirror.symbols:
        if symbol not in listed:
            shown = ", ".join(listed[:5])
            passes = "one that it lists, or --state with the name of a new file"
            raise wrong("--mirror", f"the exchange of --state lists {shown}, no {symbol!r}", passes)


def mirror_options(symbols: str, rest_url: str, stream_url: str, record: Path | None) -> MirrorOptions:
    """The options as values; whatever makes none is refused."""
    from holdfast.wiring.mirror import MirrorOptions

    names = [name.strip().upper() for name in symbols.split(",")]
    if not all(names):
        raise wrong("--mirror", f"names contracts, with commas between them, was {symbols!r}", "--mirror BTCUSDT")
    return MirrorOptions(
        symbols=tuple(dict.fromkeys(names)),
        rest_url=_url("--mirror-rest", rest_url, ("https", "http"), LIVE_REST),
        stream_url=_url("--mirror-streams", stream_url, ("wss", "ws"), LIVE_STREAMS),
        record=record,
    )


def _url(name: str, text: str, schemes: tuple[str, ...], passes: str) -> str:
    """An address without its last slash."""
    rule = f"must be an address that begins with {schemes[0]}:// or {schemes[1]}://, was {text!r}"
    try:
        parts = urlsplit(text)
        good = parts.scheme in schemes and bool(parts.hostname) and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise wrong(name, rule, f"{name} {passes}")
    return text.rstrip("/")


def _refuse_beside(options: Mapping[str, object]) -> None:
    """Options that mean another market, or another time, than the mirrored one."""
    for name, value in options.items():
        if value is not None:
            rule = "a mirrored market has its contracts, prices and time from the venue"
            raise wrong(name, rule, f"--mirror without {name}, or {name} without --mirror")


def _tell(text: str) -> None:
    """A line of the mirror, for people."""
    say(f"holdfast paper: {text}")

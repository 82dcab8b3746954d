"""The options of `holdfast paper`: their types, and what the help says of each."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

from holdfast.cli.shell import whole, wrong

DEFAULT_PORT: Final = 8430
LAST_PORT: Final = 65_535
_FASTEST: Final = 10_000

Port: TypeAlias = Annotated[
    int, Parameter(converter=whole, help="REST, WebSocket API and streams. 0 takes a free port.")
]
Host: TypeAlias = Annotated[
    str, Parameter(help="Address of --port: 0.0.0.0 for other machines and containers. Control stays on this machine.")
]
ControlPort: TypeAlias = Annotated[
    int, Parameter(converter=whole, help="The control door for faults and questions. 0 takes a free port.")
]
MarketName: TypeAlias = Annotated[
    str | None,
    Parameter(
        help="synthetic:SEED[:SYMBOL[=PRICE][:SHAPE],…], or a file of frames or klines (.gz, .zst); "
        "without it synthetic:1."
    ),
]
ExchangeInfo: TypeAlias = Annotated[
    str | None, Parameter(help="File with an exchangeInfo document; without it a few usual symbols.")
]
VenueLog: TypeAlias = Annotated[
    Path | None, Parameter(help="Write everything the exchange does into this new JSONL file.")
]
Speed: TypeAlias = Annotated[str, Parameter(help="How much faster than real time the market is played.")]
ClockSpeed: TypeAlias = Annotated[
    str, Parameter(help="How much faster than real time the exchange's clock runs. 0: it stands until it is advanced.")
]
Tiers: TypeAlias = Annotated[
    Path | None, Parameter(help="File with leverage tiers; without it, and for broken rows, built-in ones.")
]
Settings: TypeAlias = Annotated[
    Path | None, Parameter(help="TOML file: accounts and keys, fees, limits, switches, how long keys and sockets live.")
]
Fact: TypeAlias = Annotated[
    list[str] | None,
    Parameter(negative="", help="NAME=VALUE: turn one switch for uncertain behaviour; may be given several times."),
]
State: TypeAlias = Annotated[
    Path | None, Parameter(help="Take the exchange up again from this file, and keep it there at the end.")
]
Scenario: TypeAlias = Annotated[
    Path | None, Parameter(help='JSONL of control requests with their times: {"at_ms": 1500, "do": "liq"}.')
]


def check_ports(named: Mapping[str, int]) -> None:
    """Refuse what is no port, by the name of its option."""
    for name, number in named.items():
        check_port(name, number)


def check_port(name: str, number: int) -> None:
    """Refuse what is no port."""
    if not 0 <= number <= LAST_PORT:
        raise wrong(name, f"must be 0 to {LAST_PORT}, was {number}", f"{name} 0")


def paces(speed: str, clock_speed: str) -> dict[str, str | None]:
    """The two speeds by the names of their options; None for one that was left at real time."""
    given = {"--speed": speed, "--clock-speed": clock_speed}
    return {name: None if text == "1" else text for name, text in given.items()}


def speed_of(name: str, text: str, *, may_stand: bool = False) -> Fraction:
    """How much faster than real time; with `may_stand` 0 is a speed too."""
    try:
        speed = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise wrong(name, f"must be a number, was {text!r}", f"{name} 10") from None
    if may_stand and not 0 <= speed <= _FASTEST:
        raise wrong(name, f"must be 0 to {_FASTEST}, was {text}", f"{name} 10")
    if not may_stand and not 0 < speed <= _FASTEST:
        raise wrong(name, f"must be above 0 and at most {_FASTEST}, was {text}", f"{name} 10")
    return speed

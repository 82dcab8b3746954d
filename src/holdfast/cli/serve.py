"""`holdfast paper` and `holdfast run`: what keeps running until it is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from holdfast.cli.shell import OK, UNREACHABLE, USAGE, ConfigFile, Failure, load_config, say, whole, write_json, wrong

DEFAULT_PORT = 8430
LAST_PORT = 65_535


def paper(
    *,
    port: Annotated[
        int, Parameter(converter=whole, help="REST, WebSocket API and streams. 0 takes a free port.")
    ] = DEFAULT_PORT,
    control_port: Annotated[
        int, Parameter(converter=whole, help="The control door for faults and questions. 0 takes a free port.")
    ] = 0,
    market: Annotated[
        str, Parameter(help="synthetic:SEED[:SYMBOL[=PRICE][:SHAPE],…], or a file of frames or klines (.gz, .zst).")
    ] = "synthetic:1",
    exchange_info: Annotated[
        str | None, Parameter(help="File with an exchangeInfo document; without it a few usual symbols.")
    ] = None,
    venue_log: Annotated[
        Path | None, Parameter(help="Write everything the exchange does into this new JSONL file.")
    ] = None,
    speed: Annotated[str, Parameter(help="How much faster than real time the market is played.")] = "1",
    tiers: Annotated[
        Path | None, Parameter(help="File with leverage tiers; without it, and for broken rows, built-in ones.")
    ] = None,
    state: Annotated[
        Path | None, Parameter(help="Take the exchange up again from this file, and keep it there at the end.")
    ] = None,
    scenario: Annotated[
        Path | None, Parameter(help='JSONL of control requests with their times: {"at_ms": 1500, "do": "liq"}.')
    ] = None,
) -> int:
    """Serve a paper exchange that behaves like Binance USDⓈ-M Futures.

    It speaks Binance's own protocol, so real clients (python-binance, ccxt, the official SDK) trade on it when their
    addresses point here: REST, WebSocket API, market and user streams; orders, conditional orders, margin, funding,
    liquidation; one account of 10,000 USDT. Through the control door faults are injected, money and prices moved, and
    switches turned while it runs. docs/paper-exchange.md shows all of it.

    It prints one JSON line with its addresses and the key of its account when it is ready, and runs until Ctrl-C.
    `holdfast run` with venue.name = "paper" finds it at the default port.

    For example:

    - `holdfast paper`
    - `holdfast paper --market btcusdt.dat.gz --venue-log venue.jsonl`
    - `holdfast paper --market synthetic:7:BTCUSDT=60000,ETHUSDT`
    """
    from holdfast.cli.paper_files import KeptState, open_scenario, open_tiers
    from holdfast.paper.config import PaperConfig
    from holdfast.paper.server import PaperOptions, run_server
    from holdfast.paper.steering import Opening
    from holdfast.sim.market import open_market

    for name, number in (("--port", port), ("--control-port", control_port)):
        _check_port(name, number)
    info = _exchange_info(exchange_info)
    with _refusals():
        opened = open_market(market, info, start_us=0)
        kept = KeptState(state)
        options = PaperOptions(
            config=PaperConfig(brackets=open_tiers(tiers)),
            opening=Opening(state=kept.read(), steps=open_scenario(scenario)),
            keep=kept.keep,
            exchange_info=info,
            market=opened.source,
            port=port,
            control_port=control_port,
            venue_log=venue_log,
            speed=_speed(speed),
        )
        run_server(options, _ready)
    return OK


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What keeps the exchange from running, as one line for the operator."""
    from holdfast.paper.server import PaperServerError
    from holdfast.paper.source import MarketFileError
    from holdfast.paper.state import StateError

    try:
        yield
    except MarketFileError as error:
        raise Failure(f"--market: {error}\n    would pass: --market synthetic:1", USAGE) from None
    except StateError as error:
        raise Failure(f"--state: {error}", USAGE) from None
    except PaperServerError as error:
        raise Failure(str(error), UNREACHABLE) from None


def _check_port(name: str, number: int) -> None:
    if not 0 <= number <= LAST_PORT:
        raise wrong(name, f"must be 0 to {LAST_PORT}, was {number}", f"{name} {DEFAULT_PORT}")


def _exchange_info(name: str | None) -> dict[str, Any]:
    from holdfast.paper.source import MarketFileError
    from holdfast.sim.market import open_exchange_info

    try:
        return open_exchange_info(name)
    except MarketFileError as error:
        passes = "the answer of GET /fapi/v1/exchangeInfo, saved as JSON (plain, .gz or .zst)"
        raise Failure(f"--exchange-info: {error}\n    would pass: {passes}", USAGE) from None


def _speed(text: str) -> Fraction:
    try:
        speed = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise wrong("--speed", f"must be a number, was {text!r}", "--speed 10") from None
    if not 0 < speed <= 10_000:
        raise wrong("--speed", f"must be above 0 and at most 10000, was {text}", "--speed 10")
    return speed


def _ready(addresses: dict[str, str]) -> None:
    write_json(msgspec.json.encode(addresses))
    say(f"the paper exchange is open at {addresses['rest']}; Ctrl-C closes it")


def run(*, config: ConfigFile = None) -> int:
    """Run the engine until Ctrl-C or SIGTERM.

    The venue, the account, the limits and the API come from the configuration (`holdfast config` shows them). It
    starts halted, compares itself with the venue, covers what it finds, and then trades in the state that was
    commanded last. Stopping leaves positions with their stops at the venue.
    """
    loaded = load_config(config)
    # Imported when the configuration is known to be good: a refusal should not wait for the engine's modules.
    from holdfast.wiring.run import run_engine

    return run_engine(loaded, say)

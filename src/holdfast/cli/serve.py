"""`holdfast paper` and `holdfast run`: what keeps running until it is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.cli import paper_mirror as mirroring
from holdfast.cli import paper_options as options
from holdfast.cli.shell import OK, UNREACHABLE, USAGE, ConfigFile, Failure, load_config, say, write_json

if TYPE_CHECKING:
    from holdfast.wiring.mirror import VenueMirror


def paper(
    *,
    port: options.Port = options.DEFAULT_PORT,
    host: options.Host = "127.0.0.1",
    control_port: options.ControlPort = 0,
    market: options.MarketName = None,
    mirror: mirroring.Symbols = None,
    mirror_rest: mirroring.RestUrl = mirroring.LIVE_REST,
    mirror_streams: mirroring.StreamUrl = mirroring.LIVE_STREAMS,
    mirror_record: mirroring.Record = None,
    settings: options.Settings = None,
    fact: options.Fact = None,
    exchange_info: options.ExchangeInfo = None,
    tiers: options.Tiers = None,
    state: options.State = None,
    scenario: options.Scenario = None,
    venue_log: options.VenueLog = None,
    speed: options.Speed = "1",
    clock_speed: options.ClockSpeed = "1",
) -> int:
    """Serve a paper exchange that behaves like Binance USDⓈ-M Futures.

    It speaks Binance's own protocol, so real clients (python-binance, ccxt, the official SDK) trade on it when their
    addresses point here: REST, WebSocket API, market and user streams; orders, conditional orders, margin, funding,
    liquidation. It starts with one account of 10,000 USDT, or with the accounts of `--settings`. Through the control
    door more are opened, faults injected, money and prices moved, and switches turned while it runs.
    docs/paper-exchange.md shows all of it.

    It prints one JSON line with its addresses and the key of its first account when it is ready, and runs until Ctrl-C.
    `holdfast run` with venue.name = "paper" finds it at the default port.

    For example:

    - `holdfast paper`
    - `holdfast paper --market btcusdt.dat.gz --venue-log venue.jsonl --fact reduce_only_over_size=reject`
    - `holdfast paper --market synthetic:7:BTCUSDT=60000,ETHUSDT --settings paper.toml`
    - `holdfast paper --mirror BTCUSDT,ETHUSDT`
    """
    from holdfast.cli import paper_files as files
    from holdfast.paper.control.steering import Opening
    from holdfast.paper.doors.server import PaperOptions, run_server
    from holdfast.sim.market import open_market

    options.check_ports({"--port": port, "--control-port": control_port})
    with _refusals():
        kept = files.KeptState(state)
        earlier = kept.read()
        own = {"--settings": settings, "--fact": fact, "--exchange-info": exchange_info, "--tiers": tiers}
        kept.refuse_beside(earlier, own)
        beside = {"--market": market, "--exchange-info": exchange_info, **options.paces(speed, clock_speed)}
        live = mirroring.open_mirror(mirror, mirror_rest, mirror_streams, mirror_record, beside=beside)
        info = _contracts(earlier, live, exchange_info)
        steps, clock = files.open_scenario(scenario), options.speed_of("--clock-speed", clock_speed, may_stand=True)
        chosen = PaperOptions(
            config=files.open_config(settings, tiers, fact),
            opening=Opening(state=earlier, steps=steps, speed=clock),
            keep=kept.keep,
            exchange_info=info,
            market=live.market if live else open_market(market or "synthetic:1", info, start_us=0).source,
            live=live,
            host=host,
            port=port,
            control_port=control_port,
            venue_log=venue_log,
            speed=options.speed_of("--speed", speed),
        )
        kept.say_taken_up(earlier)
        run_server(chosen, _ready)
    return OK


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What keeps the exchange from running, as one line for the operator."""
    from holdfast.paper.doors.server import PaperServerError
    from holdfast.paper.sources.source import MarketFileError
    from holdfast.paper.state import StateError

    try:
        yield
    except MarketFileError as error:
        raise Failure(f"--market: {error}\n    would pass: --market synthetic:1", USAGE) from None
    except StateError as error:
        raise Failure(f"--state: {error}", USAGE) from None
    except PaperServerError as error:
        raise Failure(str(error), UNREACHABLE) from None


def _contracts(earlier: bytes | None, live: VenueMirror | None, name: str | None) -> dict[str, Any]:
    """The exchangeInfo of the exchange that is taken up, of the venue that is mirrored, or of a file."""
    from holdfast.cli.paper_files import contracts_of

    if earlier is None:
        return live.contracts if live else _exchange_info(name)
    info = contracts_of(earlier)
    mirroring.check_listed(live, info)
    return info


def _exchange_info(name: str | None) -> dict[str, Any]:
    from holdfast.paper.sources.source import MarketFileError
    from holdfast.sim.market import open_exchange_info

    try:
        return open_exchange_info(name)
    except MarketFileError as error:
        passes = "the answer of GET /fapi/v1/exchangeInfo, saved as JSON (plain, .gz or .zst)"
        raise Failure(f"--exchange-info: {error}\n    would pass: {passes}", USAGE) from None


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

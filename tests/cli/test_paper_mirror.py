"""`holdfast paper --mirror`: what it refuses, and that it runs on another paper exchange."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.cli.paper_mirror import LIVE_REST, LIVE_STREAMS, check_listed, mirror_options
from holdfast.cli.shell import Failure
from holdfast.wiring.mirror import VenueMirror
from tests.cli.conftest import Command
from tests.cli.paper import paper
from tests.cli.test_serve import free_port


def test_symbols_and_addresses_are_read() -> None:
    """In any case of letters, each once; a slash at the end of an address is none of it."""
    options = mirror_options("btcusdt, ETHUSDT,BTCUSDT", "https://proxy.example/", "wss://proxy.example/ws/", None)
    assert options.symbols == ("BTCUSDT", "ETHUSDT")
    assert (options.rest_url, options.stream_url) == ("https://proxy.example", "wss://proxy.example/ws")


def test_the_usual_addresses_are_production_s() -> None:
    """Protocol notes A.1."""
    assert (LIVE_REST, LIVE_STREAMS) == ("https://fapi.binance.com", "wss://fstream.binance.com")


@pytest.mark.parametrize("text", ["", ",", "BTCUSDT,,ETHUSDT"])
def test_symbols_that_are_none(text: str) -> None:
    """The rule, and one that passes."""
    with pytest.raises(Failure) as refused:
        mirror_options(text, LIVE_REST, LIVE_STREAMS, None)
    assert refused.value.code == 2
    assert "--mirror: names contracts" in refused.value.text
    assert "would pass: --mirror BTCUSDT" in refused.value.text


@pytest.mark.parametrize(
    "address", ["", "fapi.binance.com", "ftp://fapi.binance.com", "https://", "https://host:port", "https://host?a=1"]
)
def test_addresses_that_are_none(address: str) -> None:
    """Each names its option and the usual address."""
    for name, rest, streams in (
        ("--mirror-rest", address, LIVE_STREAMS),
        ("--mirror-streams", LIVE_REST, address.replace("https", "wss")),
    ):
        with pytest.raises(Failure) as refused:
            mirror_options("BTCUSDT", rest, streams, None)
        assert refused.value.text.startswith(f"{name}: must be an address that begins with ")
        assert f"would pass: {name} " in refused.value.text


@pytest.mark.parametrize(
    "option",
    [("--market", "synthetic:1"), ("--exchange-info", "info.json"), ("--speed", "2"), ("--clock-speed", "2")],
    ids=lambda pair: pair[0],
)
def test_another_market_beside_it_is_refused(holdfast: Command, option: tuple[str, str]) -> None:
    """Before anything is asked or opened."""
    outcome = holdfast("paper", "--mirror", "BTCUSDT", *option)
    assert outcome.code == 2
    assert f"{option[0]}: a mirrored market has its contracts, prices and time from the venue" in outcome.err
    assert "would pass: --mirror without" in outcome.err


def test_a_venue_that_cannot_be_reached(holdfast: Command) -> None:
    """Exit code 3 with the address, the reason and a way out."""
    address = f"127.0.0.1:{free_port()}"
    outcome = holdfast(
        "paper", "--mirror", "BTCUSDT", "--mirror-rest", f"http://{address}", "--mirror-streams", f"ws://{address}"
    )
    assert outcome.code == 3
    assert (
        f"--mirror: http://{address}/fapi/v1/exchangeInfo does not answer: cannot connect to 127.0.0.1" in outcome.err
    )
    assert "would pass: an internet connection, or --mirror-rest" in outcome.err


def test_a_mirror_of_another_paper_exchange(holdfast: Command, tmp_path: Path) -> None:
    """It opens when its market is there, says what it does, and refuses what the venue does not list."""
    with paper("--market", "synthetic:7:BTCUSDT=60000") as venue:
        where = ("--mirror-rest", venue["rest"], "--mirror-streams", venue["streams"])
        unknown = holdfast("paper", "--mirror", "NOPEUSDT", *where)
        taken = tmp_path / "frames.txt"
        taken.write_text("mine")
        kept = holdfast("paper", "--mirror", "BTCUSDT", *where, "--mirror-record", str(taken))
        command = [sys.executable, "-m", "holdfast", "paper", "--port", "0", "--mirror", "BTCUSDT", *where]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            addresses = json.loads(process.stdout.readline())
            process.terminate()
            _, errors = process.communicate(timeout=20)
    assert (unknown.code, kept.code, process.returncode) == (2, 2, 0)
    assert "no 'NOPEUSDT'" in unknown.err
    assert "would pass: --mirror BTCUSDT" in unknown.err
    assert "--mirror-record: " in kept.err
    assert addresses["rest"].startswith("http://127.0.0.1:")
    assert f"mirrors BTCUSDT of {venue['rest']} and {venue['streams']}; no key is sent" in errors
    assert "leverage tiers cannot be read without a key" in errors
    assert errors.index("mirror: BTCUSDT: live") < errors.index("the paper exchange is open")


@pytest.mark.parametrize("option", ["--mirror-rest", "--mirror-streams", "--mirror-record"])
def test_its_options_without_it_are_refused(holdfast: Command, option: str) -> None:
    """Who gives one believes that something is mirrored."""
    outcome = holdfast("paper", option, "ws://127.0.0.1:1")
    assert outcome.code == 2
    assert f"{option}: nothing is mirrored without --mirror" in outcome.err
    assert f"would pass: --mirror BTCUSDT {option}" in outcome.err


def test_an_exchange_that_is_taken_up_must_list_what_is_mirrored() -> None:
    """It brings its own contracts."""
    options = mirror_options("ETHUSDT", LIVE_REST, LIVE_STREAMS, None)
    mirror = VenueMirror(options, {"symbols": []}, lambda _line: None)
    check_listed(None, {"symbols": []})
    check_listed(mirror, {"symbols": [{"symbol": "ETHUSDT"}]})
    with pytest.raises(Failure, match="lists BTCUSDT, no 'ETHUSDT'"):
        check_listed(mirror, {"symbols": [{"symbol": "BTCUSDT"}]})

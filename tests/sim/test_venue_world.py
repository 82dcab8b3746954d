"""What the venue does to contracts and accounts: the exchange takes each act, and each is undone."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from holdfast.paper.control.contracts import STATUSES
from holdfast.paper.trading.restrictions import MAY
from holdfast.sim import venue_world
from holdfast.sim.venue_world import BANS, CHANGES, HALTS
from tests.sim.test_acts import SEEDS, Theatre, played

SMALL = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


@pytest.mark.parametrize("name", CHANGES)
def test_the_exchange_takes_every_change_of_a_contract(name: str) -> None:
    """Whatever is drawn of it."""
    for seed in SEEDS:
        theatre = Theatre()
        for symbol in theatre.symbols:
            CHANGES[name](theatre, symbol, random.Random(seed))
        assert [answer for answer in theatre.answers if not answer["ok"]] == []


@pytest.mark.parametrize("name", ["venue.contract", "venue.end"])
def test_a_changed_contract_is_mended(name: str) -> None:
    """After its time, and no other one."""
    theatre = played(name)
    assert theatre.mended == []
    theatre.pass_time()
    assert len(theatre.mended) == 1


def test_a_banned_account_is_mended() -> None:
    """After its time; before that it is under some ban, or its key is revoked."""
    bans = set()
    for seed in SEEDS:
        theatre = played("venue.account", seed)
        exchange = theatre.venue.exchange
        bans.add(exchange.restrictions.get("paper", 0) if not exchange.revoked else "revoked")
        theatre.pass_time()
        assert theatre.mended == ["account"]
    assert bans == {"revoked", *(MAY[word] for word in BANS)}


def test_a_contract_ends_with_what_is_open() -> None:
    """It is settled, at once or when its time has come."""
    for seed in range(10):
        theatre = Theatre()
        assert all(theatre.control(do="human.trade", **{**SMALL, "symbol": symbol})["ok"] for symbol in theatre.symbols)
        venue_world.end(theatre, random.Random(seed))
        theatre.venue.advance(theatre.now_us + 60_000_000)
        assert len(theatre.positions()) == 1


def test_the_venue_takes_all_or_a_part_of_a_position() -> None:
    """By auto-deleveraging; or everything by liquidation."""
    left = set()
    for seed in SEEDS:
        theatre = Theatre()
        theatre.control(do="human.trade", **SMALL)
        venue_world.force(theatre, random.Random(seed))
        left.add(Decimal(theatre.positions().get("BTCUSDT", "0")))
    assert left == {Decimal(0), Decimal("0.005")}


def test_without_a_position_nothing_is_taken() -> None:
    """Unless the account is liquidated, which takes nothing either."""
    for seed in SEEDS:
        assert [answer["ok"] for answer in played("venue.force", seed).answers] in ([True], [True, True])


@pytest.mark.parametrize("status", HALTS)
def test_a_halt_is_a_status_of_the_exchange(status: str) -> None:
    """And none in which the contract is traded."""
    assert status in STATUSES
    assert status != "TRADING"

"""The whole exchange as bytes: what is restored goes on exactly as the original."""

from __future__ import annotations

import hashlib
import pickle
import random
import socket
from typing import Any

import pytest

from holdfast.paper.edge import PaperVenue
from holdfast.paper.state import StateError, restore, snapshot
from holdfast.paper.wire_out import Close
from tests.paper.desk import SECOND, Desk

_HEAD = b"holdfast paper state 1\n"


def twin(desk: Desk) -> Desk:
    """A desk whose venue is a restored snapshot of the other's."""
    other = Desk.__new__(Desk)
    other.__dict__.update(desk.__dict__)
    other.log = list(desk.log)
    other.venue = PaperVenue.restore(desk.venue.snapshot(), other.log.append)  # type: ignore[arg-type]
    return other


def step(desk: Desk, chance: random.Random) -> Any:
    """One random input; what the venue answered."""
    price = 80_000 + chance.randrange(-40, 40) * 10
    match chance.randrange(12):
        case 0 | 1:
            return desk.book(f"{price}.0", f"{price}.1")
        case 2 | 3:
            return desk.mark(f"{price}.5", next_funding_ms=(desk.now_us // 3_600_000_000 + 1) * 3_600_000)
        case 4:
            return desk.trade(f"{price}.0", "1.5", seller_aggressive=chance.random() < 0.5)
        case 5:
            return desk.order(side=chance.choice(("BUY", "SELL"))).body
        case 6:
            side = chance.choice(("BUY", "SELL"))
            return desk.order(type="LIMIT", side=side, price=f"{price}.0", newClientOrderId=f"c{chance.random()}").body
        case 7:
            return desk.algo(triggerPrice=f"{price - 100}.0", quantity="0.005", reduceOnly="true").body
        case 8:
            gtd = {"timeInForce": "GTD", "goodTillDate": desk.now_us // 1000 + 700_000}
            return desk.order(type="LIMIT", price="70000.0", **gtd).body
        case 9:
            return desk.control("fault", verb="algo.stuck", ms=chance.randrange(1, 5) * 1000)
        case 10:
            return desk.control("fault", verb="late", ms=3000, match={"method": "order.place"})
        case _:
            return desk.wait(chance.randrange(1, 400) * SECOND)


@pytest.mark.parametrize("seed", range(12))
def test_law_a_restored_exchange_goes_on_bit_for_bit(seed: int) -> None:
    """restore(snapshot(x)) answers, sends and logs what x does under the same inputs."""
    chance = random.Random(seed)
    desk = Desk()
    desk.listen()
    for _ in range(60):
        step(desk, chance)
    other = twin(desk)
    again = random.Random(chance.random())
    chance.setstate(again.getstate())
    for _ in range(120):
        assert step(desk, chance) == step(other, again)
        assert desk.now_us == other.now_us
    assert desk.venue.drain() == other.venue.drain()
    assert desk.log == other.log
    assert desk.control("state") == other.control("state")


def test_timers_of_every_kind_are_restored() -> None:
    """Good-till dates, the dead-man switch, listen keys and stuck triggers."""
    desk = Desk()
    desk.listen()
    desk.order()
    desk.order(type="LIMIT", price="79000.0", timeInForce="GTD", goodTillDate=desk.now_us // 1000 + 700_000)
    desk.call("POST", "/fapi/v1/countdownCancelAll", symbol="BTCUSDT", countdownTime=5_000)
    desk.control("fault", verb="algo.stuck", ms=2_000)
    desk.algo()
    desk.control("delist", symbol="BTCUSDT", in_ms=4_000_000)
    desk.mark("78000")
    other = twin(desk)
    for one in (desk, other):
        one.wait(4_100 * SECOND)
    assert desk.log == other.log
    assert desk.story() == other.story()


def test_a_restart_closes_connections_and_forgets_the_old_book() -> None:
    """The sockets are gone, and the market comes anew; orders, positions and triggers stay."""
    desk = Desk()
    desk.listen()
    desk.order()
    desk.algo()
    other = twin(desk)
    other.venue.restart(other.now_us)
    assert [frame.conn for frame in other.venue.drain() if isinstance(frame, Close)] == [1]
    assert other.raw("GET", "/fapi/v1/depth?symbol=BTCUSDT").body["bids"] == []
    other.update_id = 0
    other.book("79500.0", "79500.1")
    other.mark("78000")
    assert other.position() == 0


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no state"),
        (b"something else", "no state"),
        (_HEAD + b"0.0.0 python 2.7\n\n", "written by version"),
    ],
)
def test_other_bytes_are_refused(data: bytes, word: str) -> None:
    """The reason names what would pass, or who wrote it."""
    with pytest.raises(StateError, match=word):
        restore(data, lambda _record: None)


def test_a_damaged_state_is_refused() -> None:
    """One flipped bit is enough."""
    data = bytearray(snapshot(Desk().venue.exchange))
    data[-100] ^= 1
    with pytest.raises(StateError, match="damaged"):
        restore(bytes(data), lambda _record: None)


class _Evil:
    def __init__(self, target: Any, *given: Any) -> None:
        self._call = (target, given)

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("evil", [_Evil(print, "x"), _Evil(getattr, "x", "join"), _Evil(__import__, "os")])
def test_a_state_runs_no_foreign_code(evil: object) -> None:
    """Only classes and functions of this package are built from it."""
    body = pickle.dumps(evil)
    version = snapshot(Desk().venue.exchange).split(b"\n", 2)[1]
    data = b"\n".join((_HEAD.strip(), version, hashlib.sha256(body).hexdigest().encode(), body))
    with pytest.raises(StateError, match="cannot be read"):
        restore(data, lambda _record: None)


@pytest.mark.parametrize("unwritable", [open, socket.socket, iter(())])
def test_what_cannot_be_written_is_said(unwritable: object) -> None:
    """A state without it would not be the exchange."""
    desk = Desk()
    desk.venue.exchange.info = {**desk.venue.exchange.info, "x": unwritable}
    with pytest.raises(StateError, match="cannot be written"):
        snapshot(desk.venue.exchange)


def test_the_state_of_an_idle_exchange_is_small() -> None:
    """A laptop keeps many."""
    assert len(snapshot(Desk().venue.exchange)) < 100_000

"""Market frames: every key with its JSON type."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.paper.desk import SECOND, Desk

FRAMES = {
    "btcusdt@bookTicker": ("public", "e u# s ps b B a A T# E# st#"),
    "btcusdt@depth@100ms": ("public", "e E# T# s ps U# u# pu# b[] a[] st#"),
    "btcusdt@trade": ("public", "e E# T# s t# p q X m?"),
    "btcusdt@aggTrade": ("market", "e E# a# s p q nq f# l# T# m? st#"),
    "btcusdt@markPrice@1s": ("market", "e E# s p ap P i r T# st#"),
}
"""Route and keys of each frame: `#` marks numbers, `?` booleans, `[]` arrays, nothing text."""

_MARKS: dict[type, str] = {int: "#", bool: "?", list: "[]", str: ""}


def frames(name: str, route: str) -> list[Any]:
    """What one stream tells of a small market."""
    desk = Desk()
    desk.venue.ws_open(1, f"/{route}/ws/{name}", desk.now_us)
    desk.book("80001.0", "80001.1")
    desk.mark("80010")
    desk.trade("80000.5", "0.250", seller_aggressive=True)
    desk.wait(10 * SECOND)
    return desk.sent()


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_every_key_in_its_type(name: str) -> None:
    """Ids, times and `st` are numbers, `m` is a boolean, the rest is text (protocol notes F.2)."""
    route, keys = FRAMES[name]
    frame = frames(name, route)[0]
    assert " ".join(key + _MARKS[type(value)] for key, value in frame.items()) == keys


def test_prices_and_quantities_have_the_digits_of_the_contract() -> None:
    """As on the wire (protocol notes F.2)."""
    [frame] = frames("btcusdt@bookTicker", "public")
    assert (frame["b"], frame["B"], frame["a"], frame["A"]) == ("80001.00", "2.000", "80001.10", "2.000")


def test_numbers_of_a_frame_are_plain() -> None:
    """No exponent, ever."""
    desk = Desk()
    desk.venue.ws_open(1, "/market/ws/btcusdt@markPrice@1s", desk.now_us)
    desk.mark("80000", rate="0.00000001")
    [frame] = desk.sent()
    assert frame["r"] == "0.00000001"
    assert Decimal(frame["p"]) == 80000
    assert json.loads(json.dumps(frame["p"])) == "80000.00000000"

"""Stops that ended without our asking, and who could know of it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.model.ids import Role, client_order_id
from holdfast.verify.base import Scene
from holdfast.verify.journal_view import JournalView
from holdfast.verify.options import Options
from holdfast.verify.records import AlgoLine, PushLine, Reply, Request
from holdfast.verify.silent_ends import SilentEnds

STOP = client_order_id("x", "i1", Role.STOP, 1)
LEG = ("BTCUSDT", "BOTH")


def ended(us: int = 10, client_id: str = STOP) -> SilentEnds:
    """One that has seen a stop end."""
    scene = Scene(JournalView(), Options())
    silent = SilentEnds(scene)
    for number, (status, at_us) in enumerate((("NEW", 1), ("EXPIRED", us)), start=1):
        line = AlgoLine(n=number, us=at_us, account="x", symbol="BTCUSDT", algo_id=7, client_id=client_id, side="SELL",
                        type="STOP_MARKET", trigger=Decimal(1), status=status, qty=Decimal(0), close_position=True,
                        reduce_only=False)  # fmt: skip
        scene.state.take_algo(line)
    silent.ended(line)
    return silent


def push(e: str, client_id: str = STOP) -> PushLine:
    """A user event."""
    return PushLine(n=3, us=20, conn=1, account="x", e=e, client_id=client_id, symbol="BTCUSDT")


def test_a_word_that_the_venue_held_back_tells_of_no_later_end():
    """It was armed, says an event that comes after it had vanished."""
    silent = ended(us=10)
    late = push("ALGO_UPDATE")
    silent.pushed(msgspec.structs.replace(late, of=1))
    assert silent.untold(LEG)
    silent.pushed(msgspec.structs.replace(late, of=2))
    assert not silent.untold(LEG)


def answer(silent: SilentEnds, method: str, status: int = 200, code: int | None = None, **params: str) -> None:
    """A question and its answer."""
    silent.asked(Request(n=4, us=15, via="rest", conn=None, account="x", method=method, params=params))
    silent.answered(Reply(n=5, us=20, req=4, status=status, code=code))


def test_an_end_is_silent_until_it_is_told():
    """By the stop's own event; afterwards only who acted before it may still believe in the stop."""
    silent = ended()
    assert silent.untold(LEG)
    assert silent.untold_on("")
    assert not silent.untold_on("ETHUSDT")
    silent.pushed(push("ALGO_UPDATE"))
    assert not silent.untold(LEG)
    assert [stop.algo_id for stop in silent.believed(LEG, 19)] == [7]
    assert silent.believed(LEG, 21) == []


@pytest.mark.parametrize(
    ("method", "params", "told"),
    [
        ("GET /fapi/v1/openAlgoOrders", {"symbol": "BTCUSDT"}, True),
        ("GET /fapi/v1/openAlgoOrders", {}, True),
        ("GET /fapi/v1/openAlgoOrders", {"symbol": "ETHUSDT"}, False),
        ("GET /fapi/v1/algoOrder", {"clientAlgoId": STOP}, True),
        ("GET /fapi/v1/algoOrder", {"algoId": "7"}, True),
        ("GET /fapi/v1/algoOrder", {"clientAlgoId": "another"}, False),
        ("GET /fapi/v3/positionRisk", {}, False),
    ],
)
def test_an_answer_tells_of_what_it_was_asked_for(method, params, told):
    """Lists of their symbols, questions of the stop they name."""
    silent = ended()
    answer(silent, method, **params)
    assert silent.untold(LEG) is not told


def test_a_failed_answer_tells_nothing():
    """Could not ask is never nothing there."""
    silent = ended()
    answer(silent, "GET /fapi/v1/openAlgoOrders", status=503)
    assert silent.untold(LEG)


def test_a_stop_that_the_venue_does_not_know_is_doubted_and_not_told():
    """Absence is a suspicion (RULES 12): no proof of the end, and no ground to rely on it either."""
    silent = ended()
    answer(silent, "GET /fapi/v1/algoOrder", status=400, code=-2013, clientAlgoId=STOP)
    assert silent.untold(LEG)
    assert silent.believed(LEG, 21) == []
    assert len(silent.believed(LEG, 19)) == 1


def test_what_is_not_ours_is_not_watched():
    """Nobody of us relied on it."""
    assert not ended(client_id="web_1").untold(LEG)

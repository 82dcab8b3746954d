"""The trading rules, seen from outside: the whole engine on the paper exchange, judged by the exchange's own log.

tests/core/test_rules_*.py show each rule at the core; here the same rules go over the wire, through gateway, streams
and timers, in virtual time. After every scene the checker compares journal and venue log.
"""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.config import VenueFacts
from holdfast.wiring.world import in_process_config
from tests.world import Stage, opening, play, trading

D = Decimal

ROLES = {
    "entry": {"client_id_prefix": "hf-e", "method": "order.place"},
    "stop": {"client_id_prefix": "hf-s", "method": "algoOrder.place"},
    "target": {"client_id_prefix": "hf-t", "method": "order.place"},
    "close": {"client_id_prefix": "hf-c", "method": "order.place"},
    "cancel of the entry": {"client_id_prefix": "hf-e", "method": "order.cancel"},
    "cancel of the target": {"client_id_prefix": "hf-t", "method": "order.cancel"},
    "cancel of the stop": {"client_id_prefix": "hf-s", "method": "algoOrder.cancel"},
    "setting": {"method": "leverage"},
}
UNKNOWN = {
    "503 executed": {"verb": "503-unknown", "executed": True},
    "503 not executed": {"verb": "503-unknown", "executed": False},
    "answer lost": {"verb": "resp.drop"},
    "request lost": {"verb": "req.drop"},
    "reset executed": {"verb": "reset", "executed": True},
    "reset not executed": {"verb": "reset", "executed": False},
    "-1007 executed": {"verb": "-1007", "executed": True},
    "-1007 not executed": {"verb": "-1007", "executed": False},
    "a page of the proxy": {"verb": "status", "status": 502},
    "a code nobody knows": {"verb": "code", "code": -9999},
    "four seconds late": {"verb": "delay", "ms": 4_000},
    "arrives late": {"verb": "late", "ms": 2_500},
}
REFUSED = {
    "service unavailable": {"verb": "503-unavailable"},
    "overloaded": {"verb": "-1008", "everything": True},
    "throttled": {"verb": "throttle"},
    "too many orders": {"verb": "throttle", "code": -1015},
    "refused": {"verb": "code", "code": -1111},
}
FAULTS = UNKNOWN | REFUSED


async def whole_life(stage: Stage) -> str:
    """Open with a target, wait for the result, close by hand, and wait until all of it is proved over."""
    touch = stage.world.touch("BTCUSDT")
    assert touch is not None
    target = str((touch[0] * 102 / 100).quantize(touch[0]))
    result = await stage.outcome(opening(stage, leverage=7, take_profits=[{"price": target}]))
    await stage.world.pass_time(5)
    closed = await stage.outcome({"id": "close", "source": "test", "symbol": "BTCUSDT", "action": "close"})
    assert closed.status.value in ("closed", "nothing_open")
    assert await stage.world.until(lambda: not stage.node.engine.state.live_trades, 60)
    assert D(stage.position()) == 0
    await stage.world.pass_time(10)
    left = stage.control("state")["accounts"][0]
    assert (left["orders"], left["algos"]) == ([], [])
    return result.status.value


def entered(stage: Stage) -> int:
    """How many entries the exchange ever accepted."""
    return len(stage.born("hf-e"))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "cancel of the entry"])
def test_rules_2_each_cell_at_the_exchange(role: str, fault: str) -> None:
    """One fault in one request of a trade: entered at most once, covered in time, closed and left clean."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        stage.fault(**FAULTS[fault], match=ROLES[role])
        status = await whole_life(stage)
        assert status in ("protected", "rejected", "never_placed", "flattened", "denied", "expired"), status
        if role not in ("entry", "setting"):
            assert status in ("protected", "flattened")
        assert entered(stage) <= 1

    play(scene)

"""What was told of executions, and of which symbol."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.verify.hearing import Hearing, told_of
from holdfast.verify.records import PushLine, Reply, Request, TradeLine


def trade(client_id: str = "a", symbol: str = "BTCUSDT", us: int = 1) -> TradeLine:
    """An execution."""
    return TradeLine(n=1, us=us, account="x", symbol=symbol, order_id=1, client_id=client_id, trade_id=1, side="BUY",
                     price=Decimal(1), qty=Decimal(1), quote=Decimal(1), fee=Decimal(0), fee_asset="USDT",
                     realized=Decimal(0), maker=False)  # fmt: skip


def push(e: str, **fields: object) -> PushLine:
    """A user event."""
    return PushLine(n=2, us=2, conn=1, account="x", e=e, **fields)  # type: ignore[arg-type]


def read(method: str, status: int = 200, **params: str) -> tuple[Request, Reply]:
    """A question and its answer."""
    asked = Request(n=3, us=3, via="rest", conn=None, account="x", method=method, params=params)
    return asked, Reply(n=4, us=4, req=3, status=status)


def test_what_the_venue_held_back_tells_of_nothing_later():
    """An event of an earlier execution comes after the next one."""
    hearing = Hearing()
    hearing.executed(trade())
    hearing.pushed(push("ORDER_TRADE_UPDATE", symbol="BTCUSDT", client_id="a", of=0))
    assert hearing.untold("BTCUSDT")
    hearing.pushed(push("ORDER_TRADE_UPDATE", symbol="BTCUSDT", client_id="a", of=1))
    assert not hearing.untold("BTCUSDT")


@pytest.mark.parametrize(("event", "symbol"), [
    (push("ORDER_TRADE_UPDATE", symbol="BTCUSDT"), "BTCUSDT"),
    (push("ACCOUNT_UPDATE", symbol="BTCUSDT", positions=1), "BTCUSDT"),
    (push("ACCOUNT_UPDATE", positions=2), ""),
    (push("ACCOUNT_UPDATE"), ""),
    (push("ACCOUNT_UPDATE", positions=0), None),
    (push("listenKeyExpired"), None),
])  # fmt: skip
def test_the_symbol_that_an_event_tells_of(event, symbol):
    """None of them where it tells of none; all of them where an older log does not say."""
    assert told_of(event) == symbol


@pytest.mark.parametrize(("event", "left"), [
    (push("TRADE_LITE", symbol="BTCUSDT", client_id="a"), False),
    (push("ORDER_TRADE_UPDATE", symbol="BTCUSDT", client_id="b"), True),
    (push("ACCOUNT_UPDATE", symbol="BTCUSDT", positions=1), False),
    (push("ACCOUNT_UPDATE", symbol="ETHUSDT", positions=1), True),
    (push("ACCOUNT_UPDATE", positions=0), True),
    (push("ALGO_UPDATE", symbol="BTCUSDT", client_id="a"), True),
])  # fmt: skip
def test_an_execution_is_untold_until_its_own_event_or_its_position_comes(event, left):
    """Events of other orders and symbols say nothing of it."""
    hearing = Hearing()
    executed = hearing.executed(trade())
    hearing.pushed(event)
    assert hearing.untold("BTCUSDT") is left
    assert executed.told_us == (None if left else 2)


@pytest.mark.parametrize(("method", "status", "params", "told"), [
    ("GET /fapi/v3/positionRisk", 200, {}, ""),
    ("GET /fapi/v3/positionRisk", 200, {"symbol": "BTCUSDT"}, "BTCUSDT"),
    ("GET /fapi/v1/userTrades", 200, {"symbol": "BTCUSDT"}, "BTCUSDT"),
    ("GET /fapi/v3/positionRisk", 503, {}, None),
    ("GET /fapi/v1/openOrders", 200, {}, None),
])  # fmt: skip
def test_positions_and_executions_that_were_read_are_told(method, status, params, told):
    """An answer that failed tells nothing."""
    hearing = Hearing()
    hearing.executed(trade())
    asked, reply = read(method, status, **params)
    hearing.asked(asked)
    assert hearing.answered(reply) == told
    assert hearing.untold("BTCUSDT") is (told is None)

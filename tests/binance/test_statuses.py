"""Status texts: the documented ones by table, any other as evidence that demands a query."""

import pytest

from holdfast.binance import statuses
from holdfast.model.orders import AlgoStatus, OrderStatus


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NEW", OrderStatus.WORKING),
        ("PARTIALLY_FILLED", OrderStatus.PARTLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("REJECTED", OrderStatus.REJECTED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
    ],
)
def test_order_statuses(text: str, status: OrderStatus) -> None:
    """Protocol notes A.8."""
    assert statuses.order_status(text) == (status, "")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NEW", AlgoStatus.ARMED),
        ("TRIGGERING", AlgoStatus.TRIGGERING),
        ("TRIGGERED", AlgoStatus.TRIGGERED),
        ("FINISHED", AlgoStatus.FINISHED),
        ("CANCELED", AlgoStatus.CANCELLED),
        ("EXPIRED", AlgoStatus.EXPIRED),
        ("REJECTED", AlgoStatus.REJECTED),
    ],
)
def test_algo_statuses(text: str, status: AlgoStatus) -> None:
    """Protocol notes D.6."""
    assert statuses.algo_status(text) == (status, "")


def test_an_unknown_text_claims_nothing() -> None:
    """Neither ended nor covering, with a reason that says what to do (fault B10)."""
    order, algo = statuses.order_status("HIBERNATING"), statuses.algo_status("PAUSED")
    assert order == (OrderStatus.SENT, "unknown_status:HIBERNATING")
    assert algo == (AlgoStatus.SENT, "unknown_status:PAUSED")
    assert not order[0].terminal
    assert not algo[0].terminal


def test_expiry_codes() -> None:
    """In words; nothing for nothing, and the code itself for a new one."""
    assert statuses.expiry_reason("1") == "self-trade prevention"
    assert (statuses.expiry_reason("0"), statuses.expiry_reason("")) == ("", "")
    assert statuses.expiry_reason("12") == "expiry code 12"

"""The venue's status texts in our words.

A text that no table knows is *kept as evidence that demands a query*: the report then claims nothing (`sent`, the
lowest status) and its `reason` begins with `unknown_status:`. Whoever reads that asks the venue by id (fault B10).
"""

from __future__ import annotations

from typing import Final

from holdfast.model.orders import AlgoStatus, OrderStatus

UNKNOWN_STATUS: Final = "unknown_status:"
"""How the `reason` of a report begins whose status text is in no table."""

ORDER_STATUSES: Final[dict[str, OrderStatus]] = {
    "NEW": OrderStatus.WORKING,
    "PARTIALLY_FILLED": OrderStatus.PARTLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    # Liquidation and ADL orders of the venue itself; their fills come as events of their own.
    "NEW_INSURANCE": OrderStatus.WORKING,
    "NEW_ADL": OrderStatus.WORKING,
}

ALGO_STATUSES: Final[dict[str, AlgoStatus]] = {
    "NEW": AlgoStatus.ARMED,
    "TRIGGERING": AlgoStatus.TRIGGERING,
    "TRIGGERED": AlgoStatus.TRIGGERED,
    "FINISHED": AlgoStatus.FINISHED,
    "CANCELED": AlgoStatus.CANCELLED,
    "EXPIRED": AlgoStatus.EXPIRED,
    "REJECTED": AlgoStatus.REJECTED,
}

EXPIRY_REASONS: Final[dict[str, str]] = {
    "1": "self-trade prevention",
    "2": "remainder of an immediate order",
    "3": "remainder of an immediate order, self-trade prevention",
    "4": "displaced by another reduce-only order",
    "5": "account liquidated",
    "6": "position gone",
    "7": "symbol delisted",
    "8": "its stop triggered",
    "9": "remainder of a market order",
}
"""`er` of ORDER_TRADE_UPDATE (protocol notes E.3)."""


def order_status(text: str) -> tuple[OrderStatus, str]:
    """The status of a plain order, and the reason to note ("" when the text is known)."""
    known = ORDER_STATUSES.get(text)
    return (OrderStatus.SENT, UNKNOWN_STATUS + text[:40]) if known is None else (known, "")


def algo_status(text: str) -> tuple[AlgoStatus, str]:
    """The status of an algo order, and the reason to note ("" when the text is known)."""
    known = ALGO_STATUSES.get(text)
    return (AlgoStatus.SENT, UNKNOWN_STATUS + text[:40]) if known is None else (known, "")


def expiry_reason(code: str) -> str:
    """What an expiry code says; an unknown code is named, "0" and "" are nothing."""
    if code in ("", "0"):
        return ""
    return EXPIRY_REASONS.get(code, f"expiry code {code[:8]}")

"""Bugs in reading what the venue says and in writing what it is asked (RULES 1, 6, 11)."""

from __future__ import annotations

from typing import Final

from holdfast.model.orders import OrderStatus
from tests.seeded_bugs.bug import Bug, Edit, Row

BUGS: Final = (
    Bug(
        name="executed-read-from-the-last-fill",
        breaks="The last execution of an order is taken for all of it.",
        rule="I9",
        changes=(Edit("binance.streams:_order_seen", "number(order.executed)", "number(order.last_quantity)"),),
    ),
    Bug(
        name="cancelled-read-as-filled",
        breaks="The venue's word for a cancelled order is read as filled.",
        rule="I10",
        changes=(Row("binance.statuses:ORDER_STATUSES", "CANCELED", OrderStatus.FILLED),),
    ),
    Bug(
        name="expired-read-as-working",
        breaks="An order that the venue ended is taken for working.",
        rule="I10",
        changes=(Row("binance.statuses:ORDER_STATUSES", "EXPIRED", OrderStatus.WORKING),),
    ),
    Bug(
        name="trigger-on-the-last-price",
        breaks="Stops are placed on the last price instead of the mark.",
        rule="I2",
        changes=(
            Edit(
                "binance.requests:_place_algo",
                'params["workingType"] = spec.working_type',
                'params["workingType"] = "CONTRACT_PRICE"',
            ),
        ),
    ),
    Bug(
        name="close-position-left-out",
        breaks="A stop for the whole position leaves without closePosition.",
        rule="I2",
        changes=(Edit("binance.requests:_place_algo", 'params["closePosition"] = "true"', "pass"),),
    ),
    Bug(
        name="stop-price-a-tick-off",
        breaks="A stop is sent for another price than its record says.",
        rule="I2",
        changes=(
            Edit(
                "binance.requests:_place_algo",
                "num.text(spec.trigger_price)",
                "num.text(spec.trigger_price + type(spec.trigger_price)(1))",
            ),
        ),
    ),
    Bug(
        name="foreign-order-cancelled",
        breaks="A cancel names the venue's newest order instead of its own.",
        rule="I2",
        changes=(
            Edit(
                "binance.requests:cancel",
                "simple(ep.CANCEL_ORDER, origClientOrderId=effect.client_id,",
                'simple(ep.CANCEL_ORDER, origClientOrderId=effect.client_id.replace("-e1-", "-e2-"),',
            ),
        ),
    ),
    Bug(
        name="income-without-its-sign",
        breaks="Funding is read without its sign.",
        rule="I7",
        changes=(Edit("binance.replies:income_row", "amount=number(row.income)", "amount=abs(number(row.income))"),),
    ),
)

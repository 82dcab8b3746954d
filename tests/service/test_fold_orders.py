"""Orders as readers see them."""

from __future__ import annotations

from holdfast.model import events as ev
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.reasons import Outcome
from tests.service import story
from tests.service.story import ENTRY, OPENING, STOP, T0, model_of


def test_a_planned_stop_is_not_live_before_it_is_sent() -> None:
    """Pre-authorised for later."""
    orders = model_of(OPENING[:6]).orders()
    assert [(order.client_id, order.status) for order in orders] == [(ENTRY, "sent")]


def test_a_triggered_stop_is_live_while_its_child_is() -> None:
    """An algo order and its child are two objects (RULES 6)."""
    child = story.order_report(STOP, OrderStatus.PARTLY_FILLED, "0.1", 500)
    model = model_of(OPENING, [story.algo_report(AlgoStatus.FINISHED, 500), child])
    assert [(order.child_id, order.child_status) for order in model.orders()] == [(500, "partly_filled")]


def test_a_fill_that_completes_an_order_ends_it() -> None:
    """The venue's report of a target that filled is its execution: no other one follows."""
    part = model_of(OPENING[:6], [story.fill(10, ENTRY, story.Side.BUY, "24990", "0.2")]).order(ENTRY)
    whole = model_of(OPENING[:6], [story.fill(10, ENTRY, story.Side.BUY, "24990", "0.5")])
    assert part is not None
    assert part.status == "partly_filled"
    assert [order.client_id for order in whole.orders()] == []
    late = model_of(OPENING[:6], [story.fill(10, ENTRY, story.Side.BUY, "24990", "0.5"),
                                  story.order_report(ENTRY, OrderStatus.PARTLY_FILLED, "0.2")])  # fmt: skip
    assert [order.client_id for order in late.orders()] == []


def test_a_rejected_order_says_why() -> None:
    """The venue's code and words."""
    answer = ev.OrderAnswered(
        at_ms=T0 + 2, client_id=ENTRY, outcome=Outcome.REJECTED, sent_ms=T0, recv_window_ms=1, code=-2019, message="no"
    )
    order = model_of(OPENING[:4], [answer]).order(ENTRY)
    assert order is not None
    assert (order.status, order.code, order.message) == ("rejected", -2019, "no")


def test_an_unknown_order_is_shown_until_it_is_resolved() -> None:
    """And counted, for the demo's summary."""
    opened = ev.UnknownOpened(at_ms=T0 + 2, client_id=ENTRY, reason="timeout")
    model = model_of(OPENING[:4], [opened])
    assert model.state().unknown_orders == 1
    resolved = ev.UnknownResolved(at_ms=T0 + 9, client_id=ENTRY, resolution="never_placed", evidence="complete")
    model = model_of(OPENING[:4], [opened, resolved])
    assert (model.state().unknown_orders, model.state().counts.unknown_resolved) == (0, 1)
    assert model.orders() == []

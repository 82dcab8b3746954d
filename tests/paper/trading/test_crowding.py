"""Reduce-only orders that compete for one position (protocol notes C.1)."""

from typing import Any

from tests.paper.desk import Desk, Reply


def target(desk: Desk, price: str, quantity: str = "0.010", **params: Any) -> Reply:
    """A reduce-only sale above the market, named after its price."""
    return desk.order(
        side="SELL",
        type="LIMIT",
        price=price,
        quantity=quantity,
        reduceOnly="true",
        newClientOrderId=f"t{price}",
        **params,
    )


def names(desk: Desk) -> list[str]:
    """The open orders."""
    return [row["clientOrderId"] for row in desk.call("GET", "/fapi/v1/openOrders").body]


def long(facts: dict[str, Any] | None = None) -> Desk:
    """A desk that holds 0.01."""
    desk = Desk(facts)
    desk.order(quantity="0.010")
    return desk


def test_c1_an_order_behind_others_that_cover_the_position_is_refused() -> None:
    """-2022: nothing would be left for it."""
    desk = long()
    target(desk, "81000.0")
    assert target(desk, "82000.0").code == -2022
    assert target(desk, "81000.0", newOrderRespType="RESULT").code == -4116


def test_c1_a_better_order_displaces_worse_ones() -> None:
    """The old target ends with reason 4."""
    desk = long()
    target(desk, "82000.0")
    assert target(desk, "81000.0").status == 200
    last = desk.records("order")[-1]
    assert (last["client_id"], last["x"], last["expiry_reason"]) == ("t82000.0", "EXPIRED", "4")
    assert names(desk) == ["t81000.0"]


def test_c1_orders_that_fit_in_part_stay() -> None:
    """What exceeds the position never executes."""
    desk = long()
    target(desk, "81000.0", "0.006")
    assert target(desk, "82000.0", "0.010").status == 200
    desk.book("83000.0", "83000.1")
    assert desk.position() == 0
    assert [trade["qty"] for trade in desk.records("trade")] == ["0.010", "0.006", "0.004"]


def test_rules_14_reduce_only_orders_may_all_stay() -> None:
    """Where the venue does not rank them."""
    desk = long({"reduce_only_crowding": "accept"})
    target(desk, "81000.0")
    assert target(desk, "82000.0").status == 200
    assert names(desk) == ["t81000.0", "t82000.0"]


def test_c1_a_market_order_goes_before_every_target() -> None:
    """It is never crowded out."""
    desk = long()
    target(desk, "81000.0")
    assert desk.order(side="SELL", quantity="0.010", reduceOnly="true").status == 200
    assert names(desk) == []


def test_c1_a_reduce_only_order_that_helps_to_flip_needs_margin() -> None:
    """-4118: with the other open sale the position would turn around, and nobody could pay for that."""
    desk = long()
    desk.order(side="SELL", type="LIMIT", price="81000.0", quantity="24.000")
    desk.control("fund", account="paper", asset="USDT", amount="-2820")
    assert target(desk, "80500.0").code == -4118

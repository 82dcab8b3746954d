"""What follows from an order's fields."""

from decimal import Decimal

import pytest

from holdfast.paper.orders import Algo, Order


def order(side: str, position_side: str, *, reduce_only: bool = False) -> Order:
    """An order with only what matters here."""
    return Order(
        account="a",
        order_id=1,
        client_id="c",
        symbol="BTCUSDT",
        side=side,
        position_side=position_side,
        type="MARKET",
        original_type="MARKET",
        tif="GTC",
        price=Decimal(0),
        qty=Decimal(3),
        executed=Decimal(1),
        reduce_only=reduce_only,
    )


@pytest.mark.parametrize(
    ("side", "position_side", "reduce_only", "closes"),
    [
        ("BUY", "BOTH", False, False),
        ("SELL", "BOTH", True, True),
        ("BUY", "LONG", False, False),
        ("SELL", "LONG", False, True),
        ("BUY", "SHORT", False, True),
        ("SELL", "SHORT", False, False),
    ],
)
def test_an_order_closes_by_its_flag_or_by_its_direction(
    side: str, position_side: str, reduce_only: bool, closes: bool
) -> None:
    """In hedge mode direction and position side decide."""
    assert order(side, position_side, reduce_only=reduce_only).closes_only == closes


def test_what_remains() -> None:
    """Quantity less executed."""
    assert order("BUY", "BOTH").remaining == 2


@pytest.mark.parametrize(
    ("kind", "side", "up"),
    [
        ("STOP_MARKET", "BUY", True),
        ("STOP", "SELL", False),
        ("TAKE_PROFIT_MARKET", "SELL", True),
        ("TAKE_PROFIT", "BUY", False),
    ],
)
def test_the_direction_of_a_trigger(kind: str, side: str, up: bool) -> None:
    """Stops follow the order's direction, targets go against it."""
    zero = Decimal(0)
    algo = Algo(
        account="a",
        algo_id=1,
        client_id="c",
        symbol="BTCUSDT",
        side=side,
        position_side="BOTH",
        type=kind,
        tif="GTC",
        qty=zero,
        price=zero,
        trigger=zero,
        working_type="MARK_PRICE",
        close_position=False,
        reduce_only=False,
        price_protect=False,
        price_match="NONE",
        stp="NONE",
        good_till_ms=0,
        created_us=0,
        updated_us=0,
    )
    assert algo.triggers_up == up

"""Resting orders by price and time, and the naive book that holds the real one to account."""

from decimal import Decimal

import pytest

from holdfast.paper.market.resting import Resting
from holdfast.paper.orders import Order
from tests.paper.naive_pair import run


def order(number: int, price: str, *, buy: bool = True) -> Order:
    """A plain limit order."""
    return Order(
        account="a",
        order_id=number,
        client_id=f"o{number}",
        symbol="BTCUSDT",
        side="BUY" if buy else "SELL",
        position_side="BOTH",
        type="LIMIT",
        original_type="LIMIT",
        tif="GTC",
        price=Decimal(price),
        qty=Decimal(1),
    )


@pytest.mark.parametrize(("buys", "turn"), [(True, [2, 4, 1, 3]), (False, [1, 3, 2, 4])])
def test_price_comes_before_time(buys: bool, turn: list[int]) -> None:
    """Best price first, older first at the same price; removing keeps the rest in turn."""
    side = Resting(buys=buys)
    orders = [order(n, "9" if n % 2 else "10") for n in range(1, 5)]
    for one in orders:
        side.add(one, Decimal(0))
    assert [one.order_id for one in side] == turn
    side.remove(orders[0])
    assert [one.order_id for one in side] == [n for n in turn if n != 1]
    assert len(side.reached(Decimal("9.5"))) == (2 if buys else 1)


def test_what_was_shown_before_must_trade_first() -> None:
    """An order joins behind the recorded quantity; a later one behind what is left of it."""
    side = Resting(buys=True)
    first, second = order(1, "9"), order(2, "9")
    side.add(first, Decimal(5))
    queue = side.queue(Decimal(9))
    assert queue is not None
    queue.trade(Decimal(2))
    side.add(second, Decimal(4))
    assert (queue.ahead(first), queue.ahead(second)) == (3, 4)
    queue.free()
    assert (queue.ahead(first), queue.ahead(second)) == (0, 0)


def test_an_empty_price_leaves_nothing_behind() -> None:
    """A price without orders has no queue."""
    side = Resting(buys=True)
    one = order(1, "9")
    side.add(one, Decimal(0))
    side.remove(one)
    assert (bool(side), side.queue(Decimal(9)), list(side)) == (False, None, [])


@pytest.mark.parametrize("seed", range(4))
def test_the_naive_book_agrees(seed: int) -> None:
    """A sample; `python -m tests.paper.naive_pair 100000 1` is the long run."""
    pair = run(1000, seed)
    assert pair.names > 100


@pytest.mark.parametrize("seed", range(4))
def test_the_naive_book_agrees_in_hedge_mode(seed: int) -> None:
    """Each account has two positions; `python -m tests.paper.naive_pair 100000 1 hedge` is the long run."""
    pair = run(1000, seed, hedge=True)
    assert pair.names > 100

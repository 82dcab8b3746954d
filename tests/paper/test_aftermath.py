"""What our own orders cause is due when the step is over: triggers on the last price, frames of the book."""

from __future__ import annotations

from tests.paper.desk import SECOND, Desk
from tests.paper.market.test_display import limit, pair


def stop(desk: Desk, trigger: str, **params: str) -> None:
    """A stop of the account on the last price, to buy."""
    wanted = {"side": "BUY", "quantity": "0.010", "workingType": "CONTRACT_PRICE", "triggerPrice": trigger}
    reply = desk.algo(**{**wanted, **params})
    assert reply.status == 200, reply.body


def algo_states(desk: Desk) -> list[str]:
    """The states of the account's conditional orders, oldest first."""
    rows = desk.call("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT").body
    return [row["algoStatus"] for row in rows]


def test_a_fill_of_ours_triggers_what_waits_on_the_last_price() -> None:
    """Protocol notes D.4: the contract price is the last trade, and ours is one."""
    desk = pair()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010", "80005.0": "5"})
    stop(desk, "80004.0")
    desk.order(quantity="0.010")
    assert algo_states(desk) == ["NEW"]
    desk.order(quantity="0.010")
    assert algo_states(desk) == ["FINISHED"]


def test_a_taker_ends_its_walk_before_its_trades_trigger_anything() -> None:
    """The stop that the first price triggers takes what the walk has left, not from under it (protocol notes D.4)."""
    desk = pair()
    desk.levels({"80000.0": "1"}, {"80001.0": "0.010", "80002.0": "0.010", "80003.0": "0.010"})
    stop(desk, "80001.0")
    desk.order(quantity="0.020")
    rows = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT").body
    assert [row["price"] for row in rows] == ["80001.00", "80002.00", "80003.00"]


def test_a_price_that_was_traded_in_between_triggers_too() -> None:
    """Each trade of a step counts, though the last price is another by its end (protocol notes D.4)."""
    desk = pair()
    desk.levels({"79990.0": "5"}, {"80005.0": "0.010", "80006.0": "5"})
    stop(desk, "80005.0")
    orders = [
        '{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":"0.010"}',
        '{"symbol":"BTCUSDT","side":"SELL","type":"MARKET","quantity":"0.010"}',
    ]
    reply = desk.call("POST", "/fapi/v1/batchOrders", batchOrders=f"[{','.join(orders)}]")
    assert [row["status"] for row in reply.body] == ["NEW", "NEW"]
    assert algo_states(desk) == ["FINISHED"]


def test_triggered_orders_trigger_others_in_turn() -> None:
    """One stop's fill is the price of the next (protocol notes D.4)."""
    desk = pair()
    desk.levels({"80000.0": "1"}, {f"8000{n}.0": "0.010" for n in range(1, 6)})
    for n in range(1, 4):
        stop(desk, f"8000{n}.0")
    desk.order(quantity="0.010")
    assert algo_states(desk) == ["FINISHED"] * 3


def test_a_stranger_s_trade_comes_after_the_fills_that_it_caused() -> None:
    """Down to 79,990 through our bid at 79,995: a stop that sells at 79,995 is triggered (protocol notes D.4)."""
    desk = pair()
    desk.book("80000.0", "80010.0")
    desk.order(quantity="0.010")
    limit(desk, "BUY", "79995.0", "0.100")
    stop(desk, "79995.0", side="SELL")
    desk.trade("79990.0", "0.1", seller_aggressive=True)
    assert algo_states(desk) == ["FINISHED"]


def test_several_changes_of_a_step_are_told_as_one() -> None:
    """A sweep through three levels is one best price, the one that is left (protocol notes F.1)."""
    desk = pair("btcusdt@bookTicker")
    desk.levels({"80000.0": "1"}, {"80001.0": "1", "80002.0": "1", "80003.0": "1"})
    desk.order(quantity="2.500")
    frames = [frame["data"] for frame in desk.sent()]
    assert [(frame["a"], frame["A"]) for frame in frames] == [("80003.00", "0.500")]


def test_what_a_timer_does_is_settled_too() -> None:
    """An order that arrives late prints its trade and moves the best price (protocol notes F.1)."""
    desk = pair("btcusdt@bookTicker")
    desk.levels({"80000.0": "1"}, {"80001.0": "1"})
    stop(desk, "80001.0")
    desk.sent()
    desk.control("fault", verb="late", ms=500)
    desk.order(quantity="0.100")
    desk.wait(SECOND)
    assert algo_states(desk) == ["FINISHED"]
    assert [frame["data"]["A"] for frame in desk.sent()] == ["0.890"]

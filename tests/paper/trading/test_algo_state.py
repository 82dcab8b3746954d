"""How a conditional order leaves the waiting list."""

from tests.paper.desk import START_US, Desk


def test_a_conditional_order_with_a_date_expires_by_itself() -> None:
    """Past goodTillDate it ends EXPIRED and no longer triggers."""
    desk = Desk()
    desk.algo(quantity="0.010", timeInForce="GTD", goodTillDate=START_US // 1000 + 700_000)
    desk.wait(700_000_000)
    desk.mark("70000")
    assert [record["status"] for record in desk.records("algo")] == ["NEW", "EXPIRED"]


def test_cancelling_all_conditional_orders_spares_other_symbols() -> None:
    """One symbol per call; the reply's code is a number here."""
    desk = Desk()
    desk.book("3000.00", "3000.01", symbol="ETHUSDT")
    desk.mark("3000", symbol="ETHUSDT")
    desk.algo(quantity="0.010")
    desk.algo(symbol="ETHUSDT", quantity="1", triggerPrice="2900.00")
    assert desk.call("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT").body["code"] == 200
    assert [algo["symbol"] for algo in desk.call("GET", "/fapi/v1/openAlgoOrders").body] == ["ETHUSDT"]

"""Resting orders that end by their age (protocol notes A.8, E.3)."""

from holdfast.paper.edge import PaperVenue
from holdfast.paper.trading.lifetimes import YEAR_US
from tests.paper.desk import SECOND, Desk

LIMIT = {"type": "LIMIT", "quantity": "0.100", "price": "79000.0"}


def open_names(desk: Desk) -> list[str]:
    """The client ids of the open orders."""
    return [row["clientOrderId"] for row in desk.call("GET", "/fapi/v1/openOrders").body]


def test_a8_a_gtc_order_ends_after_a_year() -> None:
    """Protocol notes A.8, E.3: EXPIRED/EXPIRED, to the microsecond."""
    desk = Desk()
    desk.order(**LIMIT, newClientOrderId="old")
    desk.wait(YEAR_US - 1)
    assert open_names(desk) == ["old"]
    desk.listen()
    desk.wait(1)
    assert open_names(desk) == []
    [event] = desk.sent()
    assert (event["o"]["x"], event["o"]["X"], event["o"]["er"]) == ("EXPIRED", "EXPIRED", "0")


def test_a8_a_partly_filled_gtc_order_stays() -> None:
    """Protocol notes A.8: unless partly filled."""
    desk = Desk()
    desk.order(**LIMIT, newClientOrderId="part")
    desk.levels({}, {"79000.0": "0.040"})
    desk.book("80000.0", "80000.1")
    assert desk.position() > 0
    desk.wait(2 * YEAR_US)
    assert open_names(desk) == ["part"]


def test_each_order_ends_at_its_own_year() -> None:
    """One timer of an account serves them all; an order that comes between is not forgotten."""
    desk = Desk()
    for name in ("first", "second", "third"):
        desk.order(**LIMIT, newClientOrderId=name)
        desk.wait(SECOND)
    desk.wait(YEAR_US - 3 * SECOND)
    assert open_names(desk) == ["second", "third"]
    desk.order(**LIMIT, newClientOrderId="fourth")
    desk.wait(2 * SECOND)
    assert open_names(desk) == ["fourth"]
    desk.wait(YEAR_US)
    assert open_names(desk) == []
    desk.order(**LIMIT, newClientOrderId="fifth")
    desk.wait(YEAR_US)
    assert open_names(desk) == []


def test_post_only_orders_have_no_year() -> None:
    """The documents speak of GTC alone."""
    desk = Desk()
    desk.order(**LIMIT, timeInForce="GTX", newClientOrderId="maker")
    desk.wait(2 * YEAR_US)
    assert open_names(desk) == ["maker"]


def test_a_million_orders_would_leave_one_timer() -> None:
    """Orders that come and go do not pile up what waits for them."""
    desk = Desk()
    timers = desk.venue.exchange.timers
    desk.order(**LIMIT)
    before = len(timers)
    for number in range(50):
        desk.order(**LIMIT, newClientOrderId=f"n{number}")
        desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId=f"n{number}")
    assert len(timers) == before


def test_a_restored_exchange_remembers_the_year() -> None:
    """The timer is part of the state, and so is the one that follows it."""
    desk = Desk()
    desk.order(**LIMIT, newClientOrderId="first")
    desk.wait(SECOND)
    desk.order(**LIMIT, newClientOrderId="second")
    desk.venue = PaperVenue.restore(desk.venue.snapshot(), desk.log.append)  # type: ignore[arg-type]
    desk.wait(YEAR_US - SECOND)
    assert open_names(desk) == ["second"]
    desk.venue = PaperVenue.restore(desk.venue.snapshot(), desk.log.append)  # type: ignore[arg-type]
    desk.wait(SECOND)
    assert open_names(desk) == []

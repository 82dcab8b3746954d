"""A live market that is out of step: nothing is filled on what is known of it, and nothing is lost meanwhile."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.market import Contract, Outage
from tests.paper.desk import SECOND, Desk

BIDS, ASKS = {"80000.0": "2"}, {"80000.1": "2"}


def outage(desk: Desk, reason: str, symbol: str = "BTCUSDT") -> None:
    """The source of a market tells how it is."""
    desk.venue.market(Outage(symbol=symbol, reason=reason, E=desk.now_us // 1000), desk.now_us)


def stale(facts: dict[str, Any] | None = None) -> Desk:
    """A desk whose BTCUSDT is out of step."""
    desk = Desk(facts)
    outage(desk, "a gap")
    return desk


def live(desk: Desk, bids: dict[str, str] = BIDS, asks: dict[str, str] = ASKS) -> None:
    """The book anew, as a mirror tells it: first the snapshot, then that the market is live."""
    desk.levels(bids, asks)
    outage(desk, "")


ORDERS: list[dict[str, Any]] = [
    {},
    {"type": "LIMIT", "price": "79000"},
    {"type": "LIMIT", "price": "80100", "timeInForce": "IOC"},
    {"type": "LIMIT", "price": "79000", "timeInForce": "GTX"},
]


@pytest.mark.parametrize("order", ORDERS)
def test_no_order_is_taken(order: dict[str, Any]):
    """-1112 is the venue's own code for a book without orders: later it may pass."""
    desk = stale()
    assert desk.order(**order).code == -1112
    assert desk.call("POST", "/fapi/v1/order/test", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1").code == (
        -1112
    )
    live(desk)
    assert desk.order(**order).code == 200


def test_the_book_is_shown_empty():
    """Whoever reads it sees that nothing is known, not the prices of an hour ago; its update id stays."""
    desk = Desk()
    before = desk.raw("GET", "/fapi/v1/depth?symbol=BTCUSDT").body
    outage(desk, "a gap")
    after = desk.raw("GET", "/fapi/v1/depth?symbol=BTCUSDT").body
    assert (after["bids"], after["asks"]) == ([], [])
    assert after["lastUpdateId"] == before["lastUpdateId"]


def test_other_markets_go_on():
    """An outage concerns one symbol."""
    desk = Desk()
    desk.book("3000.00", "3000.01", symbol="ETHUSDT")
    desk.mark("3000", symbol="ETHUSDT")
    outage(desk, "a gap")
    assert desk.order(symbol="ETHUSDT", quantity="1").code == 200


def test_resting_orders_wait_and_can_be_cancelled():
    """An order that the new book reaches fills when that is known."""
    desk = Desk()
    desk.order(type="LIMIT", price="79000", newClientOrderId="rests")
    desk.order(type="LIMIT", price="78000", newClientOrderId="goes")
    outage(desk, "a gap")
    assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="goes").code == 200
    amended = desk.call(
        "PUT",
        "/fapi/v1/order",
        symbol="BTCUSDT",
        side="BUY",
        origClientOrderId="rests",
        quantity="0.010",
        price="79500",
    )
    assert amended.code == -1112
    live(desk, {"78500.0": "2"}, {"78500.1": "2"})
    asked = desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="rests").body
    assert asked["status"] == "FILLED"


def test_a_stop_waits_for_the_book_and_is_not_lost():
    """Its order would be refused now; it triggers when there is a book to trade on."""
    desk = Desk()
    desk.order(quantity="0.100")
    desk.algo(triggerPrice="79000", clientAlgoId="stop")
    outage(desk, "a gap")
    desk.mark("78000")
    assert desk.call("GET", "/fapi/v1/algoOrder", clientAlgoId="stop").body["algoStatus"] == "NEW"
    live(desk, {"77990.0": "2"}, {"77990.1": "2"})
    assert desk.call("GET", "/fapi/v1/algoOrder", clientAlgoId="stop").body["algoStatus"] == "FINISHED"


def position(desk: Desk, symbol: str = "BTCUSDT") -> Decimal:
    """The signed size of the position."""
    rows = desk.call("GET", "/fapi/v3/positionRisk", symbol=symbol).body
    return sum((Decimal(row["positionAmt"]) for row in rows), Decimal(0))


@pytest.mark.parametrize("margin_type", ["CROSSED", "ISOLATED"])
def test_liquidation_waits(margin_type: str):
    """It would close on a book that nobody has; the first mark after it decides."""
    desk = Desk()
    if margin_type == "ISOLATED":
        desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType=margin_type)
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=100)
    for _ in range(10):
        desk.order(quantity="1")
        desk.book("80000.0", "80000.1")
        desk.book("80000.0", "80000.1", ask_qty="2.1")
    held = position(desk)
    assert held > 8
    outage(desk, "a gap")
    desk.mark("60000")
    assert position(desk) == held
    live(desk, {"60000.0": "50"}, {"60000.1": "50"})
    assert position(desk) == 0


def test_a_cross_account_waits_for_each_of_its_markets():
    """What backs its positions is not known while one of them is stale."""
    desk = Desk()
    desk.book("3000.00", "3000.01", bid_qty="900", ask_qty="900", symbol="ETHUSDT")
    desk.mark("3000", symbol="ETHUSDT")
    desk.order(quantity="0.010")
    for _ in range(3):
        desk.order(symbol="ETHUSDT", quantity="200")
    held = position(desk, "ETHUSDT")
    assert held > 0
    outage(desk, "a gap")
    desk.mark("2700", symbol="ETHUSDT")
    assert position(desk, "ETHUSDT") == held
    live(desk)
    desk.mark("2699", symbol="ETHUSDT")
    assert position(desk, "ETHUSDT") == 0


def test_the_control_door_names_stale_markets_and_why():
    """So that an operator sees it without a log."""
    desk = stale()
    assert desk.venue.control({"do": "state"}, desk.now_us)["stale"] == {"BTCUSDT": "a gap"}
    live(desk)
    assert desk.venue.control({"do": "state"}, desk.now_us)["stale"] == {}


def test_the_log_has_a_record_of_each_change():
    """And none for what was said already."""
    desk = stale()
    outage(desk, "a gap")
    outage(desk, "no answer")
    live(desk)
    records = [(record["symbol"], record["stale"]) for record in desk.log if record["k"] == "market"]
    assert records == [("BTCUSDT", "a gap"), ("BTCUSDT", "no answer"), ("BTCUSDT", "")]


def test_a_local_book_stays_in_step_across_an_outage():
    """Protocol notes F.3: what went and came is told as changes with a chain that fits."""
    desk = Desk()
    assert desk.venue.ws_open(1, "/public/ws/btcusdt@depth@100ms", desk.now_us)
    desk.levels(BIDS, ASKS)
    desk.wait(SECOND)
    first = desk.sent()[-1]
    outage(desk, "a gap")
    desk.wait(SECOND)
    assert desk.sent() == [], "an event needs a new update id"
    live(desk, {"79990.0": "1"}, {"80000.1": "3"})
    desk.wait(SECOND)
    (second,) = desk.sent()
    assert second["pu"] == first["u"]
    assert second["b"] == [["80000.00", "0.000"], ["79990.00", "1.000"]]
    assert second["a"] == [["80000.10", "3.000"]]


def test_a_contract_that_its_venue_changed_is_changed_here():
    """Filters and status hold from then on; what is listed as it was changes nothing."""
    desk = Desk()
    row = desk.raw("GET", "/fapi/v1/exchangeInfo").body["symbols"][0]
    desk.venue.market(Contract(symbol="BTCUSDT", row=row, E=0), desk.now_us)
    assert desk.order().code == 200
    desk.venue.market(Contract(symbol="BTCUSDT", row={**row, "status": "SETTLING"}, E=0), desk.now_us)
    desk.venue.market(Contract(symbol="BTCUSDT", row={**row, "status": "SETTLING"}, E=0), desk.now_us)
    assert desk.order().code == -1122
    assert desk.raw("GET", "/fapi/v1/exchangeInfo").body["symbols"][0]["status"] == "SETTLING"
    assert [record["what"] for record in desk.log if record["k"] == "control"].count("listed") <= 2


def test_what_was_set_by_hand_stays_when_a_contract_is_listed_anew():
    """A funding interval is no part of its row."""
    desk = Desk()
    row = dict(desk.venue.exchange.markets["BTCUSDT"].row)
    assert desk.venue.control({"do": "funding", "symbol": "BTCUSDT", "hours": 4}, desk.now_us)["ok"]
    desk.venue.market(Contract(symbol="BTCUSDT", row={**row, "status": "SETTLING"}, E=0), desk.now_us)
    assert desk.venue.exchange.markets["BTCUSDT"].row["fundingIntervalHours"] == 4


def test_an_exchange_that_is_taken_up_again_waits_for_nobody():
    """Whether its market is live is for the new source to say."""
    desk = stale()
    venue = PaperVenue.restore(desk.venue.snapshot(), desk.log.append)
    assert venue.exchange.markets["BTCUSDT"].stale
    venue.restart(desk.now_us)
    assert not venue.exchange.markets["BTCUSDT"].stale

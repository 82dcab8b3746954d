"""What becomes of the rarer parameters of a conditional order (protocol notes D.3)."""

from decimal import Decimal

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import FUNDS, KEY, SECRET, START_US, Desk

STOP = {"type": "STOP", "side": "BUY", "triggerPrice": "81000.0", "quantity": "0.010"}
UNTIL_MS = START_US // 1000 + 900_000


@pytest.mark.parametrize(("match", "price"), [("OPPONENT", "81010"), ("QUEUE", "80990"), ("OPPONENT_5", "81014")])
def test_d3_price_match_is_read_from_the_book_at_the_trigger(match: str, price: str) -> None:
    """Protocol notes D.3: not at placement."""
    desk = Desk()
    body = desk.algo(**STOP, priceMatch=match).body
    assert (body["priceMatch"], Decimal(body["price"])) == (match, 0)
    desk.levels({f"{80990 - n}.0": "1" for n in range(9)}, {f"{81010 + n}.0": "1" for n in range(9)})
    desk.mark("81000")
    assert Decimal(desk.records("order")[0]["price"]) == Decimal(price)


def test_d6_price_match_without_a_book_ends_rejected() -> None:
    """Protocol notes D.6: the matching engine refuses, the reason is in `rm`."""
    desk = Desk()
    desk.algo(**STOP, priceMatch="OPPONENT_5")
    desk.mark("81000")
    assert desk.records("algo")[-1]["reason"] == "No depth matches this BBO order."


def test_d6_a_good_till_date_that_passes_before_the_trigger() -> None:
    """Protocol notes D.6: EXPIRED by the system."""
    desk = Desk()
    desk.algo(**STOP, price="79000.0", timeInForce="GTD", goodTillDate=UNTIL_MS)
    desk.wait(901_000_000)
    assert desk.records("algo")[-1]["status"] == "EXPIRED"


def test_d3_a_good_till_date_goes_on_after_the_trigger() -> None:
    """The spawned order rests until then, and its end finishes the conditional one."""
    desk = Desk()
    desk.algo(**STOP, price="79000.0", timeInForce="GTD", goodTillDate=UNTIL_MS)
    desk.mark("81000")
    [row] = desk.call("GET", "/fapi/v1/openOrders").body
    assert (row["timeInForce"], row["goodTillDate"]) == ("GTD", UNTIL_MS)
    desk.wait(901_000_000)
    assert (desk.records("order")[-1]["x"], desk.records("algo")[-1]["status"]) == ("EXPIRED", "FINISHED")


@pytest.mark.parametrize(
    ("side", "leg", "code"), [("SELL", "LONG", 200), ("BUY", "LONG", -4061), ("SELL", "SHORT", -4061)]
)
def test_d3_close_position_in_hedge_mode(side: str, leg: str, code: int) -> None:
    """Protocol notes D.3: not BUY+LONG, not SELL+SHORT."""
    own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, hedge_mode=True)
    desk = Desk(accounts=[own])
    desk.order(positionSide="LONG")
    trigger = "79000.0" if side == "SELL" else "81000.0"
    assert desk.algo(side=side, positionSide=leg, triggerPrice=trigger, clientAlgoId="all").code == code
    if code == 200:
        desk.mark("79000")
        assert desk.records("trade")[-1]["qty"] == "0.010"


def test_d2_the_open_list_by_algo_type() -> None:
    """Protocol notes D.2: only conditional ones exist here."""
    desk = Desk()
    desk.algo()
    for kind, count in (("CONDITIONAL", 1), ("TWAP", 0)):
        assert len(desk.call("GET", "/fapi/v1/openAlgoOrders", algoType=kind).body) == count


def test_the_id_spaces_of_orders_and_conditional_orders_are_apart() -> None:
    """The same client id may be open in both; the spawned order then finds its name taken."""
    desk = Desk()
    assert desk.order(type="LIMIT", price="79000.0", newClientOrderId="same").status == 200
    assert desk.algo(clientAlgoId="same", quantity="0.010").status == 200
    desk.mark("78999")
    assert desk.records("algo")[-1]["reason"] == "ClientOrderId is duplicated."

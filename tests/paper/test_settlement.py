"""Funding and liquidation."""

from decimal import Decimal

import pytest

from tests.paper.desk import START_US, Desk

NEXT_MS = START_US // 1000 + 3_600_000


@pytest.mark.parametrize(("side", "amount"), [("BUY", "-0.08000000"), ("SELL", "0.08000000")])
def test_funding_is_charged_when_its_time_comes(side: str, amount: str) -> None:
    """A positive rate is paid by longs: 0.01 BTC × 80,000 × 0.01 %."""
    desk = Desk()
    desk.mark("80000", next_funding_ms=NEXT_MS)
    desk.order(side=side)
    desk.listen()
    assert desk.venue.next_due_us() == NEXT_MS * 1000
    before = desk.wallet()
    desk.wait(3_600_000_000)
    [row] = desk.call("GET", "/fapi/v1/income", incomeType="FUNDING_FEE").body
    assert row["income"] == amount
    assert desk.wallet() - before == Decimal(amount)
    event = next(event for event in desk.sent() if event["e"] == "ACCOUNT_UPDATE")
    assert (event["a"]["m"], event["a"]["P"], event["a"]["S"]) == ("FUNDING_FEE", [], "BTCUSDT")
    told = [(push.get("symbol"), push["positions"]) for push in desk.records("push") if push["e"] == "ACCOUNT_UPDATE"]
    assert told == [(None, 0)]


def test_the_log_says_whose_position_an_account_update_tells() -> None:
    """So that a checker knows what the event was evidence of."""
    desk = Desk()
    desk.listen()
    desk.order()
    told = [(push.get("symbol"), push["positions"]) for push in desk.records("push") if push["e"] == "ACCOUNT_UPDATE"]
    assert told == [("BTCUSDT", 1)]


def test_a_recording_that_moves_on_settles_once() -> None:
    """In replayed data only the announced time tells; the timer of the same instant does not charge again."""
    desk = Desk()
    desk.mark("80000", next_funding_ms=NEXT_MS)
    desk.order()
    desk.mark("80000", next_funding_ms=NEXT_MS + 1000)
    desk.wait(3_600_000_000)
    assert len([row for row in desk.records("income") if row["type"] == "FUNDING_FEE"]) == 1
    desk.wait(1_000_000)
    assert len([row for row in desk.records("income") if row["type"] == "FUNDING_FEE"]) == 2


def test_who_has_no_position_pays_no_funding() -> None:
    """Closed before the time."""
    desk = Desk()
    desk.mark("80000", next_funding_ms=NEXT_MS)
    desk.order()
    desk.order(side="SELL")
    desk.wait(3_600_000_000)
    assert [row["type"] for row in desk.records("income")].count("FUNDING_FEE") == 0


def test_an_account_below_maintenance_is_liquidated() -> None:
    """Orders expire with reason 5, a foreign order closes the position at the mark, insurance takes its fee."""
    desk = Desk()
    desk.control("fund", amount="-99000")
    desk.order(quantity="0.200")
    desk.order(type="LIMIT", side="SELL", price="82000.0", quantity="0.100")
    desk.listen()
    desk.mark("75300")
    story = desk.story()
    assert story[0] == "MARGIN_CALL"
    assert "ORDER CALCULATED/FILLED" in story
    assert story[-1] == "ACCOUNT INSURANCE_CLEAR"
    expired = next(record for record in desk.records("order") if record["status"] == "EXPIRED")
    assert expired["expiry_reason"] == "5"
    assert desk.records("order")[-1]["client_id"].startswith("autoclose-")
    assert (desk.position(), desk.wallet()) == (0, 0)


def test_a_wallet_below_zero_is_filled_up_by_insurance() -> None:
    """A gap far beyond the bankruptcy price costs the account no more than it has."""
    desk = Desk()
    desk.control("fund", amount="-99000")
    desk.order(quantity="0.200")
    desk.mark("50000")
    assert desk.wallet() == 0
    assert Decimal(desk.records("income")[-1]["amount"]) > 0


def test_a_stop_comes_before_liquidation() -> None:
    """At the same mark the trigger is served first."""
    desk = Desk()
    desk.control("fund", amount="-99000")
    desk.order(quantity="0.200")
    desk.algo()
    desk.mark("75300")
    assert [record["type"] for record in desk.records("income")].count("INSURANCE_CLEAR") == 0
    assert desk.position() == 0

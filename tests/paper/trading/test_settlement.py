"""Funding, and the settlement of a contract that ends."""

from decimal import Decimal

import pytest

from holdfast.paper.trading import settlement
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
    desk.wait(3_599_999_000)
    desk.mark("80000", next_funding_ms=NEXT_MS + 1000)
    desk.wait(1_000)
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


def test_a_rescheduled_funding_is_charged_at_its_new_time_only() -> None:
    """The interval changed from 1 h to 2 h while the time was still ahead (protocol notes I.4)."""
    desk = Desk()
    desk.mark("80000", next_funding_ms=NEXT_MS)
    desk.order()
    desk.mark("80000", next_funding_ms=NEXT_MS + 3_600_000)
    desk.wait(3_600_000_000)
    assert [row["type"] for row in desk.records("income")].count("FUNDING_FEE") == 0
    desk.wait(3_600_000_000)
    assert [row["type"] for row in desk.records("income")].count("FUNDING_FEE") == 1


def test_settled_instants_are_remembered_with_rate_and_mark() -> None:
    """Whether or not somebody held a position."""
    desk = Desk()
    desk.mark("80000", next_funding_ms=NEXT_MS)
    desk.wait(3_600_000_000)
    [point] = desk.venue.exchange.markets["BTCUSDT"].funding
    assert (point.time_ms, point.rate, point.mark) == (NEXT_MS, Decimal("0.0001"), 80_000)


def test_funding_of_an_isolated_position_is_paid_from_its_own_wallet() -> None:
    """The event shows the balance and that one position (protocol notes E.4)."""
    desk = Desk()
    desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    desk.mark("80000", next_funding_ms=NEXT_MS)
    desk.order()
    before = Decimal(desk.call("GET", "/fapi/v3/positionRisk").body[0]["isolatedWallet"])
    desk.listen()
    desk.wait(3_600_000_000)
    row = desk.call("GET", "/fapi/v3/positionRisk").body[0]
    assert Decimal(row["isolatedWallet"]) - before == Decimal("-0.08")
    event = next(event["a"] for event in desk.sent() if event["e"] == "ACCOUNT_UPDATE")
    assert [Decimal(shown["iw"]) for shown in event["P"]] == [Decimal(row["isolatedWallet"])]


def test_a_delisted_contract_is_settled_at_the_mark() -> None:
    """Orders expire with reason 7; the position is closed without a fee by an order of the venue."""
    desk = Desk()
    desk.order()
    desk.order(type="LIMIT", price="79000.0")
    desk.algo()
    desk.mark("80500")
    exchange = desk.venue.exchange
    assert settlement.settle_symbol(exchange, exchange.markets["BTCUSDT"]) == 1
    account = exchange.accounts["paper"]
    assert (desk.position(), dict(account.open_orders), dict(account.open_algos)) == (0, {}, {})
    trade = desk.records("trade")[-1]
    assert trade["client_id"].startswith("settlement_autoclose-")
    assert (trade["price"], Decimal(trade["fee"])) == ("80500", 0)
    assert [row["expiry_reason"] for row in desk.records("order") if row["status"] == "EXPIRED"] == ["7"]

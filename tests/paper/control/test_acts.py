"""What the venue, or somebody else, does to accounts and markets by the control door."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.paper.config import AccountConfig
from tests.paper.desk import FUNDS, KEY, SECRET, Desk, describe

LEGS = {"symbol": "BTCUSDT", "quantity": "0.010"}


def two_accounts() -> Desk:
    """A desk whose venue has a second account."""
    own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS)
    return Desk(accounts=[own, AccountConfig(name="b", api_key="b-key", api_secret="b", balances=FUNDS)])


def test_a_gap_can_go_to_a_price() -> None:
    """`to` says where book and mark stand afterwards."""
    desk = Desk()
    assert desk.control("book.gap", symbol="BTCUSDT", to="64000")["ok"]
    desk.order()
    assert Decimal(desk.records("trade")[-1]["price"]) == Decimal("64000.10")


def test_a_gap_below_zero_is_refused() -> None:
    """A price is above 0."""
    assert "above 0" in Desk().control("book.gap", symbol="BTCUSDT", percent="-100")["error"]


def test_a_thin_book_fills_a_part_and_stays_thin() -> None:
    """C14: a market order meets a tenth of what stood there, and of what comes later."""
    desk = Desk()
    assert desk.control("book.thin", symbol="BTCUSDT", part="0.001")["ok"]
    assert desk.order(quantity="0.010", newOrderRespType="RESULT").body["executedQty"] == "0.002"
    desk.book("80010.0", "80010.1")
    assert desk.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT").body["askQty"] == "0.002"
    desk.control("book.thin", symbol="BTCUSDT", part="1")
    desk.book("80020.0", "80020.1")
    assert desk.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT").body["askQty"] == "2.000"


def test_somebody_flips_the_position_mode() -> None:
    """D10: the venue's own rules hold for them too."""
    desk = Desk()
    assert desk.control("acct.mode", hedge=True)["hedge"]
    assert desk.order().code == -4061
    desk.order(positionSide="LONG")
    assert desk.control("acct.mode", hedge=False)["code"] == -4068


@pytest.mark.parametrize(("may", "code"), [("reduce", -4087), ("reduce-quant", -4400), ("reduce-cooling", -4192)])
def test_an_account_that_may_only_reduce(may: str, code: int) -> None:
    """D11, V11: opening is refused with the code of the ban, closing is not."""
    desk = Desk()
    desk.order()
    desk.control("acct.perm", may=may)
    assert desk.order().code == code
    assert desk.order(side="SELL", reduceOnly="true").status == 200
    desk.control("acct.perm", may="trade")
    assert desk.order().status == 200


def test_v11_a_ban_that_refuses_reducing_orders_too() -> None:
    """V11 the other way round."""
    desk = Desk({"banned_may_reduce": False})
    desk.order()
    desk.control("acct.perm", may="reduce")
    assert desk.order(side="SELL", reduceOnly="true").code == -4087
    assert desk.algo().code == -4087


@pytest.mark.parametrize(("streams", "told"), [("stay", ["CLOSE"]), ("close", ["CLOSE"])])
def test_v10_a_revoked_key_is_refused_and_its_streams_stay_or_close(streams: str, told: list[str]) -> None:
    """A13, V10."""
    desk = Desk({"revoked_key_streams": streams})
    desk.listen()
    desk.control("acct.perm", revoked=True)
    assert desk.order().code == -2015
    closed = [describe(event).split(" ")[0] for event in desk.sent()]
    assert closed == (told if streams == "close" else [])
    desk.control("acct.perm", revoked=False)
    assert desk.order().status == 200


@pytest.mark.parametrize(("fact", "story"), [("ends", ["CLOSE 1000"]), ("ignored", [])])
def test_v9_deleting_the_listen_key(fact: str, story: list[str]) -> None:
    """B5, V9: the key is the account's, so one client ends the stream of every other, or not."""
    desk = Desk({"listen_key_delete": fact})
    desk.listen()
    assert desk.raw("DELETE", "/fapi/v1/listenKey").status == 200
    assert desk.story() == story


def test_v12_income_rows_may_come_late() -> None:
    """V12: booked, but not shown yet."""
    desk = Desk({"income_delay_ms": 60_000})
    desk.control("fund", amount="1")
    assert desk.call("GET", "/fapi/v1/income", incomeType="TRANSFER").body == []
    desk.wait(60_000_000)
    assert len(desk.call("GET", "/fapi/v1/income", incomeType="TRANSFER").body) == 1


def test_an_account_opened_at_run_time_can_trade() -> None:
    """With funds of its own and a key of its own."""
    desk = Desk()
    answer = desk.control("account", name="b", api_key="b-key", api_secret="b", balances={"USDT": "500"})
    assert answer["accounts"] == ["paper", "b"]
    assert desk.control("human.trade", account="b", side="BUY", type="MARKET", **LEGS)["order"]["status"] == "FILLED"
    assert desk.position() == 0
    assert not desk.control("account", name="b", api_key="c")["ok"]


def test_a_fault_for_an_account_that_is_not_there_is_refused() -> None:
    """It would never fire."""
    answer = two_accounts().control("fault", verb="reset", match={"account": "c"})
    assert "would pass" in answer["error"]

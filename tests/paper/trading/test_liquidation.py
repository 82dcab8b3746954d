"""Margin calls, liquidation, the insurance fund and auto-deleveraging."""

from decimal import Decimal
from typing import Any

from holdfast.paper.config import AccountConfig
from tests.paper.desk import KEY, SECRET, Desk
from tests.paper.money.test_positions import isolated_desk

B_KEY = "paper-key-b"


def thin_desk(**config: Any) -> Desk:
    """A long of 0.2 BTC with 1,000 behind it."""
    desk = Desk(**config)
    desk.control("fund", amount="-99000", account="paper")
    desk.order(quantity="0.200")
    return desk


def two_accounts(fund: str, **config: Any) -> Desk:
    """`paper` long 0.2 BTC with 1,000 behind it, `b` short as much with 100,000; a fund of so much."""
    accounts = [
        AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances={"USDT": Decimal(1_000)}),
        AccountConfig(name="b", api_key=B_KEY, api_secret=SECRET, balances={"USDT": Decimal(100_000)}),
    ]
    desk = Desk(accounts=accounts, insurance_fund=Decimal(fund), **config)
    desk.order(quantity="0.200")
    human(desk, side="SELL", quantity="0.200")
    return desk


def human(desk: Desk, **params: Any) -> None:
    """Account `b` trades."""
    assert desk.control("human.trade", account="b", symbol="BTCUSDT", **{"type": "MARKET"} | params)["ok"]


def test_l_1_liquidation() -> None:
    """MARGIN_CALL; cancels `er` 5; NEW and CALCULATED of the venue's order; ACCOUNT_UPDATE (protocol notes L.1)."""
    desk = thin_desk()
    desk.order(type="LIMIT", side="SELL", price="82000.0", quantity="0.100")
    desk.listen()
    desk.book("75290.0", "75310.0")
    desk.mark("75300")
    assert desk.story() == [
        "MARGIN_CALL",
        "ORDER EXPIRED/EXPIRED",
        "ORDER NEW/NEW",
        "TRADE_LITE",
        "ACCOUNT ORDER",
        "ORDER CALCULATED/FILLED",
        "ACCOUNT INSURANCE_CLEAR",
    ]
    expired = next(record for record in desk.records("order") if record["status"] == "EXPIRED")
    assert expired["expiry_reason"] == "5"
    assert desk.records("order")[-1]["client_id"].startswith("autoclose-")
    assert (desk.position(), desk.records("trade")[-1]["price"]) == (0, "75290.0")


def test_the_liquidation_fee_goes_to_the_insurance_fund() -> None:
    """1.25 % of what was closed, at most what is left."""
    desk = thin_desk(insurance_fund=Decimal(5))
    desk.mark("75300")
    taken = -Decimal(desk.records("income")[-1]["amount"])
    assert desk.records("income")[-1]["type"] == "INSURANCE_CLEAR"
    assert 0 < taken <= Decimal("0.2") * 80_000 * Decimal("0.0125")
    assert desk.venue.exchange.ledger.insurance("USDT") == 5 + taken


def test_a_margin_call_comes_once_before_liquidation() -> None:
    """At a ratio of 0.8, again only after it has been left (protocol notes E.5)."""
    desk = thin_desk()
    desk.listen()
    for mark in ("75400", "75390", "76500", "75400"):
        desk.mark(mark)
    calls = [event for event in desk.sent() if event["e"] == "MARGIN_CALL"]
    assert len(calls) == 2
    assert desk.position() == Decimal("0.2")
    assert set(calls[0]) == {"e", "E", "cw", "p"}
    assert calls[0]["p"][0]["mt"] == "CROSSED"


def test_what_the_book_does_not_take_goes_to_the_fund_at_the_mark() -> None:
    """The bound around the mark keeps the order from a far-away book."""
    desk = thin_desk()
    desk.book("60000.0", "60000.1")
    desk.mark("75300")
    assert (desk.records("trade")[-1]["price"], desk.position()) == ("75300", 0)


def test_a_wallet_below_zero_is_filled_up_by_insurance() -> None:
    """A gap far beyond the bankruptcy price costs the account no more than it has."""
    desk = thin_desk()
    desk.book("50000.0", "50000.1")
    desk.mark("50000")
    assert desk.wallet() == 0
    assert Decimal(desk.records("income")[-1]["amount"]) > 0


def test_a_fund_that_cannot_pay_closes_opposite_positions() -> None:
    """At the bankruptcy price, by an order named adl_autoclose that costs no fee; nobody is left below zero."""
    desk = two_accounts("10")
    desk.book("50000.0", "50000.1")
    desk.mark("50000")
    accounts = desk.venue.exchange.accounts
    assert [account.leg("BTCUSDT", "BOTH").amt for account in accounts.values()] == [0, 0]
    forced = [trade for trade in desk.records("trade") if trade["client_id"] == "adl_autoclose"]
    assert [(trade["account"], Decimal(trade["fee"])) for trade in forced] == [("b", 0)]
    assert Decimal(75_000) < Decimal(forced[0]["price"]) < Decimal(75_100)
    assert accounts["paper"].wallets["USDT"] >= 0
    assert desk.venue.exchange.ledger.insurance("USDT") >= 10


def test_an_isolated_position_is_liquidated_alone() -> None:
    """The rest of the account keeps its money, its other positions and its orders."""
    desk = isolated_desk()
    desk.book("2000.00", "2000.01", bid_qty="100", ask_qty="100", symbol="ETHUSDT")
    desk.mark("2000", symbol="ETHUSDT")
    desk.order(symbol="ETHUSDT", quantity="1")
    desk.order(symbol="ETHUSDT", type="LIMIT", price="1950.00", quantity="1")
    desk.order(quantity="0.200")
    cross = Decimal(desk.call("GET", "/fapi/v3/balance").body[0]["crossWalletBalance"])
    desk.book("70000.0", "70000.1")
    desk.mark("70000")
    assert (desk.position(), desk.position("ETHUSDT")) == (0, 1)
    assert len(desk.call("GET", "/fapi/v1/openOrders").body) == 1
    after = Decimal(desk.call("GET", "/fapi/v3/balance").body[0]["crossWalletBalance"])
    assert after == cross


def test_in_multi_assets_mode_other_wallets_pay() -> None:
    """What is lost in USDT is exchanged from BNB before the fund is asked."""
    balances = {"USDT": Decimal(100), "BNB": Decimal(10)}
    desk = Desk(
        accounts=[AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=balances, fee_burn=False)]
    )
    desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    desk.order(quantity="0.500")
    desk.book("68000.0", "68000.1")
    desk.mark("68000")
    assert desk.position() == 0
    kinds = [(row["type"], row["asset"]) for row in desk.records("income")]
    assert ("AUTO_EXCHANGE", "BNB") in kinds
    assert min(desk.venue.exchange.accounts["paper"].wallets.values()) >= 0


def test_a_stop_comes_before_liquidation() -> None:
    """At the same mark the trigger is served first."""
    desk = thin_desk()
    desk.algo()
    desk.mark("75300")
    assert [record["type"] for record in desk.records("income")].count("INSURANCE_CLEAR") == 0
    assert desk.position() == 0

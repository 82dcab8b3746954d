"""The control door."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.config import AccountConfig, RateLimits
from tests.paper.desk import Desk


@pytest.mark.parametrize(
    ("do", "request_", "word"),
    [
        ("juggle", {}, "unknown verb"),
        ("fault", {"verb": "earthquake"}, "unknown fault"),
        ("fault", {"verb": "reset", "colour": "red"}, "colour"),
        ("fund", {"amount": "lots"}, "not a decimal"),
        ("fund", {"amount": 0.5}, "decimal as text"),
        ("fund", {"amount": "1", "account": "nobody"}, "unknown account"),
        ("price", {"symbol": "ETHUSDT", "percent": "1"}, "no price yet"),
        ("price", {"symbol": "BTCUSDT", "percent": "1", "only": "moon"}, "both, book, mark"),
        ("limits", {"set": {"ws_messages_per_second": "few"}}, "ws_messages_per_second"),
        ("limits", {"set": {"weight_per_minute": -1}}, "`int` >= 0"),
        ("limits", {"set": [1]}, "must be an object of names and values, got [1]"),
        ("facts", {"set": None}, 'would pass: "set": {"'),
        ("facts", {"set": {"nosuch": 1}}, "nosuch: unknown switch"),
        ("facts", {"sett": {}}, "unknown field 'sett'; known: set"),
        ("state", {"symbol": "BTCUSDT"}, "unknown field 'symbol'; known: none"),
        ("log", {"from": 1}, "unknown field 'from'"),
        ("log", {"since": "x"}, "must be a whole number of 0 or more, got 'x'"),
        ("key", {"api_key": "paper-key", "revoke": True}, "unknown field 'revoke'"),
        ("symbol", {"symbol": "BTCUSDT", "tick": "1"}, "unknown field 'tick'"),
        ("symbol", {"symbol": "BTCUSDT", "filters": {"SIZE": {}}}, "known: PRICE_FILTER"),
        ("symbol", {"symbol": "BTCUSDT", "filters": {"LOT_SIZE": {"stepSize": "0"}}}, "must be above 0"),
        ("symbol", {"symbol": "BTCUSDT", "status": 3}, "must be a name"),
        ("facts", {"set": {"second_close_position": "perhaps"}}, "second_close_position"),
        ("human.trade", {"symbol": "NOPE", "side": "BUY", "type": "MARKET", "quantity": "1"}, "Invalid symbol"),
    ],
)
def test_a_senseless_request_is_refused_with_a_reason(do: str, request_: dict[str, Any], word: str) -> None:
    """`ok` is false, and the text says what was wrong."""
    answer = Desk().control(do, **request_)
    assert not answer["ok"]
    assert word in answer["error"]


def test_funding_an_account_is_a_transfer() -> None:
    """Wallet, income and event."""
    desk = Desk()
    desk.listen()
    assert desk.control("fund", amount="-500.5")["balance"] == "99499.5"
    assert desk.sent()[0]["a"]["m"] == "WITHDRAW"
    assert desk.call("GET", "/fapi/v1/income", incomeType="TRANSFER").body[0]["income"] == "-500.50000000"


def test_with_several_accounts_one_must_be_named() -> None:
    """There is no default among two."""
    desk = Desk(accounts=[AccountConfig(name=name, api_key=name) for name in ("a", "b")])
    assert not desk.control("fund", amount="1")["ok"]
    assert desk.control("fund", amount="1", account="b")["ok"]


def test_a_gap_stays_and_fires_stops() -> None:
    """Book and mark move together, now and for every later event."""
    desk = Desk()
    desk.order()
    desk.algo()
    assert desk.control("price", symbol="BTCUSDT", percent="-5")["shift"] == "-4000.00"
    assert desk.position() == 0
    assert Decimal(desk.records("trade")[-1]["price"]) == 76000
    desk.mark("80000")
    assert desk.call("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT").body["markPrice"] == "76000.00000000"
    desk.book("80000.0", "80000.1")
    assert desk.call("GET", "/fapi/v1/ticker/bookTicker", symbol="BTCUSDT").body["bidPrice"] == "76000.00"


def test_a_gap_of_the_mark_alone() -> None:
    """The book stays where it is."""
    desk = Desk()
    desk.control("price", symbol="BTCUSDT", percent="-1", only="mark")
    assert desk.call("GET", "/fapi/v1/ticker/bookTicker", symbol="BTCUSDT").body["bidPrice"] == "80000.00"
    assert desk.call("GET", "/fapi/v1/premiumIndex", symbol="BTCUSDT").body["markPrice"] == "79200.00000000"


def test_a_person_trades_and_cancels_on_the_account() -> None:
    """Foreign orders that the engine did not place."""
    desk = Desk()
    trade = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    assert desk.control("human.trade", **trade)["order"]["status"] == "FILLED"
    assert desk.records("order")[0]["client_id"].startswith("web_")
    algo = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET"}
    placed = desk.control("human.trade", **algo, triggerPrice="79000.0", closePosition="true", workingType="MARK_PRICE")
    assert desk.control("human.cancel", algoId=placed["algo"]["algoId"])["ok"]
    rest = {**trade, "type": "LIMIT", "timeInForce": "GTC", "price": "79000.0"}
    order_id = desk.control("human.trade", **rest)["order"]["orderId"]
    assert desk.control("human.cancel", symbol="BTCUSDT", orderId=order_id)["ok"]
    desk.control("human.trade", **rest)
    assert desk.control("human.cancel", symbol="BTCUSDT", all=True)["ok"]
    assert desk.call("GET", "/fapi/v1/openOrders").body == []
    assert desk.position() == Decimal("0.010")


def test_facts_can_be_read_and_changed_while_running() -> None:
    """The next request meets the new venue."""
    desk = Desk()
    assert desk.control("facts")["facts"]["stop_without_position"] == "accept"
    desk.control("facts", set={"stop_without_position": "-4509"})
    assert desk.algo().code == -4509


def test_rate_limits_can_be_read_and_changed_while_running() -> None:
    """A lifted limit holds at once, in what is counted and in what exchangeInfo says."""
    desk = Desk(limits=RateLimits(weight_per_minute=3))
    assert desk.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=NOPE").code == -1121
    assert desk.call("GET", "/fapi/v3/balance").code == -1003
    desk.control("limits", set={"weight_per_minute": None})
    assert desk.call("GET", "/fapi/v3/balance").status == 200
    assert desk.control("limits")["limits"]["orders_per_minute"] == 1200
    assert desk.raw("GET", "/fapi/v1/exchangeInfo").body["rateLimits"][0]["limit"] == 1_000_000_000


def test_the_log_can_be_read_from_a_number_on() -> None:
    """Only what is new."""
    desk = Desk()
    desk.order()
    answer = desk.control("log", since=1, limit=2)
    assert [record["n"] for record in answer["records"]] == [2, 3]
    assert answer["last"] == len(desk.log)


def test_the_state_shows_what_is_open() -> None:
    """Wallets, positions, orders, conditional orders, prices and faults."""
    desk = Desk()
    desk.order()
    desk.order(type="LIMIT", price="79000.0")
    desk.algo()
    desk.control("fault", verb="reset")
    state = desk.control("state")
    [account] = state["accounts"]
    assert account["positions"][0]["amt"] == "0.010"
    assert (len(account["orders"]), len(account["algos"]), len(state["faults"])) == (1, 1, 1)
    assert state["prices"]["BTCUSDT"]["mark"] == "80000"


def test_a_listen_key_can_run_out_early() -> None:
    """The event, and then silence."""
    desk = Desk()
    desk.listen()
    desk.control("fault", verb="lk.expire")
    desk.order()
    assert desk.story() == ["listenKeyExpired"]


def test_a_halted_contract_takes_no_order_and_says_so() -> None:
    """Until its status is TRADING again."""
    desk = Desk()
    assert desk.control("symbol", symbol="BTCUSDT", status="BREAK")["ok"]
    row = next(row for row in desk.raw("GET", "/fapi/v1/exchangeInfo").body["symbols"] if row["symbol"] == "BTCUSDT")
    assert (row["status"], desk.order().code) == ("BREAK", -1122)
    desk.control("symbol", symbol="BTCUSDT", status="TRADING")
    assert desk.order().code == 200


def test_a_changed_filter_holds_at_once() -> None:
    """Here the largest market order."""
    desk = Desk()
    desk.control("symbol", symbol="BTCUSDT", filters={"MARKET_LOT_SIZE": {"maxQty": "0.005"}})
    assert desk.order().code == -4005

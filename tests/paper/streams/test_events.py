"""User events: their fields, and the JSON types of them."""

from typing import Any

from tests.paper.desk import Desk

ORDER_KEYS = "s c S o f q p ap sp x X i l z L T t b a m R wt ot ps cp rp pP si ss V pm gtd er"
NUMBERS = {"i", "T", "t", "si", "ss", "gtd"}
FLAGS = {"m", "R", "cp", "pP"}


def events(**order: Any) -> list[Any]:
    """Every event that one order causes."""
    desk = Desk()
    desk.listen()
    desk.order(**order)
    return desk.sent()


def test_an_order_event_has_every_field_in_its_type() -> None:
    """Ids and times are numbers, flags are booleans, the rest is text; no fee before a fill."""
    body = events()[0]["o"]
    assert " ".join(sorted(body)) == " ".join(sorted(ORDER_KEYS.split(" ")))
    for key, value in body.items():
        kind = int if key in NUMBERS else bool if key in FLAGS else str
        assert type(value) is kind, key


def test_a_fill_event_carries_fee_trade_id_and_profit() -> None:
    """And agrees with userTrades to the last digit."""
    desk = Desk()
    desk.listen()
    desk.order()
    body = desk.sent()[-1]["o"]
    [trade] = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT").body
    assert (body["t"], body["n"], body["N"]) == (trade["id"], trade["commission"], trade["commissionAsset"])
    assert (body["L"], body["l"], body["rp"]) == (trade["price"], trade["qty"], trade["realizedPnl"])


def test_the_account_event_of_a_fill_has_the_wallet_and_the_position() -> None:
    """`bc` leaves out profit and fees, so it is 0."""
    account = events()[2]["a"]
    assert account["m"] == "ORDER"
    assert account["B"] == [{"a": "USDT", "wb": "99999.59999950", "cw": "99999.59999950", "bc": "0"}]
    [position] = account["P"]
    assert (position["pa"], position["ep"], position["ps"], position["mt"]) == ("0.010", "80000.1", "BOTH", "cross")


def test_the_light_trade_event_has_no_fee() -> None:
    """It is meant to be fast."""
    lite = events()[1]
    assert " ".join(sorted(lite)) == "E L S T c e i l m p q s t"


def test_a_resting_order_sends_no_account_event() -> None:
    """Nothing changed but the order."""
    assert [event["e"] for event in events(type="LIMIT", price="79000.0")] == ["ORDER_TRADE_UPDATE"]


def test_averages_have_the_digits_they_need() -> None:
    """Two fills at different prices."""
    desk = Desk()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010", "80000.2": "1"})
    desk.listen()
    desk.order(quantity="0.030")
    assert desk.sent()[-1]["o"]["ap"] == "80000.16666666"


def test_settings_are_told() -> None:
    """Leverage and multi-assets mode."""
    desk = Desk()
    desk.listen()
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5)
    desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    first, second = desk.sent()
    assert first["ac"] == {"s": "BTCUSDT", "l": 5}
    assert second["ai"] == {"j": True}


def test_nobody_listening_still_leaves_the_log() -> None:
    """The venue log does not depend on connections."""
    desk = Desk()
    desk.order()
    assert desk.sent() == []
    assert [record["x"] for record in desk.records("order")] == ["NEW", "TRADE"]

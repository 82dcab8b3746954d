"""Trailing stops (protocol notes D.3, D.4, D.7)."""

from typing import Any

import pytest

from tests.paper.desk import Desk, Reply


def trail(desk: Desk, **params: Any) -> Reply:
    """A trailing sale, 1 % behind the mark; activated at 81,000."""
    base = {
        "type": "TRAILING_STOP_MARKET",
        "triggerPrice": "",
        "quantity": "0.010",
        "callbackRate": "1",
        "activatePrice": "81000.0",
    }
    return desk.algo(**{**base, **params})


def status(desk: Desk) -> str:
    """The last status of the conditional order."""
    return str(desk.records("algo")[-1]["status"])


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (-1102, {"callbackRate": ""}),
        (-1130, {"callbackRate": "0.09"}),
        (-1130, {"callbackRate": "20.1"}),
        (-4135, {"activatePrice": "81000.05"}),
        (-4135, {"activatePrice": "0"}),
        (-2021, {"activatePrice": "80000.0"}),
        (-2021, {"side": "BUY", "activatePrice": "80000.0"}),
        (-1106, {"triggerPrice": "79000.0"}),
        (-1106, {"price": "79000.0"}),
        (-1106, {"quantity": "", "closePosition": "true"}),
        (-1102, {"quantity": ""}),
    ],
)
def test_d3_a_bad_trailing_stop_is_refused(code: int, params: dict[str, Any]) -> None:
    """Protocol notes D.3, D.4: the rate, the activation price and its side."""
    assert trail(Desk(), **params).code == code


@pytest.mark.parametrize("rate", ["0.1", "20"])
def test_d3_the_widest_callback_rates(rate: str) -> None:
    """Protocol notes D.3: from 0.1 to 20 percent; the reply shows both settings as text."""
    body = trail(Desk(), callbackRate=rate).body
    assert (body["callbackRate"], body["activatePrice"]) == (rate, "81000.00")


def test_d4_a_trailing_sale_follows_the_price_up_and_fires_on_its_way_down() -> None:
    """Protocol notes D.4: not before its activation, then 1 % under the best price."""
    desk = Desk()
    trail(desk)
    for price in ("79000", "80999.9", "80100", "81000", "82000", "81180.1"):
        desk.mark(price)
        assert status(desk) == "NEW"
    desk.mark("81180")
    assert status(desk) == "FINISHED"


def test_d4_a_trailing_purchase_is_the_mirror_image() -> None:
    """Protocol notes D.4: it follows the price down."""
    desk = Desk()
    trail(desk, side="BUY", activatePrice="79000.0")
    for price in ("81000", "79000.1", "79000", "78000", "78779.9"):
        desk.mark(price)
        assert status(desk) == "NEW"
    desk.mark("78780")
    assert status(desk) == "FINISHED"


def test_d7_the_activation_is_told_by_a_second_new() -> None:
    """Protocol notes D.7: `ia` false, then true; the spawned order carries both settings."""
    desk = Desk()
    desk.listen()
    trail(desk)
    desk.mark("81000")
    desk.mark("80190")
    told = [event["o"] for event in desk.sent() if event["e"] in ("ALGO_UPDATE", "ORDER_TRADE_UPDATE")]
    assert [(row["X"], row["ia"]) for row in told[:3]] == [("NEW", False), ("NEW", True), ("TRIGGERING", True)]
    assert (told[3]["AP"], told[3]["cr"], told[3]["ot"]) == ("81000.00", "1", "TRAILING_STOP_MARKET")
    assert told[3]["sp"] == "80190.00"


def test_d3_without_an_activation_price_it_is_active_at_once() -> None:
    """Protocol notes D.3: the default is the latest price of its working type."""
    desk = Desk()
    desk.listen()
    body = trail(desk, activatePrice="").body
    assert body["activatePrice"] == "80000.00"
    assert [event["o"]["ia"] for event in desk.sent()] == [True]
    desk.mark("79200")
    assert status(desk) == "FINISHED"


def test_d4_a_trailing_stop_on_trades_ignores_the_mark() -> None:
    """Protocol notes D.4: P is the last trade."""
    desk = Desk()
    trail(desk, workingType="CONTRACT_PRICE")
    desk.mark("82000")
    desk.mark("70000")
    assert status(desk) == "NEW"
    desk.trade("81000.0", "0.001", seller_aggressive=True)
    desk.trade("80190.0", "0.001", seller_aggressive=True)
    assert status(desk) == "FINISHED"


def test_a_cancelled_trailing_stop_waits_no_more() -> None:
    """It leaves the triggers."""
    desk = Desk()
    trail(desk, clientAlgoId="t")
    assert desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="t").status == 200
    assert not desk.venue.exchange.markets["BTCUSDT"].has_triggers()

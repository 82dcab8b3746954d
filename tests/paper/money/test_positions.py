"""Isolated wallets follow the fills."""

from decimal import Decimal

from tests.paper.desk import Desk


def isolated_desk() -> Desk:
    """BTCUSDT isolated at 20x."""
    desk = Desk()
    assert desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED").status == 200
    return desk


def isolated_wallet(desk: Desk) -> Decimal:
    """The isolated wallet as the venue reports it."""
    rows = desk.call("GET", "/fapi/v3/positionRisk", symbol="BTCUSDT").body
    return Decimal(rows[0]["isolatedWallet"]) if rows else Decimal(0)


def test_an_opening_fill_sets_initial_margin_aside() -> None:
    """0.01 BTC at 80,000.1 and 20x: 40.00005; the wallet as a whole pays only the fee."""
    desk = isolated_desk()
    desk.order()
    assert isolated_wallet(desk) == Decimal("40.00005")
    [row] = desk.call("GET", "/fapi/v3/balance").body
    assert Decimal(row["balance"]) - Decimal(row["crossWalletBalance"]) == Decimal("40.00005")


def test_a_closing_fill_gives_its_share_back() -> None:
    """Half the position, half the margin; all of it, all."""
    desk = isolated_desk()
    desk.order(quantity="0.020")
    desk.order(side="SELL", quantity="0.010")
    assert isolated_wallet(desk) == Decimal("40.00005")
    desk.order(side="SELL", quantity="0.010")
    account = desk.venue.exchange.accounts["paper"]
    assert (account.leg("BTCUSDT", "BOTH").isolated, account.isolated["USDT"]) == (0, 0)


def test_a_flip_gives_everything_back_and_sets_the_new_margin_aside() -> None:
    """From 0.01 long to 0.02 short at 80,000."""
    desk = isolated_desk()
    desk.order()
    desk.order(side="SELL", quantity="0.030")
    assert isolated_wallet(desk) == Decimal("80")


def test_the_account_update_tells_the_isolated_wallet() -> None:
    """`iw`, `mt` and a cross wallet that is smaller than the wallet (protocol notes E.4)."""
    desk = isolated_desk()
    desk.listen()
    desk.order()
    event = next(event["a"] for event in desk.sent() if event["e"] == "ACCOUNT_UPDATE")
    assert [(row["mt"], row["iw"]) for row in event["P"]] == [("isolated", "40.00005")]
    assert Decimal(event["B"][0]["wb"]) - Decimal(event["B"][0]["cw"]) == Decimal("40.00005")


def test_break_even_holds_the_rate_that_was_paid() -> None:
    """A maker pays 0.02 %, and half the position keeps it (protocol notes I.1, E.4)."""
    desk = Desk()
    desk.order(type="LIMIT", price="79000.0", quantity="0.020")
    desk.book("78990.0", "78999.0")
    desk.order(side="SELL", quantity="0.010")
    assert Decimal(desk.call("GET", "/fapi/v3/positionRisk").body[0]["breakEvenPrice"]) == Decimal("79015.8")


def test_break_even_may_hold_everything_the_position_cost() -> None:
    """The other reading of the notes: 0.02 at 79,000 for 0.316, half of it sold for -0.1 and 0.394995."""
    desk = Desk(facts={"break_even": "all-costs"})
    desk.order(type="LIMIT", price="79000.0", quantity="0.020")
    desk.book("78990.0", "78999.0")
    desk.order(side="SELL", quantity="0.010")
    costs = Decimal("0.316") + Decimal("0.1") + Decimal("0.39495")
    assert Decimal(desk.call("GET", "/fapi/v3/positionRisk").body[0]["breakEvenPrice"]) == 79_000 + costs * 100

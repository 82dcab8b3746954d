"""Fee rates per symbol, and fees in BNB."""

from decimal import Decimal

from holdfast.paper.config import AccountConfig, FeeRates
from tests.paper.desk import KEY, SECRET, Desk


def bnb_desk(bnb: str) -> Desk:
    """An account with some BNB, worth 600 each."""
    balances = {"USDT": Decimal(100_000), "BNB": Decimal(bnb)}
    return Desk(accounts=[AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=balances)])


def test_a_symbol_may_have_its_own_rates() -> None:
    """commissionRate tells them, and fills pay them."""
    desk = Desk(fees={"BTCUSDT": FeeRates(maker=Decimal(0), taker=Decimal("0.0004"))})
    body = desk.call("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT").body
    assert body["takerCommissionRate"] == "0.000400"
    assert desk.call("GET", "/fapi/v1/commissionRate", symbol="ETHUSDT").body["takerCommissionRate"] == "0.000500"
    desk.order()
    assert Decimal(desk.records("trade")[0]["fee"]) == Decimal("0.3200004")


def test_a_fee_is_paid_in_bnb_with_a_discount() -> None:
    """800.001 x 0.05 % x 0.9 / 600, cut to eight decimals; the event tells both wallets."""
    desk = bnb_desk("1")
    desk.listen()
    desk.order()
    trade = desk.records("trade")[0]
    assert (trade["fee_asset"], Decimal(trade["fee"])) == ("BNB", Decimal("0.00060000"))
    event = next(event["a"] for event in desk.sent() if event["e"] == "ACCOUNT_UPDATE")
    assert [row["a"] for row in event["B"]] == ["USDT", "BNB"]
    assert [row["asset"] for row in desk.records("income")] == ["BNB"]


def test_too_little_bnb_pays_in_the_margin_asset() -> None:
    """Without the discount."""
    desk = bnb_desk("0.0001")
    desk.order()
    assert desk.records("trade")[0]["fee_asset"] == "USDT"


def test_fee_burn_can_be_switched() -> None:
    """GET and POST feeBurn (protocol notes C.9)."""
    desk = bnb_desk("1")
    assert desk.call("GET", "/fapi/v1/feeBurn").body == {"feeBurn": True}
    assert desk.call("POST", "/fapi/v1/feeBurn").code == -1102
    assert desk.call("POST", "/fapi/v1/feeBurn", feeBurn="false").body == {"code": 200, "msg": "success"}
    desk.order()
    assert desk.records("trade")[0]["fee_asset"] == "USDT"
    assert desk.call("GET", "/fapi/v2/account").body["feeBurn"] is False


def test_c9_an_rpi_order_pays_its_own_rate() -> None:
    """Protocol notes C.1, C.9: `rpiCommissionRate` for its fills, and for nothing else."""
    rates = FeeRates(maker=Decimal("0.0002"), taker=Decimal("0.0005"), rpi=Decimal("0.0001"))
    desk = Desk(fees={"BTCUSDT": rates})
    desk.order(side="SELL", type="LIMIT", timeInForce="RPI", price="80500.0", quantity="0.010")
    desk.order(side="SELL", type="LIMIT", timeInForce="GTX", price="80500.0", quantity="0.010")
    desk.trade("80600.0", "1", seller_aggressive=False)
    shown = desk.call("GET", "/fapi/v1/commissionRate", symbol="BTCUSDT").body
    assert shown["rpiCommissionRate"] == "0.000100"
    paid = [row["commission"] for row in desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT").body]
    assert paid == ["0.08050000", "0.16100000"]

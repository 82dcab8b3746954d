"""The matching engine: takers, makers, queues, self-trades, and what the user stream tells of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.config import AccountConfig
from tests.paper.desk import FUNDS, KEY, SECRET, Desk, sign

REST = {"type": "LIMIT", "price": "79999.9", "quantity": "0.100"}


def test_a_market_order_walks_the_book() -> None:
    """One fill per level, best first, and the events of each in their usual order."""
    desk = Desk()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010", "80000.5": "1"})
    desk.listen()
    reply = desk.order(quantity="0.030", newOrderRespType="RESULT")
    assert (reply.body["status"], reply.body["executedQty"]) == ("FILLED", "0.030")
    fill = ["TRADE_LITE", "ACCOUNT ORDER"]
    assert desk.story() == ["ORDER NEW/NEW", *fill, "ORDER TRADE/PARTIALLY_FILLED", *fill, "ORDER TRADE/FILLED"]
    assert [trade["price"] for trade in desk.records("trade")] == ["80000.1", "80000.5"]


def test_the_acknowledgement_of_a_market_order_says_new() -> None:
    """ACK is not a fill: status NEW, nothing executed, no averages."""
    body = Desk().order().body
    assert (body["status"], body["executedQty"]) == ("NEW", "0.000")
    assert "avgPrice" not in body
    assert "cumQuote" not in body


def test_a_market_order_stops_at_the_market_bound() -> None:
    """What lies further than 5 % from the mark is not taken; the remainder expires with reason 9."""
    desk = Desk()
    desk.levels({"80000.0": "1"}, {"80000.1": "0.010", "84000.1": "9"})
    desk.listen()
    reply = desk.order(quantity="0.030", newOrderRespType="RESULT")
    assert (reply.body["status"], reply.body["executedQty"]) == ("EXPIRED", "0.010")
    assert desk.sent()[-1]["o"]["er"] == "9"


def test_an_empty_book_fills_nothing() -> None:
    """A market order on an empty side expires whole."""
    desk = Desk()
    desk.levels({"80000.0": "1"}, {})
    assert desk.order(newOrderRespType="RESULT").body["status"] == "EXPIRED"


@pytest.mark.parametrize(
    ("tif", "story"),
    [
        ("IOC", ["ORDER TRADE/PARTIALLY_FILLED", "ORDER EXPIRED/EXPIRED"]),
        ("GTC", ["ORDER TRADE/PARTIALLY_FILLED"]),
    ],
)
def test_a_crossing_limit_order_takes_and_then_rests_or_expires(tif: str, story: list[str]) -> None:
    """GTC keeps the rest on the book, IOC expires it with reason 2."""
    desk = Desk()
    desk.listen()
    desk.order(type="LIMIT", timeInForce=tif, price="80000.1", quantity="2.500")
    events = desk.sent()
    told = [f"ORDER {event['o']['x']}/{event['o']['X']}" for event in events if event["e"] == "ORDER_TRADE_UPDATE"]
    assert told == ["ORDER NEW/NEW", *story]
    assert tif == "GTC" or events[-1]["o"]["er"] == "2"


def test_repeated_takers_cannot_take_the_same_level_twice() -> None:
    """A recorded level is consumed until the recording reports it anew."""
    desk = Desk()
    buy = {"type": "LIMIT", "timeInForce": "IOC", "price": "80000.1", "quantity": "1.500", "newOrderRespType": "RESULT"}
    executed = [desk.order(**buy).body["executedQty"] for _ in range(3)]
    assert executed == ["1.500", "0.500", "0.000"]
    desk.book("80000.0", "80000.1", ask_qty="3")
    assert desk.order(**{**buy, "quantity": "0.100"}).body["executedQty"] == "0.100"


def test_a_resting_order_fills_when_the_market_trades_through_it() -> None:
    """A stranger's sale below our bid must have met us first: at our price, as maker."""
    desk = Desk()
    desk.order(**REST)
    desk.trade("79999.8", "0.001", seller_aggressive=True)
    [trade] = desk.records("trade")
    assert (trade["price"], trade["qty"], trade["maker"]) == ("79999.9", "0.100", True)
    assert trade["fee"] == "1.59999800"


def test_a_resting_order_waits_behind_what_stood_there_first() -> None:
    """At our price the recorded quantity trades before us, and only the excess is ours."""
    desk = Desk()
    desk.order(**{**REST, "price": "80000.0"})
    desk.trade("80000.0", "1.500", seller_aggressive=True)
    assert desk.records("trade") == []
    desk.trade("80000.0", "0.540", seller_aggressive=True)
    assert [trade["qty"] for trade in desk.records("trade")] == ["0.040"]


def test_a_buy_of_strangers_does_not_fill_our_bid() -> None:
    """Only the aggressor's direction counts."""
    desk = Desk()
    desk.order(**{**REST, "price": "80000.0"})
    desk.trade("80000.0", "100", seller_aggressive=False)
    assert desk.records("trade") == []


def test_a_resting_order_fills_when_the_touch_crosses_it() -> None:
    """The ask falls to our bid: we trade at our own price, up to what is shown."""
    desk = Desk()
    desk.order(**{**REST, "quantity": "3"})
    desk.book("79999.0", "79999.5")
    [trade] = desk.records("trade")
    assert (trade["price"], trade["qty"]) == ("79999.9", "2")


def test_post_only_rests_when_it_does_not_cross() -> None:
    """GTX behaves as any resting order once it is in."""
    desk = Desk()
    assert desk.order(**REST, timeInForce="GTX").body["status"] == "NEW"
    assert len(desk.call("GET", "/fapi/v1/openOrders", symbol="BTCUSDT").body) == 1


def test_fill_or_kill_fills_whole() -> None:
    """Enough quantity within the limit: filled at once."""
    reply = Desk().order(type="LIMIT", timeInForce="FOK", price="80000.1", quantity="2", newOrderRespType="RESULT")
    assert reply.body["status"] == "FILLED"


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "FILLED"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ("NONE", "FILLED", "FILLED"),
    ],
)
def test_the_incoming_order_decides_on_a_self_trade(mode: str, maker: str, taker: str) -> None:
    """Our own sale stands better than the recorded ask, and our purchase meets it."""
    desk = Desk()
    desk.book("80000.0", "80001.0")
    resting = desk.order(side="SELL", type="LIMIT", price="80000.5", quantity="0.010").body["orderId"]
    incoming = desk.order(quantity="0.010", selfTradePreventionMode=mode).body["orderId"]

    def status(order_id: int) -> str:
        body = desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id).body
        return str(body["status"])

    assert (status(resting), status(incoming)) == (maker, taker)


def test_two_accounts_trade_with_each_other() -> None:
    """Both sides share the trade id; one pays the maker fee and the other the taker fee."""
    other = AccountConfig(name="other", api_key="other-key", api_secret="other-secret")
    desk = Desk(accounts=[AccountConfig(name="paper", api_key=KEY, api_secret=SECRET), other])
    desk.book("80000.0", "80010.0")
    desk.order(side="SELL", type="LIMIT", price="80005.0", quantity="0.010")
    text = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.010&timestamp={desk.now_us // 1000}"
    assert (
        desk.raw("POST", f"/fapi/v1/order?{text}&signature={sign(text, 'other-secret')}", key="other-key").status == 200
    )
    maker, taker = desk.records("trade")
    assert maker["trade_id"] == taker["trade_id"]
    assert (maker["maker"], taker["maker"]) == (True, False)
    assert (maker["account"], taker["account"]) == ("paper", "other")


def test_resting_reduce_only_orders_end_with_the_position() -> None:
    """A target outlives its position only as EXPIRED with reason 4."""
    desk = Desk()
    desk.order(quantity="0.010")
    desk.order(side="SELL", type="LIMIT", price="81000.0", quantity="0.010", reduceOnly="true")
    desk.listen()
    desk.order(side="SELL", quantity="0.010")
    last = desk.sent()[-1]["o"]
    assert (last["x"], last["X"], last["er"]) == ("EXPIRED", "EXPIRED", "4")


def test_a_flip_realises_the_old_side_and_opens_the_new_at_the_fill() -> None:
    """One fill may close and open; the entry starts anew."""
    desk = Desk()
    desk.order(quantity="0.010")
    desk.book("80100.0", "80100.1")
    desk.order(side="SELL", quantity="0.030")
    position = desk.records("position")[-1]
    assert (position["amt"], position["entry"]) == ("-0.020", "80100")
    assert desk.records("trade")[-1]["realized"] == "0.99900000"


def two(group: int = -1) -> Desk:
    """Two accounts, perhaps of one trade group, in front of a wide book."""
    accounts = [
        AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, trade_group_id=group),
        AccountConfig(name="other", api_key="other-key", api_secret="other-secret", trade_group_id=group),
    ]
    desk = Desk(accounts=accounts)
    desk.book("80000.0", "80010.0")
    return desk


def other_buys(desk: Desk, quantity: str = "0.010") -> None:
    """The other account buys at the market."""
    text = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity={quantity}&timestamp={desk.now_us // 1000}"
    signed = f"/fapi/v1/order?{text}&signature={sign(text, 'other-secret')}"
    assert desk.raw("POST", signed, key="other-key").status == 200


@pytest.mark.parametrize(("group", "status"), [(-1, "FILLED"), (7, "EXPIRED_IN_MATCH")])
def test_c1_accounts_of_one_trade_group_do_not_trade_with_each_other(group: int, status: str) -> None:
    """Protocol notes C.1: self-trade prevention reaches over accounts that share a group."""
    desk = two(group)
    order_id = desk.order(side="SELL", type="LIMIT", price="80005.0", quantity="0.010").body["orderId"]
    other_buys(desk)
    assert desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", orderId=order_id).body["status"] == status


def test_c1_an_rpi_order_meets_no_order_of_an_api() -> None:
    """Protocol notes C.1: takers through the API pass it by; the outside market fills it."""
    desk = two()
    desk.order(side="SELL", type="LIMIT", timeInForce="RPI", price="80005.0", quantity="0.010")
    other_buys(desk)
    assert [trade["price"] for trade in desk.records("trade")] == ["80010.0"]
    desk.trade("80006.0", "1", seller_aggressive=False)
    assert desk.records("trade")[-1]["price"] == "80005.0"


def test_at_one_price_time_decides_between_the_recording_and_our_orders() -> None:
    """What stood there before our order trades first, then ours, then what came later."""
    desk = two()
    desk.order(side="SELL", type="LIMIT", price="80010.0", quantity="0.010")
    desk.book("80000.0", "80010.0", ask_qty="9")
    other_buys(desk, "2.015")
    takers = [trade["qty"] for trade in desk.records("trade") if trade["account"] == "other"]
    assert takers == ["2", "0.010", "0.005"]


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 300), st.integers(-40, 40)), max_size=25))
def test_the_wallet_and_the_position_are_the_sum_of_the_trades(steps: list[tuple[str, int, int]]) -> None:
    """For any orders on any walk: position = Σ trades, wallet change = Σ realised − fees, log numbers gapless."""
    desk = Desk()
    price = 80_000
    for side, thousandths, move in steps:
        price += move
        desk.book(f"{price}.0", f"{price}.1")
        desk.mark(str(price))
        desk.order(side=side, quantity=str(Decimal(thousandths) / 1000))
    trades = desk.records("trade")
    signed = sum((Decimal(t["qty"]) * (1 if t["side"] == "BUY" else -1) for t in trades), Decimal(0))
    earned = sum((Decimal(t["realized"]) - Decimal(t["fee"]) for t in trades), Decimal(0))
    assert desk.position() == signed
    assert desk.wallet() == Decimal(100_000) + earned
    assert [record["n"] for record in desk.log] == list(range(1, len(desk.log) + 1))


@given(st.lists(st.tuples(st.booleans(), st.integers(-30, 30), st.integers(1, 50)), max_size=20))
def test_makers_never_fill_beyond_their_quantity_or_off_their_price(steps: list[tuple[bool, int, int]]) -> None:
    """Whatever the market does to resting orders, each fill is at the order's price and within its quantity."""
    desk = Desk()
    price = 80_000
    for buy, move, thousandths in steps:
        price += move
        offset = -1 if buy else 1
        desk.order(
            type="LIMIT",
            side="BUY" if buy else "SELL",
            price=f"{price + offset}.0",
            quantity=str(Decimal(thousandths) / 1000),
        )
        desk.book(f"{price}.0", f"{price}.1")
        desk.trade(f"{price}.0", "0.020", seller_aggressive=buy)
    filled: dict[int, Decimal] = {}
    asked = {record["order_id"]: record for record in desk.records("order")}
    for trade in desk.records("trade"):
        order = asked[trade["order_id"]]
        filled[trade["order_id"]] = filled.get(trade["order_id"], Decimal(0)) + Decimal(trade["qty"])
        assert filled[trade["order_id"]] <= Decimal(order["qty"])
        assert not trade["maker"] or trade["price"] == order["price"]


def test_c1_an_account_that_trades_with_itself_settles_both_legs() -> None:
    """Protocol notes C.1: what may only close the other leg ends with that leg, whoever took it."""
    own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS, hedge_mode=True)
    desk = Desk(accounts=[own])
    desk.order(positionSide="LONG", quantity="0.500")
    desk.order(side="SELL", positionSide="SHORT", quantity="0.500")
    for price in ("79999.9", "79999.8"):
        limit = {"type": "LIMIT", "price": price, "quantity": "0.300"}
        assert desk.order(positionSide="SHORT", **limit).status == 200
    desk.levels({}, {"80000.1": "2"})
    desk.order(side="SELL", positionSide="LONG", quantity="0.500", selfTradePreventionMode="NONE")
    assert desk.call("GET", "/fapi/v3/positionRisk").body == []
    assert desk.call("GET", "/fapi/v1/openOrders").body == []

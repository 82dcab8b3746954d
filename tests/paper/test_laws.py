"""Whatever happens to it, the exchange stays in one piece: random lives, checked after every step."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.paper.facts import VenueFacts, answers
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import Order
from tests.paper.desk import Desk

SIDES = st.sampled_from(["BUY", "SELL"])
QUANTITY = st.integers(1, 400).map(lambda n: str(Decimal(n) / 1000))
OFFSET = st.integers(-60, 60)
NEAR = st.integers(-12, 12)
SELDOM = st.sampled_from([False, False, False, True])

MARKET_ORDER = st.fixed_dictionaries({"do": st.just("market"), "side": SIDES, "qty": QUANTITY, "ro": SELDOM})
LIMIT_ORDER = st.fixed_dictionaries(
    {
        "do": st.just("limit"),
        "side": SIDES,
        "qty": QUANTITY,
        "offset": NEAR,
        "tif": st.sampled_from(["GTC", "GTC", "IOC", "FOK", "GTX"]),
        "ro": SELDOM,
    }
)
STOP = st.fixed_dictionaries(
    {
        "do": st.just("stop"),
        "side": SIDES,
        "qty": QUANTITY,
        "offset": st.integers(1, 40),
        "kind": st.sampled_from(["STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP"]),
        "all": st.booleans(),
        "gte": st.booleans(),
    }
)
MOVE = st.fixed_dictionaries({"do": st.just("move"), "by": OFFSET, "qty": st.integers(1, 500)})
TRADE = st.fixed_dictionaries({"do": st.just("trade"), "offset": NEAR, "seller": st.booleans()})
CANCEL = st.fixed_dictionaries({"do": st.just("cancel"), "nth": st.integers(0, 5)})
FAULT = st.fixed_dictionaries(
    {"do": st.just("fault"), "verb": st.sampled_from(["503-unknown", "resp.drop", "algo.stuck"])}
)
STEP = st.one_of(MARKET_ORDER, LIMIT_ORDER, LIMIT_ORDER, STOP, MOVE, MOVE, MOVE, TRADE, TRADE, CANCEL, FAULT)
STEPS = st.lists(STEP, min_size=10, max_size=40)

TURNED = st.sampled_from(
    [(name, answer) for name in VenueFacts.__struct_fields__ for answer in answers(name) or (0, 500, 20_000)]
)
VENUE = st.lists(TURNED, max_size=15).map(dict)
TURN = st.fixed_dictionaries({"do": st.just("turn"), "turn": TURNED})
TURNING_STEPS = st.lists(st.one_of(STEP, STEP, STEP, TURN), min_size=10, max_size=40)


class Life:
    """A desk that lives through random steps."""

    def __init__(self, facts: dict[str, Any] | None = None) -> None:
        self.desk = Desk(facts)
        self.desk.listen()
        self.price = 80_000

    def take(self, step: dict[str, Any]) -> None:
        """Carry out one step; refusals are part of life."""
        getattr(self, "do_" + step["do"])(step)

    def do_market(self, step: dict[str, Any]) -> None:
        """A market order."""
        self.desk.order(side=step["side"], quantity=step["qty"], reduceOnly=str(step["ro"]).lower())

    def do_limit(self, step: dict[str, Any]) -> None:
        """A limit order near the market."""
        self.desk.order(
            type="LIMIT",
            side=step["side"],
            quantity=step["qty"],
            price=f"{self.price + step['offset']}.0",
            timeInForce=step["tif"],
            reduceOnly=str(step["ro"]).lower(),
        )

    def do_stop(self, step: dict[str, Any]) -> None:
        """A conditional order on the side of the mark where it waits."""
        up = (step["kind"].startswith("STOP")) == (step["side"] == "BUY")
        trigger = f"{self.price + step['offset'] * (1 if up else -1)}.0"
        params: dict[str, Any] = {"type": step["kind"], "side": step["side"], "triggerPrice": trigger}
        if step["gte"]:
            params["timeInForce"] = "GTE_GTC"
        if not step["all"] or step["kind"] == "STOP":
            params |= {"quantity": step["qty"], "price": trigger if step["kind"] == "STOP" else ""}
        self.desk.algo(**params)

    def do_move(self, step: dict[str, Any]) -> None:
        """Book and mark move."""
        self.price += step["by"]
        qty = str(Decimal(step["qty"]) / 1000)
        self.desk.book(f"{self.price}.0", f"{self.price}.1", bid_qty=qty, ask_qty=qty)
        self.desk.mark(str(self.price))

    def do_trade(self, step: dict[str, Any]) -> None:
        """Strangers trade."""
        self.desk.trade(f"{self.price + step['offset']}.0", "0.050", seller_aggressive=step["seller"])

    def do_cancel(self, step: dict[str, Any]) -> None:
        """Cancel the nth open order, or the nth waiting stop."""
        account = self.desk.venue.exchange.accounts["paper"]
        orders, algos = list(account.open_orders.values()), list(account.open_algos.values())
        if step["nth"] < len(orders):
            self.desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", orderId=orders[step["nth"]].order_id)
        elif step["nth"] < len(algos):
            self.desk.call("DELETE", "/fapi/v1/algoOrder", algoId=algos[step["nth"]].algo_id)

    def do_turn(self, step: dict[str, Any]) -> None:
        """A switch is turned while everything is open."""
        assert self.desk.control("facts", set=dict([step["turn"]]))["ok"]

    def do_fault(self, step: dict[str, Any]) -> None:
        """Something goes wrong for the next order, or the next trigger."""
        self.desk.control("fault", verb=step["verb"], executed=True, match={"method": "order.place"})


def check_books(life: Life) -> None:
    """Open orders, waiting stops and reserved notional agree with each other."""
    exchange = life.desk.venue.exchange
    market: Market = exchange.markets["BTCUSDT"]
    account = exchange.accounts["paper"]
    resting: list[Order] = [*market.bids, *market.asks]
    assert sorted(order.order_id for order in resting) == sorted(
        order.order_id for order in account.open_orders.values()
    )
    assert all(order.is_open and 0 <= order.executed < order.qty for order in resting)
    waiting = [
        algo for triggers in (market.mark_triggers, market.last_triggers) for algo in (*triggers.up, *triggers.down)
    ]
    assert all(algo.status == "NEW" for algo in waiting)
    stuck = [algo for algo in account.open_algos.values() if algo.status == "TRIGGERING"]
    assert len(waiting) + len(stuck) == len(account.open_algos)
    leg = account.leg("BTCUSDT", "BOTH")
    for buys, reserved in ((True, leg.bids), (False, leg.asks)):
        opening = [order for order in resting if order.is_buy == buys and not order.closes_only]
        assert reserved == sum((order.price * order.remaining for order in opening), Decimal(0))
    assert ("paper" in market.holders) == bool(leg.amt)


def check_money(life: Life) -> None:
    """Position = Σ trades; wallet = start + Σ income; reduce-only never opened anything; the log has no gap."""
    desk = life.desk
    account = desk.venue.exchange.accounts["paper"]
    held = Decimal(0)
    reduce_only = {record["order_id"]: record["reduce_only"] for record in desk.records("order")}
    for trade in desk.records("trade"):
        before, held = held, held + Decimal(trade["qty"]) * (1 if trade["side"] == "BUY" else -1)
        if reduce_only[trade["order_id"]]:
            assert abs(held) < abs(before)
            assert held * before >= 0
    assert held == account.leg("BTCUSDT", "BOTH").amt
    income = sum((Decimal(row["amount"]) for row in desk.records("income")), Decimal(0))
    assert account.wallets["USDT"] == Decimal(100_000) + income
    assert [record["n"] for record in desk.log] == list(range(1, len(desk.log) + 1))


@settings(max_examples=150)
@given(STEPS)
def test_the_exchange_stays_consistent_through_any_life(steps: list[dict[str, Any]]) -> None:
    """After every step, with faults in between."""
    life = Life()
    for step in steps:
        life.take(step)
        check_books(life)
    check_money(life)


@settings(max_examples=150)
@given(VENUE, TURNING_STEPS)
def test_rules_14_the_exchange_stays_consistent_under_any_switches(
    facts: dict[str, Any], steps: list[dict[str, Any]]
) -> None:
    """Turned before the first step, and in between."""
    life = Life(facts)
    for step in steps:
        life.take(step)
        check_books(life)
    check_money(life)


@settings(max_examples=50)
@given(STEPS)
def test_the_stream_tells_what_the_log_says(steps: list[dict[str, Any]]) -> None:
    """Replaying the user stream alone gives the positions and wallets of the venue, to the last digit."""
    follow(Life(), steps)


@settings(max_examples=100)
@given(VENUE, TURNING_STEPS)
def test_rules_14_the_stream_tells_what_the_log_says_under_any_switches(
    facts: dict[str, Any], steps: list[dict[str, Any]]
) -> None:
    """In whatever order it tells it."""
    follow(Life(facts), steps)


def follow(life: Life, steps: list[dict[str, Any]]) -> None:
    """Live, and count what the stream tells."""
    for step in steps:
        life.take(step)
    account = life.desk.venue.exchange.accounts["paper"]
    held, paid = Decimal(0), Decimal(0)
    for event in life.desk.sent():
        if event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "TRADE":
            order = event["o"]
            held += Decimal(order["l"]) * (1 if order["S"] == "BUY" else -1)
            paid += Decimal(order["rp"]) - Decimal(order["n"])
    assert held == account.leg("BTCUSDT", "BOTH").amt
    assert account.wallets["USDT"] == Decimal(100_000) + paid

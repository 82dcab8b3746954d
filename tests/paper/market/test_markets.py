"""One symbol's live state."""

from decimal import Decimal

from holdfast.paper.market.markets import Market
from tests.paper.desk import Desk


def market() -> tuple[Desk, Market]:
    """BTCUSDT of a desk."""
    desk = Desk()
    return desk, desk.venue.exchange.markets["BTCUSDT"]


def test_better_priced_orders_come_first_and_older_ones_at_the_same_price() -> None:
    """Price, then time."""
    desk, btc = market()
    for price, name in (("79000.0", "a"), ("79500.0", "b"), ("79000.0", "c")):
        desk.order(type="LIMIT", price=price, newClientOrderId=name)
    assert [order.client_id for order in btc.bids] == ["b", "a", "c"]
    for price, name in (("81000.0", "d"), ("80500.0", "e")):
        desk.order(type="LIMIT", side="SELL", price=price, newClientOrderId=name)
    assert [order.client_id for order in btc.asks] == ["e", "d"]


def test_ids_rise() -> None:
    """Order ids and trade ids never repeat within a symbol."""
    _, btc = market()
    assert btc.order_id() < btc.order_id()
    assert btc.trade_id() < btc.trade_id()


def test_the_reference_is_the_mark_then_the_middle_then_the_last_trade() -> None:
    """The nearest thing to a mark while none was reported."""
    desk = Desk()
    eth = desk.venue.exchange.markets["ETHUSDT"]
    assert eth.reference() is None
    desk.trade("3000.00", "1", seller_aggressive=True, symbol="ETHUSDT")
    assert eth.reference() == 3000
    desk.book("3009.00", "3011.00", symbol="ETHUSDT")
    assert eth.reference() == 3010
    desk.mark("3020", symbol="ETHUSDT")
    assert (eth.reference(), eth.contract_price()) == (Decimal(3020), Decimal(3000))


def test_only_due_triggers_are_found() -> None:
    """Nearest first in each direction; the rest keeps waiting."""
    desk, btc = market()
    for trigger, name in (("79000.0", "b"), ("78000.0", "c"), ("79500.0", "a")):
        desk.algo(triggerPrice=trigger, quantity="0.010", clientAlgoId=name)
    found = btc.mark_triggers.due(Decimal(79000))
    assert [algo.client_id for algo in found] == ["a", "b"]
    assert btc.has_triggers()

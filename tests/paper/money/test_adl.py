"""The queue of forced closing."""

from decimal import Decimal

from holdfast.paper.money import adl
from tests.paper.trading.test_liquidation import human, two_accounts


def test_profit_and_margin_ratio_decide_the_queue() -> None:
    """Of two longs in profit, the one with less behind it is first: 4 against 0."""
    desk = two_accounts("10")
    human(desk, side="BUY", quantity="0.400")
    desk.mark("81000")
    exchange = desk.venue.exchange
    market = exchange.markets["BTCUSDT"]
    assert [account.name for account, _ in adl.queue(exchange, market, longs=True)] == ["paper", "b"]
    places = [adl.quantile(exchange, one, market, one.leg("BTCUSDT", "BOTH")) for one in exchange.accounts.values()]
    assert places == [4, 0]


def test_a_losing_position_stands_last() -> None:
    """Its score is 0."""
    desk = two_accounts("10")
    desk.mark("79000")
    exchange = desk.venue.exchange
    account, market = exchange.accounts["paper"], exchange.markets["BTCUSDT"]
    assert adl.score(exchange, account, market, account.leg("BTCUSDT", "BOTH")) == Decimal(0)

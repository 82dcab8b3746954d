"""Made-up statistics."""

from decimal import Decimal

from holdfast.paper.market.statistics import long_share, open_interest, ratio
from tests.paper.desk import Desk
from tests.paper.watched import NOW_MS, traded


def test_every_run_tells_the_same() -> None:
    """They are drawn from the symbol's name and the instant alone."""
    first, second = traded().venue.exchange, traded().venue.exchange
    market, other = first.market("BTCUSDT"), second.market("BTCUSDT")
    assert open_interest(first, market, NOW_MS) == open_interest(second, other, NOW_MS)
    assert long_share(market, "account", NOW_MS) == long_share(other, "account", NOW_MS)


def test_shares_stay_near_the_middle() -> None:
    """Over a year of hours."""
    market = traded().venue.exchange.market("BTCUSDT")
    shares = [long_share(market, "top account", NOW_MS - hour * 3_600_000) for hour in range(0, 8760, 7)]
    assert Decimal("0.38") <= min(shares) < max(shares) <= Decimal("0.62")


def test_without_a_price_there_is_no_open_interest() -> None:
    """Nothing is invented for a contract that does not trade."""
    exchange = Desk().venue.exchange
    assert open_interest(exchange, exchange.market("ETHUSDT"), NOW_MS) == 0


def test_a_ratio_to_nothing_is_one() -> None:
    """A period without trades has no imbalance."""
    assert (ratio(Decimal(3), Decimal(2)), ratio(Decimal(0), Decimal(0))) == (Decimal("1.5000"), Decimal("1.0000"))

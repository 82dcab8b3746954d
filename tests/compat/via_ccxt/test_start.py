"""What bots built on ccxt read before they trade."""

import pytest

S = "BTC/USDT:USDT"


def test_the_synchronous_client(blocking):
    """Markets, balance and an order without asyncio."""
    assert blocking.load_markets()[S]["linear"] is True
    assert blocking.fetch_balance()["USDT"]["total"] > 9_000
    assert blocking.create_order(S, "market", "buy", 0.01)["status"] == "closed"


async def test_markets_carry_steps_and_minimums(exchange):
    """Precision and limits are read from the filters."""
    market = exchange.market(S)
    assert (market["contract"], market["settle"], market["active"]) == (True, "USDT", True)
    assert market["precision"]["amount"] > 0
    assert market["limits"]["cost"]["min"] > 0


async def test_the_clock(exchange):
    """The difference that ccxt would correct is small."""
    assert abs(await exchange.load_time_difference()) < 5_000


async def test_balance(exchange):
    """Total, free and used."""
    balance = await exchange.fetch_balance()
    assert balance["USDT"]["total"] > 9_000


@pytest.mark.parametrize("read", ["fetch_bids_asks", "fetch_mark_prices", "fetch_last_prices"])
async def test_reads_of_every_symbol(exchange, read):
    """Each gives the symbol under ccxt's own name."""
    assert S in await getattr(exchange, read)()


async def test_order_book(exchange):
    """The best bid is below the best ask."""
    book = await exchange.fetch_order_book(S, 20)
    assert book["bids"][0][0] < book["asks"][0][0]


async def test_leverage_tiers(exchange):
    """The brackets of a symbol."""
    assert (await exchange.fetch_leverage_tiers([S]))[S][0]["maxLeverage"] > 1


async def test_trading_fee(exchange):
    """The commission of the account."""
    assert (await exchange.fetch_trading_fee(S))["taker"] > 0

"""ccxt 4.5.90, pointed at the paper exchange by `urls` and two options (protocol notes K.2)."""

from collections.abc import AsyncIterator
from typing import Any

import ccxt
import ccxt.pro
import pytest

from tests.compat.paper import Paper

SYMBOL = "BTC/USDT:USDT"
SETTINGS: dict[str, Any] = {"enableRateLimit": False, "options": {"fetchCurrencies": False}}


def point(exchange: ccxt.binanceusdm, server: Paper) -> ccxt.binanceusdm:
    """Replace the addresses of an exchange object; nothing else of it is touched."""
    api = exchange.urls["api"]
    for name, path in (("fapiPublic", "v1"), ("fapiPublicV2", "v2"), ("fapiPublicV3", "v3")):
        api[name] = api[name.replace("Public", "Private")] = f"{server.rest}/fapi/{path}"
    api["fapiData"] = f"{server.rest}/futures/data"
    if "ws" in api:
        api["ws"]["linear"] = f"{server.ws}/ws"
        api["ws"]["ws-api"]["linear"] = f"{server.ws}/ws-fapi/v1"
    return exchange


@pytest.fixture(scope="session")
async def session_exchange(server: Paper) -> AsyncIterator[ccxt.pro.binanceusdm]:
    """ccxt pro, which is the asynchronous REST client too. Its start reads exchangeInfo."""
    exchange = point(ccxt.pro.binanceusdm({"apiKey": server.key, "secret": server.secret, **SETTINGS}), server)
    await exchange.load_markets()
    yield exchange
    await exchange.close()


@pytest.fixture
def exchange(session_exchange: ccxt.pro.binanceusdm, paper: Paper) -> ccxt.pro.binanceusdm:
    """The same on a clean account."""
    return session_exchange


@pytest.fixture
def blocking(server: Paper, paper: Paper) -> ccxt.binanceusdm:
    """The synchronous client."""
    return point(ccxt.binanceusdm({"apiKey": server.key, "secret": server.secret, **SETTINGS}), server)

"""python-binance 1.0.37, pointed at the paper exchange by the class attributes of protocol notes K.1."""

from collections.abc import AsyncIterator, Iterator

import binance
import pytest

from tests.compat.paper import Paper


def overrides(server: Paper) -> dict[str, str]:
    """The addresses that the client reads from its class."""
    return {
        "API_URL": f"{server.rest}/api",
        "FUTURES_URL": f"{server.rest}/fapi",
        "FUTURES_DATA_URL": f"{server.rest}/futures/data",
        "WS_FUTURES_URL": f"{server.ws}/ws-fapi/v1",
    }


@pytest.fixture(scope="session")
def session_client(server: Paper) -> Iterator[binance.Client]:
    """The synchronous client; it asks the Spot address for a ping when it is made."""
    client = type("PaperClient", (binance.Client,), overrides(server))(server.key, server.secret)
    yield client
    client.close_connection()


@pytest.fixture
def client(session_client: binance.Client, paper: Paper) -> binance.Client:
    """The same on a clean account."""
    return session_client


@pytest.fixture(scope="session")
async def session_async_client(server: Paper) -> AsyncIterator[binance.AsyncClient]:
    """The asynchronous client; it asks the Spot address for ping and time when it is made."""
    made = type("PaperAsyncClient", (binance.AsyncClient,), overrides(server))
    client = await made.create(server.key, server.secret)
    yield client
    await client.close_connection()


@pytest.fixture
def async_client(session_async_client: binance.AsyncClient, paper: Paper) -> binance.AsyncClient:
    """The same on a clean account."""
    return session_async_client


@pytest.fixture(scope="session")
def session_sockets(session_async_client: binance.AsyncClient, server: Paper) -> binance.BinanceSocketManager:
    """The stream client; it adds /public, /market or /private to the address by itself."""
    made = type("PaperSocketManager", (binance.BinanceSocketManager,), {"FSTREAM_URL": f"{server.ws}/"})
    return made(session_async_client)


@pytest.fixture
def sockets(session_sockets: binance.BinanceSocketManager, paper: Paper) -> binance.BinanceSocketManager:
    """The same on a clean account."""
    return session_sockets

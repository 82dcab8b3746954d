"""The official SDK 18.0.1, pointed at the paper exchange by its configuration objects (protocol notes K.3)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    DerivativesTradingUsdsFutures,
)

from tests.compat.paper import Paper


@pytest.fixture(scope="session")
def sdk(server: Paper) -> DerivativesTradingUsdsFutures:
    """All three doors of the SDK behind one object."""
    return DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(server.key, server.secret, base_path=server.rest, timeout=10_000),
        config_ws_api=ConfigurationWebSocketAPI(server.key, server.secret, stream_url=f"{server.ws}/ws-fapi/v1"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=server.ws),
    )


@pytest.fixture
def rest(sdk: DerivativesTradingUsdsFutures, paper: Paper) -> Any:
    """The REST door, on a clean account."""
    return sdk.rest_api


@pytest.fixture(scope="session")
async def session_api(sdk: DerivativesTradingUsdsFutures) -> AsyncIterator[Any]:
    """The connected WebSocket API."""
    await sdk.websocket_api.create_connection()
    yield sdk.websocket_api
    await sdk.websocket_api.close_connection()


@pytest.fixture
def api(session_api: Any, paper: Paper) -> Any:
    """The same on a clean account."""
    return session_api


@pytest.fixture(scope="session")
async def session_streams(sdk: DerivativesTradingUsdsFutures) -> AsyncIterator[Any]:
    """The connected streams: the SDK opens all three routes at once."""
    await sdk.websocket_streams.create_connection()
    yield sdk.websocket_streams
    await sdk.websocket_streams.close_connection()


@pytest.fixture
def streams(session_streams: Any, paper: Paper) -> Any:
    """The same on a clean account."""
    return session_streams

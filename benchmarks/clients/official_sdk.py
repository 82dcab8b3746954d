"""Binance's own SDK (binance-sdk-derivatives-trading-usds-futures): WebSocket API, signed with HMAC."""

from __future__ import annotations

from typing import Any

from binance_common.configuration import ConfigurationWebSocketAPI
from binance_sdk_derivatives_trading_usds_futures import derivatives_trading_usds_futures as sdk

from benchmarks.clients import order, worker


async def _connect(url: str) -> worker.Contestant:
    configuration = ConfigurationWebSocketAPI(order.API_KEY, order.API_SECRET, stream_url=url + order.PATH)
    client = sdk.DerivativesTradingUsdsFutures(config_ws_api=configuration)
    connection: Any = await client.websocket_api.create_connection()

    async def place(n: int) -> None:
        reply = await connection.new_order(
            symbol=order.SYMBOL,
            side="BUY",
            type="LIMIT",
            position_side="BOTH",
            time_in_force="GTC",
            quantity=0.01,
            price=65_000,
            new_client_order_id=order.client_id(n),
            new_order_resp_type="RESULT",
            self_trade_prevention_mode="EXPIRE_MAKER",
            recv_window=order.RECV_WINDOW_MS,
        )
        result = reply.data().result
        order.check(n, result.client_order_id, result.status)

    return worker.Contestant(place)


if __name__ == "__main__":
    worker.main(_connect)

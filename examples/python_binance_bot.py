"""python-binance on the paper exchange: buy, protect, close. Start `holdfast paper` first."""

import sys

import binance

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8430"


class PaperClient(binance.Client):
    """Four addresses are all that changes; remove this class and it trades on Binance itself."""

    API_URL = f"http://{HOST}/api"
    FUTURES_URL = f"http://{HOST}/fapi"
    FUTURES_DATA_URL = f"http://{HOST}/futures/data"
    WS_FUTURES_URL = f"ws://{HOST}/ws-fapi/v1"


def main() -> None:
    """One trade from entry to exit."""
    client = PaperClient("paper-key", "paper-secret")
    client.futures_change_leverage(symbol="BTCUSDT", leverage=5)
    client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.010")
    [position] = client.futures_position_information(symbol="BTCUSDT")
    print("long", position["positionAmt"], "at", position["entryPrice"])
    trigger = f"{float(position['entryPrice']) * 0.98:.1f}"
    stop = client.futures_create_order(
        symbol="BTCUSDT", side="SELL", type="STOP_MARKET", stopPrice=trigger, closePosition="true"
    )
    print("stop", stop["algoId"], "at", stop["triggerPrice"])
    client.futures_create_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.010", reduceOnly="true")
    client.futures_cancel_all_algo_open_orders(symbol="BTCUSDT")
    print("flat", client.futures_position_information(symbol="BTCUSDT") == [])


if __name__ == "__main__":
    main()

"""Binance's official SDK on the paper exchange: buy, protect, close. Start `holdfast paper` first."""

import sys

from binance_common.configuration import ConfigurationRestAPI
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import DerivativesTradingUsdsFutures

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8430"
SYMBOL = "BTCUSDT"


def main() -> None:
    """One trade from entry to exit; without `base_path` it would happen on Binance itself."""
    settings = ConfigurationRestAPI("paper-key", "paper-secret", base_path=f"http://{HOST}", timeout=5000)
    rest = DerivativesTradingUsdsFutures(config_rest_api=settings).rest_api
    rest.change_initial_leverage(symbol=SYMBOL, leverage=5)
    rest.new_order(symbol=SYMBOL, side="BUY", type="MARKET", quantity=0.01)
    [position] = rest.position_information_v3(symbol=SYMBOL).data()
    print("long", position.position_amt, "at", position.entry_price)
    stop = rest.new_algo_order(
        algo_type="CONDITIONAL", symbol=SYMBOL, side="SELL", type="STOP_MARKET",
        trigger_price=round(float(position.entry_price) * 0.98, 1), close_position="true",
    ).data()  # fmt: skip
    print("stop", stop.algo_id, "at", stop.trigger_price)
    rest.new_order(symbol=SYMBOL, side="SELL", type="MARKET", quantity=0.01, reduce_only="true")
    rest.cancel_all_algo_open_orders(symbol=SYMBOL)
    print("flat", rest.position_information_v3(symbol=SYMBOL).data() == [])


if __name__ == "__main__":
    main()

"""ccxt on the paper exchange: buy, protect, close. Start `holdfast paper` first."""

import sys

import ccxt

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8430"
SYMBOL = "BTC/USDT:USDT"


def paper() -> ccxt.binanceusdm:
    """An exchange object with the paper exchange's addresses; without the loop it trades on Binance itself."""
    options = {"fetchCurrencies": False}
    exchange = ccxt.binanceusdm({"apiKey": "paper-key", "secret": "paper-secret", "options": options})
    for version, name in (("v1", ""), ("v2", "V2"), ("v3", "V3")):
        for kind in ("fapiPublic", "fapiPrivate"):
            exchange.urls["api"][kind + name] = f"http://{HOST}/fapi/{version}"
    return exchange


def main() -> None:
    """One trade from entry to exit."""
    exchange = paper()
    exchange.set_leverage(5, SYMBOL)
    entry = exchange.create_order(SYMBOL, "market", "buy", 0.01)
    print("long", entry["filled"], "at", exchange.fetch_positions([SYMBOL])[0]["entryPrice"])
    price = exchange.fetch_ticker(SYMBOL)["last"] * 0.98
    trigger = {"stopLossPrice": exchange.price_to_precision(SYMBOL, price)}
    stop = exchange.create_order(SYMBOL, "market", "sell", 0.01, None, trigger)
    print("stop", stop["id"], "at", stop["triggerPrice"])
    exchange.create_order(SYMBOL, "market", "sell", 0.01, None, {"reduceOnly": True})
    exchange.cancel_all_orders(SYMBOL, {"trigger": True})
    print("flat", not [row for row in exchange.fetch_positions([SYMBOL]) if row["contracts"]])


if __name__ == "__main__":
    main()

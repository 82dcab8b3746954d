"""The official SDK's WebSocket API."""

import pytest

S = "BTCUSDT"


async def test_ws_order_lives(api, price):
    """Placed, amended, queried and cancelled."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.01}
    placed = (await api.new_order(**order, price=round(price * 0.97, 1))).data().result
    assert placed.status == "NEW"
    changes = {"quantity": 0.02, "price": round(price * 0.96, 1)}
    changed = (await api.modify_order(symbol=S, side="BUY", order_id=placed.order_id, **changes)).data().result
    assert float(changed.orig_qty) == 0.02
    assert (await api.query_order(symbol=S, order_id=placed.order_id)).data().result.status == "NEW"
    assert (await api.cancel_order(symbol=S, order_id=placed.order_id)).data().result.status == "CANCELED"


async def test_ws_algo_order(api, price):
    """A conditional order, placed and cancelled."""
    order = {"algo_type": "CONDITIONAL", "symbol": S, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.01}
    placed = (await api.new_algo_order(**order, trigger_price=round(price * 0.97, 1))).data().result
    assert placed.algo_status == "NEW"
    assert (await api.cancel_algo_order(algo_id=placed.algo_id)).data().result.code == "200"


@pytest.mark.parametrize("read", ["account_information", "futures_account_balance", "position_information"])
@pytest.mark.parametrize("version", ["", "_v2"])
async def test_ws_account_reads(api, read, version):
    """Both versions of the three account reads."""
    assert (await getattr(api, read + version)()).data().result is not None


@pytest.mark.parametrize("read", ["order_book", "symbol_order_book_ticker", "symbol_price_ticker"])
async def test_ws_market_reads(api, read):
    """Book, best prices and last price."""
    reply = (await getattr(api, read)(symbol=S)).data()
    assert (getattr(reply, "actual_instance", None) or reply).result is not None


async def test_ws_listen_key(api):
    """Started and kept alive."""
    assert (await api.start_user_data_stream()).data().result.listen_key
    await api.keepalive_user_data_stream()


async def test_ws_refusal(api):
    """The SDK does not raise here: it hands out the venue's error."""
    assert (await api.query_order(symbol=S, order_id=1)).data()["error"]["code"] == -2013

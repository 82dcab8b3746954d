"""Answers into reports: exact numbers, kept unknowns, and no empty result from a body that cannot be read."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance import endpoints as ep
from holdfast.binance.paging import Pager
from holdfast.binance.replies import (
    READERS,
    Findings,
    Unreadable,
    algo_cancel_of,
    algo_of,
    book_tickers_of,
    commission_of,
    error_of,
    listen_key_of,
    number,
    order_of,
    restrictions_of,
    server_time_of,
)
from holdfast.binance.statuses import UNKNOWN_STATUS
from holdfast.model import num
from holdfast.model.effects import Read, ReadKind
from holdfast.model.orders import AlgoStatus, OrderStatus, Side
from holdfast.model.reports import Channel

PLACED = b"""{"orderId":918273645012,"symbol":"BTCUSDT","status":"NEW","clientOrderId":"hf-e1-a","price":"81234.50",
"origQty":"0.010","executedQty":"0.000","cumQty":"0.000","timeInForce":"GTC","type":"LIMIT","reduceOnly":false,
"closePosition":false,"side":"BUY","positionSide":"BOTH","stopPrice":"0.00","workingType":"CONTRACT_PRICE",
"priceProtect":false,"origType":"LIMIT","priceMatch":"NONE","selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":0,
"updateTime":1790000000321}"""
QUERIED = PLACED.replace(b'"NEW"', b'"PARTIALLY_FILLED"').replace(
    b'"executedQty":"0.000"', b'"executedQty":"0.004","avgPrice":"81234.40"'
)
ALGO = b"""{"algoId":3000000000123457,"clientAlgoId":"hf-s1-a","algoType":"CONDITIONAL","orderType":"STOP_MARKET",
"symbol":"BTCUSDT","side":"SELL","positionSide":"BOTH","timeInForce":"GTC","quantity":"0.010","algoStatus":"NEW",
"triggerPrice":"79800.00","price":"0.00","icebergQuantity":null,"selfTradePreventionMode":"EXPIRE_MAKER",
"workingType":"MARK_PRICE","priceMatch":"NONE","closePosition":false,"priceProtect":false,"reduceOnly":true,
"activatePrice":"","callbackRate":"","createTime":1790000200111,"updateTime":1790000200111,"triggerTime":0}"""
TRADE = b"""[{"buyer":true,"commission":"0.06498760","commissionAsset":"USDT","id":7200011223,"maker":true,
"orderId":918273645012,"price":"81234.50","qty":"0.004","quoteQty":"324.93800","realizedPnl":"0","side":"BUY",
"positionSide":"BOTH","symbol":"BTCUSDT","time":1790000004127}]"""


def test_a_placed_order() -> None:
    """The reply since 2026-07-14: no average price, and none is made up."""
    report = order_of(PLACED, Channel.REPLY)
    assert (report.order_id, report.client_id, report.status) == (918273645012, "hf-e1-a", OrderStatus.WORKING)
    assert (report.executed, report.quantity, report.average_price) == (0, Decimal("0.010"), None)
    assert (report.channel, report.venue_ms) == (Channel.REPLY, 1790000000321)


def test_a_queried_order_has_its_average() -> None:
    """Queries still carry it."""
    report = order_of(QUERIED, Channel.QUERY)
    assert (report.status, report.average_price) == (OrderStatus.PARTLY_FILLED, Decimal("81234.40"))


def test_an_algo_order() -> None:
    """Its type field is `orderType`; its child is not known yet."""
    report = algo_of(ALGO, Channel.REPLY)
    assert (report.algo_id, report.client_id, report.status) == (3000000000123457, "hf-s1-a", AlgoStatus.ARMED)
    assert (report.trigger_price, report.order_id, report.type) == (Decimal("79800.00"), None, "STOP_MARKET")


def test_a_triggered_algo_names_its_child() -> None:
    """`actualOrderId` is a string, and times may be strings on demo."""
    body = ALGO.replace(b'"algoStatus":"NEW"', b'"algoStatus":"FINISHED","actualOrderId":"918273645990"')
    report = algo_of(body.replace(b'"updateTime":1790000200111', b'"updateTime":"1790000355019"'), Channel.QUERY)
    assert (report.status, report.order_id, report.venue_ms) == (AlgoStatus.FINISHED, 918273645990, 1790000355019)


def test_a_foreign_trailing_stop_does_not_blind_us() -> None:
    """Empty prices of other people's orders are read as none."""
    body = (
        ALGO.replace(b'"79800.00"', b'""').replace(b'"0.010"', b"null").replace(b"STOP_MARKET", b"TRAILING_STOP_MARKET")
    )
    report = algo_of(body, Channel.LIST)
    assert (report.trigger_price, report.quantity) == (0, 0)


def test_an_unknown_status_is_evidence_that_demands_a_query() -> None:
    """It claims nothing, and says so in its reason."""
    order = order_of(PLACED.replace(b'"NEW"', b'"FROZEN"'), Channel.QUERY)
    algo = algo_of(ALGO.replace(b'"NEW"', b'"PAUSED"'), Channel.QUERY)
    assert (order.status, order.reason) == (OrderStatus.SENT, UNKNOWN_STATUS + "FROZEN")
    assert (algo.status, algo.reason) == (AlgoStatus.SENT, UNKNOWN_STATUS + "PAUSED")


@pytest.mark.parametrize("field", ["orderId", "symbol", "status", "clientOrderId", "side", "origQty", "executedQty"])
def test_a_missing_field_is_not_zero(field: str) -> None:
    """What the account is kept from has no default."""
    body = json.loads(PLACED)
    del body[field]
    with pytest.raises(Unreadable):
        order_of(json.dumps(body).encode(), Channel.REPLY)


@pytest.mark.parametrize("cut", range(0, len(PLACED), 37))
def test_a_truncated_reply_is_unreadable(cut: int) -> None:
    """At any byte."""
    with pytest.raises(Unreadable):
        order_of(PLACED[:cut], Channel.REPLY)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e309", "0." + "1" * 40, "12,5", "--1"])
def test_a_number_that_is_none_is_unreadable(text: str) -> None:
    """It never reaches arithmetic."""
    with pytest.raises(Unreadable):
        order_of(PLACED.replace(b'"0.000","cumQty"', f'"{text}","cumQty"'.encode()), Channel.REPLY)
    with pytest.raises(Unreadable):
        number(text)


@given(st.one_of(st.decimals(), st.text(alphabet="0123456789.-+eENaInfity ", max_size=40)))
def test_the_quick_check_of_numbers_agrees_with_the_full_one(value: Decimal | str) -> None:
    """Whatever it lets pass, `num` lets pass, as the same number."""
    try:
        found = number(value)
    except Unreadable:
        return
    if value != "":
        assert found == (num.parse(value) if isinstance(value, str) else num.check(value))


def test_an_algo_cancel_names_its_order() -> None:
    """`code` is a string there and not read."""
    reply = algo_cancel_of(b'{"algoId":3000000000123457,"clientAlgoId":"hf-s1-a","code":"200","msg":"success"}')
    assert reply.client_algo_id == "hf-s1-a"


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b'{"code":-2019,"msg":"Margin is insufficient."}', -2019, "Margin is insufficient."),
        (b'{"timestamp":1,"path":"/fapi/v1/order","msg":"Unknown error, please"}', 0, "Unknown error, please"),
        (b'{"code":"-1003","msg":"x"}', -1003, "x"),
    ],
)
def test_error_bodies(body: bytes, code: int, text: str) -> None:
    """With or without a code."""
    error = error_of(body)
    assert error is not None
    assert (error.code, error.msg) == (code, text)


@pytest.mark.parametrize("body", [b"", b"<html>403</html>", b'{"code":-2019', b"[]", b"null", b"{}", b'{"code":-1}'])
def test_what_is_no_error_body(body: bytes) -> None:
    """Not an error object: nothing is proved by it."""
    assert error_of(body) is None


def test_small_answers() -> None:
    """Time, listen key (also the empty reply to an extension), commission."""
    assert server_time_of(b'{"serverTime":1790000000321}') == 1790000000321
    assert (listen_key_of(b'{"listenKey":"abc"}'), listen_key_of(b"{}")) == ("abc", "")
    rates = b'{"symbol":"BTCUSDT","makerCommissionRate":"0.000200","takerCommissionRate":"0.000500"}'
    assert commission_of(rates).taker_commission_rate == Decimal("0.000500")


def test_book_tickers_of_one_and_of_all() -> None:
    """An object for one symbol, an array for all."""
    row = b'{"symbol":"BTCUSDT","bidPrice":"1.5","bidQty":"1","askPrice":"1.6","askQty":"1","time":1}'
    for body in (row, b"[" + row + b"]"):
        assert [ticker.bid_price for ticker in book_tickers_of(body)] == [Decimal("1.5")]
    with pytest.raises(Unreadable):
        book_tickers_of(b"<html>")


def test_key_restrictions_have_no_defaults() -> None:
    """P37: a permission that is not stated is not assumed to be off."""
    body = {
        "ipRestrict": True,
        "enableFutures": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "permitsUniversalTransfer": False,
    }
    assert restrictions_of(json.dumps(body).encode()).ip_restrict
    for name in body:
        with pytest.raises(Unreadable):
            restrictions_of(json.dumps({k: v for k, v in body.items() if k != name}).encode())


def taken(endpoint: ep.Endpoint, body: bytes) -> Findings:
    """What a reader finds in a body."""
    findings = Findings()
    READERS[endpoint](body, findings)
    return findings


def test_trades_are_complete_fills() -> None:
    """Fee, asset and realised profit; the client id is not known there."""
    (fill,) = taken(ep.USER_TRADES, TRADE).fills
    assert fill.key == ("BTCUSDT", 918273645012, 7200011223)
    assert (fill.fee, fill.fee_asset, fill.realized, fill.client_id) == (Decimal("0.06498760"), "USDT", 0, "")
    assert (fill.side, fill.maker) == (Side.BUY, True)


def test_positions() -> None:
    """Signed amounts, and no liquidation price as 0."""
    body = b"""[{"symbol":"ETHUSDT","positionSide":"BOTH","positionAmt":"-1.250","entryPrice":"2450.4",
    "markPrice":"2461.91000000","unRealizedProfit":"14.38750000","liquidationPrice":"0","updateTime":1790000101010}]"""
    (row,) = taken(ep.POSITIONS, body).positions
    assert (row.amount, row.entry_price, row.liquidation_price) == (Decimal("-1.250"), Decimal("2450.4"), 0)


def test_balances_income_settings_and_limits() -> None:
    """One row of each."""
    assets = b'{"assets":[{"asset":"USDT","walletBalance":"5000.1","availableBalance":"4860.5","crossUnPnl":"14.4"}]}'
    (balance,) = taken(ep.ACCOUNT, assets).balances
    assert (balance.asset, balance.wallet, balance.available) == ("USDT", Decimal("5000.1"), Decimal("4860.5"))
    rows = b"""[{"symbol":"BTCUSDT","incomeType":"COMMISSION","income":"-0.06","asset":"USDT","info":"x","time":17,
    "tranId":9689322392,"tradeId":"2059192"}]"""
    (row,) = taken(ep.INCOME, rows).incomes
    assert (row.key, row.amount, row.trade_id) == (
        ("COMMISSION", 9689322392, "BTCUSDT", "USDT"),
        Decimal("-0.06"),
        "2059192",
    )
    configs = b'[{"symbol":"ETHUSDT","marginType":"CROSSED","isAutoAddMargin":false,"leverage":20}]'
    (config,) = taken(ep.SYMBOL_CONFIG, configs).symbol_configs
    assert (config.leverage, config.margin_type) == (20, "CROSSED")
    limits = b"""[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300},
    {"rateLimitType":"ORDERS","interval":"FORTNIGHT","intervalNum":1,"limit":1}]"""
    (window,) = taken(ep.ORDER_LIMITS, limits).rate_windows
    assert (window.interval_ms, window.limit) == (10_000, 300)


def test_the_account_tells_positions_beside_its_balances() -> None:
    """Amounts without prices; an account that tells none is no error."""
    asset = '{"asset":"USDT","walletBalance":"1","availableBalance":"1","crossUnPnl":"0"}'
    held = '{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"-0.020","notional":"-1600"}'
    (row,) = taken(ep.ACCOUNT, f'{{"assets":[{asset}],"positions":[{held}]}}'.encode()).positions
    assert (row.symbol, row.amount) == ("BTCUSDT", Decimal("-0.02"))
    assert taken(ep.ACCOUNT, f'{{"assets":[{asset}]}}'.encode()).positions == []


def test_modes() -> None:
    """Read as they are; never guessed."""
    modes = taken(ep.ACCOUNT_CONFIG, b'{"feeTier":0,"dualSidePosition":false,"multiAssetsMargin":true}')
    assert (modes.hedge_mode, modes.multi_assets) == (False, True)
    with pytest.raises(Unreadable):
        taken(ep.ACCOUNT_CONFIG, b'{"dualSidePosition":false}')


@pytest.mark.parametrize("endpoint", list(READERS))
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"<html></html>", b'{"code":-1000,"msg":"x"}'])
def test_could_not_ask_is_never_nothing_there(endpoint: ep.Endpoint, body: bytes) -> None:
    """DESIGN 7: no error body, page or fragment becomes an empty list."""
    with pytest.raises(Unreadable):
        READERS[endpoint](body, Findings())


def test_every_read_has_a_reader() -> None:
    """Whatever can be asked can be read."""
    for kind in ReadKind:
        pager = Pager(Read(kind=kind, purpose="p", symbol="BTCUSDT", client_id="a"), 1)
        request = pager.next()
        assert request is not None
        assert request.endpoint in READERS


RECORDED = {
    "http_futures_account_orders.json": ep.ALL_ORDERS,
    "http_futures_account_positions_one_way.json": ep.POSITIONS,
    "http_futures_account_positions_hedge.json": ep.POSITIONS,
    "http_futures_account_symbol_config.json": ep.SYMBOL_CONFIG,
    "order_response.json": ep.QUERY_ORDER,
    "position_risk.json": ep.POSITIONS,
    "account_info_v2.json": ep.ACCOUNT,
}


def fixtures(shared_dir: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file of collected payloads."""
    return [json.loads(line) for line in (shared_dir / "data" / "payloads" / name).read_text().splitlines()]


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_collected_payloads_can_be_read(shared_dir: Path, name: str) -> None:
    """Bodies that other projects keep as fixtures."""
    rows = fixtures(shared_dir, "nautilus_binance_futures_fixtures.jsonl")
    (body,) = [row["body"] for row in rows if row["source_path"].rpartition("/")[2] == name]
    READERS[RECORDED[name]](json.dumps(body).encode(), Findings())


def test_documented_bodies_can_be_read(shared_dir: Path) -> None:
    """A second collection, by method and path."""
    rows = fixtures(shared_dir, "binance_net_usdfutures_fixtures.jsonl")
    by_path = {(e.method, e.path): e for e in READERS}
    read = 0
    for row in rows:
        endpoint = by_path.get((row.get("method", ""), row.get("path", "")))
        if endpoint is None or not row.get("response"):
            continue
        response = row["response"]
        READERS[endpoint](response.encode() if isinstance(response, str) else json.dumps(response).encode(), Findings())
        read += 1
    assert read >= 8


def test_observed_error_bodies_can_be_read(shared_dir: Path) -> None:
    """Every observed (code, msg) pair is an error object to us."""
    for row in fixtures(shared_dir, "observed_error_bodies.jsonl"):
        error = error_of(json.dumps({"code": row["code"], "msg": row["msg"]}).encode())
        assert error is not None
        assert (error.code, error.msg) == (row["code"], row["msg"])

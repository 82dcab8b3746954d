"""Stream frames into inputs: exact, in either wrapping, and with no hole that nobody hears of."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance.statuses import UNKNOWN_STATUS
from holdfast.binance.streams import Ignored, KeyExpired, Undecodable, client_id_of, market_frame, user_frame
from holdfast.model.inputs import AccountConfigSeen, AccountSeen, AlgoSeen, FillSeen, MarketSeen, OrderSeen
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.reports import Channel

NOW_MS = 1_790_000_004_140

ORDER = """{"e":"ORDER_TRADE_UPDATE","E":1790000004131,"T":1790000004127,"o":{"s":"BTCUSDT","c":"hf-e1-a","S":"BUY",
"o":"LIMIT","f":"GTC","q":"0.010","p":"81234.50","ap":"81234.50","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED",
"i":918273645012,"l":"0.004","z":"0.004","L":"81234.50","n":"0.06498760","N":"USDT","T":1790000004127,"t":7200011223,
"b":"487.40700","a":"0","m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,"rp":"0","pP":false,
"si":0,"ss":0,"V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}"""
LITE = """{"e":"TRADE_LITE","E":1790000004128,"T":1790000004127,"s":"BTCUSDT","q":"0.010","p":"81234.50","m":true,
"c":"hf-e1-a","S":"BUY","L":"81234.50","l":"0.004","t":7200011223,"i":918273645012}"""
ALGO = """{"e":"ALGO_UPDATE","T":1790000355037,"E":1790000355044,"o":{"caid":"hf-s1-a","aid":3000000000123457,
"at":"CONDITIONAL","o":"STOP_MARKET","s":"BTCUSDT","S":"SELL","ps":"BOTH","f":"GTC","q":"0.010","X":"FINISHED",
"ai":"918273645990","ap":"79788.30","aq":"0.010","act":"MARKET","tp":"79800","p":"0","V":"EXPIRE_MAKER",
"wt":"MARK_PRICE","pm":"NONE","cp":false,"pP":false,"R":true,"tt":1790000355019,"gtd":0}}"""
ACCOUNT = """{"e":"ACCOUNT_UPDATE","E":1790000004130,"T":1790000004127,"a":{"m":"ORDER","B":[{"a":"USDT",
"wb":"4999.93501240","cw":"4999.93501240","bc":"0"}],"P":[{"s":"BTCUSDT","pa":"0.004","ep":"81234.50000",
"bep":"81250.7469","cr":"0","up":"-0.01240000","mt":"cross","iw":"0","ps":"BOTH"}]}}"""
LEVERAGE = '{"e":"ACCOUNT_CONFIG_UPDATE","E":1790000300002,"T":1790000300000,"ac":{"s":"ETHUSDT","l":15}}'
MULTI = '{"e":"ACCOUNT_CONFIG_UPDATE","E":1790000300002,"T":1790000300000,"ai":{"j":true}}'
EXPIRED = '{"e":"listenKeyExpired","E":"1790003600001","listenKey":"pqia91"}'
TICKER = """{"e":"bookTicker","u":11757092217378,"s":"BTCUSDT","ps":"BTCUSDT","b":"83084.30","B":"2.986",
"a":"83084.40","A":"4.632","T":1791382991283,"E":1791382991284,"st":1}"""
MARK = """{"e":"markPriceUpdate","E":1791382992000,"s":"BTCUSDT","p":"83067.30000000","ap":"83070.11000000",
"P":"83195.99445417","i":"83114.69956522","r":"0.00000078","T":1791388800000,"st":1}"""


def seen(text: str, **fields: Any) -> Any:
    """The input of a frame; `fields` change the inner order."""
    if fields:
        frame = json.loads(text)
        frame["o"].update(fields)
        text = json.dumps(frame)
    return user_frame(text.encode(), NOW_MS)


def without(text: str, *names: str) -> bytes:
    """The frame with fields of its order left out."""
    frame = json.loads(text)
    frame["o"] = {k: v for k, v in frame["o"].items() if k not in names}
    return json.dumps(frame).encode()


def test_an_order_event_with_its_fill() -> None:
    """State and execution, each exact."""
    event = seen(ORDER)
    assert isinstance(event, OrderSeen)
    assert event.fill is not None
    assert (event.now_ms, event.report.channel) == (NOW_MS, Channel.STREAM)
    assert (event.report.status, event.report.executed) == (OrderStatus.PARTLY_FILLED, Decimal("0.004"))
    assert event.fill.key == ("BTCUSDT", 918273645012, 7200011223)
    assert (event.fill.fee, event.fill.fee_asset, event.fill.maker) == (Decimal("0.06498760"), "USDT", True)


def test_an_order_event_without_a_trade_has_no_fill() -> None:
    """NEW, CANCELED, EXPIRED and zero quantities."""
    assert seen(ORDER, x="NEW", X="NEW", t=0, l="0", z="0", ap="0").fill is None
    assert seen(ORDER, x="CALCULATED", l="0").fill is None


def test_a_liquidation_fills_by_calculated() -> None:
    """The venue's own executions are fills too (fault D6)."""
    event = seen(ORDER, x="CALCULATED", X="NEW_INSURANCE", c="autoclose-1")
    assert event.fill.client_id == "autoclose-1"
    assert event.report.status is OrderStatus.WORKING


def test_a_fill_without_its_fee_waits_for_it() -> None:
    """Fault B11: absent, or without its asset, is not 0."""
    for body in (without(ORDER, "n", "N"), without(ORDER, "N"), without(ORDER, "n")):
        event = user_frame(body, NOW_MS)
        assert isinstance(event, OrderSeen)
        assert event.fill is not None
        assert (event.fill.fee, event.fill.fee_asset) == (None, "")


@pytest.mark.parametrize(
    ("x", "status_text", "status"),
    [
        ("NEW", "NEW", OrderStatus.WORKING),
        ("TRADE", "FILLED", OrderStatus.FILLED),
        ("CANCELED", "CANCELED", OrderStatus.CANCELLED),
        ("EXPIRED", "EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED", "EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("AMENDMENT", "PARTIALLY_FILLED", OrderStatus.PARTLY_FILLED),
        ("TRADE", "NEW_ADL", OrderStatus.WORKING),
    ],
)
def test_statuses(x: str, status_text: str, status: OrderStatus) -> None:
    """The combinations of protocol notes E.3."""
    assert seen(ORDER, x=x, X=status_text).report.status is status


def test_an_unknown_status_demands_a_query() -> None:
    """Fault B10: kept, claims nothing, and says what to do; its fill still counts."""
    event = seen(ORDER, X="HIBERNATING")
    assert (event.report.status, event.report.reason) == (OrderStatus.SENT, UNKNOWN_STATUS + "HIBERNATING")
    assert event.fill is not None
    algo = seen(ALGO, X="PAUSED")
    assert (algo.report.status, algo.report.reason) == (AlgoStatus.SENT, UNKNOWN_STATUS + "PAUSED")


def test_why_an_order_expired() -> None:
    """The code in words; 0 and absence say nothing."""
    assert seen(ORDER, x="EXPIRED", X="EXPIRED", er="2").report.reason == "remainder of an immediate order"
    assert seen(ORDER, x="EXPIRED", X="EXPIRED", er="77").report.reason == "expiry code 77"
    assert seen(ORDER).report.reason == ""


def test_trade_lite_is_an_early_fill() -> None:
    """Same key as the full event, without a fee."""
    event = seen(LITE)
    assert isinstance(event, FillSeen)
    assert event.fill.key == seen(ORDER).fill.key
    assert event.fill.fee is None


def test_an_algo_event_names_its_child() -> None:
    """Two objects, linked by `ai` (RULES 6)."""
    event = seen(ALGO)
    assert isinstance(event, AlgoSeen)
    assert (event.report.status, event.report.order_id) == (AlgoStatus.FINISHED, 918273645990)
    assert (event.report.trigger_price, event.report.reduce_only) == (79800, True)


def test_an_algo_event_before_its_trigger() -> None:
    """No child, none of the late fields, and the reason of a failure when there is one."""
    assert seen(ALGO, X="TRIGGERING", ai="").report.order_id is None
    assert seen(ALGO, X="REJECTED", rm="Reduce Only reject").report.reason == "Reduce Only reject"
    bare = user_frame(without(ALGO, "ap", "aq", "act", "ai", "tp", "q", "cp", "R"), NOW_MS)
    assert isinstance(bare, AlgoSeen)


def test_account_events() -> None:
    """Balances and positions that changed, and why."""
    event = seen(ACCOUNT)
    assert isinstance(event, AccountSeen)
    assert (event.reason, event.balances[0].wallet) == ("ORDER", Decimal("4999.93501240"))
    assert (event.positions[0].amount, event.positions[0].unrealized) == (Decimal("0.004"), Decimal("-0.01240000"))


def test_account_configuration_events() -> None:
    """A leverage, or the multi-assets mode."""
    assert seen(LEVERAGE) == AccountConfigSeen(now_ms=NOW_MS, symbol="ETHUSDT", leverage=15)
    assert seen(MULTI) == AccountConfigSeen(now_ms=NOW_MS, multi_assets=True)


def test_an_expired_key_is_told() -> None:
    """It is an event, not a close; its time may be a string."""
    assert seen(EXPIRED) == KeyExpired("pqia91")


@pytest.mark.parametrize("text", [ORDER, LITE, ALGO, ACCOUNT, LEVERAGE, EXPIRED])
def test_wrapped_frames_say_the_same(text: str) -> None:
    """Raw or combined, with blanks or without."""
    frame = json.loads(text)
    for separators in ((",", ":"), (", ", ": ")):
        wrapped = json.dumps({"stream": "key", "data": frame}, separators=separators)
        assert seen(wrapped) == seen(text)


def test_the_coin_margined_side_is_not_ours() -> None:
    """It shares the stream since 2026-06-30."""
    assert user_frame(ORDER.replace('"E":', '"st":2,"E":', 1).encode(), NOW_MS) == Ignored("coin-margined")
    assert market_frame(TICKER.replace('"st":1', '"st":2').encode(), NOW_MS) == Ignored("coin-margined")


@pytest.mark.parametrize("kind", ["MARGIN_CALL", "STRATEGY_UPDATE", "GRID_UPDATE", "SOMETHING_NEW"])
def test_other_kinds_are_named_and_ignored(kind: str) -> None:
    """A new kind of event must not stop the stream."""
    assert user_frame(json.dumps({"e": kind, "E": 1}).encode(), NOW_MS) == Ignored(kind)
    assert user_frame(json.dumps({"stream": "k", "data": {"e": kind}}).encode(), NOW_MS) == Ignored(kind)


@pytest.mark.parametrize("body", [b'{"result":null,"id":1}', b'{"id":1,"error":{"code":2,"msg":"x"}}'])
def test_answers_to_control_messages_are_ignored(body: bytes) -> None:
    """An acknowledgement proves nothing (protocol notes 0.3 no. 5)."""
    assert market_frame(body, NOW_MS) == Ignored("")


@pytest.mark.parametrize("name", ["s", "c", "i", "X", "x", "z", "q", "t", "m"])
def test_evidence_that_cannot_be_read_is_a_gap(name: str) -> None:
    """A missing field does not become a default, and the frame does not vanish."""
    found = user_frame(without(ORDER, name), NOW_MS)
    assert isinstance(found, Undecodable)
    assert found.kind == "ORDER_TRADE_UPDATE"


@pytest.mark.parametrize("value", ["NaN", "1e309", "x", ""])
def test_a_number_that_is_none_is_a_gap(value: str) -> None:
    """It never reaches arithmetic."""
    assert isinstance(seen(ORDER, z=value), Undecodable)


@given(st.binary(max_size=80))
def test_no_bytes_raise(message: bytes) -> None:
    """Whatever arrives is something."""
    assert isinstance(user_frame(message, NOW_MS), Ignored | Undecodable)
    assert isinstance(market_frame(message, NOW_MS), Ignored | Undecodable)


@given(st.integers(0, len(ORDER) - 1))
def test_a_cut_frame_is_a_gap(length: int) -> None:
    """At any byte."""
    assert isinstance(user_frame(ORDER[:length].encode(), NOW_MS), Undecodable)


def test_client_ids_of_events() -> None:
    """What the watch for owed events looks at."""
    assert [client_id_of(seen(text)) for text in (ORDER, LITE, ALGO, ACCOUNT)] == ["hf-e1-a", "hf-e1-a", "hf-s1-a", ""]


def test_market_frames() -> None:
    """Touch and mark; each leaves the other open."""
    touch, mark = market_frame(TICKER.encode(), NOW_MS), market_frame(MARK.encode(), NOW_MS)
    assert touch == MarketSeen(
        now_ms=NOW_MS, symbol="BTCUSDT", bid=Decimal("83084.30"), ask=Decimal("83084.40"), venue_ms=1791382991283
    )
    assert mark == MarketSeen(now_ms=NOW_MS, symbol="BTCUSDT", mark=Decimal("83067.3"), venue_ms=1791382992000)


def test_an_empty_side_is_no_price() -> None:
    """The venue writes 0 for it."""
    found = market_frame(TICKER.replace('"83084.30"', '"0"').encode(), NOW_MS)
    assert isinstance(found, MarketSeen)
    assert (found.bid, found.ask) == (None, Decimal("83084.40"))


def test_collected_frames_can_be_read(shared_dir: Path) -> None:
    """Every user and market frame that other projects keep as fixtures."""
    read = 0
    for name in ("nautilus_binance_futures_fixtures.jsonl", "binance_net_usdfutures_fixtures.jsonl"):
        for line in (shared_dir / "data" / "payloads" / name).read_text().splitlines():
            row = json.loads(line)
            for frame in [row["body"]] if "body" in row else row.get("events", []):
                if not isinstance(frame, dict) or not ("e" in frame or isinstance(frame.get("data"), dict)):
                    continue
                message = json.dumps(frame).encode()
                assert not isinstance(user_frame(message, NOW_MS), Undecodable)
                assert not isinstance(market_frame(message, NOW_MS), Undecodable)
                read += 1
    assert read > 50

"""The events of one trade, from intent to closing record: what readers fold and explain."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.adapters.store_memory import MemoryJournal
from holdfast.model import events as ev
from holdfast.model.chain import link
from holdfast.model.ids import Role
from holdfast.model.intent import Distance, Intent, Size
from holdfast.model.orders import (
    AlgoSpec,
    AlgoStatus,
    AlgoType,
    Direction,
    OrderSpec,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from holdfast.model.plans import IntentResult, TradePlan, TradeResult
from holdfast.model.reasons import DenyCode, Outcome, ResultStatus, TradePhase, TradingState
from holdfast.model.reports import AlgoReport, Channel, Fill, IncomeRow, OrderReport
from holdfast.model.settings import Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.ports import GENESIS, JournalEntry
from holdfast.service.outbox import Published
from holdfast.service.readmodel import ReadModel

T0 = 1_700_000_000_000
ENTRY, STOP, CLOSE = "hf-e1-aaa", "hf-s1-aaa", "hf-c1-aaa"

INTENT = Intent(
    id="i-1",
    source="alpha",
    symbol="BTCUSDT",
    action="open",
    side="long",
    size=Size(quantity=Decimal("0.5")),
    stop_loss=Distance(price=Decimal(24_000)),
)
PLAN = TradePlan(
    trade_id="t-1",
    intent_id="i-1",
    source="alpha",
    symbol="BTCUSDT",
    direction=Direction.LONG,
    quantity=Decimal("0.5"),
    entry_type=OrderType.LIMIT,
    time_in_force=TimeInForce.IOC,
    cap_price=Decimal("25010"),
    stop_price=Decimal("24000"),
    targets=(),
    leverage=5,
    arrival_mid=Decimal("25000"),
    mark=Decimal("25000"),
    deadline_ms=T0 + 10_000,
)


def plain(client_id: str, role: Role, side: Side) -> OrderSpec:
    """A plain order of the story."""
    return OrderSpec(
        client_id=client_id,
        role=role,
        symbol="BTCUSDT",
        side=side,
        type=OrderType.LIMIT,
        quantity=Decimal("0.5"),
        price=Decimal(25_010),
    )


STOP_SPEC = AlgoSpec(
    client_id=STOP,
    role=Role.STOP,
    symbol="BTCUSDT",
    side=Side.SELL,
    type=AlgoType.STOP_MARKET,
    trigger_price=Decimal("24000"),
    close_position=True,
)


def planned(spec: OrderSpec | AlgoSpec, at_ms: int, *, preauthorised: bool = False) -> ev.OrderPlanned:
    """The command record of an order."""
    return ev.OrderPlanned(
        at_ms=at_ms,
        spec=spec,
        subject="i-1",
        trade_id="t-1",
        n=1,
        timestamp_ms=at_ms,
        recv_window_ms=1_500,
        verdict="v-t-1",
        preauthorised=preauthorised,
    )


def fill(
    number: int, client_id: str, side: Side, price: str, quantity: str, *, realized: str = "0", fee: str | None = "1"
) -> ev.FillBooked:
    """One execution."""
    return ev.FillBooked(
        at_ms=T0 + number,
        fill=Fill(
            channel=Channel.STREAM,
            symbol="BTCUSDT",
            order_id=100 if client_id == ENTRY else 300,
            trade_id=number,
            side=side,
            price=Decimal(price),
            quantity=Decimal(quantity),
            fee=Decimal(fee) if fee is not None else None,
            fee_asset="USDT",
            realized=Decimal(realized),
            maker=False,
            venue_ms=T0 + number,
        ),
        client_id=client_id,
        trade_id="t-1",
        role=Role.ENTRY if client_id == ENTRY else Role.CLOSE,
    )


def order_report(client_id: str, status: OrderStatus, executed: str, order_id: int = 100) -> ev.OrderUpdated:
    """The venue's word on a plain order."""
    return ev.OrderUpdated(
        at_ms=T0 + 20,
        report=OrderReport(
            channel=Channel.STREAM,
            symbol="BTCUSDT",
            client_id=client_id,
            order_id=order_id,
            side=Side.BUY,
            status=status,
            executed=Decimal(executed),
            quantity=Decimal("0.5"),
            average_price=Decimal(25_000),
        ),
    )


def algo_report(status: AlgoStatus, order_id: int | None = None) -> ev.AlgoUpdated:
    """The venue's word on the stop."""
    return ev.AlgoUpdated(
        at_ms=T0 + 30,
        report=AlgoReport(
            channel=Channel.REPLY,
            symbol="BTCUSDT",
            client_id=STOP,
            algo_id=900,
            side=Side.SELL,
            status=status,
            trigger_price=Decimal(24_000),
            close_position=True,
            order_id=order_id,
        ),
    )


def phase(to: TradePhase, at_ms: int, reason: str = "") -> ev.PhaseChanged:
    """The trade moved on."""
    return ev.PhaseChanged(at_ms=at_ms, trade_id="t-1", phase=to, reason=reason)


STARTED = ev.EngineStarted(
    at_ms=T0,
    version="1.0",
    config_hash="c",
    venue=Venue.PAPER,
    account="main",
    key_fingerprint="k",
    facts=VenueFacts(),
)
ACCEPTED = ev.IntentAccepted(
    at_ms=T0 + 1, intent=INTENT, content_hash="h", verdict="v-t-1", plan=PLAN, facts={"mark": "25000"}
)
DENIED = ev.IntentDenied(
    at_ms=T0 + 2,
    intent_id="i-2",
    source="beta",
    symbol="BTCUSDT",
    action="open",
    content_hash="h",
    code=DenyCode.POSITION_EXISTS,
    facts={"open": "0.5"},
    counterfactual={"when": "after t-1"},
)


def denied_as(intent_id: str) -> ev.IntentDenied:
    """The same denial of another intent."""
    return msgspec.structs.replace(DENIED, intent_id=intent_id)


PROTECTED = ev.ResultPublished(
    at_ms=T0 + 40,
    result=IntentResult(
        intent_id="i-1",
        source="alpha",
        symbol="BTCUSDT",
        action="open",
        status=ResultStatus.PROTECTED,
        venue="paper",
        version="1.0",
        trade_id="t-1",
        filled=Decimal("0.5"),
    ),
)
CLOSED = ev.TradeClosed(
    at_ms=T0 + 90,
    result=TradeResult(
        trade_id="t-1",
        intent_id="i-1",
        source="alpha",
        symbol="BTCUSDT",
        direction=Direction.LONG,
        venue="paper",
        version="1.0",
        quantity=Decimal("0.5"),
        entry_price=Decimal(25_000),
        exit_price=Decimal(25_100),
        gross={"USDT": Decimal(50)},
        fees={"USDT": Decimal(3)},
        funding={},
        net={"USDT": Decimal(47)},
        fills=3,
        opened_ms=T0 + 1,
        closed_ms=T0 + 90,
        exit_reason="close by alpha",
    ),
)

OPENING: list[ev.AnyEvent] = [
    STARTED,
    ev.StateCommanded(at_ms=T0, state=TradingState.ACTIVE, by="test", reason="go"),
    ACCEPTED,
    planned(plain(ENTRY, Role.ENTRY, Side.BUY), T0 + 1),
    planned(STOP_SPEC, T0 + 1, preauthorised=True),
    phase(TradePhase.ENTERING, T0 + 1),
    fill(10, ENTRY, Side.BUY, "24990", "0.2"),
    phase(TradePhase.PROTECTING, T0 + 10),
    ev.OrderSendDue(at_ms=T0 + 10, client_id=STOP, timestamp_ms=T0 + 10),
    fill(11, ENTRY, Side.BUY, "25010", "0.3"),
    order_report(ENTRY, OrderStatus.FILLED, "0.5"),
    ev.OrderAnswered(at_ms=T0 + 29, client_id=STOP, outcome=Outcome.CONFIRMED, sent_ms=T0 + 10, recv_window_ms=5_000),
    algo_report(AlgoStatus.ARMED),
    phase(TradePhase.OPEN, T0 + 30),
    PROTECTED,
]
CLOSING: list[ev.AnyEvent] = [
    ev.FlattenStarted(at_ms=T0 + 50, symbol="BTCUSDT", subject="i-9", trade_id="t-1", reason="close by alpha"),
    phase(TradePhase.FLATTENING, T0 + 50, "close by alpha"),
    planned(plain(CLOSE, Role.CLOSE, Side.SELL), T0 + 50),
    fill(60, CLOSE, Side.SELL, "25100", "0.5", realized="50"),
    order_report(CLOSE, OrderStatus.FILLED, "0.5", 300),
    algo_report(AlgoStatus.CANCELLED),
    ev.FlattenEnded(at_ms=T0 + 80, symbol="BTCUSDT", subject="i-9"),
    CLOSED,
]
FUNDING = ev.IncomeBooked(
    at_ms=T0 + 45,
    row=IncomeRow(type="FUNDING_FEE", tran_id=1, asset="USDT", amount=Decimal("-0.25"), symbol="BTCUSDT", venue_ms=T0),
    trade_id="t-1",
)


def published(events: list[ev.AnyEvent]) -> list[Published]:
    """The events as the outbox hands them out, numbered from 1."""
    chain, found = GENESIS, []
    for seq, event in enumerate(events, 1):
        kind, body = ev.kind_of(event), ev.encode(event)
        chain = link(chain, seq, 7, kind, body)
        found.append(Published(seq, chain, 7, kind, body, event))
    return found


async def journal_of(events: list[ev.AnyEvent]) -> MemoryJournal:
    """A journal that holds the events."""
    journal = MemoryJournal()
    await journal.append([JournalEntry(ev.kind_of(event), ev.encode(event)) for event in events], 7)
    return journal


def model_of(*parts: list[ev.AnyEvent]) -> ReadModel:
    """A model that has folded these events."""
    model = ReadModel()
    for record in published([event for part in parts for event in part]):
        model.fold(record)
    return model

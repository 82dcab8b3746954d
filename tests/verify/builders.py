"""Small journals and venue logs, written by hand: a story is told on both sides and then bent by a test.

A `Story` holds the engine's events and the exchange's lines in the order in which they happened. `verdict` numbers,
chains and checks them, so a test may drop, change or add entries of either side before it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model import events as ev
from holdfast.model.chain import link
from holdfast.model.ids import Role, client_order_id
from holdfast.model.intent import Distance, Intent, Size
from holdfast.model.num import ZERO, text
from holdfast.model.orders import (
    AlgoSpec,
    AlgoType,
    Direction,
    OrderSpec,
    OrderStatus,
    OrderType,
    Side,
    Spec,
    TimeInForce,
)
from holdfast.model.plans import IntentResult, TradePlan, TradeResult
from holdfast.model.reasons import Outcome, ResultStatus, TradingState
from holdfast.model.record import FORMAT
from holdfast.model.reports import Channel, Fill, IncomeRow, OrderReport
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings, Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.verify import Options, Report, check
from holdfast.verify.records import (
    AlgoLine,
    ConnectionLine,
    IncomeLine,
    JournalRow,
    OrderLine,
    PositionLine,
    PushLine,
    Reply,
    Request,
    Start,
    TradeLine,
    VenueRecord,
)

T0_MS = 1_760_000_000_000
SYMBOL = "BTCUSDT"
ACCOUNT = "main"
FEE = Decimal("0.0005")
D = Decimal
SETTINGS = EngineSettings(account=ACCOUNT, venue=Venue.PAPER)
SAW = Seen(
    mark=D(100), mark_age_ms=200, bid=D("99.9"), ask=D("100.1"), touch_age_ms=50, account_age_ms=2_000,
    watch_age_ms=3_000, clock_offset_ms=4,
)  # fmt: skip
"""What a verdict of a healthy engine saw."""


class Story:
    """What happened to one account. Time moves only by `wait`."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.lines: list[VenueRecord] = []
        self.ms = T0_MS
        self.position = ZERO
        self.entry_price = ZERO
        self.next_order, self.next_trade, self.next_algo, self.next_tran = 1000, 1, 3000, 9000
        self.plans: dict[str, TradePlan] = {}
        self.algo_lines: dict[str, AlgoLine] = {}
        self.gross, self.fees, self.funding, self.fills = ZERO, ZERO, ZERO, 0

    def wait(self, ms: int) -> Story:
        """Let venue time pass."""
        self.ms += ms
        return self

    def event(self, kind: type[ev.Event], **fields: Any) -> None:
        """The engine journals something."""
        self.events.append(kind(at_ms=self.ms, **fields))

    def line(self, kind: type[VenueRecord], **fields: Any) -> int:
        """The exchange logs something; answers its number."""
        n = len(self.lines) + 1
        self.lines.append(kind(n=n, us=self.ms * 1000, **fields))
        return n

    def begin(self) -> Story:
        """The exchange opens, an engine starts, reads its positions and is active."""
        self.line(Start, format=1, engine="holdfast-paper", account=ACCOUNT, balance={"USDT": D("10000")})
        self.start_engine()
        self.event(ev.StateCommanded, state=TradingState.ACTIVE, by="test", reason="start")
        return self

    def start_engine(self, conn: int = 1) -> None:
        """A process takes the account; its first signed read makes it live."""
        self.event(
            ev.EngineStarted, version="1", config_hash="c", venue=Venue.PAPER, account=ACCOUNT, key_fingerprint="k",
            facts=VenueFacts(), settings=SETTINGS, format=FORMAT,
        )  # fmt: skip
        self.line(ConnectionLine, conn=conn, path="/ws-fapi/v1", ev="open")
        self.line(ConnectionLine, conn=conn, path="/ws-fapi/v1", ev="logon", account=ACCOUNT)
        self.read("GET /fapi/v3/positionRisk")
        self.event(ev.Reconciled)
        self.event(ev.EffectiveChanged, state=TradingState.ACTIVE, reasons=())

    def resume(self, by: str = "ops") -> None:
        """An operator goes on, in two steps."""
        self.event(ev.ResumePrepared, token="t", by=by, expires_ms=self.ms + 120_000)
        self.event(ev.StateCommanded, state=TradingState.ACTIVE, by=by, reason="")

    def die(self, conn: int = 1) -> None:
        """The process is killed: its connection closes."""
        self.line(ConnectionLine, conn=conn, path="/ws-fapi/v1", ev="close")

    def read(self, method: str, **params: str) -> None:
        """A signed read, answered."""
        n = self.request(method, via="rest", conn=None, **params)
        self.reply(n)

    def request(
        self, method: str, *, via: str = "wsapi", conn: int | None = 1, weight: int = 0, orders: int = 0, **params: str
    ) -> int:
        """A request arrives."""
        stated = {"timestamp": str(self.ms), "recvWindow": "5000", **params}
        return self.line(
            Request, via=via, conn=conn, method=method, account=ACCOUNT, params=stated, weight=weight, orders=orders
        )

    def reply(self, req: int, status: int = 200, **fields: Any) -> None:
        """The verdict on it."""
        self.line(Reply, req=req, status=status, **fields)

    def push(self, e: str, client_id: str = "", symbol: str = SYMBOL) -> None:
        """A user event is handed to the engine."""
        self.line(PushLine, conn=1, account=ACCOUNT, e=e, symbol=symbol, client_id=client_id)

    def accept(
        self, intent_id: str = "i1", quantity: str = "2", stop: str = "95", saw: Seen | None = None, **plan: Any
    ) -> TradePlan:
        """The gate lets an opening intent pass."""
        fields: dict[str, Any] = {
            "trade_id": f"t-{intent_id}", "intent_id": intent_id, "source": "s", "symbol": SYMBOL,
            "direction": Direction.LONG, "quantity": D(quantity), "entry_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.IOC, "cap_price": D(101), "stop_price": D(stop), "targets": (), "leverage": 5,
            "arrival_mid": D(100), "mark": D(100), "deadline_ms": self.ms + 10_000,
        }  # fmt: skip
        made = TradePlan(**(fields | plan))
        intent = Intent(
            id=intent_id, source="s", symbol=made.symbol, action="open", side="long",
            size=Size(quantity=made.quantity), stop_loss=Distance(price=made.stop_price),
        )  # fmt: skip
        self.plans[intent_id] = made
        saw = saw or msgspec.structs.replace(SAW, mark=made.mark)
        self.event(
            ev.IntentAccepted, intent=intent, content_hash="h", verdict=f"v-{made.trade_id}", plan=made, seen=saw
        )
        return made

    def plan(self, spec: Spec, intent_id: str = "i1", n: int = 1, *, preauthorised: bool = False) -> None:
        """The command record of an order."""
        window = 1_500 if spec.role in (Role.ENTRY, Role.TARGET, Role.EXIT) else 5_000
        trade_id = self.plans[intent_id].trade_id
        self.event(
            ev.OrderPlanned, spec=spec, subject=intent_id, trade_id=trade_id, n=n, timestamp_ms=self.ms,
            recv_window_ms=window, verdict=f"v-{trade_id}" if spec.role is Role.ENTRY else "cover",
            preauthorised=preauthorised,
        )  # fmt: skip

    def send(self, spec: Spec, *, orders: int = 0, **changed: str) -> int:
        """The order's request arrives."""
        params = params_of(spec) | changed
        if spec.role in (Role.ENTRY, Role.TARGET, Role.EXIT):
            params = {"recvWindow": "1500"} | params
        method = "algoOrder.place" if isinstance(spec, AlgoSpec) else "order.place"
        return self.request(method, orders=orders, **params)

    def order(self, spec: Spec, order_id: int, status: str, executed: str = "0", x: str = "", **fields: Any) -> None:
        """The exchange changes a plain order, or the child of a conditional one."""
        quantity = spec.quantity if spec.quantity is not None else abs(self.position)
        self.line(
            OrderLine, account=ACCOUNT, symbol=spec.symbol, order_id=order_id, client_id=spec.client_id,
            side=spec.side.value, status=status, x=x or status, qty=fields.pop("qty", quantity), executed=D(executed),
            type="MARKET", reduce_only=spec.reduce_only, close_position=getattr(spec, "close_position", False),
            **fields,
        )  # fmt: skip

    def algo(self, spec: AlgoSpec, status: str, **fields: Any) -> None:
        """The exchange changes a conditional order."""
        before = self.algo_lines.get(spec.client_id)
        if before is None:
            self.next_algo += 1
        algo_id = before.algo_id if before is not None else self.next_algo
        self.line(
            AlgoLine, account=ACCOUNT, symbol=spec.symbol, algo_id=fields.pop("algo_id", algo_id),
            client_id=spec.client_id, side=spec.side.value, type=spec.type.value, trigger=spec.trigger_price,
            status=status, qty=spec.quantity or ZERO, close_position=spec.close_position,
            reduce_only=spec.reduce_only, **fields,
        )  # fmt: skip
        line = self.lines[-1]
        assert isinstance(line, AlgoLine)
        self.algo_lines[spec.client_id] = line

    def trade(
        self, spec: Spec, order_id: int, quantity: str, price: str, *, intent_id: str = "i1", book: bool = True
    ) -> None:
        """One execution with its money on both sides."""
        size, at = D(quantity), D(price)
        signed = size if spec.side is Side.BUY else -size
        reduces = self.position * signed < 0
        realized = (at - self.entry_price) * (-signed) if reduces else ZERO
        fee = size * at * FEE
        if not reduces:
            self.entry_price = at
        self.position += signed
        trade_id, self.next_trade = self.next_trade, self.next_trade + 1
        money = {"fee": fee, "fee_asset": "USDT", "realized": realized, "maker": False}
        self.line(
            TradeLine, account=ACCOUNT, symbol=spec.symbol, order_id=order_id, client_id=spec.client_id,
            trade_id=trade_id, side=spec.side.value, price=at, qty=size, quote=size * at, **money,
        )  # fmt: skip
        if realized:
            self.income("REALIZED_PNL", realized, trade_id=str(trade_id))
        self.income("COMMISSION", -fee, trade_id=str(trade_id))
        self.line(PositionLine, account=ACCOUNT, symbol=spec.symbol, amt=self.position, entry=self.entry_price)
        self.push("ORDER_TRADE_UPDATE", spec.client_id)
        if not book:
            return
        self.gross, self.fees, self.fills = self.gross + realized, self.fees + fee, self.fills + 1
        fill = Fill(
            channel=Channel.STREAM, symbol=spec.symbol, order_id=order_id, trade_id=trade_id, side=spec.side, price=at,
            quantity=size, client_id=spec.client_id, venue_ms=self.ms, **money,
        )  # fmt: skip
        owner = self.plans[intent_id].trade_id
        self.event(ev.FillBooked, fill=fill, client_id=spec.client_id, trade_id=owner, role=spec.role)

    def income(self, kind: str, amount: Decimal, *, trade_id: str = "", booked_for: str = "") -> None:
        """A row of the exchange's income record; booked when it belongs to a trade of ours by name."""
        self.next_tran += 1
        self.line(
            IncomeLine, account=ACCOUNT, tran_id=self.next_tran, type=kind, asset="USDT", amount=amount, symbol=SYMBOL,
            trade_id=trade_id or None,
        )  # fmt: skip
        if booked_for:
            row = IncomeRow(type=kind, tran_id=self.next_tran, asset="USDT", amount=amount, symbol=SYMBOL)
            self.event(ev.IncomeBooked, row=row, trade_id=self.plans[booked_for].trade_id)
            self.funding += amount

    def report(self, spec: Spec, order_id: int, status: OrderStatus, executed: str) -> None:
        """The engine takes note of an order's state."""
        report = OrderReport(
            channel=Channel.STREAM, symbol=spec.symbol, client_id=spec.client_id, order_id=order_id, side=spec.side,
            status=status, executed=D(executed), quantity=D(executed), venue_ms=self.ms,
        )  # fmt: skip
        self.event(ev.OrderUpdated, report=report)

    def answer(self, client_id: str, outcome: Outcome = Outcome.CONFIRMED, **fields: Any) -> None:
        """The engine takes note of how a placing request ended."""
        self.event(
            ev.OrderAnswered, client_id=client_id, outcome=outcome, sent_ms=self.ms, recv_window_ms=1_500, **fields
        )

    def absences(self, client_id: str) -> None:
        """The whole proof that an order was never placed (RULES 3), in ten seconds."""
        self.wait(6_500)
        for _ in range(3):
            for endpoint in ("order", "all_orders", "trades", "position"):
                self.event(ev.AbsenceNoted, client_id=client_id, endpoint=endpoint, asked_ms=self.ms)
            self.wait(1_166)

    def result(self, status: ResultStatus, intent_id: str = "i1", filled: str = "2", **fields: Any) -> None:
        """The terminal result of an opening intent."""
        plan = self.plans[intent_id]
        self.event(
            ev.ResultPublished,
            result=IntentResult(
                intent_id=intent_id, source="s", symbol=plan.symbol, action="open", status=status, venue="paper",
                version="1", trade_id=plan.trade_id, filled=D(filled), **fields,
            ),
        )  # fmt: skip

    def closed(self, intent_id: str = "i1", **changed: Any) -> None:
        """The closing record of a trade, with the money of the story so far; the venue showed 0 before."""
        self.read("GET /fapi/v3/positionRisk")
        plan = self.plans[intent_id]
        fields: dict[str, Any] = {
            "gross": {"USDT": self.gross}, "fees": {"USDT": self.fees}, "funding": {"USDT": self.funding},
            "net": {"USDT": self.gross - self.fees + self.funding}, "fills": self.fills, "quantity": plan.quantity,
        }  # fmt: skip
        self.event(
            ev.TradeClosed,
            result=TradeResult(
                trade_id=plan.trade_id, intent_id=intent_id, source="s", symbol=plan.symbol, direction=plan.direction,
                venue="paper", version="1", entry_price=None, exit_price=None, opened_ms=T0_MS,
                closed_ms=self.ms, exit_reason="test", **(fields | changed),
            ),
        )  # fmt: skip
        self.gross, self.fees, self.funding, self.fills = ZERO, ZERO, ZERO, 0

    def fill_entry(self, intent_id: str = "i1", quantity: str = "2", price: str = "100", n: int = 1) -> OrderSpec:
        """Plan, send and fill an entry at once."""
        spec = entry_spec(intent_id, quantity, n)
        self.plan(spec, intent_id, n)
        request = self.wait(1).send(spec, timestamp=str(self.ms - 1))
        self.next_order += 1
        order_id = self.next_order
        self.order(spec, order_id, "NEW")
        self.trade(spec, order_id, quantity, price, intent_id=intent_id)
        self.order(spec, order_id, "FILLED", quantity, x="TRADE")
        self.reply(request)
        self.answer(spec.client_id)
        self.report(spec, order_id, OrderStatus.FILLED, quantity)
        return spec

    def arm_stop(self, intent_id: str = "i1", n: int = 1, **fields: Any) -> AlgoSpec:
        """Plan, send and arm a stop."""
        spec = stop_spec(intent_id, n, **fields)
        self.plan(spec, intent_id, n)
        request = self.wait(1).send(spec)
        self.algo(spec, "NEW")
        self.push("ALGO_UPDATE", spec.client_id)
        self.reply(request)
        self.answer(spec.client_id)
        return spec

    def cancel_stop(self, spec: AlgoSpec) -> None:
        """Ask for a stop's cancel and get it."""
        self.event(ev.CancelPlanned, client_id=spec.client_id, reason="test")
        request = self.request("algoOrder.cancel", clientAlgoId=spec.client_id)
        self.algo(spec, "CANCELED")
        self.reply(request)

    def stop_out(self, spec: AlgoSpec, price: str = "94", intent_id: str = "i1") -> None:
        """The stop triggers and closes the whole position."""
        self.algo(spec, "TRIGGERING")
        self.push("ALGO_UPDATE", spec.client_id)
        self.next_order += 1
        quantity = text(abs(self.position))
        size = {"qty": D(quantity)}
        self.order(spec, self.next_order, "NEW", **size)
        self.trade(spec, self.next_order, quantity, price, intent_id=intent_id)
        self.order(spec, self.next_order, "FILLED", quantity, x="TRADE", **size)
        self.algo(spec, "TRIGGERED", order_id=self.next_order)
        self.algo(spec, "FINISHED", order_id=self.next_order)
        self.report(spec, self.next_order, OrderStatus.FILLED, quantity)

    def close(self, quantity: str, price: str, *, n: int = 1, intent_id: str = "i1", fills: bool = True) -> OrderSpec:
        """Plan and send a full close, and fill it."""
        spec = close_spec(intent_id, quantity, n)
        self.plan(spec, intent_id, n)
        request = self.wait(1).send(spec)
        self.next_order += 1
        order_id = self.next_order
        if fills:
            self.order(spec, order_id, "NEW")
            self.trade(spec, order_id, quantity, price, intent_id=intent_id)
            self.order(spec, order_id, "FILLED", quantity, x="TRADE")
            self.reply(request)
            self.report(spec, order_id, OrderStatus.FILLED, quantity)
        return spec

    def verdict(self, **options: Any) -> Report:
        """Chain, number and check what was told."""
        return check(rows(self.events), renumbered(self.lines), Options(**options))


def whole_trade() -> Story:
    """A trade from intent to close, stopped out, all of it right."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    stop = story.arm_stop()
    story.result(ResultStatus.PROTECTED)
    story.wait(5_000).stop_out(stop)
    story.wait(10).closed()
    return story


def open_trade() -> tuple[Story, AlgoSpec]:
    """A protected position, and its stop."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    stop = story.arm_stop()
    story.result(ResultStatus.PROTECTED)
    story.wait(1_000)
    return story, stop


def entry_spec(intent_id: str = "i1", quantity: str = "2", n: int = 1) -> OrderSpec:
    """A long's capped entry."""
    return OrderSpec(
        client_id=client_order_id(ACCOUNT, intent_id, Role.ENTRY, n), role=Role.ENTRY, symbol=SYMBOL, side=Side.BUY,
        type=OrderType.LIMIT, quantity=D(quantity), price=D(101), time_in_force=TimeInForce.IOC,
    )  # fmt: skip


def stop_spec(
    intent_id: str = "i1", n: int = 1, trigger: str = "95", quantity: str | None = None, **fields: Any
) -> AlgoSpec:
    """A long's stop: closePosition, or with a quantity reduce-only."""
    return AlgoSpec(
        client_id=client_order_id(ACCOUNT, intent_id, Role.STOP, n), role=Role.STOP, symbol=SYMBOL,
        side=fields.pop("side", Side.SELL), type=AlgoType.STOP_MARKET, trigger_price=D(trigger),
        close_position=quantity is None, quantity=None if quantity is None else D(quantity),
        reduce_only=fields.pop("reduce_only", quantity is not None), **fields,
    )  # fmt: skip


def close_spec(intent_id: str = "i1", quantity: str = "2", n: int = 1, **fields: Any) -> OrderSpec:
    """A long's full close."""
    return OrderSpec(
        client_id=client_order_id(ACCOUNT, intent_id, Role.CLOSE, n), role=Role.CLOSE, symbol=SYMBOL, side=Side.SELL,
        type=OrderType.MARKET, quantity=D(quantity), reduce_only=fields.pop("reduce_only", True), **fields,
    )  # fmt: skip


def params_of(spec: Spec) -> dict[str, str]:
    """A request's parameters, as a client would write them."""
    params = {"symbol": spec.symbol, "side": spec.side.value, "type": spec.type.value, "positionSide": "BOTH"}
    if spec.quantity is not None:
        params["quantity"] = text(spec.quantity)
    if spec.reduce_only:
        params["reduceOnly"] = "true"
    if isinstance(spec, AlgoSpec):
        params |= {"algoType": "CONDITIONAL", "clientAlgoId": spec.client_id, "triggerPrice": text(spec.trigger_price)}
        params["workingType"] = spec.working_type.value
        return params | ({"closePosition": "true"} if spec.close_position else {})
    params["newClientOrderId"] = spec.client_id
    if spec.price is not None:
        params["price"] = text(spec.price)
    if spec.time_in_force is not None:
        params["timeInForce"] = spec.time_in_force.value
    return params


def rows(events: list[ev.Event]) -> list[JournalRow]:
    """The journal of these events, chained by the writer's own rule."""
    made: list[JournalRow] = []
    previous = "0" * 64
    for seq, event in enumerate(events, start=1):
        body, kind = ev.encode(event), ev.kind_of(event)
        previous = link(previous, seq, event.at_ms * 1000, kind, body)
        made.append(JournalRow(seq, event.at_ms * 1000, kind, body, previous))
    return made


def renumbered(lines: list[VenueRecord]) -> list[VenueRecord]:
    """The lines numbered without a gap, replies still pointing to their requests."""
    numbers = {line.n: n for n, line in enumerate(lines, start=1)}
    made = []
    for n, line in enumerate(lines, start=1):
        changes: dict[str, Any] = {"n": n}
        if isinstance(line, Reply):
            changes["req"] = numbers.get(line.req, 0)
        made.append(msgspec.structs.replace(line, **changes))
    return made


def is_a(kind: type, **fields: Any) -> Callable[[Any], bool]:
    """Whether an entry is of a kind and has these values."""
    return lambda entry: isinstance(entry, kind) and all(getattr(entry, name) == want for name, want in fields.items())


def drop(entries: list[Any], which: Callable[[Any], bool]) -> None:
    """Remove exactly the one entry that fits (the last one, when several do)."""
    index = last_index(entries, which)
    del entries[index]


def change(entries: list[Any], which: Callable[[Any], bool], **fields: Any) -> None:
    """Change the last entry that fits."""
    index = last_index(entries, which)
    entries[index] = msgspec.structs.replace(entries[index], **fields)


def last_index(entries: list[Any], which: Callable[[Any], bool]) -> int:
    """Where the last fitting entry stands; a test that bends nothing is an error."""
    return max(index for index, entry in enumerate(entries) if which(entry))

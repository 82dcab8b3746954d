"""A naive venue for tests of the engine: it does what it is told, keeps orders, algos, positions and executions, and
answers reads from them. It shares no code with the paper exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from holdfast.model.effects import Read
from holdfast.model.inputs import ReadAnswered
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoSpec, AlgoStatus, OrderSpec, OrderStatus, Side
from holdfast.model.reports import (
    AlgoReport,
    BalanceReport,
    Channel,
    Fill,
    IncomeRow,
    OrderReport,
    PositionReport,
    RateWindow,
    SymbolConfig,
)

FEE = Decimal("0.0005")


@dataclass
class Held:
    """A plain order at the venue, or the child of an algo."""

    client_id: str
    order_id: int
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    status: OrderStatus
    reduce_only: bool
    placed_ms: int
    executed: Decimal = ZERO
    updated_ms: int = 0


@dataclass
class HeldAlgo:
    """An algo order at the venue."""

    spec: AlgoSpec
    algo_id: int
    status: AlgoStatus
    placed_ms: int
    child: Held | None = None
    updated_ms: int = 0


@dataclass
class Venue:
    """What the exchange knows. Fills pay a taker fee in USDT; the realised profit is worked out from the average."""

    orders: dict[str, list[Held]] = field(default_factory=dict)
    algos: dict[str, list[HeldAlgo]] = field(default_factory=dict)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    entry_prices: dict[str, Decimal] = field(default_factory=dict)
    trades: list[Fill] = field(default_factory=list)
    incomes: list[IncomeRow] = field(default_factory=list)
    wallet: Decimal = Decimal("10000")
    configs: dict[str, SymbolConfig] = field(default_factory=dict)
    used: int = 0
    hedge_mode: bool = False
    multi_assets: bool = False
    asset: str = "USDT"
    hidden: set[str] = field(default_factory=set)
    """Client ids that no read shows, though they exist."""
    next_id: int = 1_000

    def new_id(self) -> int:
        """Ids grow, whatever they name."""
        self.next_id += 1
        return self.next_id

    def take(self, spec: OrderSpec, now_ms: int) -> Held:
        """Accept a plain order; it works until told otherwise."""
        held = Held(spec.client_id, self.new_id(), spec.symbol, spec.side, spec.quantity, spec.price or ZERO,
                    OrderStatus.WORKING, spec.reduce_only, now_ms)  # fmt: skip
        self.orders.setdefault(spec.client_id, []).append(held)
        return held

    def take_algo(self, spec: AlgoSpec, now_ms: int) -> HeldAlgo:
        """Accept an algo order."""
        held = HeldAlgo(spec, self.new_id(), AlgoStatus.ARMED, now_ms)
        self.algos.setdefault(spec.client_id, []).append(held)
        return held

    def trigger(self, client_id: str, now_ms: int) -> Held:
        """The newest algo of the id spawns its child, a MARKET order for its quantity or for the whole position."""
        algo = self.algos[client_id][-1]
        quantity = algo.spec.quantity or abs(self.amounts.get(algo.spec.symbol, ZERO))
        algo.status = AlgoStatus.TRIGGERED
        algo.child = Held(client_id, self.new_id(), algo.spec.symbol, algo.spec.side, quantity, ZERO,
                          OrderStatus.WORKING, True, now_ms)  # fmt: skip
        self.orders.setdefault(client_id, []).append(algo.child)
        return algo.child

    def fill(self, held: Held, quantity: Decimal, price: Decimal, now_ms: int) -> Fill:
        """Execute a part of an order."""
        held.executed += quantity
        held.updated_ms = now_ms
        held.status = OrderStatus.FILLED if held.executed >= held.quantity else OrderStatus.PARTLY_FILLED
        realized = self._move(held.symbol, quantity if held.side is Side.BUY else -quantity, price)
        fee = quantity * price * FEE
        self.wallet += realized - fee
        fill = Fill(channel=Channel.STREAM, symbol=held.symbol, order_id=held.order_id, trade_id=self.new_id(),
                    side=held.side, price=price, quantity=quantity, fee=fee, fee_asset=self.asset, realized=realized,
                    maker=False, client_id=held.client_id, venue_ms=now_ms)  # fmt: skip
        self.trades.append(fill)
        return fill

    def record(self, fill: Fill) -> None:
        """The income record of an execution."""
        for kind, amount in (("COMMISSION", fill.fee), ("REALIZED_PNL", fill.realized)):
            assert amount is not None
            number = len(self.incomes) + 1
            self.incomes.append(IncomeRow(
                type=kind, tran_id=number, asset=self.asset, amount=amount, symbol=fill.symbol,
                venue_ms=fill.venue_ms, trade_id=fill.trade_id))  # fmt: skip

    def _move(self, symbol: str, signed: Decimal, price: Decimal) -> Decimal:
        before = self.amounts.get(symbol, ZERO)
        average = self.entry_prices.get(symbol, ZERO)
        after = before + signed
        self.amounts[symbol] = after
        closing = min(abs(signed), abs(before)) if before * signed < 0 else ZERO
        if after == 0:
            self.entry_prices[symbol] = ZERO
        elif before * after <= 0:
            self.entry_prices[symbol] = price
        elif abs(after) > abs(before):
            self.entry_prices[symbol] = (average * abs(before) + price * abs(signed)) / abs(after)
        return (price - average) * closing * (1 if before > 0 else -1)

    def position(self, symbol: str) -> PositionReport:
        """The position row of a symbol."""
        return PositionReport(symbol=symbol, amount=self.amounts.get(symbol, ZERO),
                              entry_price=self.entry_prices.get(symbol, ZERO))  # fmt: skip

    def positions(self) -> tuple[PositionReport, ...]:
        """Every row that is not 0, as positionRisk v3 shows them."""
        return tuple(self.position(symbol) for symbol, amount in self.amounts.items() if amount)

    def report(self, held: Held, channel: Channel) -> OrderReport:
        """A plain order as a channel tells it."""
        return OrderReport(channel=channel, symbol=held.symbol, client_id=held.client_id, order_id=held.order_id,
                           side=held.side, status=held.status, executed=held.executed, quantity=held.quantity,
                           price=held.price, reduce_only=held.reduce_only,
                           venue_ms=held.updated_ms or held.placed_ms)  # fmt: skip

    def algo_report(self, held: HeldAlgo, channel: Channel) -> AlgoReport:
        """An algo order as a channel tells it."""
        spec = held.spec
        return AlgoReport(channel=channel, symbol=spec.symbol, client_id=spec.client_id, algo_id=held.algo_id,
                          side=spec.side, status=held.status, trigger_price=spec.trigger_price,
                          close_position=spec.close_position, reduce_only=spec.reduce_only,
                          quantity=spec.quantity or ZERO, venue_ms=held.updated_ms or held.placed_ms,
                          order_id=held.child.order_id if held.child else None)  # fmt: skip

    def balances(self) -> tuple[BalanceReport, ...]:
        """One asset, everything free."""
        return (BalanceReport(asset=self.asset, wallet=self.wallet, available=self.wallet),)

    def windows(self) -> tuple[RateWindow, ...]:
        """Both ORDERS windows, with their limits."""
        return (RateWindow(interval_ms=10_000, count=self.used, limit=300),
                RateWindow(interval_ms=60_000, count=self.used, limit=1_200))  # fmt: skip

    def visible_orders(self) -> list[Held]:
        """Every plain order that reads may show."""
        return [held for row in self.orders.values() for held in row if held.client_id not in self.hidden]

    def open_algos(self, symbol: str = "") -> tuple[AlgoReport, ...]:
        """The open algo list."""
        rows = [held for row in self.algos.values() for held in row
                if held.status is AlgoStatus.ARMED and held.spec.client_id not in self.hidden]  # fmt: skip
        return tuple(self.algo_report(held, Channel.LIST) for held in rows if symbol in ("", held.spec.symbol))

    def answer(self, read: Read, now_ms: int, asked_ms: int) -> ReadAnswered:
        """What a read of ours finds."""
        found = getattr(self, f"_read_{read.kind.value}")(read)
        return ReadAnswered(now_ms=now_ms, read=read, ok=True, asked_ms=asked_ms, **found)

    def _read_order(self, read: Read) -> dict[str, object]:
        rows = [
            held
            for held in self.visible_orders()
            if held.order_id == read.order_id or (read.order_id is None and held.client_id == read.client_id)
        ]
        return {"orders": (self.report(rows[-1], Channel.QUERY),)} if rows else {"absent": True}

    def _read_algo(self, read: Read) -> dict[str, object]:
        rows = [] if read.client_id in self.hidden else self.algos.get(read.client_id, [])
        return {"algos": (self.algo_report(rows[-1], Channel.QUERY),)} if rows else {"absent": True}

    def _read_open_orders(self, read: Read) -> dict[str, object]:
        rows = [held for held in self.visible_orders() if not held.status.terminal]
        return {"orders": tuple(self.report(held, Channel.LIST) for held in rows)}

    def _read_open_algos(self, read: Read) -> dict[str, object]:
        return {"algos": self.open_algos(read.symbol)}

    def _read_all_orders(self, read: Read) -> dict[str, object]:
        rows = [held for held in self.visible_orders() if held.symbol == read.symbol]
        return {"orders": tuple(self.report(held, Channel.LIST) for held in rows)}

    def _read_trades(self, read: Read) -> dict[str, object]:
        since = read.since_ms or 0
        rows = [fill for fill in self.trades if fill.symbol == read.symbol and fill.venue_ms >= since]
        return {"fills": tuple(_as_read(fill) for fill in rows)}

    def _read_positions(self, read: Read) -> dict[str, object]:
        return {"positions": (self.position(read.symbol),) if read.symbol else self.positions()}

    def _read_account(self, read: Read) -> dict[str, object]:
        return {"balances": self.balances(), "positions": self.positions()}

    def _read_symbol_config(self, read: Read) -> dict[str, object]:
        rows = [config for symbol, config in self.configs.items() if read.symbol in ("", symbol)]
        return {"symbol_configs": tuple(rows)}

    def _read_income(self, read: Read) -> dict[str, object]:
        return {"incomes": tuple(row for row in self.incomes if row.venue_ms >= (read.since_ms or 0))}

    def _read_order_limits(self, read: Read) -> dict[str, object]:
        return {"rate_windows": self.windows()}

    def _read_modes(self, read: Read) -> dict[str, object]:
        return {"hedge_mode": self.hedge_mode, "multi_assets": self.multi_assets}


def _as_read(fill: Fill) -> Fill:
    """userTrades has no client id."""
    return Fill(channel=Channel.QUERY, symbol=fill.symbol, order_id=fill.order_id, trade_id=fill.trade_id,
                side=fill.side, price=fill.price, quantity=fill.quantity, fee=fill.fee, fee_asset=fill.fee_asset,
                realized=fill.realized, maker=fill.maker, venue_ms=fill.venue_ms)  # fmt: skip

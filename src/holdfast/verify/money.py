"""I7: fees, profit and funding equal the venue's income record, to the last digit: per row, per fill, per trade."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from holdfast.model.ids import Role
from holdfast.model.num import ZERO, text
from holdfast.model.plans import IntentResult, TradePlan, TradeResult
from holdfast.model.reasons import ResultStatus
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.records import IncomeLine, Start, TradeLine

NOT_TRADING: Final = frozenset(
    {"TRANSFER", "INTERNAL_TRANSFER", "WELCOME_BONUS", "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW"}
)
"""Rows that no trade makes; the ledger need not hold them."""

AVERAGE_TOLERANCE: Final = Decimal("0.00000001")
"""A published average price times its quantity may miss the sum of the fills by rounding only."""

Money = dict[str, Decimal]


class TradeMoney(msgspec.Struct):
    """What the venue's records say that one trade earned, per asset."""

    gross: Money = {}
    fees: Money = {}
    funding: Money = {}
    fills: int = 0
    last_n: int = 0
    left: Decimal = ZERO
    """What its fills opened, less what they closed."""
    held: Decimal = ZERO
    """The same, of what they closed only what was its own."""


class FillMoney(msgspec.Struct):
    """What the venue's rows say of one fill: its own, less those of the income record. All is zero in the end.

    `asset` is the one that profit is paid in, "" where the journal does not say.
    """

    ns: list[int]
    fees: Money = {}
    profit: Money = {}
    asset: str = ""


class EntryMoney(msgspec.Struct):
    """What the entry orders of one intent did, by the venue's trades."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    ns: list[int] = []


class Ledger(Check):
    """Adds up the venue's records and compares them with what the journal booked and published."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._unmatched = dict(scene.journal.incomes)
        self._by_fill: dict[tuple[str, str], FillMoney] = {}
        self._trades: dict[str, TradeMoney] = {}
        self._entries: dict[str, EntryMoney] = {}
        self._opened = False
        self._wallets: dict[str, Decimal] = {}
        self._reached: dict[str, set[Decimal]] = {}
        self._tags = {plan.intent_id: tag for tag, plan in scene.journal.tag_plans().items()}

    def after(self) -> LineHandlers:
        """Trades, income rows, and the balances at the start."""
        return {Start: self._on_start, TradeLine: self._on_trade, IncomeLine: self._on_income}

    def finish(self) -> None:
        """Everything was added up."""
        for key, first, second in self.journal.incomes_again:
            self.found.violated("I7", f"income {_name(key)} is booked twice", seqs=(first, second))
        for key, booked in self._unmatched.items():
            self.found.violated("I7", f"income {_name(key)} is booked, but the venue never had it", seqs=[booked.seq])
        for (symbol, trade_id), money in self._by_fill.items():
            for asset in dict.fromkeys((*money.fees, *money.profit)):
                fee, profit = money.fees.get(asset, ZERO), money.profit.get(asset, ZERO)
                if fee or profit:
                    self.found.violated(
                        "I7",
                        f"the venue's trade and income rows of {symbol}/{trade_id} differ by {text(fee)} in fees"
                        f" and {text(profit)} in profit {asset}".rstrip(),
                        ns=money.ns,
                    )
        for trade_id, closings in self.journal.closed.items():
            if trade_id not in self.journal.cut:
                self._check_trade(trade_id, *closings[0])
        for published in self.journal.results.values():
            self._check_result(*published[0])
        self._check_balances()

    def _on_start(self, line: Start) -> None:
        self._opened = self._opened or bool(line.balance)
        for asset, amount in line.balance.items():
            self._wallets[asset] = amount
            self._reached.setdefault(asset, set()).add(amount)

    def _on_trade(self, line: TradeLine) -> None:
        booked = self.journal.fills.get(line.key)
        trade_id = booked.trade_id if booked is not None else ""
        sums = self._by_fill.setdefault((line.symbol, str(line.trade_id)), FillMoney(ns=[], fees={}, profit={}))
        sums.ns.append(line.n)
        _add(sums.fees, line.fee_asset, line.fee)
        if trade_id in self.journal.plans:
            sums.asset = self.journal.plans[trade_id][1].margin_asset
        _add(sums.profit, sums.asset, line.realized)
        if trade_id:
            money = self._trade(trade_id)
            plan = self.journal.plans.get(trade_id)
            _add(money.gross, _margin_asset(plan[1] if plan is not None else None, line), line.realized)
            _add(money.fees, line.fee_asset, line.fee)
            opens = plan is not None and line.side == plan[1].direction.entry_side.value
            taken = line.qty if booked is None or booked.taken is None else booked.taken
            money.left += line.qty if opens else -line.qty
            money.held += line.qty if opens else -taken
            money.fills += 1
            money.last_n = line.n
        order = self.state.orders.get((line.symbol, line.order_id))
        if order is not None and order.tag is not None and order.role is Role.ENTRY:
            entry = self._entries.setdefault(order.tag, EntryMoney(ns=[]))
            entry.quantity += line.qty
            entry.value += line.qty * line.price
            entry.ns.append(line.n)

    def _on_income(self, line: IncomeLine) -> None:
        self.found.counts["income_rows"] += 1
        wallet = self._wallets.get(line.asset, ZERO) + line.amount
        self._wallets[line.asset] = wallet
        self._reached.setdefault(line.asset, set()).add(wallet)
        if line.by_execution:
            key = (line.symbol, str(line.trade_id or ""))
            sums = self._by_fill.setdefault(key, FillMoney(ns=[], fees={}, profit={}))
            sums.ns.append(line.n)
            if line.type == "COMMISSION":
                _add(sums.fees, line.asset, line.amount)
            else:
                _add(sums.profit, line.asset if sums.asset else "", -line.amount)
        booked = self._unmatched.pop(line.key, None)
        if booked is None:
            self._judge_missing(line)
            return
        if booked.row.amount != line.amount:
            self.found.violated(
                "I7",
                f"income {_name(line.key)} is booked as {text(booked.row.amount)}, the venue's is {text(line.amount)}",
                seqs=[booked.seq],
                ns=[line.n],
            )
        elif booked.row.venue_ms and booked.row.venue_ms != line.us // 1_000:
            self.found.violated(
                "I7",
                f"income {_name(line.key)} is booked at {booked.row.venue_ms}, the venue's time is {line.us // 1_000}",
                seqs=[booked.seq],
                ns=[line.n],
            )
        if "FUNDING" in line.type and booked.trade_id not in self.journal.adopted:
            holder = self._holder(line.symbol)
            if booked.trade_id != holder:
                self.found.violated(
                    "I7",
                    f"funding {_name(line.key)} was paid for {holder or 'no trade'}, it is booked for"
                    f" {booked.trade_id or 'none'}",
                    seqs=[booked.seq],
                    ns=[line.n],
                )
        if not line.by_execution and booked.trade_id:
            money = self._trade(booked.trade_id)
            if "FUNDING" in line.type:
                _add(money.funding, line.asset, line.amount)
            money.last_n = line.n

    def _holder(self, symbol: str) -> str:
        """The trade that holds a position on a symbol by the venue's trades so far, "" for none."""
        for trade_id, money in self._trades.items():
            plan = self.journal.plans.get(trade_id)
            held = money.held - self.journal.netted.get(trade_id, ZERO)
            if plan is not None and plan[1].symbol == symbol and held > 0 and trade_id not in self.journal.adopted:
                return trade_id
        return ""

    def _judge_missing(self, line: IncomeLine) -> None:
        if line.by_execution:
            return
        if line.type in NOT_TRADING:
            self.found.counts["transfers"] += 1
        elif self.options.complete:
            self.found.violated(
                "I7", f"income {_name(line.key)} of {text(line.amount)} {line.asset} is not in the ledger", ns=[line.n]
            )
        else:
            self.found.counts["income_pending"] += 1

    def _trade(self, trade_id: str) -> TradeMoney:
        money = self._trades.get(trade_id)
        if money is None:
            money = self._trades[trade_id] = TradeMoney(gross={}, fees={}, funding={})
        return money

    def _check_trade(self, trade_id: str, seq: int, result: TradeResult) -> None:
        money = self._trade(trade_id)
        for name, published, venue in (
            ("gross", result.gross, money.gross),
            ("fees", result.fees, money.fees),
            ("funding", result.funding, money.funding),
            ("net", result.net, _net(money)),
        ):
            for asset in sorted({*published, *venue}):
                ours, theirs = published.get(asset, ZERO), venue.get(asset, ZERO)
                if ours != theirs:
                    self.found.violated(
                        "I7",
                        f"trade {trade_id} ({result.symbol}): {name} is published as {text(ours)} {asset},"
                        f" the venue's records add up to {text(theirs)}",
                        seqs=[seq],
                        ns=[money.last_n] if money.last_n else [],
                    )
        if result.fills != money.fills:
            self.found.violated(
                "I7",
                f"trade {trade_id} is published with {result.fills} fills, the venue has {money.fills}",
                seqs=[seq],
            )
        left = money.left + self.journal.bases.get(trade_id, ZERO)
        if abs(left) > result.foreign_quantity and trade_id not in self.journal.corrected:
            self.found.violated(
                "I6",
                f"trade {trade_id} is closed, its fills leave {text(left)} of it,"
                f" and {text(result.foreign_quantity)} is said to have met somebody else's",
                seqs=[seq],
            )

    def _check_result(self, seq: int, result: IntentResult) -> None:
        """An intent's result speaks of its entry, which is final by then."""
        if result.action != "open" or result.trade_id in self.journal.cut:
            return
        if result.status is ResultStatus.NEVER_PLACED or result.trade_id in self.journal.corrected:
            return  # What surfaced later has its own trade, or its own correction; the result stands as published.
        entry = self._entry_of(result)
        if result.filled != entry.quantity:
            self.found.violated(
                "I9",
                f"intent {result.intent_id} is published with {text(result.filled)} filled,"
                f" the venue executed {text(entry.quantity)}",
                seqs=[seq],
                ns=entry.ns,
            )
        elif (
            result.average_price is not None
            and abs(result.average_price * result.filled - entry.value) > AVERAGE_TOLERANCE
        ):
            self.found.violated(
                "I7",
                f"intent {result.intent_id} is published with the average price {text(result.average_price)},"
                f" its fills are worth {text(entry.value)} for {text(entry.quantity)}",
                seqs=[seq],
                ns=entry.ns,
            )

    def _entry_of(self, result: IntentResult) -> EntryMoney:
        return self._entries.get(self._tags.get(result.intent_id, "")) or EntryMoney(ns=[])

    def _check_balances(self) -> None:
        """A balance that the engine read must be one that the wallet ever had."""
        if not self._opened:
            self.found.not_checked("I7 wallet balances", "the venue's record states no balance at its start")
            return
        wrong: dict[str, list[int]] = {}
        for seq, asset, wallet in self.journal.balances:
            if asset in self._reached and wallet not in self._reached[asset]:
                wrong.setdefault(asset, []).append(seq)
        for asset, seqs in wrong.items():
            self.found.violated(
                "I7",
                f"{len(seqs)} balances of {asset} were read that the wallet never had by its income",
                seqs=seqs[:5],
            )


def _margin_asset(plan: TradePlan | None, line: TradeLine) -> str:
    return plan.margin_asset if plan is not None else line.fee_asset


def _add(money: Money, asset: str, amount: Decimal) -> None:
    money[asset] = money.get(asset, ZERO) + amount


def _net(money: TradeMoney) -> Money:
    net = dict(money.gross)
    for asset, amount in money.fees.items():
        _add(net, asset, -amount)
    for asset, amount in money.funding.items():
        _add(net, asset, amount)
    return net


def _name(key: tuple[str, int, str, str]) -> str:
    kind, tran_id, symbol, asset = key
    return f"{kind} {tran_id} {symbol or asset}".strip()

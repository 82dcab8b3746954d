"""One account: wallets, positions, orders and their histories. Pure bookkeeping; no rule of trading.

Positions are kept per (symbol, position side) from the first day: `BOTH` in one-way mode, `LONG`
and `SHORT` in hedge mode. A short has a negative amount in every mode.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from holdfast.model.num import ZERO, sign
from holdfast.paper.config import AccountConfig
from holdfast.paper.money import money
from holdfast.paper.money.movements import Forced, MarginMove
from holdfast.paper.orders import Algo, Amendment, Income, Order, Trade


class Leg:
    """One position.

    `bids` and `asks` are the notional of resting orders that could open it further; `isolated` is the margin
    set aside for it; `fees` were paid to open what is held now, `costs` is everything it cost since it began.
    """

    __slots__ = ("amt", "asks", "bids", "costs", "entry", "fees", "isolated", "realized", "side", "updated_us")

    def __init__(self, side: str) -> None:
        """Start flat on position side `side`."""
        self.side = side
        self.amt = ZERO
        self.entry = ZERO
        self.realized = ZERO
        self.isolated = ZERO
        self.fees = ZERO
        self.costs = ZERO
        self.bids = ZERO
        self.asks = ZERO
        self.updated_us = 0

    def trade(self, delta: Decimal, price: Decimal) -> Decimal:
        """Add a signed quantity at a price; answer the realised profit, fees not included (notes I.1)."""
        before = self.amt
        self.amt = before + delta
        if not before or sign(before) == sign(delta):
            self.entry = money.average(abs(before) * self.entry + abs(delta) * price, abs(self.amt))
            return ZERO
        closed = min(abs(before), abs(delta))
        profit = money.cut((price - self.entry) * closed * sign(before))
        self.realized += profit
        if not self.amt:
            self.entry = ZERO
        elif sign(self.amt) != sign(before):
            self.entry = price
        return profit


class Exposure:
    """What an account has on one symbol: its settings and its positions."""

    __slots__ = ("legs", "leverage", "margin_type")

    def __init__(self, leverage: int) -> None:
        """Start flat in cross margin."""
        self.leverage = leverage
        self.margin_type = "CROSSED"
        self.legs: dict[str, Leg] = {}

    def leg(self, side: str) -> Leg:
        """The position on a side; created flat when it was never touched."""
        leg = self.legs.get(side)
        if leg is None:
            leg = self.legs[side] = Leg(side)
        return leg

    def has_position(self) -> bool:
        """Whether any leg is not flat."""
        return any(leg.amt for leg in self.legs.values())


class Account:
    """One account with everything the venue remembers about it."""

    def __init__(self, config: AccountConfig, *, default_leverage: int, history_limit: int) -> None:
        """Start with the configured balances and nothing open."""
        self.name = config.name
        self.config = config
        self.wallets: dict[str, Decimal] = dict(config.balances)
        self.hedge = config.hedge_mode
        self.multi_assets = False
        self.fee_burn = config.fee_burn
        self.isolated: dict[str, Decimal] = {}
        self.margin_moves: deque[MarginMove] = deque(maxlen=history_limit)
        self.forced: deque[Forced] = deque(maxlen=history_limit)
        self.called: dict[str, bool] = {}
        self.default_leverage = default_leverage
        self.history_limit = history_limit
        self.exposures: dict[str, Exposure] = {}
        self.orders: dict[str, dict[int, Order]] = {}
        self.by_client: dict[tuple[str, str], Order] = {}
        self.open_orders: dict[tuple[str, int], Order] = {}
        self.open_clients: dict[str, Order] = {}
        self.open_counts: dict[str, int] = {}
        self.reducing: dict[tuple[str, str], dict[int, Order]] = {}
        """By (symbol, position side): the resting orders that end with the position."""
        self._closed: deque[Order] = deque()
        self.trades: dict[str, deque[Trade]] = {}
        self.amendments: dict[str, deque[Amendment]] = {}
        self.income: deque[Income] = deque(maxlen=history_limit)
        self.algos: dict[int, Algo] = {}
        self.open_algos: dict[int, Algo] = {}
        self.algo_clients: dict[str, Algo] = {}
        self._closed_algos: deque[Algo] = deque()
        self.countdowns: dict[str, int] = {}
        self.ages = False
        """Whether a timer waits for the oldest open order to be a year old."""
        self.listen_keys: dict[str, str] = {}
        """By the API key that asked for it, or by an empty text where all keys of the account share one."""
        self.listen_key_expires_us: dict[str, int] = {}

    def exposure(self, symbol: str) -> Exposure:
        """Settings and positions on a symbol; created with the default leverage when first asked for."""
        exposure = self.exposures.get(symbol)
        if exposure is None:
            exposure = self.exposures[symbol] = Exposure(self.default_leverage)
        return exposure

    def leg(self, symbol: str, side: str) -> Leg:
        """The position on (symbol, position side)."""
        return self.exposure(symbol).leg(side)

    def cross_wallet(self, asset: str) -> Decimal:
        """The wallet less what is set aside for isolated positions."""
        return self.wallets.get(asset, ZERO) - self.isolated.get(asset, ZERO)

    def open_sides(self) -> tuple[str, ...]:
        """The position sides of the account's position mode."""
        return ("LONG", "SHORT") if self.hedge else ("BOTH",)

    def add_order(self, order: Order) -> None:
        """Remember a new open order."""
        self.orders.setdefault(order.symbol, {})[order.order_id] = order
        self.by_client[(order.symbol, order.client_id)] = order
        self.open_orders[(order.symbol, order.order_id)] = order
        self.open_clients[order.client_id] = order
        self.open_counts[order.symbol] = self.open_counts.get(order.symbol, 0) + 1

    def close_order(self, order: Order) -> None:
        """Move an order to history; the oldest closed one is forgotten beyond the limit."""
        del self.open_orders[(order.symbol, order.order_id)]
        self.open_counts[order.symbol] -= 1
        if self.open_clients.get(order.client_id) is order:
            del self.open_clients[order.client_id]
        self._closed.append(order)
        if len(self._closed) > self.history_limit:
            old = self._closed.popleft()
            del self.orders[old.symbol][old.order_id]
            key = (old.symbol, old.client_id)
            if self.by_client.get(key) is old:
                del self.by_client[key]

    def add_trade(self, trade: Trade) -> None:
        """Remember an execution."""
        trades = self.trades.get(trade.symbol)
        if trades is None:
            trades = self.trades[trade.symbol] = deque(maxlen=self.history_limit)
        trades.append(trade)

    def add_amendment(self, symbol: str, amendment: Amendment) -> None:
        """Remember a change of an open order."""
        amendments = self.amendments.get(symbol)
        if amendments is None:
            amendments = self.amendments[symbol] = deque(maxlen=self.history_limit)
        amendments.append(amendment)

    def add_algo(self, algo: Algo) -> None:
        """Remember a new conditional order."""
        self.algos[algo.algo_id] = algo
        self.open_algos[algo.algo_id] = algo
        self.algo_clients[algo.client_id] = algo

    def close_algo(self, algo: Algo) -> None:
        """A conditional order no longer waits: it leaves the open list, and history beyond the limit."""
        if self.open_algos.pop(algo.algo_id, None) is None:
            return
        self._closed_algos.append(algo)
        if len(self._closed_algos) > self.history_limit:
            old = self._closed_algos.popleft()
            del self.algos[old.algo_id]
            if self.algo_clients.get(old.client_id) is old:
                del self.algo_clients[old.client_id]

    def open_algo_with_client(self, client_id: str) -> Algo | None:
        """The open conditional order with a client id."""
        algo = self.algo_clients.get(client_id)
        return algo if algo is not None and algo.is_open else None

    def change_wallet(self, asset: str, amount: Decimal) -> Decimal:
        """Add a signed amount to a wallet; answer the new balance."""
        balance = self.wallets.get(asset, ZERO) + amount
        self.wallets[asset] = balance
        return balance

"""The exchange's state as its log tells it: orders, conditional orders and positions of one account.

It believes every line; whether lines make sense together is for the checks, which look at the state before it takes
the line in (`Check.before`) or after.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.ids import Role, attribution_of, is_kill, is_ours, role_of, tag_of
from holdfast.model.num import ZERO, sign
from holdfast.verify.records import AlgoLine, OrderLine, PositionLine, TradeLine

LegKey = tuple[str, str]
"""(symbol, position side)."""

ORDER_OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})
ALGO_OPEN = frozenset({"NEW", "TRIGGERING"})
FORCED = ("LIQUIDATION", "ADL", "SETTLEMENT")


class VenueOrder:
    """A plain order. `traded` is the sum of its trades, `executed` what the venue says of itself."""

    __slots__ = (
        "accepted_n", "accepted_us", "client_id", "executed", "is_ours", "key", "last_n", "leg", "order_id", "qty",
        "role", "side", "status", "symbol", "tag", "traded",
    )  # fmt: skip

    def __init__(self, line: OrderLine) -> None:
        self.client_id = line.client_id
        self.order_id = line.order_id
        self.symbol = line.symbol
        self.key = (line.symbol, line.order_id)
        self.leg: LegKey = (line.symbol, line.position_side)
        self.side = line.side
        self.qty = line.qty
        self.is_ours = is_ours(line.client_id)
        self.role: Role | None = role_of(line.client_id)
        self.tag = tag_of(line.client_id)
        self.accepted_n, self.accepted_us = line.n, line.us
        self.last_n = line.n
        self.status = line.status
        self.executed = ZERO
        self.traded = ZERO

    @property
    def is_open(self) -> bool:
        """Whether it can still execute."""
        return self.status in ORDER_OPEN


class VenueAlgo:
    """A conditional order. `stuck`: it has been triggering for so long that it no longer counts as cover."""

    __slots__ = (
        "accepted_n", "accepted_us", "algo_id", "client_id", "close_position", "is_ours", "last_n", "leg", "qty",
        "reduce_only", "role", "side", "status", "stuck", "symbol", "tag", "trigger", "type",
    )  # fmt: skip

    def __init__(self, line: AlgoLine) -> None:
        self.algo_id = line.algo_id
        self.client_id = line.client_id
        self.symbol = line.symbol
        self.leg: LegKey = (line.symbol, line.position_side)
        self.side = line.side
        self.type = line.type
        self.trigger = line.trigger
        self.qty = line.qty
        self.close_position = line.close_position
        self.reduce_only = line.reduce_only
        self.is_ours = is_ours(line.client_id)
        self.role: Role | None = role_of(line.client_id)
        self.tag = tag_of(line.client_id)
        self.accepted_n, self.accepted_us = line.n, line.us
        self.last_n = line.n
        self.status = line.status
        self.stuck = False

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its trigger, or is on its way."""
        return self.status in ALGO_OPEN

    @property
    def is_stop(self) -> bool:
        """Whether it protects, as against taking profit."""
        return self.type.startswith("STOP")

    def covers(self, amount: Decimal) -> Decimal:
        """How much of a signed position it would close when it triggers."""
        if not self.is_stop or self.side != ("SELL" if amount > 0 else "BUY"):
            return ZERO
        if self.close_position:
            return abs(amount)
        return min(self.qty, abs(amount)) if self.reduce_only else ZERO


class Leg:
    """A position. `amt` is the venue's word, `traded` the sum of trades, `ours` the part that our orders opened."""

    __slots__ = ("amt", "began", "key", "last_n", "ours", "traded")

    def __init__(self, key: LegKey) -> None:
        self.key = key
        self.began = ZERO
        self.amt = ZERO
        self.traded = ZERO
        self.ours = ZERO
        self.last_n = 0

    def begin(self, amount: Decimal) -> None:
        """What was open before the record begins, by the ledger."""
        self.began = self.amt = self.traded = self.ours = amount

    def take(self, trade: TradeLine, *, by_us: bool) -> None:
        """Move by a trade. What others trade closes our part only as far as the position itself shrinks; what the venue
        takes by force is ours first, as the ledger books it (RULES 4, 12)."""
        self.traded += trade.signed
        self.last_n = trade.n
        if by_us:
            self.ours += trade.signed
        if sign(self.ours) != sign(self.traded):
            self.ours = ZERO
        elif abs(self.ours) > abs(self.traded):
            self.ours = self.traded


class VenueState:
    """All of it, for one account."""

    def __init__(self) -> None:
        self.us = 0
        self.n = 0
        self.orders: dict[tuple[str, int], VenueOrder] = {}
        self.algos: dict[int, VenueAlgo] = {}
        self.legs: dict[LegKey, Leg] = {}
        self.open_by_leg: dict[LegKey, dict[object, VenueOrder | VenueAlgo]] = {}
        self.by_client: dict[str, list[tuple[str, int]]] = {}
        self.algos_by_client: dict[str, list[int]] = {}

    def leg(self, key: LegKey) -> Leg:
        """The position of a key; created flat."""
        leg = self.legs.get(key)
        if leg is None:
            leg = self.legs[key] = Leg(key)
        return leg

    def take_order(self, line: OrderLine) -> VenueOrder:
        """Take in a change of an order."""
        key = (line.symbol, line.order_id)
        order = self.orders.get(key)
        if order is None:
            order = self.orders[key] = VenueOrder(line)
            self.by_client.setdefault(line.client_id, []).append(key)
        order.status, order.executed, order.qty, order.last_n = line.status, line.executed, line.qty, line.n
        self._keep_open(order, key)
        return order

    def take_algo(self, line: AlgoLine) -> VenueAlgo:
        """Take in a change of a conditional order."""
        algo = self.algos.get(line.algo_id)
        if algo is None:
            algo = self.algos[line.algo_id] = VenueAlgo(line)
            self.algos_by_client.setdefault(line.client_id, []).append(line.algo_id)
        algo.status, algo.last_n = line.status, line.n
        self._keep_open(algo, line.algo_id)
        return algo

    def take_trade(self, line: TradeLine) -> Leg:
        """Take in an execution."""
        leg = self.leg((line.symbol, line.position_side))
        name = line.client_id
        leg.take(line, by_us=is_ours(name) or is_kill(name) or attribution_of(name) in FORCED)
        order = self.orders.get((line.symbol, line.order_id))
        if order is not None:
            order.traded += line.qty
        return leg

    def take_position(self, line: PositionLine) -> Leg:
        """Take in the venue's word of a position."""
        leg = self.leg((line.symbol, line.position_side))
        leg.amt, leg.last_n = line.amt, line.n
        return leg

    def _keep_open(self, order: VenueOrder | VenueAlgo, key: object) -> None:
        on_leg = self.open_by_leg.setdefault(order.leg, {})
        if order.is_open:
            on_leg[key] = order
        else:
            on_leg.pop(key, None)

    def open_on(self, leg: LegKey) -> list[VenueOrder | VenueAlgo]:
        """What is open on a leg, oldest first."""
        return list(self.open_by_leg.get(leg, {}).values())

    def open_stops(self, leg: LegKey) -> list[VenueAlgo]:
        """Our stops that still wait, or trigger, on a leg."""
        found = self.open_by_leg.get(leg, {}).values()
        return [algo for algo in found if isinstance(algo, VenueAlgo) and algo.is_ours and algo.is_stop]

    def all_open(self) -> list[VenueOrder | VenueAlgo]:
        """Everything open, leg by leg."""
        return [order for on_leg in self.open_by_leg.values() for order in on_leg.values()]

    def accepted(self, client_id: str) -> bool:
        """Whether the venue ever accepted an order or conditional order of this client id."""
        return client_id in self.by_client or client_id in self.algos_by_client

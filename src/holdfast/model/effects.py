"""What the core may ask of the shell. Effects leave after the events of the same step are durable.

An effect marked `preauthorised` was journalled with its entry's batch (RULES 8): it does not wait for the disk.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, OrderSpec, Spec

SpecT = TypeVar("SpecT", OrderSpec, AlgoSpec, Spec, covariant=True)


class Authorised(msgspec.Struct, Generic[SpecT], frozen=True, gc=False):
    """An order that passed the gate (entries), or that only reduces risk (all other roles).

    The gateway accepts nothing else. Only `core/authority.py` constructs it; a test says so.
    """

    spec: SpecT
    verdict: str
    """Why it may go: the verdict id of an entry, or the name of the rule for a reducing order."""


class Lane(StrEnum):
    """Priority of a request: protection has reserved budget (RULES 2 "reserve lane")."""

    PROTECT = "protect"
    CANCEL = "cancel"
    QUERY = "query"
    ENTRY = "entry"


class Place(msgspec.Struct, frozen=True, kw_only=True, tag="place", gc=False):
    """Send an order. Entries and partial exits carry the `timestamp_ms` of their journal record (RULES 8)."""

    order: Authorised[Spec]
    timestamp_ms: int | None = None
    recv_window_ms: int = 5_000
    lane: Lane = Lane.PROTECT
    preauthorised: bool = False


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel", gc=False):
    """Cancel one order of ours by client id."""

    client_id: str
    symbol: str
    role: Role
    algo: bool
    preauthorised: bool = False


class ReadKind(StrEnum):
    """What can be read from the venue."""

    ORDER = "order"
    ALGO = "algo"
    OPEN_ORDERS = "open_orders"
    OPEN_ALGOS = "open_algos"
    ALL_ORDERS = "all_orders"
    TRADES = "trades"
    POSITIONS = "positions"
    ACCOUNT = "account"
    SYMBOL_CONFIG = "symbol_config"
    INCOME = "income"
    ORDER_LIMITS = "order_limits"
    MODES = "modes"


class Read(msgspec.Struct, frozen=True, kw_only=True, tag="read", gc=False):
    """Ask the venue. `purpose` comes back with the answer so that the core knows why it asked."""

    kind: ReadKind
    purpose: str
    symbol: str = ""
    client_id: str = ""
    order_id: int | None = None
    since_ms: int | None = None
    lane: Lane = Lane.QUERY


class ChangeSetting(msgspec.Struct, frozen=True, kw_only=True, tag="change_setting", gc=False):
    """Set leverage or margin type of a symbol; read back afterwards (RULES 13)."""

    symbol: str
    purpose: str
    leverage: int | None = None
    margin_type: str | None = None


class SetTimer(msgspec.Struct, frozen=True, kw_only=True, tag="set_timer", gc=False):
    """Wake the core at a venue time. A second timer of the same key replaces the first."""

    key: str
    at_ms: int


class ClearTimer(msgspec.Struct, frozen=True, kw_only=True, tag="clear_timer", gc=False):
    """Forget a timer; unknown keys are fine."""

    key: str


Effect = Place | Cancel | Read | ChangeSetting | SetTimer | ClearTimer

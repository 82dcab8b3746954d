"""How user events reach connections: at once, or as a stream fault wants it (protocol notes E.2, L.2, L.3).

`ws.drop` and `ws.silence` lose an event, `ws.dup` sends it twice. `ws.delay` holds it back for `ms`, and
what follows on the same connection behind it. `ws.reorder` lets the next event of another kind
overtake it: order is promised only within a kind, so one of the same kind never does; where none comes
within `ms` (a second without it), it goes on alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from holdfast.paper.faults import Fault
from holdfast.paper.streams.connections import Conn

if TYPE_CHECKING:
    from holdfast.paper.exchange import Exchange

_USUAL_WAIT_MS = 1000


class UserEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One user event on its way to one connection. `ids` are what the venue log says of it."""

    key: str
    account: str
    kind: str
    data: bytes
    us: int
    n: int
    """When it happened, and the number of the last log record that it can tell of."""
    ids: dict[str, object]


def deliver(exchange: Exchange, conn: Conn, event: UserEvent) -> None:
    """Hand over one event, in the way that an armed fault wants."""
    fault = exchange.faults.for_event(event.kind, event.account, exchange.now_us) if exchange.faults.streams else None
    if fault is not None:
        exchange.log("fault", verb=fault.verb, conn=conn.ident, account=event.account, e=event.kind)
    if fault is not None and fault.verb in _HANDLERS:
        _HANDLERS[fault.verb](exchange, conn, event, fault)
    elif fault is None or fault.verb == "ws.dup":
        for _ in range(1 if fault is None else 2):
            _line_up(exchange, conn, event)


def _line_up(exchange: Exchange, conn: Conn, event: UserEvent) -> None:
    """Send, behind what is held back."""
    if conn.held:
        conn.held.append(event)
        return
    parked = conn.parked
    if parked is None:
        _send(exchange, conn, event)
        return
    conn.parked = None
    for following in (event, parked) if parked.kind != event.kind else (parked, event):
        _send(exchange, conn, following)


def _send(exchange: Exchange, conn: Conn, event: UserEvent) -> None:
    held: dict[str, object] = {"of": event.n} if event.us < exchange.now_us else {}
    exchange.log("push", conn=conn.ident, account=event.account, e=event.kind, **event.ids, **held)
    exchange.streams.send(conn, event.key, event.data)


def _delay(exchange: Exchange, conn: Conn, event: UserEvent, fault: Fault) -> None:
    conn.held.append(event)
    if len(conn.held) > 1:
        return

    def release(_now_us: int) -> None:
        held, conn.held = conn.held, []
        if exchange.streams.conns.get(conn.ident) is conn:
            for waiting in held:
                _line_up(exchange, conn, waiting)

    exchange.timers.at(exchange.now_us + (fault.ms or _USUAL_WAIT_MS) * 1000, release)


def _reorder(exchange: Exchange, conn: Conn, event: UserEvent, fault: Fault) -> None:
    if conn.parked is not None or conn.held:
        _line_up(exchange, conn, event)
        return
    conn.parked = event

    def release(_now_us: int) -> None:
        if conn.parked is event and exchange.streams.conns.get(conn.ident) is conn:
            conn.parked = None
            _send(exchange, conn, event)

    exchange.timers.at(exchange.now_us + (fault.ms or _USUAL_WAIT_MS) * 1000, release)


_HANDLERS = {"ws.delay": _delay, "ws.reorder": _reorder}

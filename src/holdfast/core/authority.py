"""The only place that makes an `Authorised` order; the gateway takes nothing else (DESIGN §4).

Two doors: an entry needs the verdict of the gate, and everything else must be unable to increase a position. That
second property is read from the order itself, so a wrong order cannot be talked through.
"""

from __future__ import annotations

from holdfast.model.effects import Authorised
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, OrderSpec, Spec


def authorise_entry(spec: OrderSpec, verdict: str) -> Authorised[Spec]:
    """Let an entry go that the gate accepted; `verdict` names the acceptance."""
    assert verdict, "invariant: an entry carries its verdict"
    assert spec.role is Role.ENTRY, "invariant: only an entry needs a verdict"
    assert not spec.reduce_only, "invariant: an entry is not reduce-only"
    assert spec.quantity > 0, "invariant: an order has a quantity"
    return Authorised(spec=spec, verdict=verdict)


def authorise_reducing(spec: Spec, rule: str) -> Authorised[Spec]:
    """Let an order go that can only reduce a position; no limit, breaker or state is asked (DESIGN §4).

    `rule` names why it exists, e.g. "cover" or "flatten".
    """
    assert rule, "invariant: a reducing order names its rule"
    assert spec.role is not Role.ENTRY, "invariant: an entry does not reduce"
    assert reduces(spec), "invariant: a reducing order is reduce-only or closes the position"
    return Authorised(spec=spec, verdict=rule)


def reduces(spec: Spec) -> bool:
    """Whether the venue itself keeps the order from opening or flipping a position (P7)."""
    if isinstance(spec, AlgoSpec) and spec.close_position:
        # closePosition follows the position; the venue refuses it with a quantity or with reduceOnly.
        return spec.quantity is None and not spec.reduce_only
    return spec.reduce_only and spec.quantity is not None and spec.quantity > 0

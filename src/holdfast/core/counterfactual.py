"""What would have passed: changes of an intent as a flat map, "field path" → value as text.

A counterfactual whose keys are all intent fields is a promise: applied to the intent, it is accepted under the same
view. Other keys say what has to become true outside the intent: `wait_until_ms` (venue time), `state` (a sentence),
`configuration` (a setting and the value it would need).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from holdfast.model import num
from holdfast.model.intent import Distance, Entry, Intent, Size, validate

OUTSIDE: Final = ("wait_until_ms", "state", "configuration")
"""Keys that no change of the intent can bring about."""

_TARGET = re.compile(r"^take_profits\[(\d+)\]\.price$")


def is_change(counterfactual: Mapping[str, str]) -> bool:
    """Whether the counterfactual only asks for changes of the intent."""
    return bool(counterfactual) and not any(key in OUTSIDE for key in counterfactual)


def merge(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Both changes, the later one winning; a size or a stop has one measure, so it replaces the other measure."""
    merged = dict(first)
    for key, value in second.items():
        group = key.partition(".")[0]
        if group in ("size", "stop_loss"):
            for other in [name for name in merged if name.startswith(f"{group}.")]:
                del merged[other]
        merged[key] = value
    return merged


def apply_counterfactual(intent: Intent, counterfactual: Mapping[str, str]) -> Intent:
    """The intent with the changes made. Raises `KeyError` for a key that is not an intent field, and `IntentError`
    when the result is no valid intent (which would be a mistake of the gate)."""
    for key, value in counterfactual.items():
        target = _TARGET.match(key)
        intent = _set_target(intent, int(target[1]), value) if target else _SETTERS[key](intent, value)
    validate(intent)
    return intent


def _replace(intent: Intent, **changes: Any) -> Intent:
    return msgspec.structs.replace(intent, **changes)


def _set_entry(intent: Intent, **changes: Any) -> Intent:
    entry: Entry = msgspec.structs.replace(intent.entry, **changes)
    return _replace(intent, entry=entry)


def _set_target(intent: Intent, index: int, price: str) -> Intent:
    targets = list(intent.take_profits)
    targets[index] = msgspec.structs.replace(targets[index], price=num.parse(price), pct=None)
    return _replace(intent, take_profits=tuple(targets))


def _decimal(text: str) -> Decimal:
    return num.parse(text)


_SETTERS: Final[dict[str, Callable[[Intent, str], Intent]]] = {
    "expires_at": lambda intent, value: _replace(intent, expires_at=int(value)),
    "leverage": lambda intent, value: _replace(intent, leverage=int(value)),
    "size.quantity": lambda intent, value: _replace(intent, size=Size(quantity=_decimal(value))),
    "stop_loss.price": lambda intent, value: _replace(intent, stop_loss=Distance(price=_decimal(value))),
    "stop_loss.pct": lambda intent, value: _replace(intent, stop_loss=Distance(pct=_decimal(value))),
    "entry.price": lambda intent, value: _set_entry(intent, price=_decimal(value)),
    "entry.max_slippage_bps": lambda intent, value: _set_entry(intent, max_slippage_bps=_decimal(value)),
    "entry.plain": lambda intent, value: _set_entry(intent, plain=value == "true"),
    "entry.time_in_force": lambda intent, value: _set_entry(intent, time_in_force=value),
}

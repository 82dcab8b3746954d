"""The venue of a day: what nobody could verify, each switch drawn by itself, and what the engine is told of it.

RULES 14: every promise holds under every value, proved or unproved. A variant is a text that can be printed and typed:
the name of a known one, or switches like `gte_gtc=-1115, event_before_ack=True`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from holdfast.model.venue_facts import VenueFacts as KnownFacts
from holdfast.paper.config import VenueFacts
from holdfast.sim.venue_facts import MORE_FACTS, draw_more

FACTS: Final[dict[str, dict[str, Any]]] = {
    "accept": {"second_close_position": "accept"},
    "default": {},
    "needs-position": {"stop_without_position": "-4509"},
    "needs-position, many": {"stop_without_position": "-4509", "second_close_position": "accept"},
    "rejected-later": {"stop_without_position": "accept-then-REJECTED"},
    "rejected-later, many": {"stop_without_position": "accept-then-REJECTED", "second_close_position": "accept"},
    "events first": {"event_before_ack": True},
    "no over-size": {"reduce_only_over_size": "reject"},
    "no over-size, needs-position": {"reduce_only_over_size": "reject", "stop_without_position": "-4509"},
    "ids stay used": {"reuse_filled_client_id": "-4116", "duplicate_client_id": "-4115"},
    "other fields": {"legacy_place_fields": True, "gte_gtc": "-1115", "algo_recv_window": False},
    "greedy cancel": {"cancel_all_touches_algos": True, "countdown_touches_algos": True},
}
"""Combinations that matter, by name."""


def _values(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is Literal else (False, True)


MET: Final = (
    "stop_without_position", "second_close_position", "cancel_all_touches_algos", "countdown_touches_algos",
    "legacy_place_fields", "event_before_ack", "reduce_only_over_size", "duplicate_client_id", "reuse_filled_client_id",
    "gte_gtc", "trigger_bands", "algo_recv_window", "unrouted_ws",
)  # fmt: skip
"""The switches that days have always drawn; more of them come from the simulator's table."""

SWITCHES: Final[dict[str, tuple[Any, ...]]] = {name: _values(get_type_hints(VenueFacts)[name]) for name in MET}
"""These with their values."""

ALL: Final = {**SWITCHES, **MORE_FACTS}
"""Every switch that a day can have, with its values."""

USUAL: Final = {name: getattr(VenueFacts(), name) for name in ALL}

KNOWN: Final[dict[str, tuple[str, dict[Any, str]]]] = {
    "stop_without_position": ("stop_without_position", {"accept": "yes"}),
    "second_close_position": ("second_close_position", {"accept": "yes"}),
    "gte_gtc_on_algo": ("gte_gtc", {"accept": "yes"}),
    "bands_on_triggers": ("trigger_bands", {"-4210": "yes"}),
    "cancel_all_touches_algos": ("cancel_all_touches_algos", {True: "yes"}),
    "countdown_touches_algos": ("countdown_touches_algos", {True: "yes"}),
    "recv_window_at_algo": ("algo_recv_window", {True: "yes"}),
    "oversize_reduce_only": ("reduce_only_over_size", {"clip": "clipped", "reject": "rejected"}),
    "client_id_reusable": ("reuse_filled_client_id", {"accept": "yes"}),
}
"""What the engine may be told → the switch that it speaks of, and what to say of its values; else "no"."""


def draw(rng: random.Random, usual: str) -> str:
    """One variant: the one that is usual, or each switch by itself."""
    if rng.random() < 0.4:
        return usual
    odds = rng.choice((0.1, 0.3, 0.6))
    turned = [name for name in SWITCHES if rng.random() < odds]
    drawn = {name: rng.choice([value for value in SWITCHES[name] if value != USUAL[name]]) for name in turned}
    return _text(drawn)


def with_more(variant: str, seed: int) -> str:
    """A variant with what the seed draws beside it."""
    more = draw_more(seed)
    return _text({**switches(variant), **more}) if more else variant


def _text(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in found.items()) or "default"


def switches(variant: str) -> dict[str, Any]:
    """The switches of a variant. Raises ValueError for what no exchange has."""
    if variant in FACTS:
        return FACTS[variant]
    found: dict[str, Any] = {}
    for part in variant.split(", "):
        name, _, text = part.partition("=")
        values = [value for value in ALL.get(name, ()) if str(value) == text]
        if not values:
            raise ValueError(f"{part!r} is neither a known variant nor a switch with one of its values")
        found[name] = values[0]
    return found


def truth(facts: Mapping[str, Any]) -> dict[str, str]:
    """What the engine could be told, fact by fact."""
    now = {**USUAL, **facts}
    return {name: words.get(now[switch], "no") for name, (switch, words) in KNOWN.items()}


def known(facts: Mapping[str, Any], rng: random.Random) -> KnownFacts:
    """What the engine is told: the truth about some facts, of the others nothing."""
    odds = rng.choice((0.2, 0.8, 1.0))
    told = {name: word for name, word in truth(facts).items() if rng.random() < odds}
    return KnownFacts(**told)  # type: ignore[arg-type]


def usually_known(facts: Mapping[str, Any]) -> KnownFacts:
    """What a story's engine is told: whether stops go with the entry, and that triggers have no bands."""
    told = truth(facts)
    arms = told["stop_without_position"] == "yes"
    bands: Any = "no" if told["bands_on_triggers"] == "no" else "unproved"
    return KnownFacts(stop_without_position="yes" if arms else "unproved", bands_on_triggers=bands)

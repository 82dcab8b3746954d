"""What nobody could verify about the real venue (RULES 14): which switches a run draws, and which it cannot meet.

A field of the exchange's `VenueFacts` stands in one of the three tables; a test fails for one that does not.
"""

from __future__ import annotations

import random
from typing import Any, Final

FACTS: Final[dict[str, tuple[Any, ...]]] = {
    "stop_without_position": ("accept", "-4509", "accept-then-REJECTED"),
    "second_close_position": ("-4130", "accept"),
    "cancel_all_touches_algos": (False, True),
    "countdown_touches_algos": (False, True),
    "legacy_place_fields": (False, True),
    "event_before_ack": (False, True),
    "reduce_only_over_size": ("clip", "reject"),
    "duplicate_client_id": ("-4116", "-4115"),
    "reuse_filled_client_id": ("accept", "-4116"),
    "gte_gtc": ("accept", "-1115"),
    "trigger_bands": ("none", "-4210"),
    "algo_recv_window": (True, False),
}
"""Every value of a venue fact; the first is the exchange's default."""

MORE_FACTS: Final[dict[str, tuple[Any, ...]]] = {
    "banned_may_reduce": (True, False),
    "revoked_key_streams": ("stay", "close"),
    "income_delay_ms": (0, 700, 10_000),
    "cancel_triggering": ("-4117", "-2011"),
    "unknown_cancel": ("-2011", "-4132"),
    "spawned_original_type": ("conditional", "plain"),
    "market_bound": ("marketTakeBound", "PERCENT_PRICE", "none"),
    "reduce_only_crowding": ("displace", "accept"),
    "symbol_status_codes": ("by status", "-1122"),
    "strict_signature": (False, True),
    "unknown_params": ("ignore", "-1104"),
    "duplicate_params": ("last", "-1101"),
    "bad_key_status": (401, 400),
    "retry_after": (False, True),
    "limit_short_price": ("bid", "last"),
    "margin_type_event": (True, False),
    "fill_events": (
        "lite account order",
        "lite order account",
        "account lite order",
        "account order lite",
        "order lite account",
        "order account lite",
    ),
    "triggered_event": ("after fills", "after NEW", "before NEW"),
    "triggered_order_id": ("TRIGGERED", "FINISHED", "never"),
    "order_event_st": (False, True),
    "displaced_status": ("EXPIRED", "CANCELED"),
    "forced_execution": ("CALCULATED", "TRADE"),
    "forced_status": ("as filled", "NEW", "NEW_INSURANCE"),
    "query_average": (True, False),
    "limit_result": ("after match", "NEW"),
    "overload_status": (503, 429),
    "engine_recv_window": (True, False),
    "engine_travel_ms": (0, 5, 200),
    "reuse_algo_client_id": ("accept", "after cancel", "-4116"),
    "second_close_scope": ("close-all", "GTE_GTC"),
    "stop_through_market": ("-2021", "-4142"),
    "trigger_band_codes": ("-4210", "-4016"),
    "algo_reduce_only": ("accept", "-1106"),
    "available_floor": (True, False),
    "order_margin": ("larger side", "both sides"),
    "funding_lag_ms": (0, 1_000, 8_000),
    "liquidation_fee_income": ("INSURANCE_CLEAR", "COMMISSION"),
    "settlement_income": ("REALIZED_PNL", "DELIVERED_SETTELMENT"),
}
"""The same, drawn from a source of their own, so that a seed's other draws stayed what they were."""

NOT_MET: Final[dict[str, str]] = {
    "amend_keeps_stp": "nobody amends: the engine never does, and people here trade and cancel only",
    "amend_gone": "nobody amends",
    "amend_kill": "nobody amends",
    "amend_pending_ms": "nobody amends",
    "order_test_conditional": "the engine never asks the test endpoint",
    "hedge_reduce_only": "a hedge account is refused at start (RULES 13)",
    "v2_hedge_rows": "a hedge account is refused at start, and the engine reads version 3",
    "listen_key_delete": "nobody asks the venue to delete the key; the control verb ends it whatever this says",
    "algo_limit_code": "nobody has so many conditional orders; both codes are drawn as refusals",
    "unknown_path": "the engine asks no path that does not exist",
    "ed25519_rest": "a run's key is an HMAC secret",
    "margin_transfer_event": "nobody moves isolated margin",
    "break_even": "the engine does not read the break-even price",
    "unrouted_ws": "every connection of the engine has its route",
    "trade_stream": "the engine does not listen to single trades",
    "listen_key_of": "the account of a run has one key",
    "stop_record": "the engine's conditional orders are market orders once they fire",
    "hedge_event_rows": "a hedge account is refused at start",
    "hedge_over_size": "a hedge account is refused at start",
    "v2_weights": "the engine reads version 3",
    "limit_bands": "the engine's conditional orders are market orders once they fire",
    "protected_trigger": "the engine never asks for price protection (DESIGN §4)",
    "algo_gtd": "the engine's conditional orders have no end",
    "market_extras": "the engine's market orders carry nothing beside their quantity",
}
"""Switches that nothing of a run can meet, and why: drawing them would test nothing."""


def draw(rng: random.Random) -> dict[str, Any]:
    """A few that differ from the defaults, so that each is also met almost alone."""
    drawn = {name: rng.choice(values) for name, values in FACTS.items() if rng.random() < 0.3}
    return {name: value for name, value in drawn.items() if value != FACTS[name][0]}


def draw_more(seed: int) -> dict[str, Any]:
    """As many of the others; every second run leaves them alone."""
    rng = random.Random(f"more venue facts of {seed}")
    odds = rng.choice((0.0, 0.0, 0.1, 0.4))
    turned = [name for name in MORE_FACTS if rng.random() < odds]
    return {name: rng.choice(MORE_FACTS[name][1:]) for name in turned}

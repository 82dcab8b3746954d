"""What the core is configured with: limits and policies, as values. `config/` documents and fills them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Literal

import msgspec

from holdfast.model.venue_facts import VenueFacts


class Venue(StrEnum):
    """Where orders go."""

    PAPER = "paper"
    DEMO = "demo"
    LIVE = "live"


class Limits(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Risk limits (P1–P18). Money in the account's margin asset, ratios as plain numbers, distances in basis points."""

    max_order_quantity: Decimal | None = None
    max_order_notional: Decimal = Decimal("100000")
    max_position_notional: Decimal = Decimal("100000")
    max_gross_notional: Decimal = Decimal("500000")
    max_net_notional: Decimal = Decimal("500000")
    max_account_leverage: Decimal = Decimal("10")
    max_leverage: int = 20
    max_trades: int = 20
    max_open_orders: int = 150
    price_collar_bps: Decimal = Decimal("200")
    price_collar_hard: bool = False
    """With a hard collar plain MARKET entries are denied (RULES 11)."""
    price_drift_bps_per_minute: Decimal = Decimal("500")
    max_slippage_bps: Decimal = Decimal("50")
    default_slippage_bps: Decimal = Decimal("10")
    min_stop_distance_bps: Decimal = Decimal("5")
    max_stop_distance_bps: Decimal = Decimal("2000")
    liquidation_factor: Decimal = Decimal("1.5")
    daily_loss: Decimal | None = Decimal("1000")
    daily_loss_pct: Decimal | None = Decimal("10")
    reject_breaker_count: int = 3
    reject_breaker_window_ms: int = 60_000
    default_ttl_ms: int = 10_000
    max_mark_age_ms: int = 3_000
    max_touch_age_ms: int = 3_000
    max_account_age_ms: int = 120_000
    delisting_horizon_ms: int = 86_400_000
    conditional_slots: int = 200


class SourcePolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one source may do. An empty `symbols` means every allowed symbol."""

    name: str
    symbols: tuple[str, ...] = ()
    default_stop_pct: Decimal | None = None
    max_order_notional: Decimal | None = None


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything the core knows of the configuration."""

    account: str
    venue: Venue
    limits: Limits = Limits()
    facts: VenueFacts = VenueFacts()
    sources: tuple[SourcePolicy, ...] = ()
    any_source: bool = True
    """Whether sources that are not listed may trade with the account's limits."""
    symbols: tuple[str, ...] = ()
    """Allow-list; empty = every symbol the venue lists as TRADING (refused on live)."""
    margin_type: Literal["CROSSED", "ISOLATED"] = "CROSSED"
    default_leverage: int = 5
    multi_assets: bool = False
    margin_asset: str = "USDT"
    """The one asset in which limits are stated, losses measured and positions margined."""
    on_foreign: Literal["halt", "adopt", "ignore"] = "halt"
    adopt_stop_pct: Decimal | None = None
    late_entry: Literal["flatten", "adopt"] = "flatten"
    on_daily_loss: Literal["keep", "flatten"] = "keep"
    allow_unattended_entries: bool = False
    entry_recv_window_ms: int = 1_500
    safe_recv_window_ms: int = 5_000
    protect_deadline_ms: int = 1_000
    request_timeout_ms: int = 3_000
    coverage_interval_ms: int = 5_000
    coverage_idle_interval_ms: int = 60_000
    max_clock_offset_ms: int = 250
    taker_fee: Decimal = Decimal("0.0005")

    def source(self, name: str) -> SourcePolicy | None:
        """The policy of a source, the open default when `any_source`, or None when it may not trade."""
        for policy in self.sources:
            if policy.name == name:
                return policy
        return SourcePolicy(name=name) if self.any_source else None

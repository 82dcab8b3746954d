"""The keys of trading itself: limits, policies, times, the coverage watch, venue facts and sources."""

from __future__ import annotations

from typing import Final

from holdfast.config.keys import Key, make_key
from holdfast.model.settings import EngineSettings, Limits, SourcePolicy
from holdfast.model.venue_facts import VenueFacts

MARGIN = "margin asset"
BPS = "basis points"
MS = "ms"


def _limit(field: str, *, unit: str, why: str, low: str | None = None, high: str | None = None) -> Key:
    return make_key(f"limits.{field}", Limits, unit=unit, why=why, low=low, high=high, example=_EXAMPLES.get(field, ""))


_EXAMPLES = {"max_order_quantity": '"10"'}

LIMIT_KEYS: Final[tuple[Key, ...]] = (
    _limit(
        "max_order_quantity",
        unit="base asset",
        low="0.000000001",
        why="A cap per order in units of the base asset; useful on one symbol only, hence off by default.",
    ),
    _limit(
        "max_order_notional", unit=MARGIN, low="1", why="The largest single entry. Nothing is clamped: more is denied."
    ),
    _limit(
        "max_position_notional",
        unit=MARGIN,
        low="1",
        why="The largest position on one symbol, working and unknown entries counted as filled.",
    ),
    _limit("max_gross_notional", unit=MARGIN, low="1", why="Sum of all positions, long and short added."),
    _limit(
        "max_net_notional",
        unit=MARGIN,
        low="1",
        why="Long minus short over all symbols: the bet on the market's direction.",
    ),
    _limit(
        "max_account_leverage",
        unit="times equity",
        low="0.01",
        high="125",
        why="Gross exposure over equity; what the account as a whole may lean out.",
    ),
    _limit(
        "max_leverage",
        unit="times",
        low="1",
        high="125",
        why="The highest leverage an intent may ask for on a "
        "symbol: more brings the liquidation price nearer to the entry.",
    ),
    _limit(
        "max_trades", unit="trades", low="1", high="1000", why="Live trades at once; each needs attention and margin."
    ),
    _limit(
        "max_open_orders",
        unit="orders",
        low="3",
        high="10000",
        why="Open orders of the account; stays under the venue's own limit so that a stop always finds a place.",
    ),
    _limit(
        "price_collar_bps",
        unit=BPS,
        low="1",
        high="5000",
        why="How far from the mark an entry price may be: the guard against a wrong decimal point.",
    ),
    _limit("price_collar_hard", unit="", why="True also denies plain market entries, which have no price to check."),
    _limit(
        "price_drift_bps_per_minute",
        unit=BPS,
        low="1",
        high="10000",
        why="If the mark moved farther within a minute, entries pause: a number that wild is a crash or a broken feed.",
    ),
    _limit("max_slippage_bps", unit=BPS, low="0", high="1000", why="The widest cap a market entry may ask for."),
    _limit(
        "default_slippage_bps",
        unit=BPS,
        low="0",
        high="1000",
        why="The cap beyond the touch of a market entry that names none; what lies beyond is not bought.",
    ),
    _limit(
        "min_stop_distance_bps",
        unit=BPS,
        low="0",
        high="1000",
        why="A stop nearer than this is hit by noise and makes the position of a risk-sized intent huge.",
    ),
    _limit(
        "max_stop_distance_bps",
        unit=BPS,
        low="1",
        high="9000",
        why="A stop farther away than this is probably a mistake.",
    ),
    _limit(
        "liquidation_factor",
        unit="times",
        low="1",
        high="10",
        why="Liquidation must be at least this many times "
        "as far away as the stop, so that the stop and not the venue ends the trade.",
    ),
    _limit(
        "daily_loss",
        unit=MARGIN,
        low="0.01",
        why="Realised, unrealised, fees and funding since midnight UTC and "
        "over 24 h; at the limit entries stop until a human resumes. Fees paid in another asset (BNB) do not count.",
    ),
    _limit(
        "daily_loss_pct",
        unit="% of equity",
        low="0.01",
        high="100",
        why="The same as a share of the equity at the start of the day; the smaller of the two counts.",
    ),
    _limit(
        "reject_breaker_count",
        unit="rejections",
        low="1",
        high="100",
        why="So many refusals by the venue within "
        "the window stop entries on the symbol: the same refusal again helps nobody.",
    ),
    _limit("reject_breaker_window_ms", unit=MS, low="1000", high="3600000", why="The window of reject_breaker_count."),
    _limit(
        "default_ttl_ms",
        unit=MS,
        low="100",
        high="86400000",
        why="How long an entry without ttl_ms may be tried: an old signal is not a signal.",
    ),
    _limit("max_mark_age_ms", unit=MS, low="100", high="60000", why="Nothing is decided on an older mark price."),
    _limit("max_touch_age_ms", unit=MS, low="100", high="60000", why="Nothing is decided on an older bid and ask."),
    _limit("max_account_age_ms", unit=MS, low="1000", high="3600000", why="Nothing is sized on an older balance."),
    _limit(
        "delisting_horizon_ms",
        unit=MS,
        low="0",
        high="2592000000",
        why="No entries on a symbol that is delivered or delisted sooner than this.",
    ),
    _limit(
        "conditional_slots",
        unit="orders",
        low="4",
        high="200",
        why="Conditional orders the venue allows; two per trade are kept free so that a stop can always be replaced.",
    ),
)

POLICY_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "policy.any_source",
        EngineSettings,
        why="True lets sources trade that no [sources.NAME] names, with the "
        "account's limits; false makes the tables an allow-list.",
    ),
    make_key(
        "policy.on_foreign",
        EngineSettings,
        why="What to do with a position that is not ours: halt the symbol, "
        "adopt it as a trade with a stop, or ignore it and cover our part only.",
    ),
    make_key(
        "policy.adopt_stop_pct",
        EngineSettings,
        unit="%",
        low="0.01",
        high="50",
        example='"2"',
        why="Distance of the stop of an adopted position; needed for on_foreign = adopt.",
    ),
    make_key(
        "policy.late_entry",
        EngineSettings,
        why="An entry that surfaces after it was shown absent: flatten it within a second, or adopt it as a trade.",
    ),
    make_key(
        "policy.on_daily_loss",
        EngineSettings,
        why="keep leaves positions to their stops and targets when the daily loss is reached; flatten closes them.",
    ),
    make_key(
        "policy.allow_unattended_entries",
        EngineSettings,
        why="A resting entry can fill while the engine is "
        "down and be naked where the stop cannot be placed beforehand; live denies it unless true.",
    ),
)

TIMING_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "timing.entry_recv_window_ms",
        EngineSettings,
        unit=MS,
        low="100",
        high="5000",
        why="The venue refuses an entry older than this: a paused process cannot act late.",
    ),
    make_key(
        "timing.safe_recv_window_ms",
        EngineSettings,
        unit=MS,
        low="1000",
        high="60000",
        why="The same for stops, cancels and closes, which only reduce risk and may be later.",
    ),
    make_key(
        "timing.protect_deadline_ms",
        EngineSettings,
        unit=MS,
        low="100",
        high="1000",
        why="What cannot be "
        "covered within this time is flattened. One second is the promise, so it can only be shortened.",
    ),
    make_key(
        "timing.request_timeout_ms",
        EngineSettings,
        unit=MS,
        low="500",
        high="30000",
        why="A request without an answer after this time has an unknown outcome and is looked into.",
    ),
    make_key(
        "timing.max_clock_offset_ms",
        EngineSettings,
        unit=MS,
        low="10",
        high="1000",
        why="With a clock farther from the venue's, no entries: time stamps decide what the venue accepts.",
    ),
)

COVERAGE_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "coverage.interval_ms",
        EngineSettings,
        field="coverage_interval_ms",
        unit=MS,
        low="1000",
        high="5000",
        why="How often position and stops are read back while anything is open. Five seconds is the promise, so "
        "it can only be shortened.",
    ),
    make_key(
        "coverage.idle_interval_ms",
        EngineSettings,
        field="coverage_idle_interval_ms",
        unit=MS,
        low="5000",
        high="600000",
        why="How often they are read back while nothing is open.",
    ),
)

_FACTS: Final[dict[str, str]] = {
    "stop_without_position": "Whether a close-all stop is accepted before the position exists. Only yes lets the stop "
    "be sent together with the entry.",
    "second_close_position": "Whether a second close-all stop of the same direction is accepted.",
    "gte_gtc_on_algo": "Whether conditional orders take the time in force GTE_GTC.",
    "bands_on_triggers": "Whether the percent-price band applies to triggers; unless no, a stop outside is denied.",
    "cancel_all_touches_algos": "Whether cancelling all orders of a symbol removes its stops too.",
    "countdown_touches_algos": "Whether the dead man's switch removes stops; it is used only when no.",
    "recv_window_at_algo": "Whether the conditional-order service refuses late requests.",
    "oversize_reduce_only": "What happens to a reduce-only quantity above the position.",
    "client_id_reusable": "Whether a client id may be used again once its order is filled. The engine never does.",
}

FACT_KEYS: Final[tuple[Key, ...]] = tuple(
    make_key(
        f"facts.{field}",
        VenueFacts,
        why=f"{why} unproved takes the careful branch; live wants each fact set by name.",
    )
    for field, why in _FACTS.items()
)

SOURCE_KEYS: Final[tuple[Key, ...]] = (
    make_key(
        "sources.*.symbols",
        SourcePolicy,
        example='["BTCUSDT"]',
        why="What this source may trade; empty means all of symbols.allow.",
    ),
    make_key(
        "sources.*.default_stop_pct",
        SourcePolicy,
        unit="%",
        low="0.01",
        high="50",
        example='"1.5"',
        why="The stop of an intent of this source that brings none; off denies such an intent.",
    ),
    make_key(
        "sources.*.max_order_notional",
        SourcePolicy,
        unit=MARGIN,
        low="1",
        example='"5000"',
        why="A smaller cap per entry for this source.",
    ),
)
"""Keys of each table [sources.NAME]; the star stands for the name."""

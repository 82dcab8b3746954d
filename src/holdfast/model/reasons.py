"""Closed sets of reasons, each with its sentence. Codes are stable: operators and dashboards group by them.

denied = by us, before sending. rejected = proved by the venue. unknown = no proof either way (RULES 1, 17).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class DenyCode(StrEnum):
    """Why we refused an intent, in the order in which the gate asks (first match is reported)."""

    OTHER_CONTENT = "OTHER_CONTENT"
    EXPIRED = "EXPIRED"
    SOURCE_NOT_ALLOWED = "SOURCE_NOT_ALLOWED"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED"
    SYMBOL_NOT_TRADING = "SYMBOL_NOT_TRADING"
    SYMBOL_DELISTING = "SYMBOL_DELISTING"
    NOT_ACTIVE = "NOT_ACTIVE"
    NOT_RECONCILED = "NOT_RECONCILED"
    JOURNAL_FAILING = "JOURNAL_FAILING"
    STREAM_STALE = "STREAM_STALE"
    CLOCK_UNSURE = "CLOCK_UNSURE"
    COVERAGE_WATCH_STALE = "COVERAGE_WATCH_STALE"
    ACCOUNT_MODE = "ACCOUNT_MODE"
    SYMBOL_SETTINGS = "SYMBOL_SETTINGS"
    MARK_STALE = "MARK_STALE"
    TOUCH_STALE = "TOUCH_STALE"
    ACCOUNT_STALE = "ACCOUNT_STALE"
    RISK_DATA_MISSING = "RISK_DATA_MISSING"
    CONFIG_CONTRADICTION = "CONFIG_CONTRADICTION"
    POSITION_EXISTS = "POSITION_EXISTS"
    OPPOSITE_POSITION = "OPPOSITE_POSITION"
    FOREIGN_POSITION = "FOREIGN_POSITION"
    SYMBOL_SETTLING = "SYMBOL_SETTLING"
    SYMBOL_UNRESOLVED = "SYMBOL_UNRESOLVED"
    SYMBOL_HALTED = "SYMBOL_HALTED"
    REJECT_BREAKER = "REJECT_BREAKER"
    DAILY_LOSS = "DAILY_LOSS"
    NO_STOP = "NO_STOP"
    PLAIN_MARKET_FORBIDDEN = "PLAIN_MARKET_FORBIDDEN"
    SLIPPAGE_CAP_TOO_WIDE = "SLIPPAGE_CAP_TOO_WIDE"
    UNATTENDED_ENTRY = "UNATTENDED_ENTRY"
    PRICE_FILTER = "PRICE_FILTER"
    PRICE_BAND = "PRICE_BAND"
    PRICE_COLLAR = "PRICE_COLLAR"
    PRICE_DRIFT = "PRICE_DRIFT"
    NO_FEASIBLE_STOP = "NO_FEASIBLE_STOP"
    STOP_WRONG_SIDE = "STOP_WRONG_SIDE"
    STOP_CROSSED = "STOP_CROSSED"
    STOP_TOO_CLOSE = "STOP_TOO_CLOSE"
    STOP_TOO_FAR = "STOP_TOO_FAR"
    STOP_FILTER = "STOP_FILTER"
    TARGET_WRONG_SIDE = "TARGET_WRONG_SIDE"
    TARGET_FILTER = "TARGET_FILTER"
    QUANTITY_ZERO = "QUANTITY_ZERO"
    QUANTITY_TOO_SMALL = "QUANTITY_TOO_SMALL"
    QUANTITY_TOO_LARGE = "QUANTITY_TOO_LARGE"
    NOTIONAL_TOO_SMALL = "NOTIONAL_TOO_SMALL"
    NOTIONAL_TOO_LARGE = "NOTIONAL_TOO_LARGE"
    LEVERAGE_TOO_HIGH = "LEVERAGE_TOO_HIGH"
    STOP_BEYOND_LIQUIDATION = "STOP_BEYOND_LIQUIDATION"
    MARGIN_INSUFFICIENT = "MARGIN_INSUFFICIENT"
    POSITION_LIMIT = "POSITION_LIMIT"
    GROSS_LIMIT = "GROSS_LIMIT"
    NET_LIMIT = "NET_LIMIT"
    ACCOUNT_LEVERAGE_LIMIT = "ACCOUNT_LEVERAGE_LIMIT"
    MAX_TRADES = "MAX_TRADES"
    MAX_OPEN_ORDERS = "MAX_OPEN_ORDERS"
    CONDITIONAL_SLOTS = "CONDITIONAL_SLOTS"
    RATE_BUDGET = "RATE_BUDGET"


DENY_SENTENCES: Final[dict[DenyCode, str]] = {
    DenyCode.OTHER_CONTENT: "this id was used before with other content",
    DenyCode.EXPIRED: "the intent's time has passed",
    DenyCode.SOURCE_NOT_ALLOWED: "this source may not trade here",
    DenyCode.UNKNOWN_SYMBOL: "the venue has no such symbol, or its rules are broken and quarantined",
    DenyCode.SYMBOL_NOT_ALLOWED: "the symbol is not on the allow-list, or is margined in another asset",
    DenyCode.SYMBOL_NOT_TRADING: "the venue does not accept entries on the symbol now",
    DenyCode.SYMBOL_DELISTING: "the symbol is delivered or delisted too soon",
    DenyCode.NOT_ACTIVE: "trading is reducing or halted",
    DenyCode.NOT_RECONCILED: "the engine has not yet compared itself with the venue",
    DenyCode.JOURNAL_FAILING: "the journal cannot be written",
    DenyCode.STREAM_STALE: "the user stream is down or silent",
    DenyCode.CLOCK_UNSURE: "the clock offset to the venue is unknown or too large",
    DenyCode.COVERAGE_WATCH_STALE: "the coverage watch has not reported in time",
    DenyCode.ACCOUNT_MODE: "the account's position or multi-assets mode is not the configured one",
    DenyCode.SYMBOL_SETTINGS: "leverage or margin type differ and cannot be changed while the symbol is in use",
    DenyCode.MARK_STALE: "the mark price is missing or too old",
    DenyCode.TOUCH_STALE: "the best bid and ask are missing or too old",
    DenyCode.ACCOUNT_STALE: "the balance is missing or too old",
    DenyCode.RISK_DATA_MISSING: "a number the risk check needs is missing",
    DenyCode.CONFIG_CONTRADICTION: "the configured limits leave no legal order on this symbol",
    DenyCode.POSITION_EXISTS: "a trade in this direction is already live on the symbol",
    DenyCode.OPPOSITE_POSITION: "a trade in the other direction is live on the symbol",
    DenyCode.FOREIGN_POSITION: "the venue shows a position that is not ours",
    DenyCode.SYMBOL_SETTLING: "an earlier order of ours on the symbol is still live, unknown or settling",
    DenyCode.SYMBOL_UNRESOLVED: "an entry on the symbol has an unknown outcome",
    DenyCode.SYMBOL_HALTED: "the symbol was halted after repeated loss of protection",
    DenyCode.REJECT_BREAKER: "the venue refused too many entries on the symbol",
    DenyCode.DAILY_LOSS: "the daily loss limit is reached",
    DenyCode.NO_STOP: "an opening intent needs a stop loss",
    DenyCode.PLAIN_MARKET_FORBIDDEN: "plain market entries are off because the price collar is hard",
    DenyCode.SLIPPAGE_CAP_TOO_WIDE: "the slippage cap is wider than allowed",
    DenyCode.UNATTENDED_ENTRY: "a resting entry could fill unprotected while the engine is down",
    DenyCode.PRICE_FILTER: "the price is not on the venue's grid or range",
    DenyCode.PRICE_BAND: "the price is outside the venue's percent-price band",
    DenyCode.PRICE_COLLAR: "the price is too far from the mark",
    DenyCode.PRICE_DRIFT: "the mark moved too far within a minute",
    DenyCode.NO_FEASIBLE_STOP: "no legal stop price exists between the entry and the venue's limits",
    DenyCode.STOP_WRONG_SIDE: "the stop is on the wrong side of the entry",
    DenyCode.STOP_CROSSED: "the mark has already passed the stop",
    DenyCode.STOP_TOO_CLOSE: "the stop is closer than the smallest allowed distance",
    DenyCode.STOP_TOO_FAR: "the stop is farther than the largest allowed distance",
    DenyCode.STOP_FILTER: "the stop is outside the venue's price range or percent-price band",
    DenyCode.TARGET_WRONG_SIDE: "a take profit is on the wrong side of the entry",
    DenyCode.TARGET_FILTER: "a take profit price breaks a filter",
    DenyCode.QUANTITY_ZERO: "the quantity rounds to zero",
    DenyCode.QUANTITY_TOO_SMALL: "the quantity is below the smallest the venue takes",
    DenyCode.QUANTITY_TOO_LARGE: "the quantity is above a limit",
    DenyCode.NOTIONAL_TOO_SMALL: "the order's value is below the venue's smallest",
    DenyCode.NOTIONAL_TOO_LARGE: "the order's value is above the configured limit",
    DenyCode.LEVERAGE_TOO_HIGH: "the leverage is above what configuration or the tier allows",
    DenyCode.STOP_BEYOND_LIQUIDATION: "liquidation would come before the stop, or too close behind it",
    DenyCode.MARGIN_INSUFFICIENT: "the free margin, counting every order sent, does not cover it",
    DenyCode.POSITION_LIMIT: "the resulting position is above the symbol limit",
    DenyCode.GROSS_LIMIT: "the account's gross exposure would pass its limit",
    DenyCode.NET_LIMIT: "the account's net exposure would pass its limit",
    DenyCode.ACCOUNT_LEVERAGE_LIMIT: "the account's exposure over equity would pass its limit",
    DenyCode.MAX_TRADES: "the number of live trades is at its limit",
    DenyCode.MAX_OPEN_ORDERS: "the number of open orders is at its limit",
    DenyCode.CONDITIONAL_SLOTS: "too few conditional-order slots are free to protect it",
    DenyCode.RATE_BUDGET: "the rate windows do not leave room for the entry and its protection",
}


class Outcome(StrEnum):
    """The four ways a request can end (RULES 1)."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"


class ResultStatus(StrEnum):
    """The terminal result of an intent, published exactly once (RULES 15)."""

    DENIED = "denied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NEVER_PLACED = "never_placed"
    PROTECTED = "protected"
    FLATTENED = "flattened"
    CLOSED = "closed"
    NOTHING_OPEN = "nothing_open"


class TradingState(StrEnum):
    """Commanded or effective trading state (RULES 9)."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"

    @property
    def rank(self) -> int:
        """0 halted, 1 reducing, 2 active: the effective state is the minimum."""
        return ("halted", "reducing", "active").index(self.value)


class TradePhase(StrEnum):
    """The life of a trade (DESIGN §4)."""

    ACCEPTED = "accepted"
    ENTERING = "entering"
    PROTECTING = "protecting"
    OPEN = "open"
    EXITING = "exiting"
    FLATTENING = "flattening"
    CLOSED = "closed"


class AlarmCode(StrEnum):
    """What a human is told; each has a heading in the operating guide."""

    UNKNOWN_ENTRY = "UNKNOWN_ENTRY"
    UNPROTECTED = "UNPROTECTED"
    STOP_LOST = "STOP_LOST"
    STUCK_TRIGGER = "STUCK_TRIGGER"
    FOREIGN_POSITION = "FOREIGN_POSITION"
    SECOND_ENGINE = "SECOND_ENGINE"
    LATE_ENTRY = "LATE_ENTRY"
    LIQUIDATION = "LIQUIDATION"
    DAILY_LOSS = "DAILY_LOSS"
    REJECT_BREAKER = "REJECT_BREAKER"
    JOURNAL_FAILING = "JOURNAL_FAILING"
    STREAM_STALE = "STREAM_STALE"
    CLOCK_UNSURE = "CLOCK_UNSURE"
    COVERAGE_WATCH_STALE = "COVERAGE_WATCH_STALE"
    FLATTEN_SLOW = "FLATTEN_SLOW"
    TARGET_FAILED = "TARGET_FAILED"
    ACCOUNT_MODE = "ACCOUNT_MODE"
    KEY_REFUSED = "KEY_REFUSED"
    VENUE_FACT = "VENUE_FACT"
    UNKNOWN_CODE = "UNKNOWN_CODE"

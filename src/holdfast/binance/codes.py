"""The venue's error codes that prove something, as data: every other code proves nothing (RULES 1).

The groups carry the class letters of protocol notes H: F the request is wrong, K risk or funds, C set-up, P
permission. A code that stands in no table is `unknown` for a write, whatever its text says.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Proof(NamedTuple):
    """Why a code proves that the request was refused: its class and where that is written."""

    group: str
    source: str
    meaning: str


def _rows(group: str, source: str, meanings: dict[int, str]) -> dict[int, Proof]:
    return {code: Proof(group, source, meaning) for code, meaning in meanings.items()}


_FORM_GENERAL: Final = {
    -1013: "invalid message",
    -1014: "unknown order composition",
    -1020: "unsupported operation",
    -1023: "start time after end time",
    -1100: "illegal characters",
    -1101: "too many parameters",
    -1102: "mandatory parameter missing",
    -1103: "unknown parameter",
    -1104: "unread parameters",
    -1105: "parameter empty",
    -1106: "parameter not required",
    -1108: "bad asset",
    -1109: "bad account",
    -1110: "bad instrument type",
    -1111: "more digits than the asset has",
    -1114: "time in force not required",
    -1115: "invalid time in force",
    -1116: "invalid order type",
    -1117: "invalid side",
    -1118: "empty new client id",
    -1119: "empty original client id",
    -1120: "invalid interval",
    -1121: "invalid symbol",
    -1122: "invalid symbol status",
    -1126: "asset not supported",
    -1127: "interval too long",
    -1128: "invalid combination of parameters",
    -1130: "invalid data for a parameter",
    -1136: "invalid response type",
}

_FORM_ORDER: Final = {
    -2010: "new order rejected",
    -2021: "the stop would trigger at once",
    -2026: "order type cannot be reduce-only",
    -4001: "price below zero",
    -4002: "price above the maximum",
    -4003: "quantity not above zero",
    -4004: "quantity below the minimum",
    -4005: "quantity above the maximum",
    -4006: "stop price below zero",
    -4007: "stop price above the maximum",
    -4013: "price below the minimum",
    -4014: "price off the tick grid",
    -4015: "client id not in the venue's alphabet",
    -4016: "price above the mark band",
    -4020: "strategy invalid for the order type",
    -4021: "invalid depth limit",
    -4023: "quantity off the step grid",
    -4024: "price below the mark band",
    -4031: "invalid working type",
    -4032: "too many cancels in a batch",
    -4062: "reduce-only conflicts with the position mode",
    -4082: "batch too large",
    -4104: "invalid contract type",
    -4114: "invalid transfer id",
    -4120: "conditional order sent to the plain endpoint",
    -4135: "invalid activation price",
    -4136: "strategy invalid for close-position",
    -4137: "close-position with a quantity",
    -4138: "reduce-only must be true",
    -4139: "order type cannot be market",
    -4142: "the stop would trigger at once",
    -4144: "invalid pair",
    -4164: "value below the minimum notional",
    -4165: "invalid time interval",
    -4166: "search window too wide",
    -4183: "limit price above the stop band",
    -4184: "limit price below the stop band",
    -4210: "stop price above the band",
    -4211: "stop price below the band",
    -5021: "fill-or-kill could not fill",
    -5022: "post-only would take",
    -5025: "only limit orders can be amended",
    -5026: "amended too often",
    -5029: "amendment below the minimum notional",
    -5037: "invalid price match",
    -5038: "price match not allowed for the type",
    -5039: "invalid self-trade prevention mode",
    -5040: "invalid good-till date",
    -5047: "amendment reduce-only on a plain order",
}

_RISK: Final = {
    -2018: "balance insufficient",
    -2019: "margin insufficient",
    -2023: "account in liquidation",
    -2024: "position insufficient",
    -2025: "too many open orders",
    -2027: "position above the limit of this leverage",
    -2028: "leverage below what the position needs",
    -4045: "too many stop orders",
    -4049: "isolated margin change refused",
    -4050: "isolated margin change refused",
    -4051: "isolated margin change refused",
    -4052: "isolated margin change refused",
    -4053: "isolated margin change refused",
    -4054: "isolated margin change refused",
    -4055: "isolated margin change refused",
    -4087: "account may only reduce",
    -4088: "account may not trade",
    -4105: "symbol may only be reduced",
    -4106: "symbol may only be reduced on the buy side",
    -4107: "symbol may only be reduced on the sell side",
    -4118: "reduce-only margin check failed",
    -4131: "best price outside the band",
    -4189: "account may only reduce on the symbol",
    -4400: "trading rule violated, reduce-only",
    -4401: "large position, reduce-only",
}

_SETUP: Final = {
    **dict.fromkeys((-1004, -1005, -1011), "address not on the white list"),
    -2016: "no trading window",
    **dict.fromkeys((-4008, -4009, -4010, -4011, -4012), "the venue's filter set-up is broken"),
    **dict.fromkeys((-4017, -4018, -4019, -4025, -4029, -4030, -4058), "the venue's filter set-up is broken"),
    -4022: "market status does not allow it",
    **dict.fromkeys((-4026, -4027, -4033, -4044), "account type does not allow it"),
    -4028: "leverage invalid",
    -4047: "margin type is held by open orders",
    -4048: "margin type is held by a position",
    -4060: "invalid position side",
    -4061: "position side does not fit the position mode",
    -4067: "position mode is held by open orders",
    -4068: "position mode is held by positions",
    -4084: "method not available yet",
    -4085: "the venue's limits set-up is broken",
    -4086: "the venue's limits set-up is broken",
    -4109: "account inactive",
    -4140: "symbol not open for opening",
    -4141: "symbol closed",
    -4161: "isolated leverage cannot be lowered with a position",
    **dict.fromkeys((-4167, -4168, -4169, -4170, -4172), "multi-assets mode cannot be changed"),
    **dict.fromkeys((-4202, -4203, -4205, -4206, -4208, -4209, -4403), "leverage limited for this account"),
    -4531: "position mode is held by the coin-margined account",
    -5000: "path or method invalid",
    -5024: "symbol not trading",
    -21015: "endpoint gone",
}

_PERMISSION: Final = {
    -1002: "unauthorised",
    -1022: "invalid signature",
    -1099: "not found or not authenticated",
    -2014: "API key malformed",
    -2015: "API key, address or permission refused",
    -2017: "API keys locked",
    -4056: "invalid API key type",
    -4057: "invalid public key",
    -4192: "cooling-off period",
    -4402: "not allowed in this region",
}

_NAMED_BY_RULES: Final = {
    -1021: "timestamp outside the window",
    -2020: "unable to fill",
    -2022: "reduce-only rejected",
    -4509: "no open position for this order",
    -5028: "timestamp outside the window at the matching engine",
}

PROVEN_REJECTIONS: Final[dict[int, Proof]] = {
    **_rows("F", "protocol notes H.1", _FORM_GENERAL),
    **_rows("F", "protocol notes H.2 to H.4", _FORM_ORDER),
    **_rows("K", "protocol notes H.2, H.3", _RISK),
    **_rows("C", "protocol notes H.1 to H.4", _SETUP),
    **_rows("P", "protocol notes H.1 to H.3", _PERMISSION),
    **_rows("R", "RULES 1, 2", _NAMED_BY_RULES),
}
"""The closed list: a parsed answer with one of these codes proves that the request did nothing."""

THROTTLES: Final[dict[int, str]] = {
    -1003: "too many requests, or address banned",
    -1015: "too many orders",
}
"""Refused for its rate, and proved so by the body (RULES 1)."""

EXISTS: Final[dict[int, str]] = {
    -4115: "an order carries this client id",
    -4116: "an open order carries this client id",
    -4130: "a close-position order of this direction is open",
}
"""This request made nothing, because something like it exists: read it, compare, adopt or replace (RULES 1, 2)."""

DONE: Final[dict[int, str]] = {
    -4046: "margin type is already so",
    -4059: "position mode is already so",
    -4171: "multi-assets mode is already so",
}
"""A setting that needed no change (RULES 1)."""

EVIDENCE: Final[dict[int, str]] = {
    -2011: "nothing to cancel under this id",
    -2013: "no order under this id",
}
"""What a cancel or a query found; never a rejection of the order it names (RULES 1)."""

UNKNOWN_CODES: Final[dict[int, str]] = {
    -1000: "unknown error",
    -1001: "disconnected",
    -1006: "unexpected response, execution status unknown",
    -1007: "timeout, execution status unknown",
    -1008: "overloaded",
    -1010: "error message received",
    -1016: "service shutting down",
    -4083: "batch failed",
}
"""Codes that are known to prove nothing. They behave as unlisted ones; only the alarm about a new code spares them."""

RESYNC_CLOCK: Final = frozenset({-1021, -5028})
"""Answers that say our time is off: the clock is measured again before anything else is signed (RULES 2)."""


RULES_CHANGED: Final = frozenset(
    {
        *(-1111, -1122, -4003, -4004, -4005, -4013, -4014, -4022, -4023, -4028, -4105, -4106, -4107, -4140, -4141),
        *(-1013, -2027, -4001, -4002, -4006, -4007, -4016, -4024, -4131, -4164, -4210, -4211, -5024),
    }
)
"""Refusals by a symbol's rules or status: after we checked them, the rules are not those that we know."""


def is_listed(code: int) -> bool:
    """Whether any table knows the code; a new one deserves a human's look (fault A8)."""
    tables = (PROVEN_REJECTIONS, THROTTLES, EXISTS, DONE, EVIDENCE, UNKNOWN_CODES)
    return any(code in table for table in tables)

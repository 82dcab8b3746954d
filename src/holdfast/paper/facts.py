"""Behaviour of the real venue that nobody could verify, each question a switch with its possible answers.

Each field of `VenueFacts` is one such question (RULES 14). `tests/paper/switches.py` names the clause that asks it and
the tests that show every answer. The defaults are the best guess; times carry their unit in the name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_type_hints

import msgspec


class VenueFacts(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Switches for behaviour of the real venue that is not proved. The defaults are the best guess."""

    stop_without_position: Literal["accept", "-4509", "accept-then-REJECTED"] = "accept"
    """What happens to a closing conditional order (close-all, reduce-only, GTE_GTC) on a flat position."""
    second_close_position: Literal["accept", "-4130"] = "-4130"
    """A second close-all stop (or target) in the same direction."""
    cancel_all_touches_algos: bool = False
    """Whether cancelling all open orders of a symbol also cancels its conditional orders."""
    countdown_touches_algos: bool = False
    """Whether the dead-man switch also cancels conditional orders."""
    legacy_place_fields: bool = False
    """Place and cancel replies carry avgPrice and cumQuote, as they did before July 2026."""
    event_before_ack: bool = False
    """User events are handed out before the reply of the request that caused them."""
    reduce_only_over_size: Literal["clip", "reject"] = "clip"
    """A reduce-only order larger than the position: the excess expires, or the order is refused with -2022."""
    duplicate_client_id: Literal["-4116", "-4115"] = "-4116"
    """The code for a client id that an open order already has."""
    reuse_filled_client_id: Literal["accept", "-4116"] = "accept"
    """Whether the client id of an order that is closed may be used again."""
    gte_gtc: Literal["accept", "-1115"] = "accept"
    """Whether the undocumented time in force GTE_GTC is accepted by the algo service."""
    banned_may_reduce: bool = True
    """Whether an account under a ban, or a contract about to end, still takes orders that only reduce."""
    revoked_key_streams: Literal["stay", "close"] = "stay"
    """What becomes of open streams and WS API sessions when a key is revoked."""
    listen_key_of: Literal["account", "key"] = "account"
    """Whether all API keys of an account share one listen key, or each has its own."""
    listen_key_delete: Literal["ends", "ignored"] = "ends"
    """Whether deleting a listen key ends the streams of everybody who uses it."""
    income_delay_ms: int = 0
    """How long after it was booked an income row is shown."""
    trigger_bands: Literal["none", "-4210"] = "none"
    """Whether trigger prices must lie inside the PERCENT_PRICE band (-4210 above, -4211 below)."""
    limit_bands: Literal["none", "-4183"] = "none"
    """Whether the limit of a conditional order must lie within the same multipliers of its trigger (-4183, -4184)."""
    algo_recv_window: bool = True
    """Whether the algo service checks timestamp and recvWindow at all."""
    amend_keeps_stp: bool = True
    """Whether an amended order keeps its self-trade prevention mode, or has none from then on."""
    amend_gone: Literal["-2013", "-2011"] = "-2013"
    """The code for amending an order that is not open."""
    amend_kill: Literal["CANCELED", "-5022"] = "CANCELED"
    """The answer to an amendment that cancels a post-only order because it would take: the order, or an error."""
    amend_pending_ms: int = 0
    """A second amendment of an order within this time of the last is refused with -5043; 0: never."""
    order_test_conditional: Literal["-4120", "accept"] = "-4120"
    """Whether the test endpoint still takes conditional order types."""
    hedge_reduce_only: Literal["-1106", "-4062"] = "-1106"
    """The code for `reduceOnly` in hedge mode."""
    algo_limit_code: Literal["-4045", "-2025"] = "-4045"
    """The code for one conditional order too many."""
    cancel_triggering: Literal["-4117", "-2011"] = "-4117"
    """The code for cancelling a conditional order that is being triggered."""
    unknown_cancel: Literal["-2011", "-4132"] = "-2011"
    """The code for cancelling an order that is not open: -4132 was seen by others and is in no document."""
    spawned_original_type: Literal["conditional", "plain"] = "conditional"
    """Whether `ot` and `origType` of a spawned order name the conditional type or the plain one."""
    market_bound: Literal["marketTakeBound", "PERCENT_PRICE", "none"] = "marketTakeBound"
    """What keeps a market order from walking the whole book: the symbol's bound, the price band, or nothing."""
    reduce_only_crowding: Literal["displace", "accept"] = "displace"
    """Reduce-only orders beyond the position: those of lower priority end (er 4, -2022), or all of them stay."""
    symbol_status_codes: Literal["by status", "-1122"] = "by status"
    """Whether a contract that does not trade refuses with a code of its status, or always with -1122."""
    strict_signature: bool = False
    """Only the bytes as sent are signed, with the signature last; else the decoded text may be signed too."""
    unknown_params: Literal["ignore", "-1104"] = "ignore"
    """What becomes of a parameter that the endpoint does not have."""
    duplicate_params: Literal["last", "-1101"] = "last"
    """A name twice in the query or twice in the body: the last one counts, or the request is refused."""
    bad_key_status: Literal[401, 400] = 401
    """The HTTP status of -2014 and -2015."""
    unknown_path: Literal["-5000", "html"] = "-5000"
    """The body of a 404: JSON with -5000, or a page."""
    retry_after: bool = False
    """Whether 429 and 418 carry a `Retry-After` header (REST) or `retryAfter` (WS API), as on the spot market."""
    ed25519_rest: bool = True
    """Whether REST takes Ed25519 signatures, as every client believes and no page says."""
    limit_short_price: Literal["bid", "last"] = "bid"
    """What a limit sell is costed at if that is more than its price: the best bid, or the mark and last × 1.0015."""
    margin_transfer_event: bool = True
    """Whether moving isolated margin sends an ACCOUNT_UPDATE with reason MARGIN_TRANSFER."""
    margin_type_event: bool = True
    """Whether a margin type change, which needs a flat position, sends an ACCOUNT_UPDATE with MARGIN_TYPE_CHANGE."""
    v2_hedge_rows: Literal["three", "two"] = "three"
    """Whether the v2 replies show in hedge mode the rows BOTH, LONG and SHORT of a symbol, or only the last two."""
    break_even: Literal["opening-fees", "all-costs"] = "opening-fees"
    """The break-even price holds the fees of opening only, or all fees, funding and profit since the position began."""
    unrouted_ws: Literal["public", "all"] = "public"
    """What a stream connection without a route carries: public data only (production) or everything (demo)."""
    trade_stream: bool = True
    """Whether `<symbol>@trade` brings anything; it is undocumented and was also seen silent."""
    fill_events: Literal[
        "lite account order",
        "lite order account",
        "account lite order",
        "account order lite",
        "order lite account",
        "order account lite",
    ] = "lite account order"
    """In which order a fill is told: TRADE_LITE (lite), ACCOUNT_UPDATE (account), ORDER_TRADE_UPDATE (order)."""
    triggered_event: Literal["after fills", "after NEW", "before NEW"] = "after fills"
    """When ALGO_UPDATE TRIGGERED is told: behind the spawned order's fills, between its NEW and them, or first."""
    triggered_order_id: Literal["TRIGGERED", "FINISHED", "never"] = "TRIGGERED"
    """The first ALGO_UPDATE whose `ai` names the spawned order; where it comes late or never, client ids tell."""
    stop_record: Literal["none", "EXPIRED"] = "none"
    """Whether a triggered STOP or TAKE_PROFIT first sends an EXPIRED (er 8) of an order of its own, as before 2026."""
    order_event_st: bool = False
    """Whether ORDER_TRADE_UPDATE carries `st` (1: USDⓈ-M) beside its time, as in some captures since June 2026."""
    hedge_event_rows: Literal["three", "one"] = "three"
    """ACCOUNT_UPDATE of a fill in hedge mode shows the rows BOTH, LONG and SHORT, or only the one that changed."""
    displaced_status: Literal["EXPIRED", "CANCELED"] = "EXPIRED"
    """How a resting reduce-only order ends that the position no longer has room for (er 4)."""
    forced_execution: Literal["CALCULATED", "TRADE"] = "CALCULATED"
    """The execution type in the events of fills by liquidation, auto-deleveraging and settlement."""
    forced_status: Literal["as filled", "NEW", "NEW_INSURANCE"] = "as filled"
    """The order status in those events: as of any fill, always NEW, or NEW_INSURANCE and NEW_ADL."""
    query_average: bool = True
    """Whether the query of a single order shows avgPrice; lists and events always do."""
    limit_result: Literal["after match", "NEW"] = "after match"
    """What RESULT shows of a limit order that may rest: its state after the first match, or always NEW."""
    v2_weights: Literal[5, 10] = 5
    """The request weight of positionRisk and account in version 2: as on their pages, or as announced in 2024."""
    overload_status: Literal[503, 429] = 503
    """The HTTP status of -1008."""
    engine_recv_window: bool = True
    """Whether recvWindow is looked at again before an order is matched (-5028), or at the gateway only."""
    engine_travel_ms: int = 0
    """How long an order or amendment travels from the gateway to where its recvWindow is looked at again."""
    reuse_algo_client_id: Literal["accept", "after cancel", "-4116"] = "accept"
    """Whether the client id of a conditional order that has ended is free: yes, only if it never fired, or no."""
    second_close_scope: Literal["close-all", "GTE_GTC"] = "close-all"
    """Which close-all orders `second_close_position` counts: all, or only those with time in force GTE_GTC."""
    stop_through_market: Literal["-2021", "-4142"] = "-2021"
    """The code for a conditional order whose condition is true already."""
    trigger_band_codes: Literal["-4210", "-4016"] = "-4210"
    """The codes of `trigger_bands`: those for stop prices (-4210, -4211), or those for prices (-4016, -4024)."""
    algo_reduce_only: Literal["accept", "-1106"] = "accept"
    """Whether the algo service takes `reduceOnly`; -1106 was reported once."""
    algo_gtd: Literal["accept", "-1115"] = "accept"
    """Whether the algo service takes the time in force GTD."""
    protected_trigger: Literal["waits", "REJECTED"] = "waits"
    """A trigger held back by price protection: the condition stays armed, or the conditional order is rejected."""
    hedge_over_size: Literal["-2022", "clip"] = "-2022"
    """A closing order in hedge mode that is larger than its position: refused, or its excess never executes."""
    market_extras: Literal["-1106", "ignore"] = "-1106"
    """A price or a time in force on a market order: refused, or not looked at."""
    order_margin: Literal["larger side", "both sides"] = "larger side"
    """Which open orders of a position need margin: those of the side that could make it larger, or all."""
    available_floor: bool = True
    """Whether the available balance is shown as 0 where it is below."""
    funding_lag_ms: int = 0
    """How long after its instant funding is charged, on what is held then."""
    liquidation_fee_income: Literal["INSURANCE_CLEAR", "COMMISSION"] = "INSURANCE_CLEAR"
    """The type of the income row of a liquidation fee."""
    settlement_income: Literal["REALIZED_PNL", "DELIVERED_SETTELMENT"] = "REALIZED_PNL"
    """The type of the income row of the profit at a contract's settlement (the venue's own spelling)."""


class FactError(ValueError):
    """A switch that does not exist, or an answer that it does not have.

    `name` and `rule` say what is wrong; the switch `near` with the answer `passes` would be taken.
    """

    def __init__(self, name: str, rule: str, near: str, passes: object) -> None:
        """The parts, and a sentence of them."""
        super().__init__(f"{name}: {rule}; would pass: {near}={shown(passes)}")
        self.name, self.rule, self.near, self.passes = name, rule, near, passes


def turned(facts: VenueFacts, changes: Mapping[str, object]) -> VenueFacts:
    """The facts with some switches turned. Answers may be given as text, like on a command line. Raises `FactError`."""
    return msgspec.structs.replace(facts, **{name: _answer(name, value) for name, value in changes.items()})


def answers(name: str) -> tuple[Any, ...]:
    """The answers of a switch; nothing for a time, which may be any."""
    hint = _HINTS[name]
    return (False, True) if hint is bool else get_args(hint)


def shown(answer: object) -> str:
    """An answer as it is written: true and false as in JSON."""
    return str(answer).lower() if isinstance(answer, bool) else str(answer)


def _answer(name: str, value: object) -> Any:
    if name not in _HINTS:
        near = _nearest(name)
        raise FactError(name, "unknown switch; docs/paper-exchange.md names all", near, getattr(VenueFacts(), near))
    known = {shown(answer): answer for answer in answers(name)}
    text = shown(value)
    if known and text not in known:
        raise FactError(name, f"must be one of {', '.join(known)}, was {text!r}", name, answers(name)[0])
    if not known and not (text.isascii() and text.isdecimal()):
        raise FactError(name, f"must be a whole number of 0 or more, was {text!r}", name, 1000)
    return known[text] if known else int(text)


def _nearest(name: str) -> str:
    """The switch that a misspelt name means: the one that shares most pairs of letters with it."""
    pairs = [name[at : at + 2] for at in range(len(name) - 1)]
    return max(_HINTS, key=lambda known: (sum(pair in known for pair in pairs), -len(known)))


_HINTS: dict[str, Any] = get_type_hints(VenueFacts)

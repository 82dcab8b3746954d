"""Every open question of the protocol notes, and what on the paper exchange answers it one way and the other.

A question is a clause of the notes (L.2, M, or a mark `[?]` in A to L) or of the list of what is to be verified on the
demo venue (V). Its answers are switches (`fact`), verbs of the control door (`verb`), rate limits (`limit`) or settings
of the exchange (`setting`); where none makes sense, a sentence says why.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Question(NamedTuple):
    """One question, and what answers it: words like `fact gte_gtc`, or else a reason."""

    clause: str
    text: str
    answers: tuple[str, ...] = ()
    reason: str = ""


_ANY_CODE = "the verb `code` answers any request with any code and text"

LISTED: Final = (
    Question("L.2 1", "legacy_place_fields", ("fact legacy_place_fields",)),
    Question("L.2 2", "unrouted_ws", ("fact unrouted_ws",)),
    Question("L.2 3", "unknown_params", ("fact unknown_params",)),
    Question("L.2 4", "strict_signature", ("fact strict_signature", "fact duplicate_params")),
    Question("L.2 5", "trade_stream", ("fact trade_stream",)),
    Question("L.2 6", "ack before event, event before ack", ("fact event_before_ack",)),
    Question("L.2 7", "event duplication", ("verb ws.dup",)),
    Question("L.2 8", "event delay", ("verb ws.delay", "verb ws.reorder")),
    Question("L.2 9", "event drop", ("verb ws.drop", "verb ws.silence")),
    Question("L.2 10", "disconnect after n seconds", ("setting connection_life_ms", "verb ws.close")),
    Question("L.2 11", "ping every n s, drop without pong", ("setting ping_interval_ms", "setting pong_timeout_ms")),
    Question("L.2 12", "shrinkable rate limits", ("limit weight_per_minute", "limit orders_per_minute")),
    Question("M.1", "market with price", ("fact market_extras",)),
    Question("M.1", "hedge and reduceOnly", ("fact hedge_reduce_only",)),
    Question("M.1", "too many algo orders", ("fact algo_limit_code",)),
    Question("M.2", "countdown and algo orders", ("fact countdown_touches_algos",)),
    Question("M.3", "order/test and conditional types", ("fact order_test_conditional",)),
    Question("M.4", "amend and the STP mode", ("fact amend_keeps_stp",)),
    Question("M.5", "order of the events of a fill", ("fact fill_events",)),
    Question("M.6", "the trade stream", ("fact trade_stream",)),
    Question("M.7", "Retry-After", ("fact retry_after",)),
    Question("M.8", "weights of version 2", ("fact v2_weights",)),
    Question("M.9", "GET order without avgPrice", ("fact query_average",)),
    Question("M.10", "status of -2014 and -2015", ("fact bad_key_status",)),
    Question("M.11", "reduce-only above the position", ("fact reduce_only_over_size", "fact hedge_over_size")),
    Question("M.12", "marketTakeBound", ("fact market_bound",)),
    Question("M.13", "ot of a spawned order", ("fact spawned_original_type",)),
    Question("M.14", "percent-encode before signing", ("fact strict_signature",)),
    Question("M.15", "unknown parameters", ("fact unknown_params",)),
    Question("M.16", "-1008 with another status", ("fact overload_status",)),
    Question("M.17", "available balance", ("fact available_floor", "fact order_margin", "fact limit_short_price")),
    Question("M.18", "Ed25519 over REST", ("fact ed25519_rest",)),
    Question("V.1", "mass cancels and algo orders", ("fact cancel_all_touches_algos", "fact countdown_touches_algos")),
    Question("V.2", "client ids used again", ("fact reuse_filled_client_id", "fact reuse_algo_client_id")),
    Question("V.3", "stop before the entry", ("fact stop_without_position",)),
    Question("V.4", "stop through the market", ("fact stop_through_market",)),
    Question("V.4", "stop outside PERCENT_PRICE", ("fact trigger_bands", "fact trigger_band_codes")),
    Question("V.4", "no position, duplicate", ("fact stop_without_position", "fact second_close_position")),
    Question("V.4", "limit reached, reduceOnly", ("fact algo_limit_code", "fact algo_reduce_only")),
    Question("V.5", "order of TRADE, TRIGGERED, ACCOUNT_UPDATE", ("fact triggered_event", "fact fill_events")),
    Question("V.5", "ai missing or late", ("fact triggered_order_id", "verb ws.delay")),
    Question("V.6", "query lag", ("verb query.lag",)),
    Question("V.7", "recvWindow before matching", ("fact engine_recv_window", "fact engine_travel_ms", "verb late")),
    Question("V.7", "recvWindow at the algo service", ("fact algo_recv_window",)),
    Question("V.8", "-1008 and executed", ("verb -1008",)),
    Question(
        "V.9", "one listen key for all, DELETE", ("fact listen_key_of", "fact listen_key_delete", "verb lk.delete")
    ),
    Question("V.10", "a revoked key and its streams", ("fact revoked_key_streams", "verb acct.perm")),
    Question("V.11", "exits under a ban or before a delisting", ("fact banned_may_reduce", "verb status.set")),
    Question("V.12", "income rows", ("fact liquidation_fee_income", "fact settlement_income", "fact income_delay_ms")),
    Question("V.13", "GTE_GTC on algoOrder", ("fact gte_gtc",)),
    Question("V.13", "-4130 without GTE", ("fact second_close_scope",)),
)
"""The switches of L.2, the uncertain list M, and what is to be verified on the demo venue, V."""

MARKED: Final = (
    Question("A.1", "/futures/data on demo", reason="demo is not imitated: what is served is what production serves"),
    Question("A.2", "names in error texts", reason="texts vary (H): only codes are to be relied on"),
    Question("A.2", "unknown parameters", ("fact unknown_params",)),
    Question("A.6", "status of a bad key", ("fact bad_key_status",)),
    Question("A.6", "404", ("fact unknown_path",)),
    Question("A.6", "408", ("verb -1007", "verb status")),
    Question("A.7", "Retry-After", ("fact retry_after",)),
    Question("B.2", "marketTakeBound", ("fact market_bound",)),
    Question(
        "B.3", "lastFundingRate", reason="a market source names one rate; it is shown, and charged at the next instant"
    ),
    Question("C.1", "time in force of a market order", ("fact market_extras",)),
    Question("C.1", "price of a market order", ("fact market_extras",)),
    Question("C.1", "reduceOnly in hedge mode", ("fact hedge_reduce_only",)),
    Question(
        "C.1", "lookup by a client id used twice", reason="the newest match is answered; ids need not be used twice"
    ),
    Question("C.1", "RESULT of a limit order", ("fact limit_result",)),
    Question("C.1", "permission for RPI", reason=f"no code is known; {_ANY_CODE}"),
    Question(
        "C.1", "order ids across symbols", reason="ours repeat across symbols, so that a client must not rely on it"
    ),
    Question(
        "C.1", "reduce-only larger than the position", ("fact reduce_only_over_size", "fact reduce_only_crowding")
    ),
    Question("C.1", "hedge close larger than the leg", ("fact hedge_over_size",)),
    Question("C.2", "conditional types", ("fact order_test_conditional",)),
    Question("C.3", "amending what is gone", ("fact amend_gone", "fact amend_pending_ms")),
    Question("C.3", "STP mode", ("fact amend_keeps_stp",)),
    Question("C.6", "algo orders", ("fact countdown_touches_algos",)),
    Question("C.7", "avgPrice of a single order", ("fact query_average",)),
    Question(
        "C.9", "the agreement for stock contracts", reason=f"no stock contract is listed and no code known; {_ANY_CODE}"
    ),
    Question("C.10", "weight of positionRisk", ("fact v2_weights",)),
    Question("C.10", "weight of account", ("fact v2_weights",)),
    Question("C.10", "hedge rows", ("fact v2_hedge_rows",)),
    Question("D.1", "conditional types on the WS API", reason=f"treated as over REST; {_ANY_CODE}"),
    Question("D.1", "too many algo orders", ("fact algo_limit_code",)),
    Question("D.3", "GTD", ("fact algo_gtd",)),
    Question("D.3", "duplicate clientAlgoId", ("fact duplicate_client_id",)),
    Question("D.4", "priceProtect", ("fact protected_trigger",)),
    Question("D.6", "ot of the spawned order", ("fact spawned_original_type",)),
    Question("D.6", "the initial record", ("fact stop_record",)),
    Question("E.2", "order of the events of a fill", ("fact fill_events",)),
    Question("E.3", "st", ("fact order_event_st",)),
    Question("E.4", "MARGIN_TYPE_CHANGE without a position", ("fact margin_type_event",)),
    Question("F.1", "the trade stream", ("fact trade_stream",)),
    Question(
        "F.2",
        "X of a trade",
        reason="every trade of a market source is MARKET; a client must keep unknown values (A.8)",
    ),
    Question("F.5", "connections in five minutes", ("limit connections_per_5_minutes",)),
    Question("G.1", "retryAfter", ("fact retry_after",)),
    Question("G.3", "conditional types", reason=f"treated as over REST; {_ANY_CODE}"),
    Question("H.1", "-1010", ("verb code",)),
    Question("H.3", "-4136", ("verb code",)),
    Question("H.3", "-4083", ("verb code",)),
    Question("H.3", "-21015", ("verb code",)),
    Question("H.4", "-5000", ("fact unknown_path",)),
    Question("I.1", "break-even price", ("fact break_even",)),
    Question("I.1", "available balance", ("fact available_floor",)),
    Question("I.2", "buys and sells share margin", ("fact order_margin",)),
    Question("I.4", "interest rate", reason="the rate is the market source's; none is computed"),
    Question("I.4", "intervals and caps", ("verb funding",)),
    Question("I.4", "late settlement", ("fact funding_lag_ms",)),
    Question("I.5", "discount for BNB", ("setting bnb_discount",)),
    Question("I.5", "promotions", ("setting fees",)),
    Question(
        "L.1", "amend that kills: the event", reason="what ends without a fill and by its owner's deed is CANCELED"
    ),
    Question("L.1", "amend that kills: the answer", ("fact amend_kill",)),
    Question("L.1", "margin transfer", ("fact margin_transfer_event",)),
)
"""The marks `[?]` of the notes, in their order. A test counts them in the notes where those are at hand."""

FURTHER: Final = (
    Question("C.1", "status of a contract", ("fact symbol_status_codes",)),
    Question("C.4", "-4132, which is in no document", ("fact unknown_cancel",)),
    Question("D.6", "cancel while triggering", ("fact cancel_triggering",)),
    Question("E.3", "fills by the venue", ("fact forced_execution", "fact forced_status")),
    Question("E.4", "rows in hedge mode", ("fact hedge_event_rows",)),
    Question("H.3", "-4183 and -4184", ("fact limit_bands",)),
    Question("L.1", "reduce-only displaced", ("fact displaced_status",)),
)
"""Two readings without a mark."""

SHOWN_BY_TESTS: Final = {
    "event_before_ack": "streams/test_delivery.py::test_l2_ack_before_event_and_event_before_ack",
    "algo_limit_code": "test_order_facts.py::test_rules_14_one_conditional_order_too_many",
    "strict_signature": "test_signing.py::test_strict_signature_takes_the_bytes_as_sent_only",
    "duplicate_params": "test_signing.py::test_a_name_twice_is_a_switch",
    "ed25519_rest": "test_signing.py::test_ed25519_over_rest_is_a_switch",
    "listen_key_of": "operations/test_account.py::test_v9_one_listen_key_for_all_keys_or_one_each",
}
"""Switches that no conversation can show: it has no keys but HMAC ones, and sees each connection by itself."""

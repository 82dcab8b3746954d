"""Everything that can be set on a paper exchange, as values.

Money is `Decimal`; times carry their unit in the name. Defaults describe production as it was
measured (protocol notes A.7, B.2, I.5). Each field of `VenueFacts` is one question that nobody could
verify on the real venue (RULES 14), so each is a switch here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

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
    listen_key_delete: Literal["ends", "ignored"] = "ends"
    """Whether deleting the listen key, which all keys of an account share, ends the streams of everybody."""
    income_delay_ms: int = 0
    """How long after it was booked an income row is shown."""
    trigger_bands: Literal["none", "-4210"] = "none"
    """Whether trigger prices must lie inside the PERCENT_PRICE band (-4210 above, -4211 below)."""
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


class RateLimits(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Limits per window; `None` lifts one. Production values are the defaults."""

    weight_per_minute: int | None = 2400
    orders_per_minute: int | None = 1200
    orders_per_10_seconds: int | None = 300
    ws_messages_per_second: int | None = 10
    refusals_before_ban: int | None = 100
    """How many requests of a minute may be refused with 429 before the address is banned; `None`: never."""


class AccountConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One account and its keys: an HMAC secret, an Ed25519 or RSA public key (PEM), or several of them.

    `ed25519_api_key` and `rsa_api_key` name further keys of the same account for the public keys; when
    one is empty its PEM belongs to `api_key`, which can have one of the two.
    """

    name: str
    api_key: str
    api_secret: str = ""
    ed25519_public_pem: str = ""
    ed25519_api_key: str = ""
    rsa_public_pem: str = ""
    rsa_api_key: str = ""
    balances: dict[str, Decimal] = msgspec.field(default_factory=lambda: {"USDT": Decimal(10_000)})
    can_withdraw: bool = False
    ip_restricted: bool = True
    hedge_mode: bool = False
    trade_group_id: int = -1
    """Accounts that share one are kept from trading with each other like one account; -1: none (notes C.1)."""
    fee_burn: bool = True
    """Whether fees are paid in BNB, with a discount, while the account holds enough of it."""


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """One leverage tier, with the field names of the venue's own reply (protocol notes C.11)."""

    bracket: int
    initialLeverage: int
    notionalCap: Decimal
    notionalFloor: Decimal
    maintMarginRatio: Decimal
    cum: Decimal


class FeeRates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fee rates of one symbol, as parts of the traded value."""

    maker: Decimal
    taker: Decimal
    rpi: Decimal = Decimal(0)


def default_asset_rates() -> dict[str, Decimal]:
    """What assets are worth in dollars where no market of ours quotes them."""
    return {"USDT": Decimal(1), "USDC": Decimal(1), "FDUSD": Decimal(1), "USD1": Decimal(1), "BNB": Decimal(600)}


def default_accounts() -> list[AccountConfig]:
    """One account with 10,000 USDT and a key that is obviously not a real one."""
    return [AccountConfig(name="paper", api_key="paper-key", api_secret="paper-secret")]


class PaperConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration of one paper exchange."""

    accounts: list[AccountConfig] = msgspec.field(default_factory=default_accounts)
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    fees: dict[str, FeeRates] = msgspec.field(default_factory=dict)
    """Fee rates by symbol. A symbol that is not named pays `maker_fee` and `taker_fee`."""
    bnb_discount: Decimal = Decimal("0.1")
    """The part of a fee that is let off when it is paid in BNB."""
    asset_rates: dict[str, Decimal] = msgspec.field(default_factory=default_asset_rates)
    """Dollars per unit of an asset, for fees in BNB and multi-assets mode. The mark of `<asset>USDT` comes first."""
    insurance_fund: Decimal = Decimal(1_000_000_000)
    """What the insurance fund holds at the start, in each margin asset."""
    margin_call_ratio: Decimal = Decimal("0.8")
    """Maintenance margin over margin balance from which MARGIN_CALL is sent; liquidation comes at 1."""
    default_leverage: int = 20
    brackets: dict[str, list[Bracket]] = msgspec.field(default_factory=dict)
    """Leverage tiers by symbol. A symbol that is not named uses the built-in tiers."""
    facts: VenueFacts = msgspec.field(default_factory=VenueFacts)
    limits: RateLimits = msgspec.field(default_factory=RateLimits)
    listen_key_life_ms: int = 3_600_000
    connection_life_ms: int = 86_400_000
    history_limit: int = 100_000
    """Closed orders kept per account for queries; the oldest is forgotten first."""
    market_history: bool = True
    """Markets remember trades and candles from the start; otherwise from the first time somebody asks for them."""
    log_ring: int = 10_000
    """Log records kept in memory for the control verb `log`."""

"""Everything that can be set on a paper exchange, as values.

Money is `Decimal`; times carry their unit in the name. Defaults describe production as it was
measured (protocol notes A.7, B.2, I.5). What nobody could verify is a switch in `facts`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from holdfast.paper.facts import VenueFacts as VenueFacts

Limit = Annotated[int, msgspec.Meta(ge=0)]


class RateLimits(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Limits per window; `None` lifts one. Production values are the defaults."""

    weight_per_minute: Limit | None = 2400
    orders_per_minute: Limit | None = 1200
    orders_per_10_seconds: Limit | None = 300
    ws_messages_per_second: Limit | None = 10
    refusals_before_ban: Limit | None = 100
    """How many requests of a minute may be refused with 429 before the address is banned; `None`: never."""
    ws_pings_per_second: Limit | None = 5
    """Ping and pong frames that a WS API connection may send. On a stream connection they count as messages."""
    ws_closes_before_ban: Limit | None = 10
    """Stream connections closed for too many messages in five minutes before the address may open no more."""
    connections_per_5_minutes: Limit | None = None
    """WebSockets that the address may open; 300 on the spot market, unknown here."""


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
    ping_interval_ms: int = 180_000
    """How often the venue pings each WebSocket, in the machine's time (protocol notes F.5)."""
    pong_timeout_ms: int = 600_000
    """Who has answered no ping for so long is dropped."""
    history_limit: int = 100_000
    """Closed orders kept per account for queries; the oldest is forgotten first."""
    market_history: bool = True
    """Markets remember trades and candles from the start; otherwise from the first time somebody asks for them."""
    log_ring: int = 10_000
    """Log records kept in memory for the control verb `log`."""

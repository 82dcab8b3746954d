"""Answers as the venue spells them (protocol notes C, D.5, G.1).

Tolerant where the venue is loose: unknown fields are ignored, unknown status texts are kept, numbers may come as
strings. Strict where a guess would lie: a field that an account is kept from has no default.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.orders import PositionSide, Side


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Base of all answers: camelCase on the wire."""


class ErrorPayload(Payload, frozen=True, kw_only=True):
    """An error body. 503 A has been seen without a code."""

    code: int = 0
    msg: str


class OrderPayload(Payload, frozen=True, kw_only=True):
    """A plain order: the reply to place and cancel, and what queries list.

    Since 2026-07-14 replies carry no average price; queries still do.
    """

    order_id: int
    symbol: str
    status: str
    client_order_id: str
    side: Side
    orig_qty: Decimal
    executed_qty: Decimal
    price: Decimal
    avg_price: str | None = None
    position_side: PositionSide = PositionSide.BOTH
    reduce_only: bool = False
    update_time: int = 0


class AlgoPayload(Payload, frozen=True, kw_only=True):
    """An algo order. Other people's (trailing, grid) leave fields empty, so only what names it is demanded."""

    algo_id: int
    client_algo_id: str
    order_type: str
    symbol: str
    side: Side
    algo_status: str
    trigger_price: str | None = ""
    quantity: str | None = ""
    close_position: bool = False
    reduce_only: bool = False
    position_side: PositionSide = PositionSide.BOTH
    actual_order_id: str | int | None = ""
    update_time: str | int | None = 0


class AlgoCancelPayload(Payload, frozen=True, kw_only=True):
    """The reply to an algo cancel: it names the order but not its state."""

    algo_id: int
    client_algo_id: str


class TradePayload(Payload, frozen=True, kw_only=True):
    """One row of userTrades."""

    id: int
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    realized_pnl: Decimal
    maker: bool
    position_side: PositionSide = PositionSide.BOTH
    time: int


class PositionPayload(Payload, frozen=True, kw_only=True):
    """One row of positionRisk v3."""

    symbol: str
    position_amt: Decimal
    entry_price: Decimal
    position_side: PositionSide = PositionSide.BOTH
    mark_price: str | None = None
    liquidation_price: str | None = None
    un_realized_profit: str | None = None
    update_time: int = 0


class AssetPayload(Payload, frozen=True, kw_only=True):
    """One asset of the account."""

    asset: str
    wallet_balance: Decimal
    available_balance: Decimal
    cross_un_pnl: Decimal = msgspec.field(name="crossUnPnl")


class HeldPayload(Payload, frozen=True, kw_only=True):
    """One position of the account; its prices come from positionRisk."""

    symbol: str
    position_amt: Decimal
    position_side: PositionSide = PositionSide.BOTH


class AccountPayload(Payload, frozen=True, kw_only=True):
    """account v3: the balances, and the positions that are open or have orders."""

    assets: list[AssetPayload]
    positions: list[HeldPayload] = []


class SymbolConfigPayload(Payload, frozen=True, kw_only=True):
    """One row of symbolConfig."""

    symbol: str
    leverage: int
    margin_type: str


class IncomePayload(Payload, frozen=True, kw_only=True):
    """One row of income; `tradeId` is empty for what no trade caused."""

    income_type: str
    income: Decimal
    asset: str
    time: int
    tran_id: int
    symbol: str | None = ""
    trade_id: str | int | None = ""


class RateLimitPayload(Payload, frozen=True, kw_only=True):
    """One window, of exchangeInfo, rateLimit/order or a WS API reply (there with its `count`)."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int
    count: int = 0


class AccountConfigPayload(Payload, frozen=True, kw_only=True):
    """accountConfig: the two modes that the engine reads and never changes (RULES 13)."""

    dual_side_position: bool
    multi_assets_margin: bool


class ServerTimePayload(Payload, frozen=True, kw_only=True):
    """time."""

    server_time: int


class ListenKeyPayload(Payload, frozen=True, kw_only=True):
    """listenKey; an extension may answer `{}`."""

    listen_key: str = ""


class CommissionPayload(Payload, frozen=True, kw_only=True):
    """commissionRate."""

    symbol: str
    maker_commission_rate: Decimal
    taker_commission_rate: Decimal


class BookTickerPayload(Payload, frozen=True, kw_only=True):
    """ticker/bookTicker of one symbol."""

    symbol: str
    bid_price: Decimal
    ask_price: Decimal
    time: int = 0


class RestrictionsPayload(Payload, frozen=True, kw_only=True):
    """apiRestrictions: what the key may do (P37). No field has a default: what is not said is not safe."""

    ip_restrict: bool
    enable_futures: bool
    enable_withdrawals: bool
    enable_internal_transfer: bool
    permits_universal_transfer: bool
    trading_authority_expiration_time: int | None = None


class BracketPayload(Payload, frozen=True, kw_only=True):
    """One tier of leverageBracket; numbers, not strings."""

    bracket: int
    initial_leverage: int
    notional_cap: Decimal
    notional_floor: Decimal
    maint_margin_ratio: Decimal
    cum: Decimal


class SymbolBracketsPayload(Payload, frozen=True, kw_only=True):
    """The tiers of one symbol. `notionalCoef` scales the caps of accounts that have one."""

    symbol: str
    brackets: list[BracketPayload]
    notional_coef: Decimal | None = None


class FilterPayload(Payload, frozen=True, kw_only=True):
    """One filter of a symbol: all kinds in one, because their order and their keys are random."""

    filter_type: str
    min_price: str = ""
    max_price: str = ""
    tick_size: str = ""
    min_qty: str = ""
    max_qty: str = ""
    step_size: str = ""
    notional: str = ""
    limit: int = 0
    multiplier_up: str = ""
    multiplier_down: str = ""
    position_control_side: str = "NONE"


class SymbolPayload(Payload, frozen=True, kw_only=True):
    """One symbol of exchangeInfo."""

    symbol: str
    status: str
    contract_type: str
    base_asset: str
    quote_asset: str
    margin_asset: str
    filters: list[FilterPayload]
    delivery_date: int
    market_take_bound: str = ""
    trigger_protect: str = ""


class ExchangeInfoPayload(Payload, frozen=True, kw_only=True):
    """exchangeInfo. Symbols are decoded one by one, so that one broken row does not hide the others."""

    rate_limits: list[RateLimitPayload]
    symbols: list[msgspec.Raw]

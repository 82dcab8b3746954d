"""The working sheet of one judgement: what the checks read, filled in stages.

`prices` and `sizes` are filled only after the checks of the stage before have passed, so that no check ever meets a
missing number. A check answers None, or a `Refusal` with the numbers it saw and the remedy.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from holdfast.core import liquidation, pricing, sizing
from holdfast.core.gate_view import GateView
from holdfast.model.instrument import Instrument
from holdfast.model.intent import Distance, Intent
from holdfast.model.num import ZERO, divide
from holdfast.model.orders import Direction, TimeInForce
from holdfast.model.plans import TargetPlan, TradePlan
from holdfast.model.settings import EngineSettings, Limits

HALF: Final = Decimal("0.5")
SHORT_LAST_ALLOWANCE: Final = Decimal("1.0015")
"""The venue assumes a LIMIT sell at up to last × 1.0015 when it computes the order's cost (protocol notes I.2)."""
MARKET_ASK_ALLOWANCE: Final = Decimal("1.0005")
"""… and a MARKET buy at ask × 1.0005."""


class Refusal(NamedTuple):
    """Why a check refuses: the numbers, and what would pass (keys as in `core.counterfactual`)."""

    facts: dict[str, str]
    remedy: dict[str, str]


class Prices(msgspec.Struct, kw_only=True, gc=False):
    """Every price of the decision, rounded where an order will carry it."""

    mark: Decimal
    touch: Decimal
    mid: Decimal
    cap: Decimal
    nearest: Decimal
    """The best price at which the entry may fill."""
    worst: Decimal
    """The higher of cap and mark, for limits in money (P2)."""
    low: Decimal
    """The lower of cap and mark. MIN_NOTIONAL is judged at one or the other, depending on the order type."""
    stop: Decimal
    stop_asked: Decimal
    range: pricing.StopRange
    targets: tuple[TargetPlan, ...] = ()


class Sizes(msgspec.Struct, kw_only=True, gc=False):
    """Quantity and what it costs."""

    wanted: Decimal
    """The rounded size before `min_size = up`."""
    quantity: Decimal
    notional: Decimal
    """At the worst of cap and mark."""
    equity: Decimal
    free: Decimal
    """Margin that nothing else has taken (P12)."""
    unit_margin: Decimal
    """Initial margin, opening loss and taker fees both ways of one unit."""
    others_margin: Decimal
    """Initial margin of everything else on the account."""
    symbol_notional: Decimal
    symbol_quantity: Decimal
    gross: Decimal
    same_direction: Decimal
    opposite_held: Decimal


class Draft:
    """One opening intent, or one plan that is about to be sent later (`intent` is None then).

    `instrument` stays unset while the symbol is unknown, `prices` and `sizes` until their stage: reading them too
    early is an AttributeError, not a silent 0.
    """

    __slots__ = (
        "deadline_ms",
        "direction",
        "instrument",
        "intent",
        "leverage",
        "limit_price",
        "limits",
        "long",
        "plain",
        "plan",
        "prices",
        "settings",
        "sizes",
        "symbol",
        "target_count",
        "time_in_force",
        "view",
    )

    prices: Prices
    sizes: Sizes

    def __init__(
        self,
        view: GateView,
        subject: Intent | TradePlan,
        *,
        direction: Direction,
        leverage: int,
        limit_price: Decimal | None,
        time_in_force: TimeInForce | None,
        deadline_ms: int | None,
        target_count: int,
    ) -> None:
        self.view = view
        self.settings: EngineSettings = view.settings
        self.limits: Limits = view.settings.limits
        self.intent = subject if isinstance(subject, Intent) else None
        self.plan = subject if isinstance(subject, TradePlan) else None
        self.symbol = subject.symbol
        self.direction = direction
        self.long = direction is Direction.LONG
        self.leverage = leverage
        self.limit_price = limit_price
        self.time_in_force = time_in_force
        self.plain = time_in_force is None
        self.deadline_ms = deadline_ms
        self.target_count = target_count
        if view.instrument is not None:
            self.instrument: Instrument = view.instrument

    @property
    def taker_fee(self) -> Decimal:
        """The fraction that an execution costs: the account's own where that is higher than the configured one, so
        that no risk is counted too small (RULES 11)."""
        configured, own = self.settings.taker_fee, self.instrument.taker_fee
        return own if own > configured else configured

    @property
    def resting(self) -> bool:
        """Whether the entry may lie in the book and fill later (RULES 10)."""
        return self.time_in_force in (TimeInForce.GTD, TimeInForce.GTX)


def draft_of_intent(intent: Intent, view: GateView) -> Draft:
    """Begin to judge an opening intent."""
    entry = intent.entry
    market = entry.type == "market"
    if market:
        tif = None if entry.plain else TimeInForce.IOC
    else:
        tif = TimeInForce(entry.time_in_force or "GTD")
    return Draft(
        view,
        intent,
        direction=intent.direction,
        leverage=intent.leverage or view.settings.default_leverage,
        limit_price=None if market else entry.price,
        time_in_force=tif,
        deadline_ms=intent.expires_at,
        target_count=len(intent.take_profits),
    )


def draft_of_plan(plan: TradePlan, view: GateView) -> Draft:
    """Begin to judge a planned entry once more."""
    return Draft(
        view,
        plan,
        direction=plan.direction,
        leverage=plan.leverage,
        limit_price=plan.cap_price,
        time_in_force=plan.time_in_force,
        deadline_ms=plan.deadline_ms,
        target_count=len(plan.targets),
    )


def fill_prices(draft: Draft) -> None:
    """Cap, stop and targets of an intent, from the mark and the touch."""
    view, instrument, direction, limits = draft.view, draft.instrument, draft.direction, draft.limits
    intent = draft.intent
    mark, bid, ask = view.mark, view.bid, view.ask
    assert intent is not None, "invariant: prices are worked out for an intent"
    assert mark is not None and bid is not None and ask is not None, "invariant: missing prices were denied before"
    touch, mid = (ask if draft.long else bid), (bid + ask) * HALF
    if draft.limit_price is not None:
        cap = draft.limit_price
    elif draft.plain:
        cap = pricing.plain_cap(instrument, direction, mark, limits)
    else:
        cap = pricing.market_cap(instrument, direction, touch, slippage_of(intent, limits))
    asked = pricing.raw_stop(stop_of(draft), direction, mid)
    targets = [
        TargetPlan(price=pricing.target_price(target, direction, mid, instrument), fraction=target.fraction)
        for target in intent.take_profits
    ]
    _set_prices(draft, mark, touch, mid, cap, instrument.round_stop(asked, direction), asked, tuple(targets))


def fill_prices_again(draft: Draft) -> None:
    """The prices of a plan under a new mark and touch: cap, stop and targets stay as they were planned."""
    view, plan = draft.view, draft.plan
    mark, bid, ask = view.mark, view.bid, view.ask
    assert plan is not None, "invariant: a later send has a plan"
    assert mark is not None and bid is not None and ask is not None, "invariant: missing prices were denied before"
    touch, mid = (ask if draft.long else bid), (bid + ask) * HALF
    _set_prices(draft, mark, touch, mid, plan.cap_price, plan.stop_price, plan.stop_price, plan.targets)


def _set_prices(
    draft: Draft,
    mark: Decimal,
    touch: Decimal,
    mid: Decimal,
    cap: Decimal,
    stop: Decimal,
    asked: Decimal,
    targets: tuple[TargetPlan, ...],
) -> None:
    view, direction = draft.view, draft.direction
    nearest = pricing.nearest_entry(direction, touch, cap)
    # The stop must lie inside the band at every mark of the last minute: one at the very edge of the present band
    # would be refused by the venue after the next tick, with the position already open.
    band_mark = None
    if draft.settings.facts.bands_on_triggers != "no":
        band_mark = view.mark_high_1m if draft.long else view.mark_low_1m
    found = pricing.stop_range(
        draft.instrument, direction, draft.limits, nearest=nearest, cap=cap, mark=mark, band_mark=band_mark
    )
    draft.prices = Prices(
        mark=mark,
        touch=touch,
        mid=mid,
        cap=cap,
        nearest=nearest,
        worst=cap if cap > mark else mark,
        low=cap if cap < mark else mark,
        stop=stop,
        stop_asked=asked,
        range=found,
        targets=targets,
    )


def stop_of(draft: Draft) -> Distance:
    """The intent's stop, or the source's default distance (RULES 5)."""
    intent, source = draft.intent, draft.view.source
    assert intent is not None and source is not None, "invariant: intent and source were checked before"
    if intent.stop_loss is not None:
        return intent.stop_loss
    assert source.default_stop_pct is not None, "invariant: a missing stop was denied before"
    return Distance(pct=source.default_stop_pct)


def slippage_of(intent: Intent, limits: Limits) -> Decimal:
    """The slippage cap of a market entry in basis points: the intent's, or the configured default."""
    asked = intent.entry.max_slippage_bps
    return limits.default_slippage_bps if asked is None else asked


def fill_sizes(draft: Draft) -> None:
    """Quantity, cost and exposure of an intent whose prices have passed."""
    intent, prices, view = draft.intent, draft.prices, draft.view
    equity, available = view.equity, view.available
    assert intent is not None and intent.size is not None, "invariant: an open intent has a size"
    assert equity is not None and available is not None, "invariant: a missing balance was denied before"
    fee = draft.taker_fee
    wanted = sizing.round_down(
        sizing.wanted(intent.size, equity=equity, cap=prices.cap, stop=prices.stop, taker_fee=fee),
        draft.instrument,
        market=draft.plain,
    )
    quantity = max(wanted, smallest_of(draft)) if intent.min_size == "up" else wanted
    sizes = Sizes(
        wanted=wanted,
        quantity=quantity,
        notional=quantity * prices.worst,
        equity=equity,
        free=available,
        unit_margin=_unit_margin(draft, fee),
        others_margin=ZERO,
        symbol_notional=ZERO,
        symbol_quantity=ZERO,
        gross=ZERO,
        same_direction=ZERO,
        opposite_held=ZERO,
    )
    _add_exposures(draft, sizes, equity)
    draft.sizes = sizes


def smallest_of(draft: Draft) -> Decimal:
    """The smallest quantity that passes the lot filters and MIN_NOTIONAL."""
    return sizing.smallest(draft.instrument, draft.prices.low, market=draft.plain)


def _unit_margin(draft: Draft, fee: Decimal) -> Decimal:
    """What one unit takes from the free margin (protocol notes I.2), with taker fees both ways."""
    prices, view = draft.prices, draft.view
    ask = view.ask
    assert ask is not None, "invariant: a missing touch was denied before"
    cap, mark = prices.cap, prices.mark
    if draft.long:
        assumed = max(cap, ask * MARKET_ASK_ALLOWANCE) if draft.plain else cap
        opening_loss = cap - mark if cap > mark else ZERO
    else:
        assumed = max(cap, mark, ask) * SHORT_LAST_ALLOWANCE
        opening_loss = mark - cap if mark > cap else ZERO
    return divide(assumed, Decimal(draft.leverage)) + opening_loss + fee * (assumed + prices.stop)


def _add_exposures(draft: Draft, sizes: Sizes, equity: Decimal) -> None:
    """What the account already has; every entry that might fill counts as filled."""
    others = draft.view.exposures
    along, against = (others.longs, others.shorts) if draft.long else (others.shorts, others.longs)
    sizes.same_direction = along = along + others.either
    sizes.gross = along + against
    sizes.opposite_held = others.held_shorts if draft.long else others.held_longs
    sizes.symbol_notional, sizes.symbol_quantity = others.here_notional, others.here_quantity
    sizes.others_margin = others.margin
    # Two views of the same thing, the venue's and ours; the smaller one holds.
    free, left = sizes.free - others.reserved, equity - others.margin
    sizes.free = left if left < free else free


def backing(draft: Draft, quantity: Decimal, leverage: int) -> Decimal:
    """What stands behind the new position (`core.liquidation`), fees of a cross entry paid."""
    prices = draft.prices
    if draft.settings.margin_type == "ISOLATED":
        return divide(quantity * prices.cap, Decimal(leverage))
    return cross_backing(draft) - quantity * prices.cap * draft.taker_fee


def cross_backing(draft: Draft) -> Decimal:
    """What a cross account has behind a new position before it pays anything."""
    wallet = draft.view.wallet
    assert wallet is not None, "invariant: a missing wallet was denied before"
    return min(wallet, draft.sizes.equity) - draft.sizes.others_margin


def guarded(draft: Draft, stop: Decimal) -> Decimal:
    """The price to which the position must survive (P17)."""
    return liquidation.guarded_price(draft.direction, draft.prices.cap, stop, draft.limits.liquidation_factor)


def bps_between(first: Decimal, second: Decimal) -> Decimal:
    """The distance of two prices in basis points of the first, to two places."""
    assert first > 0, "invariant: a price is positive"
    return divide(abs(first - second) * 10_000, first).quantize(HUNDREDTH)


HUNDREDTH: Final = Decimal("0.01")


def text(value: Decimal | int) -> str:
    """A number as it stands in facts: no exponent, no trailing zeros."""
    if isinstance(value, int):
        return str(value)
    return f"{value.normalize():f}" if value else "0"

"""Checks of size: filters, leverage, liquidation distance, margin and exposure (P1, P2, P5, P12–P15, P17).

They run when quantity and exposure are known. All upper limits are monotone in the quantity, so the remedy of each is
the largest quantity that it allows; where that is below the smallest legal one, no change of the intent helps.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import liquidation, pricing, sizing
from holdfast.core.risk_draft import Draft, Refusal, backing, cross_backing, guarded, smallest_of, text
from holdfast.core.sizing import Wanted
from holdfast.model import num
from holdfast.model.num import ONE, ZERO

CENT = Decimal("0.01")
INFINITE = Decimal("Infinity")

SLOTS_PER_TRADE = 2
"""Conditional orders that a trade must always be able to hold: its stop, and one while replacing it (P15)."""


def quantity_zero(draft: Draft) -> Refusal | None:
    """The size is at least one step."""
    if draft.sizes.quantity > ZERO:
        return None
    return _too_small(draft, {"step": text(draft.instrument.step_size)})


def quantity_too_small(draft: Draft) -> Refusal | None:
    """P5: minQty, also of market orders, because the position must be closable by one."""
    instrument, quantity = draft.instrument, draft.sizes.quantity
    if quantity >= instrument.quantity_min and quantity >= instrument.market_quantity_min:
        return None
    least = max(instrument.quantity_min, instrument.market_quantity_min)
    return _too_small(draft, {"min_quantity": text(least)})


def quantity_too_large(draft: Draft) -> Refusal | None:
    """P1: our limit, the venue's maxQty, and a resulting position that one MARKET order can close (RULES 7)."""
    instrument, quantity, held = draft.instrument, draft.sizes.quantity, draft.sizes.symbol_quantity
    most, name = instrument.quantity_max or INFINITE, "LOT_SIZE.maxQty"
    ours, slice_quantity = draft.limits.max_order_quantity, instrument.max_market_slice()
    if ours is not None and ours < most:
        most, name = ours, "limits.max_order_quantity"
    if draft.plain and instrument.market_quantity_max and instrument.market_quantity_max < most:
        most, name = instrument.market_quantity_max, "MARKET_LOT_SIZE.maxQty"
    if slice_quantity and slice_quantity - held < most:
        most, name = slice_quantity - held, "MARKET_LOT_SIZE.maxQty of the resulting position"
    if quantity <= most:
        return None
    return _too_large(draft, Wanted(most, ONE), {"limit": text(most), "by": name}, f"{name} of at least")


def notional_too_small(draft: Draft) -> Refusal | None:
    """P5: MIN_NOTIONAL, at the lower of order price and mark."""
    least = draft.instrument.notional_min
    notional = draft.sizes.quantity * draft.prices.low
    if notional >= least:
        return None
    return _too_small(draft, {"notional": text(notional), "min_notional": text(least)})


def notional_too_large(draft: Draft) -> Refusal | None:
    """P2: at the higher of cap and mark, never at a price that only the intent states."""
    source, most, name = draft.view.source, draft.limits.max_order_notional, "limits.max_order_notional"
    if source is not None and source.max_order_notional is not None and source.max_order_notional < most:
        most, name = source.max_order_notional, f"sources.{source.name}.max_order_notional"
    if draft.sizes.notional <= most:
        return None
    facts = {"notional": text(draft.sizes.notional), "limit": text(most), "by": name}
    return _too_large(draft, Wanted(most, draft.prices.worst), facts, f"{name} for")


def leverage_too_high(draft: Draft) -> Refusal | None:
    """Leverage within configuration and within the tier of the resulting position. It is never lowered silently."""
    instrument, leverage = draft.instrument, draft.leverage
    total = draft.sizes.symbol_notional + draft.sizes.notional
    tier = instrument.bracket_for(total)
    most = draft.limits.max_leverage
    if leverage <= most and tier is not None and leverage <= tier.max_leverage:
        return None
    facts = {"leverage": str(leverage), "max_leverage": str(most), "notional": text(total)}
    if tier is not None:
        facts["tier_max_leverage"] = str(tier.max_leverage)
        most = min(most, tier.max_leverage)
    allowing = [bracket for bracket in instrument.brackets if bracket.max_leverage >= leverage]
    changeable = not draft.view.symbol_in_use
    if leverage > draft.limits.max_leverage or not allowing or (changeable and tier is not None):
        if not changeable:
            return Refusal(facts, {"state": f"no position and no open order on {draft.symbol}"})
        lowest = min(most, instrument.brackets[0].max_leverage)
        return Refusal(facts, {"leverage": str(lowest)})
    room = allowing[-1].cap - draft.sizes.symbol_notional
    return _too_large(draft, Wanted(room, draft.prices.worst), facts, "a leverage tier for", below=True)


def stop_beyond_liquidation(draft: Draft) -> Refusal | None:
    """P17: at the configured multiple of the stop's distance the position is not yet liquidated."""
    prices, quantity, brackets = draft.prices, draft.sizes.quantity, draft.instrument.brackets
    behind = backing(draft, quantity, draft.leverage)
    if liquidation.survives(
        draft.direction,
        quantity=quantity,
        entry=prices.cap,
        price=guarded(draft, prices.stop),
        backing=behind,
        brackets=brackets,
    ):
        return None
    at = liquidation.liquidation_price(
        draft.direction, quantity=quantity, entry=prices.cap, backing=behind, brackets=brackets
    )
    facts = {
        "stop": text(prices.stop),
        "entry": text(prices.cap),
        "liquidation": text(at.quantize(draft.instrument.tick_size)),
        "factor": text(draft.limits.liquidation_factor),
        "backing": text(behind),
    }
    if draft.settings.margin_type == "ISOLATED":
        return Refusal(facts, _isolated_remedy(draft))
    return _cross_refusal(draft, facts)


def _isolated_remedy(draft: Draft) -> dict[str, str]:
    """A lower leverage if the symbol's may be changed, else a nearer stop."""
    prices, quantity = draft.prices, draft.sizes.quantity
    if not draft.view.symbol_in_use:
        for leverage in range(draft.leverage - 1, 0, -1):
            if liquidation.survives(
                draft.direction,
                quantity=quantity,
                entry=prices.cap,
                price=guarded(draft, prices.stop),
                backing=backing(draft, quantity, leverage),
                brackets=draft.instrument.brackets,
            ):
                return {"leverage": str(leverage)}
    farthest = liquidation.farthest_stop(
        draft.direction,
        quantity=quantity,
        entry=prices.cap,
        backing=backing(draft, quantity, draft.leverage),
        factor=draft.limits.liquidation_factor,
        brackets=draft.instrument.brackets,
    )
    nearer = draft.instrument.round_stop(farthest, draft.direction)
    # One tick nearer still: the venue liquidates where margin balance and maintenance are equal.
    nearer += draft.instrument.tick_size * draft.direction.sign
    legal = pricing.legal_stops(
        draft.instrument, draft.direction, prices.range, nearest=prices.nearest, mark=prices.mark
    )
    if legal is None or not legal[0] <= nearer <= legal[1]:
        return {"state": f"no position and no open order on {draft.symbol}, so that its leverage can be lowered"}
    return {"stop_loss.price": text(nearer)}


def _cross_refusal(draft: Draft, facts: dict[str, str]) -> Refusal:
    """A smaller position, or more money behind it."""
    prices, brackets = draft.prices, draft.instrument.brackets
    price, fee = guarded(draft, prices.stop), prices.cap * draft.taker_fee
    behind = cross_backing(draft)
    most = liquidation.largest_quantity(backing=behind, entry=prices.cap, price=price, cost=fee, brackets=brackets)
    refusal = _too_large(draft, Wanted(max(most, ZERO), ONE), facts, "", below=True)
    if "size.quantity" in refusal.remedy:
        return refusal
    needed = liquidation.required_backing(
        quantity=smallest_of(draft), entry=prices.cap, price=price, cost=fee, brackets=brackets
    )
    return Refusal(facts, {"state": f"more than {_money(needed)} of the balance is free"})


def margin_insufficient(draft: Draft) -> Refusal | None:
    """P12: initial margin, opening loss and fees fit into what no other order has taken."""
    sizes = draft.sizes
    needed = sizes.quantity * sizes.unit_margin
    if needed <= sizes.free:
        return None
    facts = {"needed": text(needed), "free": text(sizes.free), "leverage": str(draft.leverage)}
    least = smallest_of(draft) * sizes.unit_margin
    refusal = _too_large(draft, Wanted(max(sizes.free, ZERO), sizes.unit_margin), facts, "")
    if "size.quantity" in refusal.remedy:
        return refusal
    return Refusal(facts, {"state": f"free margin of at least {_money(least)}"})


def position_limit(draft: Draft) -> Refusal | None:
    """P13: the position of the symbol in the worst case."""
    held, most = draft.sizes.symbol_notional, draft.limits.max_position_notional
    if held + draft.sizes.notional <= most:
        return None
    return _exposure(draft, held, most, "limits.max_position_notional")


def gross_limit(draft: Draft) -> Refusal | None:
    """P14: everything on the account, longs and shorts added."""
    gross, most = draft.sizes.gross, draft.limits.max_gross_notional
    if gross + draft.sizes.notional <= most:
        return None
    return _exposure(draft, gross, most, "limits.max_gross_notional")


def net_limit(draft: Draft) -> Refusal | None:
    """P14: everything in this direction, less what the venue already shows in the other."""
    net, most = draft.sizes.same_direction - draft.sizes.opposite_held, draft.limits.max_net_notional
    if net + draft.sizes.notional <= most:
        return None
    return _exposure(draft, net, most, "limits.max_net_notional")


def account_leverage_limit(draft: Draft) -> Refusal | None:
    """P14: gross exposure over equity."""
    most = draft.limits.max_account_leverage * draft.sizes.equity
    if draft.sizes.gross + draft.sizes.notional <= most:
        return None
    return _exposure(draft, draft.sizes.gross, most, "equity × limits.max_account_leverage")


def _exposure(draft: Draft, before: Decimal, most: Decimal, name: str) -> Refusal:
    after = before + draft.sizes.notional
    facts = {"before": text(before), "after": text(after), "limit": text(most), "by": name}
    return _too_large(draft, Wanted(max(most - before, ZERO), draft.prices.worst), facts, f"{name} for")


def max_trades(draft: Draft) -> Refusal | None:
    """P15: live trades."""
    live, most = draft.view.live_trades, draft.limits.max_trades
    if live < most:
        return None
    return Refusal({"live_trades": str(live), "limit": str(most)}, {"state": f"fewer than {most} live trades"})


def max_open_orders(draft: Draft) -> Refusal | None:
    """P15: the entry, its stop and its targets find room on the symbol and on the account."""
    view, needed = draft.view, 2 + draft.target_count
    for used, most, where in (
        (view.open_orders_symbol, draft.instrument.max_orders, draft.symbol),
        (view.open_orders_total, draft.limits.max_open_orders, "account"),
    ):
        if used + needed > most:
            facts = {"open": str(used), "needed": str(needed), "limit": str(most), "where": where}
            return Refusal(facts, {"state": f"at most {most - needed} open orders ({where})"})
    return None


def conditional_slots(draft: Draft) -> Refusal | None:
    """P15: two conditional slots are reserved before an entry (RULES 5)."""
    used, most = draft.view.conditionals_used, draft.limits.conditional_slots
    if used + SLOTS_PER_TRADE <= most:
        return None
    facts = {"used": str(used), "needed": str(SLOTS_PER_TRADE), "limit": str(most)}
    return Refusal(facts, {"state": f"at most {most - SLOTS_PER_TRADE} conditional orders are open or reserved"})


def _money(value: Decimal) -> str:
    """An amount that is needed, rounded up to what a reader can use."""
    return text(num.ceil_to(value, CENT))


def _too_small(draft: Draft, facts: dict[str, str]) -> Refusal:
    least = smallest_of(draft)
    shown = {"quantity": text(draft.sizes.quantity), "smallest": text(least), **facts}
    return Refusal(shown, {"size.quantity": text(least)})


def _too_large(draft: Draft, most: Wanted, facts: dict[str, str], outside: str, *, below: bool = False) -> Refusal:
    """The largest quantity on the grid that is not above `most` (or, with `below`, strictly under it)."""
    fitting = sizing.round_down(most, draft.instrument, market=draft.plain)
    if below and fitting * most.denominator >= most.numerator:
        fitting -= sizing.step_of(draft.instrument, market=draft.plain)
    least = smallest_of(draft)
    shown = {"quantity": text(draft.sizes.quantity), "largest": text(max(fitting, ZERO)), **facts}
    if fitting >= least:
        return Refusal(shown, {"size.quantity": text(fitting)})
    return Refusal(shown, {"state": f"{outside} the smallest legal quantity {text(least)}".strip()})

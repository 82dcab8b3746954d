"""Checks of prices: the entry's cap (P3, P5), its stop (P4) and its targets.

They run after the state checks, when mark, touch and rules are known. Every remedy is the nearest price, or the
widest slippage, that passes; where no such value exists it says what would have to change outside the intent.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import pricing
from holdfast.core.risk_draft import HUNDREDTH, Draft, Refusal, bps_between, text
from holdfast.model import num
from holdfast.model.num import BPS, ZERO


def price_filter(draft: Draft) -> Refusal | None:
    """P5: the entry's price is on the tick grid and within the venue's range."""
    cap, instrument = draft.prices.cap, draft.instrument
    breach = instrument.price_breach(cap)
    if breach is None and cap > ZERO:
        return None
    name, limit = (breach.filter, breach.limit) if breach is not None else ("positive", instrument.tick_size)
    facts = {"price": text(cap), "filter": name, "limit": text(limit)}
    if draft.limit_price is None:
        return Refusal(facts, {"state": "touch and slippage cap inside the venue's price range"})
    # Away from the market: a buyer's price goes down, a seller's up, so the change never costs more.
    nearest = instrument.round_price(cap, up=not draft.long)
    low = max(instrument.round_price(instrument.price_min, up=True), instrument.tick_size)
    high = instrument.round_price(instrument.price_max, up=False) if instrument.price_max else nearest
    return Refusal(facts, {"entry.price": text(min(max(nearest, low), high))})


def price_band(draft: Draft) -> Refusal | None:
    """P5: PERCENT_PRICE caps a buyer above the mark and floors a seller below it; there is no other side."""
    instrument, prices = draft.instrument, draft.prices
    multiplier = instrument.multiplier_up if draft.long else instrument.multiplier_down
    if not multiplier:
        return None
    bound = prices.mark * multiplier
    reached = _reached(draft) if draft.plain else prices.cap
    if reached <= bound if draft.long else reached >= bound:
        return None
    facts = {"price": text(reached), "mark": text(prices.mark), "band": text(bound)}
    return Refusal(facts, _bring_inside(draft, bound))


def price_collar(draft: Draft) -> Refusal | None:
    """P3: the worst price of the entry is near the mark. A passive limit price on the good side may be far away."""
    prices, collar = draft.prices, draft.limits.price_collar_bps
    bound = pricing.adverse_bound(draft.direction, prices.mark, collar * pricing.BPS)
    reached = _reached(draft) if draft.plain else prices.cap
    if reached <= bound if draft.long else reached >= bound:
        return None
    facts = {
        "price": text(reached),
        "mark": text(prices.mark),
        "distance_bps": text(bps_between(prices.mark, reached)),
        "limit_bps": text(collar),
    }
    return Refusal(facts, _bring_inside(draft, bound))


def _reached(draft: Draft) -> Decimal:
    """The worst price at which a plain market order may fill: it starts at the touch, whatever we assume."""
    cap, touch = draft.prices.cap, draft.prices.touch
    return max(cap, touch) if draft.long else min(cap, touch)


def _bring_inside(draft: Draft, bound: Decimal) -> dict[str, str]:
    """The change that keeps the entry's worst price within `bound`."""
    touch = draft.prices.touch
    if draft.limit_price is not None:
        return {"entry.price": text(draft.instrument.round_price(bound, up=not draft.long))}
    room = bound - touch if draft.long else touch - bound
    slippage = num.floor_to(num.divide(room * BPS, touch), HUNDREDTH)
    if draft.plain or slippage <= 0:
        return {"state": f"the touch {text(touch)} is better than {text(bound)}"}
    return {"entry.max_slippage_bps": text(slippage)}


def no_feasible_stop(draft: Draft) -> Refusal | None:
    """P4: policy, filters and band leave at least one tick for a stop; otherwise nothing can be entered safely."""
    found, stop = draft.prices.range, draft.prices.stop
    if found.low <= stop <= found.high or _legal(draft) is not None:
        return None
    facts = {**_stop_facts(draft), "lowest": text(found.low), "highest": text(found.high)}
    return Refusal(facts, _make_room(draft))


def _make_room(draft: Draft) -> dict[str, str]:
    """A limit price nearer to the mark may leave room for a stop inside the venue's band; nothing else does."""
    found, instrument, least = draft.prices.range, draft.instrument, draft.limits.min_stop_distance_bps
    state = {"state": "distances, the venue's price range and its band leave a tick for a stop"}
    edge = found.venue_low if draft.long else found.venue_high
    if draft.limit_price is None or edge is None:
        return state
    share = num.divide(least, BPS)
    entry = num.divide(edge, num.ONE - share if draft.long else num.ONE + share)
    price = instrument.round_price(entry, up=draft.long) + instrument.tick_size * draft.direction.sign
    nearer = price > draft.limit_price if draft.long else price < draft.limit_price
    return {"entry.price": text(price)} if nearer else state


def stop_wrong_side(draft: Draft) -> Refusal | None:
    """P4: on the losing side of every price at which the entry may fill."""
    stop, nearest = draft.prices.stop, draft.prices.nearest
    if stop < nearest if draft.long else stop > nearest:
        return None
    return Refusal(_stop_facts(draft), _legal_stop(draft))


def stop_crossed(draft: Draft) -> Refusal | None:
    """P4: the live mark has not reached it, else the venue refuses it with −2021."""
    stop, mark = draft.prices.stop, draft.prices.mark
    if stop < mark if draft.long else stop > mark:
        return None
    return Refusal(_stop_facts(draft), _legal_stop(draft))


def stop_too_close(draft: Draft) -> Refusal | None:
    """P4: the smallest distance, from the mark and from the best price of the entry."""
    stop, near = draft.prices.stop, draft.prices.range.near
    if stop <= near if draft.long else stop >= near:
        return None
    facts = {**_stop_facts(draft), "limit_bps": text(draft.limits.min_stop_distance_bps)}
    facts["distance_bps"] = text(bps_between(draft.prices.nearest, stop))
    return Refusal(facts, _legal_stop(draft))


def stop_too_far(draft: Draft) -> Refusal | None:
    """P4: the largest distance, from the worst price of the entry."""
    stop, policy = draft.prices.stop, draft.prices.range.policy
    if stop >= policy if draft.long else stop <= policy:
        return None
    facts = {**_stop_facts(draft), "limit_bps": text(draft.limits.max_stop_distance_bps)}
    facts["distance_bps"] = text(bps_between(draft.prices.cap, stop))
    return Refusal(facts, _legal_stop(draft))


def stop_filter(draft: Draft) -> Refusal | None:
    """P4, P5: inside the price range, and inside the band unless triggers are proved free of it (RULES 14)."""
    stop, found = draft.prices.stop, draft.prices.range
    low_ok = found.venue_low is None or stop >= found.venue_low
    high_ok = found.venue_high is None or stop <= found.venue_high
    if low_ok and high_ok and stop > ZERO:
        return None
    facts = {**_stop_facts(draft), "bands_on_triggers": draft.settings.facts.bands_on_triggers}
    if found.venue_low is not None:
        facts["venue_low"] = text(found.venue_low)
    if found.venue_high is not None:
        facts["venue_high"] = text(found.venue_high)
    return Refusal(facts, _legal_stop(draft))


def _stop_facts(draft: Draft) -> dict[str, str]:
    prices = draft.prices
    facts = {
        "stop": text(prices.stop),
        "mark": text(prices.mark),
        "touch": text(prices.touch),
        "cap": text(prices.cap),
    }
    if prices.stop_asked != prices.stop:
        facts["stop_asked"] = text(prices.stop_asked)
    return facts


def _legal(draft: Draft) -> tuple[Decimal, Decimal] | None:
    prices = draft.prices
    return pricing.legal_stops(
        draft.instrument, draft.direction, prices.range, nearest=prices.nearest, mark=prices.mark
    )


def _legal_stop(draft: Draft) -> dict[str, str]:
    legal = _legal(draft)
    if legal is None:
        return {"state": "the market leaves a tick for a stop"}
    return {"stop_loss.price": text(pricing.nearest_legal(draft.prices.stop, legal))}


def target_wrong_side(draft: Draft) -> Refusal | None:
    """RULES 11: a take profit lies strictly beyond the worst price of the entry."""
    cap = draft.prices.cap
    for index, target in enumerate(draft.prices.targets):
        if target.price > cap if draft.long else target.price < cap:
            continue
        facts = {"target": str(index), "price": text(target.price), "cap": text(cap)}
        return Refusal(facts, _target_remedy(draft, index, _beyond_cap(draft)))
    return None


def target_filter(draft: Draft) -> Refusal | None:
    """P5: a take profit lies within the venue's price range; it is on the tick grid by its rounding."""
    instrument = draft.instrument
    low, high = max(instrument.price_min, instrument.tick_size), instrument.price_max
    for index, target in enumerate(draft.prices.targets):
        if target.price >= low and (not high or target.price <= high):
            continue
        facts = {"target": str(index), "price": text(target.price), "lowest": text(low), "highest": text(high)}
        nearest = instrument.round_price(high, up=False) if target.price > low else instrument.round_price(low, up=True)
        return Refusal(facts, _target_remedy(draft, index, nearest))
    return None


def _beyond_cap(draft: Draft) -> Decimal:
    """The first tick beyond the cap."""
    tick = draft.instrument.tick_size
    return draft.prices.cap + tick if draft.long else draft.prices.cap - tick


def _target_remedy(draft: Draft, index: int, price: Decimal) -> dict[str, str]:
    """A target price that passes both target checks, or the word that there is none."""
    instrument, cap = draft.instrument, draft.prices.cap
    beyond = price > cap if draft.long else price < cap
    above = price >= max(instrument.price_min, instrument.tick_size)
    below = not instrument.price_max or price <= instrument.price_max
    if beyond and above and below:
        return {f"take_profits[{index}].price": text(price)}
    return {"state": "a price beyond the entry exists within the venue's range"}

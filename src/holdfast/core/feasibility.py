"""Do the limits leave a legal order at all? (P18)

A configuration that contradicts itself, or the venue's rules of a symbol, denies every intent one by one with codes
that look like market conditions. Found at boot it is one sentence with the numbers in it. The findings of a symbol
also deny its entries (`CONFIG_CONTRADICTION`), so that nobody has to guess.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from holdfast.core import sizing
from holdfast.model.instrument import Instrument
from holdfast.model.num import BPS, ONE, divide
from holdfast.model.settings import EngineSettings, Limits


def contradictions(settings: EngineSettings, instrument: Instrument, mark: Decimal | None = None) -> tuple[str, ...]:
    """Everything that leaves no legal entry on the symbol, as sentences; empty when there is nothing.

    Without a `mark` only what holds at every price is found; with one, also what the tick and the smallest order make
    impossible at that price.
    """
    if not _usable(instrument):
        return ()
    found = account_contradictions(settings.limits)
    for check in SYMBOL_CHECKS:
        found += check(settings, instrument)
    if mark is not None and mark > 0:
        for check_at in MARK_CHECKS:
            found += check_at(settings, instrument, mark)
    return tuple(found)


def cautions(settings: EngineSettings, instrument: Instrument) -> tuple[str, ...]:
    """Defaults that can never pass, and sides that can never be entered: orders remain possible, but fewer.

    Said at boot; they do not deny anything by themselves.
    """
    if not _usable(instrument):
        return ()
    sides = _sides_without_stop(settings, instrument)
    one_sided = sides if len(sides) == 1 else []
    return tuple(
        account_cautions(settings)
        + one_sided
        + _isolated_liquidation(settings, instrument)
        + _tier(settings, instrument)
    )


def account_contradictions(limits: Limits) -> list[str]:
    """Limits that leave no legal order on any symbol."""
    wrong = [
        (
            limits.min_stop_distance_bps > limits.max_stop_distance_bps,
            f"min_stop_distance {_bps(limits.min_stop_distance_bps)} > max_stop_distance "
            f"{_bps(limits.max_stop_distance_bps)}: no legal stop",
        ),
        (limits.max_trades < 1, f"max_trades {limits.max_trades}: no trade can be opened"),
        (limits.max_open_orders < 2, f"max_open_orders {limits.max_open_orders}: entry and stop need 2"),
        (
            limits.conditional_slots < 2,
            f"conditional_slots {limits.conditional_slots}: a stop and its replacement need 2",
        ),
    ]
    return [sentence for is_wrong, sentence in wrong if is_wrong]


def account_cautions(settings: EngineSettings) -> list[str]:
    """Defaults that no limit lets pass."""
    limits = settings.limits
    wrong = [
        (
            limits.default_slippage_bps > limits.max_slippage_bps,
            f"default_slippage {_bps(limits.default_slippage_bps)} > max_slippage {_bps(limits.max_slippage_bps)}: "
            "an entry without a slippage cap is always denied",
        ),
        (
            limits.default_slippage_bps > limits.price_collar_bps,
            f"default_slippage {_bps(limits.default_slippage_bps)} > price_collar {_bps(limits.price_collar_bps)}: "
            "an entry without a slippage cap is outside the collar",
        ),
        (
            settings.default_leverage > limits.max_leverage,
            f"default_leverage {settings.default_leverage} > max_leverage {limits.max_leverage}: "
            "an entry without a leverage is always denied",
        ),
    ]
    return [sentence for is_wrong, sentence in wrong if is_wrong] + _source_stops(settings)


def _usable(instrument: Instrument) -> bool:
    # An unusable symbol is denied by a code of its own, and says nothing about the limits.
    return instrument.tradable and instrument.tick_size > 0 and instrument.step_size > 0


def _source_stops(settings: EngineSettings) -> list[str]:
    limits, found = settings.limits, []
    for source in settings.sources:
        if source.default_stop_pct is None:
            continue
        distance = source.default_stop_pct * 100
        if not limits.min_stop_distance_bps <= distance <= limits.max_stop_distance_bps:
            found.append(
                f"default_stop_pct {_plain(source.default_stop_pct)} of source {source.name!r} is {_bps(distance)}, "
                f"outside {_bps(limits.min_stop_distance_bps)} to {_bps(limits.max_stop_distance_bps)}: "
                "its default stop is always denied"
            )
    return found


def _stop_and_band(settings: EngineSettings, instrument: Instrument) -> list[str]:
    """The band leaves no stop on either side."""
    sides = _sides_without_stop(settings, instrument)
    return sides if len(sides) == 2 else []


def _sides_without_stop(settings: EngineSettings, instrument: Instrument) -> list[str]:
    """A stop must be farther than the policy's smallest distance, and nearer than the band's edge."""
    if settings.facts.bands_on_triggers == "no":
        return []
    least, found = settings.limits.min_stop_distance_bps, []
    sides = (
        ("long", (ONE - instrument.multiplier_down) * BPS if instrument.multiplier_down else None),
        ("short", (instrument.multiplier_up - ONE) * BPS if instrument.multiplier_up else None),
    )
    for side, reach in sides:
        if reach is not None and least >= reach:
            found.append(
                f"{instrument.symbol}: min_stop_distance {_bps(least)} but the venue's band ends {_bps(reach)} from "
                f"the mark: no legal stop for a {side}"
            )
    return found


def _isolated_liquidation(settings: EngineSettings, instrument: Instrument) -> list[str]:
    """With isolated margin the leverage alone decides how far liquidation is away: 1 ÷ leverage − maintenance."""
    if settings.margin_type != "ISOLATED" or not instrument.brackets:
        return []
    reach = (divide(ONE, Decimal(settings.default_leverage)) - instrument.brackets[0].maintenance_ratio) * BPS
    needed = settings.limits.min_stop_distance_bps * settings.limits.liquidation_factor
    if needed < reach:
        return []
    return [
        f"{instrument.symbol}: at default_leverage {settings.default_leverage} liquidation is {_bps(reach)} away, but "
        f"min_stop_distance × liquidation_factor asks for {_bps(needed)}: no legal stop without a lower leverage"
    ]


def _tier(settings: EngineSettings, instrument: Instrument) -> list[str]:
    if not instrument.brackets or settings.default_leverage <= instrument.brackets[0].max_leverage:
        return []
    return [
        f"{instrument.symbol}: default_leverage {settings.default_leverage} but the first tier allows "
        f"{instrument.brackets[0].max_leverage}: an entry without a leverage is always denied"
    ]


def _smallest_value(settings: EngineSettings, instrument: Instrument) -> list[str]:
    limits = settings.limits
    return [
        f"{instrument.symbol}: {name} {_plain(most)} is below the venue's smallest order value "
        f"{_plain(instrument.notional_min)}: no legal order"
        for name, most in _money_limits(limits)
        if most < instrument.notional_min
    ]


def _smallest_quantity(settings: EngineSettings, instrument: Instrument) -> list[str]:
    least = max(instrument.quantity_min, instrument.market_quantity_min, instrument.step_size)
    bounds = (
        ("max_order_quantity", settings.limits.max_order_quantity),
        ("LOT_SIZE.maxQty", instrument.quantity_max or None),
        ("MARKET_LOT_SIZE.maxQty", instrument.market_quantity_max or None),
    )
    return [
        f"{instrument.symbol}: {name} {_plain(most)} is below the smallest quantity {_plain(least)}: no legal order"
        for name, most in bounds
        if most is not None and most < least
    ]


def _tick_at(settings: EngineSettings, instrument: Instrument, mark: Decimal) -> list[str]:
    tick, most = divide(instrument.tick_size * BPS, mark), settings.limits.max_stop_distance_bps
    if tick <= most:
        return []
    return [
        f"{instrument.symbol}: one tick is {_bps(tick)} of the mark {_plain(mark)} but max_stop_distance is "
        f"{_bps(most)}: no legal stop"
    ]


def _value_at(settings: EngineSettings, instrument: Instrument, mark: Decimal) -> list[str]:
    least = sizing.smallest(instrument, mark) * mark
    return [
        f"{instrument.symbol}: {name} {_plain(most)} is below the smallest order, worth {_plain(least)} at the mark "
        f"{_plain(mark)}: no legal order"
        for name, most in _money_limits(settings.limits)
        if instrument.notional_min <= most < least
    ]


def _money_limits(limits: Limits) -> tuple[tuple[str, Decimal], ...]:
    return (
        ("max_order_notional", limits.max_order_notional),
        ("max_position_notional", limits.max_position_notional),
        ("max_gross_notional", limits.max_gross_notional),
        ("max_net_notional", limits.max_net_notional),
    )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _bps(value: Decimal) -> str:
    """A distance in basis points, to two places at most."""
    return f"{_plain(value.quantize(Decimal('0.01')))} bps"


SYMBOL_CHECKS: Final[tuple[Callable[[EngineSettings, Instrument], list[str]], ...]] = (
    _stop_and_band,
    _smallest_value,
    _smallest_quantity,
)

MARK_CHECKS: Final[tuple[Callable[[EngineSettings, Instrument, Decimal], list[str]], ...]] = (_tick_at, _value_at)

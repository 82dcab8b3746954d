"""Random intents and accounts for the laws of the gate, sensible and absurd ones."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from holdfast.core.gate_view import GateView
from holdfast.model.instrument import Instrument
from holdfast.model.intent import Distance, Entry, Intent, Size, Target
from holdfast.model.num import divide, parse, text
from holdfast.model.orders import Direction
from holdfast.model.reports import SymbolConfig
from tests.core import gate_samples as samples

D = Decimal


def places(low: str, high: str, digits: int) -> st.SearchStrategy[D]:
    """Decimals with a number of places, both ends included."""
    return st.decimals(D(low), D(high), places=digits, allow_nan=False, allow_infinity=False)


def relative(price: D, low: str, high: str) -> st.SearchStrategy[D]:
    """Prices between two multiples of a price, with odd digits."""
    return places(low, high, 7).map(lambda factor: parse(text(round_digits(price * factor))))


def round_digits(value: D) -> D:
    """At most 12 places, above zero."""
    return max(value.quantize(D("1e-12")), D("1e-12"))


def rarely(draw: Any) -> bool:
    """Once in about twenty times; hypothesis likes the ends of a range, so the middle is asked for."""
    return bool(draw(st.integers(0, 19)) == 11)


@st.composite
def sizes(draw: Any, price: D) -> Size:
    """Any of the four measures, from dust to absurd."""
    which = draw(st.sampled_from(("quantity", "notional", "equity_pct", "risk_pct")))
    if which == "quantity":
        money = draw(places("0.01", "20000", 2))
        return Size(quantity=round_digits(divide(money, price)))
    if which == "notional":
        return Size(notional=draw(places("0.01", "20000", 2)))
    if which == "equity_pct":
        return Size(equity_pct=draw(places("0.01", "500", 2)))
    return Size(risk_pct=draw(places("0.01", "5", 2)))


@st.composite
def intents(draw: Any, symbol: str, price: D) -> Intent:
    """An opening intent near a price: most are plausible, some are wrong in one way or in many."""
    side = draw(st.sampled_from(("long", "short")))
    long = side == "long"
    stop_pct = draw(places("0.01", "6", 2))
    stop = Distance(pct=stop_pct)
    if rarely(draw):
        stop = Distance(price=draw(relative(price, "0.7", "1.3")))
    elif draw(st.booleans()):
        stop = Distance(price=draw(relative(price, *(("0.95", "0.999") if long else ("1.001", "1.05")))))
    count = draw(st.integers(0, 3))
    targets = tuple(
        draw(st.one_of(
            st.just(Target(pct=draw(places("0.01", "40", 2)), fraction=D("0.3"))),
            relative(price, "0.99", "1.3").map(lambda at: Target(price=at, fraction=D("0.3"))),
        ))
        for _ in range(count)
    )  # fmt: skip
    entry = draw(st.one_of(
        st.just(Entry()),
        places("0.01", "60", 2).map(lambda bps: Entry(max_slippage_bps=bps)),
        st.just(Entry(plain=True)),
        st.tuples(relative(price, "0.97", "1.03"), st.sampled_from((None, "GTD", "IOC", "FOK", "GTX"))).map(
            lambda drawn: Entry(type="limit", price=drawn[0], time_in_force=drawn[1])
        ),
    ))  # fmt: skip
    return Intent(
        id="intent-1",
        source="strategy",
        symbol=symbol,
        action="open",
        side=side,
        size=draw(sizes(price)),
        entry=entry,
        leverage=draw(st.none() | st.integers(1, 25)),
        stop_loss=None if rarely(draw) else stop,
        take_profits=targets,
        min_size=draw(st.sampled_from(("deny", "up"))),
        expires_at=samples.NOW_MS if rarely(draw) else draw(st.sampled_from((None, samples.NOW_MS + 5_000))),
    )


@st.composite
def views(draw: Any, instrument: Instrument, price: D) -> GateView:
    """An account that may trade, with random balance, exposure and market around a price."""
    tick = instrument.tick_size
    mark = max(round_digits(price * draw(places("0.995", "1.005", 5))), tick)
    bid = max(instrument.round_price(price, up=False), tick)
    ask = bid + tick * draw(st.integers(1, 5))
    poor = rarely(draw)
    equity = draw(places("1", "200", 2) if poor else st.sampled_from((D(5_000), D("25000.37"), D(200_000))))
    exposures = tuple(
        samples.exposure(
            symbol=f"OTHER{index}USDT",
            direction=draw(st.sampled_from((Direction.LONG, Direction.SHORT, None))),
            notional=notional,
            initial_margin=divide(notional, D(10)),
            held_notional=draw(st.sampled_from((D(0), notional))),
        )
        for index, notional in enumerate(draw(st.lists(places("1", "30000", 2), max_size=2)))
    )
    in_use = rarely(draw)
    margin_type = draw(st.sampled_from(("CROSSED", "ISOLATED")))
    base = samples.settings(
        margin_type=margin_type,
        margin_asset=instrument.margin_asset,
        price_collar_hard=rarely(draw),
        max_order_quantity=draw(places("0.01", "1000", 2)) if rarely(draw) else None,
    )
    return samples.view(
        instrument=instrument,
        settings=base,
        mark=mark,
        bid=bid,
        ask=ask,
        mark_low_1m=mark * D("0.999"),
        mark_high_1m=mark * D("1.001"),
        equity=equity,
        wallet=equity,
        available=equity,
        exposures=exposures,
        symbol_in_use=in_use,
        symbol_config=SymbolConfig(
            symbol=instrument.symbol, leverage=draw(st.sampled_from((1, 5, 20))), margin_type=margin_type
        ),
    )


@st.composite
def cases(draw: Any, instrument: Instrument, price: D) -> tuple[Intent, GateView]:
    """An intent and the account that decides on it."""
    return draw(intents(instrument.symbol, price)), draw(views(instrument, price))


def changed(view: GateView, **changes: Any) -> GateView:
    """The same view, differently."""
    return msgspec.structs.replace(view, **changes)

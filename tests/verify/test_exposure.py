"""I14: the limits hold whenever the venue accepts an entry."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.orders import OrderStatus, OrderType
from holdfast.model.seen import Held, Seen
from holdfast.model.settings import Limits, SourcePolicy
from tests.verify.builders import (
    SAW,
    SETTINGS,
    D,
    Story,
    change,
    entry_spec,
    is_a,
    open_trade,
    whole_trade,
)

ROOMY: dict[str, Any] = {"max_order_notional": D(10_000)}


def limited(story: Story, sources: tuple[SourcePolicy, ...] = (), **limits: Any) -> list[str]:
    """What is said of a story under these limits."""
    settings = msgspec.structs.replace(SETTINGS, limits=Limits(**(ROOMY | limits)), sources=sources)
    change(story.events, is_a(ev.EngineStarted), settings=settings)
    return [violation.sentence for violation in story.verdict().violations if violation.invariant == "I14"]


# The entry of `whole_trade` is for 2, at most at 101 while the mark is 100: 202.


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"max_order_quantity": D("1.9")}, "its quantity is 2, the limit is 1.9"),
        ({"max_order_notional": D("201.9")}, "its notional is 202, the limit is 201.9"),
        ({"max_position_notional": D("201.9")}, "the position on BTCUSDT is 202, the limit is 201.9"),
        ({"max_gross_notional": D("201.9")}, "all that is open or may fill is 202, the limit is 201.9"),
        ({"max_net_notional": D("201.9")}, "what is open in its direction, net is 202, the limit is 201.9"),
        ({"max_leverage": 4}, "its leverage is 5, the limit is 4"),
        ({"max_trades": 0}, "the number of trades is 1, the limit is 0"),
    ],
)
def test_each_limit_holds(limits, named):
    """One number below what was accepted is one violation; the number itself is none."""
    (found,) = limited(whole_trade(), **limits)
    assert named in found
    exact = {name: D(202) if "notional" in name else value + (1 if isinstance(value, int) else D("0.1"))
             for name, value in limits.items()}  # fmt: skip
    assert limited(whole_trade(), **exact) == []


def test_a_source_may_have_less():
    """The lower of the two limits."""
    source = SourcePolicy(name="s", max_order_notional=D(200))
    (found,) = limited(whole_trade(), sources=(source,))
    assert "its notional is 202, the limit is 200" in found
    assert limited(whole_trade(), sources=(msgspec.structs.replace(source, name="other"),)) == []


def test_a_plain_market_order_is_worth_its_mark():
    """Its cap is a collar, not a price."""
    story = Story().begin()
    story.accept(entry_type=OrderType.MARKET, cap_price=D(120))
    story.fill_entry()
    assert limited(story, max_order_notional=D(200)) == []


def second(saw: Seen, **plan: Any) -> Story:
    """An open trade worth 200 on one symbol, and an entry for 202 on another."""
    story, _ = open_trade()
    story.accept("i2", symbol="ETHUSDT", saw=saw, **plan)
    spec = msgspec.structs.replace(entry_spec("i2"), symbol="ETHUSDT")
    story.plan(spec, "i2")
    story.send(spec)
    story.order(spec, 2000, "NEW")
    return story


def test_what_is_open_elsewhere_counts_at_the_mark_that_was_cited():
    """Whatever the market does afterwards."""
    saw = msgspec.structs.replace(SAW, held={"BTCUSDT": Held(mark=D(90))})
    assert limited(second(saw), max_gross_notional=D(382)) == []
    (found,) = limited(second(saw), max_gross_notional=D("381.9"))
    assert "all that is open or may fill is 382" in found
    (found,) = limited(second(saw), max_trades=1)
    assert "the number of trades is 2, the limit is 1" in found


def test_an_entry_that_works_counts_as_filled():
    """Its remainder, at its price."""
    story = Story().begin()
    story.accept()
    story.plan(entry_spec())
    story.send(entry_spec())
    story.order(entry_spec(), 500, "NEW")
    story.trade(entry_spec(), 500, "1", "100")
    story.order(entry_spec(), 500, "PARTIALLY_FILLED", "1", x="TRADE")
    story.report(entry_spec(), 500, OrderStatus.PARTLY_FILLED, "1")
    saw = msgspec.structs.replace(SAW, held={"BTCUSDT": Held(mark=D(100))})
    story.accept("i2", symbol="ETHUSDT", saw=saw)
    spec = msgspec.structs.replace(entry_spec("i2"), symbol="ETHUSDT")
    story.plan(spec, "i2")
    story.send(spec)
    story.order(spec, 2000, "NEW")
    (found,) = limited(story, max_gross_notional=D(300))
    assert "all that is open or may fill is 402" in found


def test_what_a_later_verdict_added_is_not_this_ones():
    """It was judged by its own."""
    story = Story().begin()
    story.accept()
    story.accept("i2", symbol="ETHUSDT")
    other = msgspec.structs.replace(entry_spec("i2"), symbol="ETHUSDT")
    for spec, intent_id, order_id in ((other, "i2", 2000), (entry_spec(), "i1", 2001)):
        story.plan(spec, intent_id)
        story.send(spec)
        story.order(spec, order_id, "NEW")
    assert limited(story, max_gross_notional=D(202)) == []


def test_what_is_left_to_others_is_said():
    """The rest of the limits is judged by the gate itself, run again."""
    left_out = {entry.what for entry in whole_trade().verdict().not_checked}
    assert "I14 leverage of the account, margin, slots" in left_out

"""RULES 11: sizes and prices of a verdict are worked out a second time."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.model import events as ev
from holdfast.model.instrument import Instrument
from holdfast.model.intent import Distance, Entry, Intent, Size
from holdfast.model.orders import Direction, OrderType, TimeInForce
from holdfast.model.plans import TradePlan
from holdfast.model.seen import Held, Seen
from holdfast.model.settings import EngineSettings, Limits, Venue
from tests.verify.builders import ACCOUNT, SYMBOL, D, Story, change, is_a

RULES = Instrument(
    symbol=SYMBOL, status="TRADING", contract_type="PERPETUAL", base_asset="BTC", quote_asset="USDT",
    margin_asset="USDT", tick_size=D("0.1"), price_min=D("0.1"), price_max=D(100_000), step_size=D("0.1"),
    quantity_min=D("0.1"), quantity_max=D(1_000), market_step_size=D("0.1"), market_quantity_min=D("0.1"),
    market_quantity_max=D(1_000), notional_min=D(5), multiplier_up=D("1.1"), multiplier_down=D("0.9"),
)  # fmt: skip
SEEN = Seen(
    mark=D(100), mark_age_ms=10, bid=D("99.9"), ask=D(100), touch_age_ms=10, account_age_ms=10, watch_age_ms=10,
    clock_offset_ms=5, held={SYMBOL: Held()},
)  # fmt: skip


def accepted(*, limits: Limits | None = None, seen: Seen = SEEN, **changed: Any) -> list[str]:
    """The rules that the acceptance of a long of 2 at 101 with a stop at 95 breaks; `changed` is of intent or plan."""
    story = Story().begin()
    settings = EngineSettings(account=ACCOUNT, venue=Venue.PAPER, limits=limits or Limits())
    change(story.events, is_a(ev.EngineStarted), settings=settings)
    story.wait(1_000).event(ev.RulesSeen, rules=RULES)
    asked: dict[str, Any] = {
        "size": Size(quantity=D(2)), "stop_loss": Distance(price=D(95)), "entry": Entry(type="limit", price=D(101)),
        "min_size": "deny",
    }  # fmt: skip
    planned: dict[str, Any] = {"quantity": D(2), "cap_price": D(101), "stop_price": D(95), "leverage": 5}
    for name, value in changed.items():
        (planned if name in planned else asked)[name] = value
    intent = Intent(id="i1", source="s", symbol=SYMBOL, action="open", side="long", **asked)
    plan = TradePlan(
        trade_id="t", intent_id="i1", source="s", symbol=SYMBOL, direction=Direction.LONG, entry_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC, targets=(), arrival_mid=D("99.95"), mark=D(100), deadline_ms=story.ms, **planned,
    )  # fmt: skip
    facts = {"equity": "10000"}
    story.event(ev.IntentAccepted, intent=intent, content_hash="h", verdict="v-t", plan=plan, facts=facts, seen=seen)
    return story.verdict().broken()


def test_an_order_as_it_was_asked_for_is_fine():
    """The others in this file must be found for their own reason."""
    assert accepted() == []


@pytest.mark.parametrize(
    ("size", "right", "wrong"),
    [
        (Size(quantity=D("2.05")), "2", ("1.9", "2.1")),
        (Size(notional=D(210)), "2", ("1.9", "2.1")),
        (Size(equity_pct=D("2.1")), "2", ("1.9", "2.1")),
        # 6.098 is lost by one unit: 6 between cap and stop, and a taker fee of 0.0005 at both.
        (Size(risk_pct=D("0.13")), "2.1", ("2", "2.2")),
    ],
    ids=["quantity", "notional", "equity", "risk"],
)
def test_rules_11_a_size_is_rounded_down_and_never_clamped(size, right, wrong):
    """One step more would be too much, one less was not asked for."""
    assert accepted(size=size, quantity=D(right)) == []
    assert [accepted(size=size, quantity=D(quantity)) for quantity in wrong] == [["RULES 11"], ["RULES 11"]]


def test_rules_11_the_smallest_size_may_be_asked_for():
    """Then it is more than the rest of the size says."""
    assert accepted(size=Size(quantity=D("0.01")), quantity=D("0.1"), min_size="up") == []


@pytest.mark.parametrize(
    ("entry", "cap", "broken"),
    [
        (Entry(type="limit", price=D(101)), "101.1", ["RULES 11"]),
        (Entry(max_slippage_bps=D(15)), "100.1", []),
        (Entry(max_slippage_bps=D(15)), "100.2", ["RULES 11"]),
        (Entry(), "100.1", []),
        (Entry(max_slippage_bps=D(60)), "100.6", ["I14"]),
    ],
)
def test_rules_11_the_cap_is_rounded_toward_the_touch(entry, cap, broken):
    """Of a limit entry it is the limit; of a market entry the touch and the permitted slippage."""
    assert accepted(entry=entry, cap_price=D(cap)) == broken


@pytest.mark.parametrize(
    ("asked", "stop", "broken"),
    [
        (Distance(price=D("94.95")), "95", []),
        (Distance(price=D("94.95")), "94.9", ["RULES 11"]),
        (Distance(price=D("94.85")), "95", ["RULES 11"]),
        (Distance(pct=D(5)), "95", []),
        (Distance(pct=D(5)), "94.9", ["RULES 11"]),
    ],
)
def test_rules_11_a_stop_is_rounded_toward_the_entry(asked, stop, broken):
    """Never away from it, and by less than a tick."""
    assert accepted(stop_loss=asked, stop_price=D(stop)) == broken


def test_a_journal_without_settings_is_not_judged():
    """It is said, and not passed over."""
    story = Story().begin()
    change(story.events, is_a(ev.EngineStarted), settings=None)
    assert "RULES 11 sizes" in {entry.what for entry in story.verdict().not_checked}

"""Real alerts of a scanner, each sent to the engine on a market that starts at the alert's entry price.

Engine and paper exchange with the symbol's real filters and tiers, in process and in virtual time.
"""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pytest

from holdfast.core import counterfactual as cf
from holdfast.model.intent import Intent, validate
from holdfast.model.num import text
from holdfast.model.plans import IntentResult
from holdfast.service.verdicts import Verdict
from holdfast.wiring.world import in_process_config
from tests.acceptance.alerts import Alert, finest, intent_of, load, on_grid
from tests.world import Stage, play

NOTHING: Mapping[str, str] = MappingProxyType({})
TRADES_AGAIN = re.compile(r"^\S+ has status TRADING$")
LISTED_AGAIN = {"status": "TRADING", "deliveryDate": 4_133_404_800_000}
TOUCH_IS_BETTER = re.compile(r"^the touch [\d.]+ is better than [\d.]+$")


class Ended(NamedTuple):
    """How an alert ended: the intent that was sent, the engine's verdict, and the terminal result."""

    alert: Alert
    seed: int
    intent: Intent
    verdict: Verdict
    result: IntentResult


@pytest.fixture(scope="module")
def alerts(shared_dir: Path) -> list[Alert]:
    """Every alert on a symbol that has USDⓈ-M tiers."""
    return load(shared_dir / "data")


def lived(alert: Alert, seed: int, mend: Mapping[str, str] = NOTHING) -> Ended:
    """Send an alert on a market of its own; with `mend`, changed as a counterfactual says, under another id."""
    state = mend.get("state", "")
    row = alert.rules.row | (LISTED_AGAIN if TRADES_AGAIN.match(state) else {})
    paper = in_process_config()
    paper.brackets = {alert.symbol: alert.rules.brackets}

    async def scene(stage: Stage) -> Ended:
        await stage.world.active()
        if row["status"] == "TRADING":
            await stage.world.priced()
        if TOUCH_IS_BETTER.match(state):
            await bring_touch_to_mark(stage, alert)
        intent = changed(intent_of(alert, stage.now_ms), mend)
        verdict = await stage.send(intent)
        result = await stage.result(intent.id)
        return Ended(alert, seed, intent, verdict, result)

    info = {"rateLimits": [], "symbols": [row]}
    market = f"synthetic:{seed}:{alert.symbol}={text(alert.entry_price)}"
    ended: Ended = play(scene, market=market, exchange_info=info, paper=paper)
    return ended


def lived_again(one: Ended) -> Ended:
    """Send it again as its counterfactual says.

    What has to change outside the intent comes first (the symbol trades, the touch is better); what the gate, which
    had no price before, then says about the intent is applied as well.
    """
    mend = one.result.counterfactual
    again = lived(one.alert, one.seed, mend)
    if again.verdict.accepted or cf.is_change(mend):
        return again
    return lived(one.alert, one.seed, mend | again.result.counterfactual)


def changed(intent: Intent, mend: Mapping[str, str]) -> Intent:
    """The intent with the counterfactual's changes, as a new intent; what concerns the market is left to the market."""
    if not mend:
        return intent
    fields = {key: value for key, value in mend.items() if key not in cf.OUTSIDE}
    return msgspec.structs.replace(cf.apply_counterfactual(intent, fields), id=intent.id + "/again")


async def bring_touch_to_mark(stage: Stage, alert: Alert) -> None:
    """Move the mark one tick towards the side of the book that the entry takes."""
    touch, market = stage.world.touch(alert.symbol), stage.node.engine.around.market(alert.symbol)
    assert touch is not None
    assert market.mark is not None
    ticks = 1 if alert.direction == "bull" else -1
    percent = alert.tick * ticks * 101 / market.mark
    before = market.mark
    stage.control("price", symbol=alert.symbol, percent=text(percent.quantize(alert.tick)), only="mark")
    assert await stage.world.until(lambda: market.mark != before, 5)


def test_real_alerts_are_protected_or_told_what_would_be(alerts: list[Alert]) -> None:
    """At least 150 of 261 are protected; every other is told a change, and with it is accepted."""
    ended = [lived(alert, seed) for seed, alert in enumerate(alerts)]
    protected = [one for one in ended if one.result.status == "protected"]
    others = [one for one in ended if one.result.status != "protected"]
    assert len(ended) == 261
    assert len(protected) >= 150
    assert all(one.result.code and one.result.reason and one.result.counterfactual for one in others)
    again = [lived_again(one) for one in others]
    assert [one.verdict for one in again if not one.verdict.accepted] == []
    statuses = Counter(one.result.status.value for one in again)
    assert statuses["protected"] >= len(again) - 5, (statuses, Counter(one.result.code for one in others))


def test_what_each_protected_alert_got(alerts: list[Alert]) -> None:
    """The stop of the alert on the symbol's grid, leverage 5, and no more than 1 % of the account at risk."""
    for seed, alert in enumerate(alerts[:5]):
        one = lived(alert, seed)
        assert one.result.status == "protected"
        plan = one.verdict.plan
        assert plan is not None
        assert plan.stop_price == on_grid(alert.stop, alert.tick)
        assert plan.leverage == 5
        assert plan.quantity * abs(plan.cap_price - plan.stop_price) <= 100
        assert [order.status for order in one.result.orders if order.role == "stop"] == ["armed"]


def test_an_alert_keeps_its_written_numbers(alerts: list[Alert]) -> None:
    """2.0079999999999996 is written, 2.008 is on the grid; nothing passes through a float."""
    first = alerts[0]
    assert (first.symbol, first.target) == ("ARUSDT", "2.0079999999999996")
    intent = intent_of(first, 1_000)
    assert [text(target.price) for target in intent.take_profits if target.price] == ["2.008"]
    assert intent.expires_at == 11_000
    assert (intent.side, intent.id, intent.leverage) == ("long", first.id, 5)


def test_every_alert_makes_a_valid_intent_with_its_own_id(alerts: list[Alert]) -> None:
    """Also the one whose symbol is no ASCII, and the five whose target is below zero."""
    made = [intent_of(alert, 0) for alert in alerts]
    for intent in made:
        validate(intent)
    assert len({intent.id for intent in made}) == 261
    assert sum(not intent.take_profits for intent in made) == 5
    assert sum(not alert.symbol.isascii() for alert in alerts) == 1


def test_where_the_rules_of_the_symbols_come_from(alerts: list[Alert]) -> None:
    """Nearly all from production; a few from the testnet, a few like another symbol with the same tick."""
    origins: Counter[Any] = Counter(alert.rules.origin.split("_")[0].split(" ")[0] for alert in alerts)
    assert origins == {"mainnet": 245, "testnet": 4, "as": 12}


def test_the_finest_digit_of_written_prices() -> None:
    """Digits that binary arithmetic made are none."""
    assert text(finest("1.39", "1.297", "1.5759999999999998")) == "0.001"

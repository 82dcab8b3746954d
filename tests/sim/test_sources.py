"""Strategies: valid intents around the market, asked again until they are answered."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from holdfast.model import intent as intents
from holdfast.model import num
from holdfast.model.intent import Intent
from holdfast.sim.sources import Drawn, Sources, Touch

TOUCH: Touch = (Decimal("65000.00"), Decimal("65000.10"))
TICK = Decimal("0.10")


def drawn(seed: int) -> Intent:
    """One opening intent."""
    return Drawn(random.Random(seed), TOUCH, TICK).intent("sim-00001", "BTCUSDT")


def opened(sources: Sources, seed: int = 1) -> Intent:
    """Somebody wants in, and the market is known."""
    intent = sources.open(random.Random(seed), lambda _: TICK, lambda _: TOUCH)
    assert intent is not None
    return intent


@pytest.mark.parametrize("seed", range(50))
def test_what_is_asked_for_is_valid(seed: int) -> None:
    """No refusal of the engine can be blamed on the form."""
    intents.validate(drawn(seed))


@pytest.mark.parametrize("seed", range(50))
def test_prices_lie_on_the_grid(seed: int) -> None:
    """Of entry, stop and targets."""
    intent = drawn(seed)
    assert intent.entry is not None
    assert intent.stop_loss is not None
    prices = [intent.entry.price, intent.stop_loss.price, *(target.price for target in intent.take_profits)]
    assert [price for price in prices if price is not None and not num.is_multiple(price, TICK)] == []


@pytest.mark.parametrize("seed", range(50))
def test_stop_and_targets_lie_on_their_sides(seed: int) -> None:
    """The stop where it loses, targets where they win, the nearer one first."""
    intent = drawn(seed)
    assert intent.stop_loss is not None
    sign, base = (1, TOUCH[1]) if intent.side == "long" else (-1, TOUCH[0])
    won = [sign * (target.price - base) for target in intent.take_profits if target.price is not None]
    assert won == sorted(won)
    assert all(much > 0 for much in won)
    assert intent.stop_loss.price is None or sign * (intent.stop_loss.price - base) < 0


def test_every_kind_of_intent_is_drawn() -> None:
    """Sizes, stops and entries in all their forms, with and without targets."""
    many = [drawn(seed) for seed in range(300)]
    sizes = {tuple(name for name in ("risk_pct", "equity_pct", "notional") if getattr(i.size, name)) for i in many}
    assert sizes == {("risk_pct",), ("equity_pct",), ("notional",)}
    assert {i.side for i in many} == {"long", "short"}
    assert {len(i.take_profits) for i in many} == {0, 1, 2}
    assert {i.stop_loss.price is None for i in many if i.stop_loss} == {True, False}
    assert {i.entry.time_in_force for i in many if i.entry} >= {"GTD", "IOC", "FOK", "GTX"}
    assert {i.entry.plain for i in many if i.entry and i.entry.type == "market"} == {True, False}


def test_a_seed_is_one_stream() -> None:
    """The same generator, the same intents."""
    assert [drawn(seed) for seed in range(20)] == [drawn(seed) for seed in range(20)]


def test_nobody_wants_in_before_the_first_price() -> None:
    """There is nothing to draw around, and nothing is noted."""
    sources = Sources(("BTCUSDT",))
    assert sources.open(random.Random(1), lambda _: TICK, lambda _: None) is None
    assert (sources.sent, sources.waiting) == ([], {})


def test_no_id_is_given_twice() -> None:
    """Entries, exits and the end count on together."""
    sources = Sources(("BTCUSDT",))
    sent = [opened(sources), sources.close(random.Random(1)), sources.flatten("BTCUSDT"), opened(sources, 2)]
    assert [intent.id for intent in sent] == ["sim-00001", "sim-00002", "sim-00003", "sim-00004"]
    assert sources.sent == sent


def test_what_is_unanswered_waits() -> None:
    """Until its answer comes, which may come twice."""
    sources = Sources(("BTCUSDT",))
    first, second = opened(sources, 1), opened(sources, 2)
    assert sources.waiting == {first.id: first, second.id: second}
    sources.answered(first.id)
    sources.answered(first.id)
    assert sources.waiting == {second.id: second}


def test_nothing_is_repeated_before_the_first() -> None:
    """There is no past yet."""
    assert Sources(("BTCUSDT",)).again(random.Random(1)) is None


def test_what_is_repeated_is_of_the_past() -> None:
    """The same id; mostly the same content, now and then another."""
    sources = Sources(("BTCUSDT",))
    first = opened(sources)
    again = [sources.again(random.Random(seed)) for seed in range(50)]
    same = [intent == first for intent in again]
    assert {intent.id for intent in again if intent} == {first.id}
    assert len(sources.sent) == 1
    assert 5 < same.count(False) < same.count(True)


@pytest.mark.parametrize("seed", range(5))
def test_who_wants_out_opens_nothing(seed: int) -> None:
    """A close or a flatten of one of the symbols."""
    intent = Sources(("BTCUSDT", "ETHUSDT")).close(random.Random(seed))
    assert intent.action in ("close", "flatten")
    assert intent.symbol in ("BTCUSDT", "ETHUSDT")
    intents.validate(intent)

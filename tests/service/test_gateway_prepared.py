"""Orders that are written while the disk works, and what becomes of them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.effects import Authorised, Place
from holdfast.model.reasons import Outcome
from holdfast.service.gateway import MAX_PREPARED, PREPARED_MS
from tests.service.fakes_venue import virtual
from tests.service.gateway_bench import NOW_MS, Bench, entry, stop


@virtual
async def test_a_prepared_order_leaves_as_it_was_written() -> None:
    """The stop's stamp is a few milliseconds old then; the entry's is its record's in any case."""
    bench = await Bench().start()
    effects = [stop(), entry()]
    bench.gateway.prepare(effects)
    assert bench.connector.link.messages() == []
    bench.clock.at_ms = NOW_MS + PREPARED_MS
    for effect in effects:
        bench.gateway.perform(effect)
    sent = [(m["method"], m["params"]["timestamp"]) for m in bench.connector.link.messages()]
    assert sent == [("algoOrder.place", NOW_MS), ("order.place", NOW_MS)]
    await bench.settle()
    assert [answer.outcome.outcome for answer in bench.answers()] == [Outcome.CONFIRMED] * 2


@virtual
async def test_rules_8_a_stop_that_was_prepared_long_ago_is_stamped_again() -> None:
    """Stops are re-stamped at every send: the disk may have taken its time."""
    bench = await Bench().start()
    effect = stop()
    bench.gateway.prepare([effect])
    bench.clock.at_ms = NOW_MS + PREPARED_MS + 1
    bench.gateway.perform(effect)
    assert bench.connector.link.messages()[0]["params"]["timestamp"] == NOW_MS + PREPARED_MS + 1


@virtual
async def test_what_was_prepared_for_another_effect_is_not_sent() -> None:
    """A stop that is sent again has the same name; what counts is the order that is performed now."""
    bench = await Bench().start()
    bench.gateway.prepare([stop()])
    bench.clock.at_ms = NOW_MS + 5
    bench.gateway.perform(stop())
    assert bench.connector.link.messages()[0]["params"]["timestamp"] == NOW_MS + 5


@virtual
async def test_what_is_prepared_and_never_performed_is_forgotten() -> None:
    """Effects that are held back without a journal must not pile up."""
    bench = await Bench().start()
    bench.gateway.prepare([entry(n) for n in range(MAX_PREPARED + 1)])
    bench.gateway.prepare([stop()])
    assert list(bench.gateway._prepared) == ["hf-s1-a"]


@virtual
async def test_preparing_a_contradictory_order_does_nothing() -> None:
    """Performing it is what refuses it."""
    bench = await Bench().start()
    broken = msgspec.structs.replace(entry().order.spec, quantity=Decimal(0))
    bench.gateway.prepare([Place(order=Authorised(broken, "v"), timestamp_ms=NOW_MS)])
    assert bench.answers() == []
    assert bench.gateway._prepared == {}

"""More of what random days found: stops that are gone unheard, each as the smallest story that shows it."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.intent import Entry
from tests.random_days.test_found import SECOND, ended, started


def test_rules_12_a_stop_is_as_old_as_the_venue_says_not_as_its_answer():
    """It had vanished, and a list without it came before the late answer that it was armed: it was taken for too young
    for that list, and the question for it stayed open for seconds."""
    world = started()
    world.fault("algo.vanish")
    world.fault("ws.drop", kinds=["ALGO_UPDATE"], count=2)
    world.fault("delay", on="algoOrder.place", ms=2_100)
    world.fault("delay", on="algoOrder.status", ms=2_900)
    world.open("i1", entry=Entry(type="limit", price=Decimal("79990"), time_in_force="GTD", ttl_ms=20_000))
    world.run(1_980)
    world.fault("ws.drop", count=3)
    world.desk.trade("79990", "0.05", symbol="BTCUSDT", seller_aggressive=True)
    world.run(1 * SECOND)
    assert [line["status"] for line in world.desk.records("algo")] == ["NEW", "EXPIRED", "NEW"]
    assert ended(world) == []

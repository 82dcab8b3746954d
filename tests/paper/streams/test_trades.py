"""Streams of trades."""

from typing import Any

from tests.paper.desk import SECOND, Desk


def listening(name: str, route: str, facts: dict[str, Any] | None = None) -> Desk:
    """A desk with one stream subscribed, at the start of a second."""
    desk = Desk(facts)
    desk.venue.ws_open(1, f"/{route}/ws/{name}", desk.now_us)
    return desk


def test_trades_come_as_they_are() -> None:
    """At once, on the public route (protocol notes F.1)."""
    desk = listening("btcusdt@trade", "public")
    desk.trade("80000.5", "0.250", seller_aggressive=True)
    [frame] = desk.sent()
    assert (frame["p"], frame["q"], frame["m"], frame["t"]) == ("80000.50", "0.250", True, desk.update_id)


def test_rules_14_the_trade_stream_may_be_silent() -> None:
    """It was seen so on the real venue (protocol notes F.1, L.2)."""
    desk = listening("btcusdt@trade", "public", {"trade_stream": False})
    desk.trade("80000.5", "0.250", seller_aggressive=True)
    desk.wait(SECOND)
    assert desk.sent() == []


def test_trades_of_one_price_and_direction_within_100_ms_are_one_aggregate() -> None:
    """With the first and last trade id (protocol notes F.1, F.2)."""
    desk = listening("btcusdt@aggTrade", "market")
    for _ in range(3):
        desk.trade("80000.5", "0.250", seller_aggressive=True)
        desk.wait(10_000)
    desk.wait(70_000)
    [frame] = desk.sent()
    assert (frame["q"], frame["nq"], frame["p"], frame["m"]) == ("0.750", "0.750", "80000.50", True)
    assert frame["l"] - frame["f"] == 2


def test_another_price_direction_or_period_begins_a_new_aggregate() -> None:
    """Their ids rise (protocol notes F.1)."""
    desk = listening("btcusdt@aggTrade", "market")
    desk.trade("80000.5", "0.250", seller_aggressive=True)
    desk.trade("80000.5", "0.250", seller_aggressive=False)
    desk.trade("80000.6", "0.250", seller_aggressive=False)
    desk.wait(100_000)
    desk.trade("80000.6", "0.250", seller_aggressive=False)
    desk.wait(100_000)
    frames = desk.sent()
    assert [(frame["p"], frame["m"]) for frame in frames] == [
        ("80000.50", True),
        ("80000.50", False),
        ("80000.60", False),
        ("80000.60", False),
    ]
    ids = [frame["a"] for frame in frames]
    assert ids == sorted(dict.fromkeys(ids))

"""Funding over REST."""

from tests.paper.desk import SECOND, Desk
from tests.paper.watched import NOW_MS, read


def test_funding_is_told_once_it_was_settled() -> None:
    """Rate and mark of the instant; before it, made-up instants every eight hours."""
    desk = Desk()
    due = NOW_MS - NOW_MS % 28_800_000 + 28_800_000
    desk.mark("80000", rate="0.00025", next_funding_ms=due)
    before = read(desk, "fundingRate", symbol="BTCUSDT", limit=2)
    assert [row["fundingTime"] for row in before] == [due - 2 * 28_800_000, due - 28_800_000]
    desk.wait((due - NOW_MS) * 1000 + SECOND)
    assert read(desk, "fundingRate", symbol="BTCUSDT", startTime=due) == [
        {
            "symbol": "BTCUSDT",
            "fundingRate": "0.00025000",
            "fundingTime": due,
            "markPrice": "80000.00000000",
            "rateType": "Regular",
        }
    ]
    assert read(desk, "fundingRate", symbol="BTCUSDT", limit=3)[:2] == before
    assert read(desk, "fundingRate", symbol="BTCUSDT", startTime=due - 2 * 28_800_000, limit=2) == before

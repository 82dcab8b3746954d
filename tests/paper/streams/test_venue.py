"""Streams of what the venue itself does: liquidations, contracts, indices."""

import copy
from decimal import Decimal

from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from tests.paper.desk import SECOND, START_US, Desk


def listening(name: str, desk: Desk | None = None) -> Desk:
    """A desk with one market stream subscribed."""
    desk = desk or Desk()
    desk.venue.ws_open(1, f"/market/ws/{name}", desk.now_us)
    return desk


def ruined(desk: Desk) -> None:
    """A position that the mark wipes out."""
    desk.levels({"80000.0": "100"}, {"80000.1": "100"})
    assert desk.order(quantity="10").status == 200
    desk.levels({"69000.0": "100"}, {"69000.1": "100"})
    desk.mark("69000")


def test_a_liquidation_is_told_within_a_second() -> None:
    """A filled limit IOC (protocol notes F.1, F.2)."""
    for name in ("btcusdt@forceOrder", "!forceOrder@arr"):
        desk = listening(name)
        ruined(desk)
        assert desk.sent() == []
        desk.wait(SECOND)
        [frame] = desk.sent()
        told = frame["o"]
        assert frame["e"] == "forceOrder"
        assert (told["s"], told["S"], told["o"], told["f"], told["X"]) == ("BTCUSDT", "SELL", "LIMIT", "IOC", "FILLED")
        assert Decimal(told["z"]) == 10


def test_other_orders_are_no_liquidations() -> None:
    """A trader's own sale is not told."""
    desk = listening("!forceOrder@arr")
    desk.order(side="SELL")
    desk.wait(SECOND)
    assert desk.sent() == []


def test_a_changed_contract_is_told() -> None:
    """With its tiers, and the leverage each is for (protocol notes F.2)."""
    desk = listening("!contractInfo")
    desk.control("symbol", symbol="BTCUSDT", status="SETTLING")
    [frame] = desk.sent()
    assert (frame["e"], frame["s"], frame["ps"], frame["cs"], frame["st"]) == (
        "contractInfo",
        "BTCUSDT",
        "BTCUSDT",
        "SETTLING",
        1,
    )
    first, second = frame["bks"][:2]
    assert (first["bs"], first["bnf"], first["mi"]) == (1, 0, second["ma"] + 1)
    assert frame["bks"][-1]["mi"] == 1


def test_asset_indices_come_every_second() -> None:
    """All margin assets as an array, one of them as an object (protocol notes F.1)."""
    desk = listening("!assetIndex@arr")
    desk.venue.ws_open(2, "/market/ws/usdtusd@assetIndex", desk.now_us)
    desk.wait(SECOND)
    assets = [row["asset"] for row in desk.venue.exchange.info["assets"]]
    out = desk.venue.drain()
    assert [frame.conn for frame in out] == [1, 2]
    assert out[0].text.count(b"assetIndexUpdate") == len(assets)  # type: ignore[union-attr]
    assert out[1].text.startswith(b'{"e":"assetIndexUpdate"')  # type: ignore[union-attr]


def test_only_an_index_contract_has_a_composite_index() -> None:
    """Its index price, every second (protocol notes F.1)."""
    info = copy.deepcopy(default_exchange_info())
    next(row for row in info["symbols"] if row["symbol"] == "BTCUSDT")["underlyingType"] = "INDEX"
    desk = Desk()
    desk.venue = PaperVenue(PaperConfig(), info, START_US, desk.log.append)  # type: ignore[arg-type]
    listening("btcusdt@compositeIndex/ethusdt@compositeIndex", desk)
    desk.mark("80000")
    desk.mark("3000", symbol="ETHUSDT")
    desk.wait(SECOND)
    [frame] = desk.sent()
    assert (frame["e"], frame["s"], frame["p"]) == ("compositeIndex", "BTCUSDT", "80000.00000000")


def test_trading_sessions_come_every_second() -> None:
    """One frame for equities, one for commodities (protocol notes F.1)."""
    desk = listening("tradingSession")
    desk.wait(SECOND)
    frames = desk.sent()
    assert [frame["e"] for frame in frames] == ["EquityUpdate", "CommodityUpdate"]
    assert all(frame["t"] <= frame["E"] < frame["T"] for frame in frames)

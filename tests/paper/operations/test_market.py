"""Public reads."""

from tests.paper.desk import START_US, Desk
from tests.paper.watched import read, traded


def test_time_and_ping_need_no_key() -> None:
    """On the futures paths and on the Spot ones that clients probe."""
    desk = Desk()
    for path in ("/fapi/v1", "/api/v3"):
        assert desk.raw("GET", f"{path}/ping", key="").body == {}
        assert desk.raw("GET", f"{path}/time", key="").body == {"serverTime": START_US // 1000}


def test_exchange_info_keeps_the_document_and_states_the_limits() -> None:
    """Conditional types stay listed: clients route by that list."""
    body = Desk().raw("GET", "/fapi/v1/exchangeInfo").body
    assert [row["rateLimitType"] for row in body["rateLimits"]] == ["REQUEST_WEIGHT", "ORDERS", "ORDERS"]
    assert "STOP_MARKET" in body["symbols"][0]["orderTypes"]
    assert body["serverTime"] == START_US // 1000


def test_depth_and_its_weights() -> None:
    """A limit outside the list is refused; the weight grows with it."""
    desk = Desk()
    assert desk.raw("GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=7").code == -4021
    book = desk.raw("GET", "/fapi/v1/depth?symbol=BTCUSDT").body
    assert (book["bids"], book["asks"]) == ([["80000.00", "2.000"]], [["80000.10", "2.000"]])
    before = int(desk.raw("GET", "/fapi/v1/ping").headers["X-MBX-USED-WEIGHT-1M"])
    after = int(desk.raw("GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000").headers["X-MBX-USED-WEIGHT-1M"])
    assert after - before == 20


def test_one_symbol_is_an_object_and_all_are_a_list() -> None:
    """For every ticker and for the premium index."""
    desk = Desk()
    desk.trade("80000.1", "1", seller_aggressive=False)
    for path in ("premiumIndex", "ticker/price", "ticker/bookTicker"):
        one = desk.raw("GET", f"/fapi/v1/{path}?symbol=BTCUSDT").body
        assert desk.raw("GET", f"/fapi/v1/{path}").body == [one]


def test_a_market_without_prices_shows_zeros() -> None:
    """Nothing is invented."""
    body = Desk().raw("GET", "/fapi/v1/ticker/bookTicker?symbol=ETHUSDT").body
    assert (body["bidPrice"], body["askQty"]) == ("0.00", "0.000")


def test_exchange_info_has_the_keys_of_the_wire() -> None:
    """Protocol notes B.2: conditional types listed, no settlePlan, assets and futuresType there."""
    info = read(Desk(), "exchangeInfo")
    assert list(info) == [
        "timezone",
        "serverTime",
        "futuresType",
        "rateLimits",
        "exchangeFilters",
        "assets",
        "symbols",
    ]
    assert info["futuresType"] == "U_MARGINED"
    assert info["assets"][0] == {"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}
    keys = (
        "symbol pair contractType deliveryDate onboardDate status maintMarginPercent requiredMarginPercent baseAsset "
        "quoteAsset marginAsset pricePrecision quantityPrecision baseAssetPrecision quotePrecision underlyingType "
        "underlyingSubType triggerProtect liquidationFee marketTakeBound maxMoveOrderLimit filters orderTypes "
        "timeInForce permissionSets"
    )
    for row in info["symbols"]:
        assert sorted(row) == sorted(keys.split(" "))
        assert "TRAILING_STOP_MARKET" in row["orderTypes"]
        assert row["deliveryDate"] == 4133404800000


def test_the_ws_api_shares_the_reads() -> None:
    """Protocol notes G.3: depth, ticker.price and ticker.book answer as REST does."""
    desk = traded()
    assert desk.venue.ws_open(7, "/ws-fapi/v1", desk.now_us)
    for method, path in (("depth", "depth"), ("ticker.price", "ticker/price"), ("ticker.book", "ticker/bookTicker")):
        desk.venue.ws_text(7, f'{{"id":1,"method":"{method}","params":{{"symbol":"BTCUSDT"}}}}', desk.now_us)
        (frame,) = desk.sent(7)
        assert frame["result"] == read(desk, path, symbol="BTCUSDT")

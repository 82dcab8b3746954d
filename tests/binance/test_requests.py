"""Requests: what is asked for each effect, and how it is signed."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.binance import requests
from holdfast.binance.requests import Unsendable, rest_message
from holdfast.binance.signing import HmacSigner
from holdfast.model.effects import Cancel, ChangeSetting, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, AlgoType, OrderSpec, OrderType, PositionSide, Side, TimeInForce, WorkingType

SIGNER = HmacSigner("paper-key-01", "paper-secret-7f3c")


def order(**changes: Any) -> OrderSpec:
    """A limit IOC entry, changed."""
    fields: dict[str, Any] = {
        "client_id": "hf-e1-abc",
        "role": Role.ENTRY,
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": Decimal("0.010"),
        "price": Decimal("81234.50"),
        "time_in_force": TimeInForce.IOC,
    }
    return OrderSpec(**{**fields, **changes})


def stop(**changes: Any) -> AlgoSpec:
    """The default stop of a long, changed."""
    fields: dict[str, Any] = {
        "client_id": "hf-s1-abc",
        "role": Role.STOP,
        "symbol": "BTCUSDT",
        "side": Side.SELL,
        "type": AlgoType.STOP_MARKET,
        "trigger_price": Decimal("79800.0"),
        "close_position": True,
    }
    return AlgoSpec(**{**fields, **changes})


def test_an_entry() -> None:
    """All parameters of a limit IOC, RESULT and self-trade prevention among them (P23)."""
    request = requests.place(order())
    assert request.params == {
        "newClientOrderId": "hf-e1-abc",
        "newOrderRespType": "RESULT",
        "positionSide": "BOTH",
        "price": "81234.50",
        "quantity": "0.010",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "side": "BUY",
        "symbol": "BTCUSDT",
        "timeInForce": "IOC",
        "type": "LIMIT",
    }
    assert (request.endpoint.path, request.endpoint.ws_method) == ("/fapi/v1/order", "order.place")


def test_the_default_stop() -> None:
    """closePosition, mark price, no price protection; neither quantity nor the reduce-only flag (DESIGN 4)."""
    assert requests.place(stop()).params == {
        "algoType": "CONDITIONAL",
        "clientAlgoId": "hf-s1-abc",
        "closePosition": "true",
        "positionSide": "BOTH",
        "priceProtect": "false",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "side": "SELL",
        "symbol": "BTCUSDT",
        "triggerPrice": "79800.0",
        "type": "STOP_MARKET",
        "workingType": "MARK_PRICE",
    }


def test_the_quantity_stop() -> None:
    """The other form: quantity and reduce-only."""
    spec = stop(
        close_position=False, quantity=Decimal("0.5"), reduce_only=True, working_type=WorkingType.CONTRACT_PRICE
    )
    params = requests.place(spec).params
    assert (params["quantity"], params["reduceOnly"], params["workingType"]) == ("0.5", "true", "CONTRACT_PRICE")
    assert "closePosition" not in params


@pytest.mark.parametrize("role", [Role.TARGET, Role.EXIT, Role.CLOSE])
def test_a_reducing_order_says_so(role: Role) -> None:
    """Flagged, so that it passes while the venue is overloaded; unflagged it is not sendable."""
    spec = order(role=role, side=Side.SELL, reduce_only=True)
    assert requests.place(spec).params["reduceOnly"] == "true"
    with pytest.raises(Unsendable, match="reduce-only"):
        requests.place(order(role=role))


def test_a_hedge_leg_closes_without_the_flag() -> None:
    """A hedge account refuses the flag (protocol notes 0.3 no. 27)."""
    spec = order(role=Role.CLOSE, side=Side.SELL, reduce_only=True, position_side=PositionSide.LONG)
    params = requests.place(spec).params
    assert "reduceOnly" not in params
    assert params["positionSide"] == "LONG"


def test_numbers_are_written_without_an_exponent() -> None:
    """0.00001, never 1E-5."""
    params = requests.place(order(quantity=Decimal("0.00001"), price=Decimal("1E+3"))).params
    assert (params["quantity"], params["price"]) == ("0.00001", "1000")


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (order(quantity=Decimal(0)), "above zero"),
        (order(type=OrderType.MARKET), "neither price"),
        (order(type=OrderType.MARKET, price=None), "neither price"),
        (order(price=None), "needs price"),
        (order(time_in_force=None), "needs price"),
        (order(time_in_force=TimeInForce.GTD), "good-till"),
        (order(good_till_ms=1), "good-till"),
        (stop(quantity=Decimal(1)), "either close_position"),
        (stop(close_position=False), "either close_position"),
        (stop(reduce_only=True), "must not be flagged"),
        (stop(close_position=False, quantity=Decimal(1)), "must be reduce-only"),
    ],
)
def test_a_contradiction_is_not_sent(spec: OrderSpec | AlgoSpec, rule: str) -> None:
    """The venue's answer to nonsense is not worth finding out."""
    with pytest.raises(Unsendable, match=rule):
        requests.place(spec)


def test_a_resting_entry_ends_at_the_venue() -> None:
    """RULES 10: GTD with its date."""
    params = requests.place(order(time_in_force=TimeInForce.GTD, good_till_ms=1_790_000_610_000)).params
    assert params["goodTillDate"] == 1_790_000_610_000


def test_parameters_are_built_in_signing_order() -> None:
    """The WS API signs sorted names; building them sorted makes that cheap."""
    specs: list[OrderSpec | AlgoSpec] = [order(), stop(), order(time_in_force=TimeInForce.GTD, good_till_ms=2)]
    for spec in specs:
        names = list(requests.place(spec).params)
        assert names == sorted(names)


def test_cancels_go_by_client_id() -> None:
    """A plain order with its symbol, an algo order without."""
    plain = requests.cancel(Cancel(client_id="hf-e1-a", symbol="BTCUSDT", role=Role.ENTRY, algo=False))
    algo = requests.cancel(Cancel(client_id="hf-s1-a", symbol="BTCUSDT", role=Role.STOP, algo=True))
    assert plain.params == {"origClientOrderId": "hf-e1-a", "symbol": "BTCUSDT"}
    assert algo.params == {"clientAlgoId": "hf-s1-a"}
    assert (plain.endpoint.path, algo.endpoint.path) == ("/fapi/v1/order", "/fapi/v1/algoOrder")


def test_margin_type_goes_before_leverage() -> None:
    """Both in one change: the one that is refused more easily goes first."""
    both = requests.settings(ChangeSetting(symbol="BTCUSDT", purpose="x", leverage=5, margin_type="ISOLATED"))
    assert [r.endpoint.path for r in both] == ["/fapi/v1/marginType", "/fapi/v1/leverage"]


def test_an_algo_id_is_never_asked_for_as_an_order_id() -> None:
    """DESIGN 7: two objects, two endpoints."""
    algo = requests.SINGLE_READS[ReadKind.ALGO](Read(kind=ReadKind.ALGO, purpose="p", client_id="hf-s1-a"))
    assert (algo.endpoint.path, algo.params) == ("/fapi/v1/algoOrder", {"clientAlgoId": "hf-s1-a"})


def test_open_lists_cost_more_without_a_symbol() -> None:
    """1 with a symbol, 40 without (protocol notes C.7, D.2)."""
    build = requests.SINGLE_READS[ReadKind.OPEN_ALGOS]
    one = build(Read(kind=ReadKind.OPEN_ALGOS, purpose="p", symbol="BTCUSDT"))
    every = build(Read(kind=ReadKind.OPEN_ALGOS, purpose="p"))
    assert (one.weight, every.weight) == (1, 40)


def test_every_read_can_be_asked() -> None:
    """No kind of read lacks a builder, here or in the pages by time."""
    paged = {ReadKind.ALL_ORDERS, ReadKind.TRADES, ReadKind.INCOME}
    assert set(requests.SINGLE_READS) | paged == set(ReadKind)


def test_a_get_is_signed_in_its_query() -> None:
    """Exactly the characters before `&signature=` are what was signed."""
    request = requests.SINGLE_READS[ReadKind.ORDER](
        Read(kind=ReadKind.ORDER, purpose="p", symbol="BTCUSDT", client_id="a:b")
    )
    message = rest_message(request, SIGNER, 1_790_000_000_123, 5000)
    text, _, signature = message.target.partition("?")[2].rpartition("&signature=")
    assert text == "origClientOrderId=a%3Ab&symbol=BTCUSDT&recvWindow=5000&timestamp=1790000000123"
    assert signature == SIGNER.sign(text.encode())
    assert (message.method, message.body, message.headers) == ("GET", b"", {"X-MBX-APIKEY": "paper-key-01"})


def test_a_post_is_signed_in_its_body() -> None:
    """Nothing of an order stands in the URL."""
    message = rest_message(requests.place(order()), SIGNER, 1_790_000_000_123, 1500)
    text, _, signature = message.body.decode().rpartition("&signature=")
    assert message.target == "/fapi/v1/order"
    assert text.endswith("&recvWindow=1500&timestamp=1790000000123")
    assert signature == SIGNER.sign(text.encode())
    assert message.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_listen_key_needs_the_key_alone() -> None:
    """No signature, no timestamp (protocol notes C.12)."""
    message = rest_message(requests.simple(requests.ep.CREATE_LISTEN_KEY), SIGNER, 1, 5000)
    assert (message.target, message.body) == ("/fapi/v1/listenKey", b"")
    assert message.headers["X-MBX-APIKEY"] == "paper-key-01"


def test_public_data_carries_no_key() -> None:
    """The key is not shown where it is not needed."""
    message = rest_message(requests.simple(requests.ep.SERVER_TIME), SIGNER, 1, 5000)
    assert message == ("GET", "/fapi/v1/time", {}, b"")

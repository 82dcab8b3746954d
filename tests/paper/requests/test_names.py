"""The parameters that each operation has."""

from holdfast.paper.params import Params
from holdfast.paper.requests.names import check_names
from tests.paper.desk import Desk


def test_an_operation_that_is_not_listed_takes_all() -> None:
    """Nothing is refused by guess."""
    check_names("something.new", Params({"anything": "1"}))


def test_every_usual_request_passes() -> None:
    """Order, cancel, stop, reads: with the fact set, nothing that belongs is refused."""
    desk = Desk({"unknown_params": "-1104"})
    placed = desk.order(type="LIMIT", price="79000.0", newClientOrderId="o", positionSide="BOTH", reduceOnly="false")
    assert placed.status == 200
    assert desk.call("DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="o").status == 200
    assert desk.algo(newOrderRespType="ACK").status == 200
    assert desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT", limit=5).status == 200
    assert desk.call("GET", "/fapi/v1/income", page=2).code == -1104

"""The route tables."""

import pytest

from holdfast.paper.params import Params
from holdfast.paper.requests.routes import REST, SIGNED, WS_API
from tests.paper.desk import Desk


@pytest.mark.parametrize(("method", "path"), [key for key, route in REST.items() if route.security == SIGNED])
def test_every_signed_path_refuses_a_request_without_a_key(method: str, path: str) -> None:
    """No account data for strangers."""
    assert Desk().raw(method, path, key="").code == -2014


@pytest.mark.parametrize(
    ("path", "one", "every"),
    [("openOrders", 1, 40), ("openAlgoOrders", 1, 40), ("premiumIndex", 1, 10), ("ticker/bookTicker", 2, 5)],
)
def test_weights_with_and_without_a_symbol(path: str, one: int, every: int) -> None:
    """Asking for all symbols is dear."""
    route = REST["GET", f"/fapi/v1/{path}"]
    assert (route.cost(Params({"symbol": "BTCUSDT"})), route.cost(Params({}))) == (one, every)


def test_both_doors_share_their_handlers() -> None:
    """A WS API method is a REST route under another name."""
    assert set(WS_API.values()) <= set(REST.values())
    assert WS_API["order.place"].operation == "order.place"


def test_only_placements_count_as_orders() -> None:
    """Cancels cost weight and no order count."""
    counted = {route.operation for route in REST.values() if route.orders}
    batches = {"batchOrders.place", "batchOrders.modify"}
    assert counted == {"order.place", "order.modify", "algoOrder.place", *batches}
    assert {route.operation for route in REST.values() if route.orders_10s != 1} == batches

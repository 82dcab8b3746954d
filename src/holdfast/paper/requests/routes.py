"""Every REST path and WS API method as data: operation, security, weight, handler (protocol notes A.3, B, C, D, G).

The operation is the name both doors share, so that a fault can be armed for either.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from holdfast.paper.call import Handler
from holdfast.paper.errors import VenueError
from holdfast.paper.operations import account, batch, forced, margin, trade
from holdfast.paper.operations.reads import by_symbol
from holdfast.paper.operations.trading_status import api_trading_status
from holdfast.paper.params import Params
from holdfast.paper.requests.routes_market import READS

NONE, KEY, SIGNED = "NONE", "KEY", "SIGNED"


class Route(msgspec.Struct, frozen=True):
    """One entry of the table.

    `orders` says whether it counts as an order.
    `pool` names the pool that a request of weight 0 counts in, if it has one.
    """

    operation: str
    security: str
    weight: int | Callable[[Params], int]
    handler: Handler
    orders: bool = False
    orders_10s: int = 1
    """What one request counts in the 10-second order window; a batch counts more (notes C.5)."""
    algo_service: bool = False
    pool: str = ""
    v2: bool = False
    """Whether the venue fact `v2_weights` says what it weighs."""

    def cost(self, params: Params) -> int:
        """The request weight for these parameters; 1 for those that the handler is going to refuse."""
        if isinstance(self.weight, int):
            return self.weight
        try:
            return self.weight(params)
        except VenueError:
            return 1


REST: dict[tuple[str, str], Route] = {
    **{
        ("GET", read.path): Route(
            read.operation, KEY if read.keyed else NONE, read.weight, read.handler, pool=read.pool
        )
        for read in READS
    },
    ("POST", "/fapi/v1/order"): Route("order.place", SIGNED, 0, trade.place_order, orders=True),
    ("PUT", "/fapi/v1/order"): Route("order.modify", SIGNED, 0, trade.modify_order, orders=True),
    ("GET", "/fapi/v1/order"): Route("order.status", SIGNED, 1, trade.query_order),
    ("DELETE", "/fapi/v1/order"): Route("order.cancel", SIGNED, 1, trade.cancel_order),
    ("GET", "/fapi/v1/openOrder"): Route("openOrder", SIGNED, 1, trade.query_open_order),
    ("GET", "/fapi/v1/openOrders"): Route("openOrders", SIGNED, by_symbol(1, 40), trade.open_orders),
    ("GET", "/fapi/v1/allOrders"): Route("allOrders", SIGNED, 5, trade.all_orders),
    ("GET", "/fapi/v1/orderAmendment"): Route("orderAmendment", SIGNED, 1, trade.order_amendments),
    ("POST", "/fapi/v1/order/test"): Route("order.test", SIGNED, 0, trade.test_order),
    ("POST", "/fapi/v1/batchOrders"): Route(
        "batchOrders.place", SIGNED, 5, batch.place_orders, orders=True, orders_10s=5
    ),
    ("PUT", "/fapi/v1/batchOrders"): Route(
        "batchOrders.modify", SIGNED, 5, batch.modify_orders, orders=True, orders_10s=5
    ),
    ("DELETE", "/fapi/v1/batchOrders"): Route("batchOrders.cancel", SIGNED, 1, batch.cancel_orders),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route("order.cancelAll", SIGNED, 1, trade.cancel_all_orders),
    ("POST", "/fapi/v1/countdownCancelAll"): Route("countdownCancelAll", SIGNED, 10, trade.countdown_cancel_all),
    ("GET", "/fapi/v1/userTrades"): Route("userTrades", SIGNED, 5, trade.user_trades),
    ("POST", "/fapi/v1/algoOrder"): Route(
        "algoOrder.place", SIGNED, 0, trade.place_algo, orders=True, algo_service=True
    ),
    ("GET", "/fapi/v1/algoOrder"): Route("algoOrder.status", SIGNED, 1, trade.query_algo, algo_service=True),
    ("DELETE", "/fapi/v1/algoOrder"): Route("algoOrder.cancel", SIGNED, 1, trade.cancel_algo, algo_service=True),
    ("GET", "/fapi/v1/openAlgoOrders"): Route("openAlgoOrders", SIGNED, by_symbol(1, 40), trade.open_algos),
    ("GET", "/fapi/v1/allAlgoOrders"): Route("allAlgoOrders", SIGNED, 5, trade.all_algos),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Route(
        "algoOrder.cancelAll", SIGNED, 1, trade.cancel_all_algos, algo_service=True
    ),
    ("GET", "/fapi/v2/positionRisk"): Route("positionRisk", SIGNED, 5, account.position_risk_v2, v2=True),
    ("GET", "/fapi/v3/positionRisk"): Route("positionRisk", SIGNED, 5, account.position_risk_v3),
    ("GET", "/fapi/v2/account"): Route("account", SIGNED, 5, account.account_v2, v2=True),
    ("GET", "/fapi/v3/account"): Route("account", SIGNED, 5, account.account_v3),
    ("GET", "/fapi/v2/balance"): Route("balance", SIGNED, 5, account.balance),
    ("GET", "/fapi/v3/balance"): Route("balance", SIGNED, 5, account.balance),
    ("GET", "/fapi/v1/symbolConfig"): Route("symbolConfig", SIGNED, 5, account.symbol_config),
    ("GET", "/fapi/v1/accountConfig"): Route("accountConfig", SIGNED, 5, account.account_config),
    ("GET", "/fapi/v1/leverageBracket"): Route("leverageBracket", SIGNED, 1, account.leverage_bracket),
    ("GET", "/fapi/v1/commissionRate"): Route("commissionRate", SIGNED, 20, account.commission_rate),
    ("GET", "/fapi/v1/income"): Route("income", SIGNED, 30, account.income),
    ("GET", "/fapi/v1/rateLimit/order"): Route("rateLimit", SIGNED, 1, account.order_limits),
    ("POST", "/fapi/v1/leverage"): Route("leverage", SIGNED, 1, margin.set_leverage),
    ("POST", "/fapi/v1/marginType"): Route("marginType", SIGNED, 1, margin.set_margin_type),
    ("GET", "/fapi/v1/positionSide/dual"): Route("positionMode", SIGNED, 30, account.position_mode),
    ("POST", "/fapi/v1/positionSide/dual"): Route("setPositionMode", SIGNED, 1, account.set_position_mode),
    ("GET", "/fapi/v1/multiAssetsMargin"): Route("multiAssets", SIGNED, 30, account.multi_assets),
    ("POST", "/fapi/v1/multiAssetsMargin"): Route("setMultiAssets", SIGNED, 1, account.set_multi_assets),
    ("POST", "/fapi/v1/positionMargin"): Route("positionMargin", SIGNED, 1, margin.change_position_margin),
    ("GET", "/fapi/v1/positionMargin/history"): Route(
        "positionMarginHistory", SIGNED, 1, margin.position_margin_history
    ),
    ("GET", "/fapi/v1/forceOrders"): Route("forceOrders", SIGNED, by_symbol(20, 50), forced.force_orders),
    ("GET", "/fapi/v1/adlQuantile"): Route("adlQuantile", SIGNED, 5, margin.adl_quantile),
    ("GET", "/fapi/v1/apiTradingStatus"): Route("apiTradingStatus", SIGNED, by_symbol(1, 10), api_trading_status),
    ("GET", "/fapi/v1/feeBurn"): Route("feeBurn", SIGNED, 30, account.fee_burn),
    ("POST", "/fapi/v1/feeBurn"): Route("setFeeBurn", SIGNED, 1, account.set_fee_burn),
    ("POST", "/fapi/v1/stock/contract"): Route("stockContract", SIGNED, 50, account.sign_contract),
    ("POST", "/fapi/v1/listenKey"): Route("userDataStream.start", KEY, 1, account.start_listen_key),
    ("PUT", "/fapi/v1/listenKey"): Route("userDataStream.ping", KEY, 1, account.keep_listen_key),
    ("DELETE", "/fapi/v1/listenKey"): Route("userDataStream.stop", KEY, 1, account.end_listen_key),
    ("GET", "/sapi/v1/account/apiRestrictions"): Route("apiRestrictions", SIGNED, 1, account.api_restrictions),
}

WS_API: dict[str, Route] = {
    "order.place": REST["POST", "/fapi/v1/order"],
    "order.modify": REST["PUT", "/fapi/v1/order"],
    "order.cancel": REST["DELETE", "/fapi/v1/order"],
    "order.status": REST["GET", "/fapi/v1/order"],
    "algoOrder.place": REST["POST", "/fapi/v1/algoOrder"],
    "algoOrder.cancel": REST["DELETE", "/fapi/v1/algoOrder"],
    "account.position": REST["GET", "/fapi/v2/positionRisk"],
    "v2/account.position": REST["GET", "/fapi/v3/positionRisk"],
    "account.balance": REST["GET", "/fapi/v2/balance"],
    "v2/account.balance": REST["GET", "/fapi/v3/balance"],
    "account.status": REST["GET", "/fapi/v2/account"],
    "v2/account.status": REST["GET", "/fapi/v3/account"],
    "ticker.price": REST["GET", "/fapi/v1/ticker/price"],
    "ticker.book": REST["GET", "/fapi/v1/ticker/bookTicker"],
    "depth": REST["GET", "/fapi/v1/depth"],
    "userDataStream.start": REST["POST", "/fapi/v1/listenKey"],
    "userDataStream.ping": REST["PUT", "/fapi/v1/listenKey"],
    "userDataStream.stop": REST["DELETE", "/fapi/v1/listenKey"],
}

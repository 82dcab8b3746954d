"""Which parameters each operation has, for a venue that refuses the others with -1104 (protocol notes A.2, B, C, D).

Lower case, as names are matched in any case. Asked only where the venue fact `unknown_params` says so.
"""

from __future__ import annotations

from holdfast.paper.errors import VenueError
from holdfast.paper.params import Params

_EVERYWHERE = frozenset(("timestamp", "recvwindow", "signature", "apikey", "returnratelimits"))

_RANGE = "starttime endtime limit"
_ONE_ORDER = "symbol orderid origclientorderid"
_ONE_ALGO = "symbol algoid clientalgoid"
_CANDLES = f"symbol interval {_RANGE}"
_PAIR_CANDLES = f"pair interval {_RANGE}"
_RATIO = f"symbol period {_RANGE}"

_PLACE = (
    "symbol side positionside type timeinforce quantity price reduceonly newclientorderid neworderresptype pricematch"
    " selftradepreventionmode goodtilldate stopprice closeposition activationprice callbackrate workingtype"
    " priceprotect"
)

_NAMES: dict[str, str] = {
    "ping": "",
    "time": "",
    "exchangeInfo": "",
    "depth": "symbol limit",
    "rpiDepth": "symbol limit",
    "trades": "symbol limit",
    "historicalTrades": "symbol limit fromid",
    "aggTrades": f"symbol fromid {_RANGE}",
    "klines": _CANDLES,
    "continuousKlines": f"{_PAIR_CANDLES} contracttype",
    "indexPriceKlines": _PAIR_CANDLES,
    "markPriceKlines": _CANDLES,
    "premiumIndexKlines": _CANDLES,
    "premiumIndex": "symbol",
    "fundingRate": f"symbol {_RANGE}",
    "fundingInfo": "",
    "ticker.24hr": "symbol",
    "ticker.price": "symbol",
    "ticker.book": "symbol",
    "openInterest": "symbol",
    "openInterestHist": _RATIO,
    "topLongShortAccountRatio": _RATIO,
    "topLongShortPositionRatio": _RATIO,
    "globalLongShortAccountRatio": _RATIO,
    "takerlongshortRatio": _RATIO,
    "basis": f"pair contracttype period {_RANGE}",
    "delivery-price": "pair",
    "indexInfo": "symbol",
    "assetIndex": "symbol",
    "constituents": "symbol",
    "insuranceBalance": "symbol",
    "symbolAdlRisk": "symbol",
    "tradingSchedule": "",
    "order.place": _PLACE,
    "order.modify": f"{_ONE_ORDER} side quantity price pricematch modifyid reduceonly",
    "order.cancel": _ONE_ORDER,
    "order.status": _ONE_ORDER,
    "orderAmendment": f"{_ONE_ORDER} {_RANGE}",
    "order.test": _PLACE,
    "batchOrders.place": "batchorders",
    "batchOrders.modify": "batchorders",
    "batchOrders.cancel": "symbol orderidlist origclientorderidlist",
    "openOrder": _ONE_ORDER,
    "openOrders": "symbol",
    "allOrders": f"symbol orderid {_RANGE}",
    "order.cancelAll": "symbol",
    "countdownCancelAll": "symbol countdowntime",
    "userTrades": f"symbol orderid fromid {_RANGE}",
    "algoOrder.place": "algotype symbol side positionside type timeinforce quantity price triggerprice workingtype"
    " pricematch closeposition priceprotect reduceonly activateprice callbackrate clientalgoid"
    " selftradepreventionmode goodtilldate neworderresptype",
    "algoOrder.status": _ONE_ALGO,
    "algoOrder.cancel": _ONE_ALGO,
    "openAlgoOrders": "algotype symbol algoid",
    "allAlgoOrders": f"symbol algoid {_RANGE}",
    "algoOrder.cancelAll": "symbol",
    "positionRisk": "symbol",
    "account": "",
    "balance": "",
    "symbolConfig": "symbol",
    "accountConfig": "",
    "leverageBracket": "symbol",
    "commissionRate": "symbol",
    "income": f"symbol incometype {_RANGE}",
    "rateLimit": "",
    "leverage": "symbol leverage",
    "marginType": "symbol margintype",
    "positionMode": "",
    "setPositionMode": "dualsideposition",
    "multiAssets": "",
    "setMultiAssets": "multiassetsmargin",
    "userDataStream.start": "listenkey",
    "userDataStream.ping": "listenkey",
    "userDataStream.stop": "listenkey",
    "stockContract": "",
    "apiRestrictions": "",
}

_KNOWN: dict[str, frozenset[str]] = {name: _EVERYWHERE | frozenset(text.split()) for name, text in _NAMES.items()}


def check_names(operation: str, params: Params) -> None:
    """Raise -1104 for a parameter that the operation does not have. An operation that is not listed takes all."""
    known = _KNOWN.get(operation)
    if known is None:
        return
    read = sum(1 for name in params.named if name.lower() in known)
    if read < len(params.named):
        raise VenueError(-1104, read, len(params.named))

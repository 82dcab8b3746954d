"""Where each venue lives, and what each endpoint costs (protocol notes A.1, A.7, C, D.2, G.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from holdfast.model.settings import Venue


class Security(StrEnum):
    """What a request must carry (protocol notes A.3)."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Endpoint(NamedTuple):
    """One thing that can be asked. `weight` is the smallest; `ws_method` is "" where the WS API has none.

    `orders` is what one call counts against both ORDERS windows.
    """

    method: str
    path: str
    weight: int
    security: Security
    ws_method: str = ""
    orders: int = 0


_SIGNED: Final = Security.SIGNED

PLACE_ORDER: Final = Endpoint("POST", "/fapi/v1/order", 0, _SIGNED, "order.place", orders=1)
CANCEL_ORDER: Final = Endpoint("DELETE", "/fapi/v1/order", 1, _SIGNED, "order.cancel")
PLACE_ALGO: Final = Endpoint("POST", "/fapi/v1/algoOrder", 0, _SIGNED, "algoOrder.place", orders=1)
CANCEL_ALGO: Final = Endpoint("DELETE", "/fapi/v1/algoOrder", 1, _SIGNED, "algoOrder.cancel")
LOGON: Final = Endpoint("", "", 2, _SIGNED, "session.logon")

QUERY_ORDER: Final = Endpoint("GET", "/fapi/v1/order", 1, _SIGNED, "order.status")
QUERY_ALGO: Final = Endpoint("GET", "/fapi/v1/algoOrder", 1, _SIGNED)
OPEN_ORDERS: Final = Endpoint("GET", "/fapi/v1/openOrders", 1, _SIGNED)
OPEN_ALGOS: Final = Endpoint("GET", "/fapi/v1/openAlgoOrders", 1, _SIGNED)
ALL_ORDERS: Final = Endpoint("GET", "/fapi/v1/allOrders", 5, _SIGNED)
USER_TRADES: Final = Endpoint("GET", "/fapi/v1/userTrades", 5, _SIGNED)
POSITIONS: Final = Endpoint("GET", "/fapi/v3/positionRisk", 5, _SIGNED)
ACCOUNT: Final = Endpoint("GET", "/fapi/v3/account", 5, _SIGNED)
SYMBOL_CONFIG: Final = Endpoint("GET", "/fapi/v1/symbolConfig", 5, _SIGNED)
INCOME: Final = Endpoint("GET", "/fapi/v1/income", 30, _SIGNED)
ORDER_LIMITS: Final = Endpoint("GET", "/fapi/v1/rateLimit/order", 1, _SIGNED)
ACCOUNT_CONFIG: Final = Endpoint("GET", "/fapi/v1/accountConfig", 5, _SIGNED)
LEVERAGE_BRACKET: Final = Endpoint("GET", "/fapi/v1/leverageBracket", 1, _SIGNED)
COMMISSION_RATE: Final = Endpoint("GET", "/fapi/v1/commissionRate", 20, _SIGNED)

SET_LEVERAGE: Final = Endpoint("POST", "/fapi/v1/leverage", 1, _SIGNED)
SET_MARGIN_TYPE: Final = Endpoint("POST", "/fapi/v1/marginType", 1, _SIGNED)

CREATE_LISTEN_KEY: Final = Endpoint("POST", "/fapi/v1/listenKey", 1, Security.KEY)
EXTEND_LISTEN_KEY: Final = Endpoint("PUT", "/fapi/v1/listenKey", 1, Security.KEY)

SERVER_TIME: Final = Endpoint("GET", "/fapi/v1/time", 1, Security.NONE)
EXCHANGE_INFO: Final = Endpoint("GET", "/fapi/v1/exchangeInfo", 1, Security.NONE)
BOOK_TICKER: Final = Endpoint("GET", "/fapi/v1/ticker/bookTicker", 2, Security.NONE)

API_RESTRICTIONS: Final = Endpoint("GET", "/sapi/v1/account/apiRestrictions", 1, _SIGNED)
"""On the wallet host, not on the futures host."""

ALL_SYMBOLS_WEIGHT: Final = 40
"""Weight of the open lists when no symbol is named."""

ALL_TICKERS_WEIGHT: Final = 5
"""Weight of the book tickers of all symbols at once."""


class Address(NamedTuple):
    """A host to connect to, and the path under which its protocol lives there."""

    origin: str
    path: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Split a URL. Raises `ValueError` when it names no scheme or host."""
        parts = urlsplit(url)
        if not parts.scheme or not parts.netloc:
            raise ValueError(f"not an absolute address: {url!r}")
        return cls(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"))


class Endpoints(NamedTuple):
    """The addresses of one venue. `wallet` is None where the venue has no wallet host."""

    rest: Address
    ws_api: Address
    streams: Address
    wallet: Address | None = None


def at(rest: str, ws_api: str, streams: str, wallet: str = "") -> Endpoints:
    """Endpoints at given URLs, as `holdfast paper` prints them. Raises `ValueError` for a URL without a host."""
    of = Address.of
    return Endpoints(of(rest), of(ws_api), of(streams), of(wallet) if wallet else None)


KNOWN: Final[dict[Venue, Endpoints]] = {
    Venue.LIVE: at(
        "https://fapi.binance.com",
        "wss://ws-fapi.binance.com/ws-fapi/v1",
        "wss://fstream.binance.com",
        "https://api.binance.com",
    ),
    Venue.DEMO: at(
        "https://demo-fapi.binance.com",
        "wss://testnet.binancefuture.com/ws-fapi/v1",
        "wss://fstream.binancefuture.com",
    ),
}
"""The paper exchange is reached by the addresses it prints; it has no fixed ones."""

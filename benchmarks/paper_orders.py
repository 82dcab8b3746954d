"""Signed orders for the paper exchange, and an exchange in this process to place them at without a network."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.paper.config import AccountConfig, PaperConfig, RateLimits
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import DepthSnapshot, Mark, MarketEvent

SYMBOL = "BTCUSDT"
BID, ASK = Decimal("65000.0"), Decimal("65000.1")
ENOUGH = Decimal(1_000_000_000)
UNLIMITED = 1_000_000_000
EVENTS = "ORDER_TRADE_UPDATE/ACCOUNT_UPDATE"
"""With this filter a market order that fills at once causes three events: accepted, account, filled."""

_ENCODE = msgspec.json.Encoder().encode


def market() -> list[MarketEvent]:
    """A deep book that does not move, and a mark."""
    return [
        DepthSnapshot(symbol=SYMBOL, u=1, bids=[(BID, ENOUGH)], asks=[(ASK, ENOUGH)], T=0, E=0),
        Mark(symbol=SYMBOL, mark=BID, index=BID, rate=Decimal(0), next_funding_ms=0, E=0),
    ]


def exchange_info() -> dict[str, Any]:
    """The usual contracts, with room for more resting orders than the venue allows."""
    document = default_exchange_info()
    for row in document["symbols"]:
        for item in row["filters"]:
            if item["filterType"] == "MAX_NUM_ORDERS":
                item["limit"] = UNLIMITED
    return document


def configuration(accounts: int = 1) -> PaperConfig:
    """Rich accounts without limits; the first one is the usual one."""
    rich = {"USDT": ENOUGH}
    return PaperConfig(
        accounts=[
            AccountConfig(name=f"a{n}", api_key=_key(n), api_secret="paper-secret", balances=rich)
            for n in range(accounts)
        ],
        limits=RateLimits(
            weight_per_minute=UNLIMITED,
            orders_per_minute=UNLIMITED,
            orders_per_10_seconds=UNLIMITED,
            ws_messages_per_second=None,
        ),
    )


def _key(account: int) -> str:
    return "paper-key" if account == 0 else f"paper-key-{account}"


def signature(text: str) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.digest(b"paper-secret", text.encode(), "sha256").hex()


def _fields(n: int, now_ms: int, more: dict[str, str]) -> dict[str, str]:
    side = "SELL" if n % 2 else "BUY"
    own = {"symbol": SYMBOL, "side": side, "type": "MARKET", "quantity": "0.010", "newClientOrderId": f"bench-{n:09d}"}
    return {**own, **more, "newOrderRespType": "RESULT", "recvWindow": "60000", "timestamp": str(now_ms)}


def query(n: int, now_ms: int, **more: str) -> str:
    """The signed query of the n-th order: buys and sells by turns, so that the position stays small."""
    text = "&".join(f"{name}={value}" for name, value in _fields(n, now_ms, more).items())
    return f"{text}&signature={signature(text)}"


def frame(n: int, now_ms: int) -> bytes:
    """The WS API request of the n-th order."""
    params = {**_fields(n, now_ms, {}), "apiKey": "paper-key"}
    params["signature"] = signature("&".join(f"{name}={params[name]}" for name in sorted(params)))
    return _ENCODE({"id": n, "method": "order.place", "params": params})


class Desk:
    """An exchange in this process with its log encoded, as its server does, and one user stream per account."""

    def __init__(self, accounts: int = 1) -> None:
        """Build it and open the streams."""
        self.now_us = time.time_ns() // 1_000
        self.log_bytes = 0
        self.venue = PaperVenue(configuration(accounts), exchange_info(), self.now_us, self._log)
        self.headers = [{"x-mbx-apikey": _key(n)} for n in range(accounts)]
        self._placed = 0
        for event in market():
            self.venue.market(event, self.now_us)
        for n, headers in enumerate(self.headers):
            answer = self.venue.http("POST", "/fapi/v1/listenKey", headers, b"", self.now_us)
            listen_key = msgspec.json.decode(answer.body)["listenKey"]
            self.venue.ws_open(n, f"/private/ws?listenKey={listen_key}&events={EVENTS}", self.now_us)

    def _log(self, record: dict[str, Any]) -> None:
        self.log_bytes += len(_ENCODE(record))

    def place(self, count: int, *, account: int | None = None, **more: str) -> float:
        """Place so many orders, by default of all accounts in turn; answer CPU microseconds for each."""
        first, self._placed = self._placed, self._placed + count
        now_ms = self.now_us // 1_000
        targets = [f"/fapi/v1/order?{query(n, now_ms, **more)}" for n in range(first, first + count)]
        serve: Callable[..., Any] = self.venue.http
        headers = [self.headers[n % len(self.headers) if account is None else account] for n in range(count)]
        began = time.process_time_ns()
        for target, head in zip(targets, headers, strict=True):
            answer = serve("POST", target, head, b"", self.now_us)
            if answer.status != 200:
                raise RuntimeError(answer.body.decode())
            self.venue.drain()
        return (time.process_time_ns() - began) / count / 1_000

    def rest(self, a_side: int) -> None:
        """Let so many orders of the first account rest on each side, far enough away to stay."""
        for n in range(a_side):
            for side, price in (("BUY", BID - 1 - n % 500), ("SELL", ASK + 1 + n % 500)):
                self.place(1, account=0, side=side, type="LIMIT", timeInForce="GTC", price=str(price), quantity="0.002")

    def wait_for_triggers(self, count: int) -> None:
        """Let so many stops wait for prices that never come."""
        for n in range(count):
            text = (
                f"algoType=CONDITIONAL&symbol={SYMBOL}&side=SELL&type=STOP_MARKET&quantity=0.010"
                f"&triggerPrice={10_000 + n}&timestamp={self.now_us // 1_000}"
            )
            target = f"/fapi/v1/algoOrder?{text}&signature={signature(text)}"
            answer = self.venue.http("POST", target, self.headers[0], b"", self.now_us)
            if answer.status != 200:
                raise RuntimeError(answer.body.decode())

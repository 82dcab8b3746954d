"""A trader's desk in front of a paper exchange: signs, sends, moves the market, reads what comes back."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec

from holdfast.paper.config import AccountConfig, PaperConfig, RateLimits, VenueFacts
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, DepthSnapshot, Mark, PublicTrade
from holdfast.paper.wire_out import Close, HttpOutcome, Outgoing

START_US = 1_790_000_000_000_000
SECOND = 1_000_000
KEY, SECRET = "paper-key", "paper-secret"
FUNDS = {"USDT": Decimal(100_000)}


def sign(text: str, secret: str = SECRET) -> str:
    """HMAC-SHA256 in hex."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Reply:
    """Status, JSON body and headers of one answer."""

    def __init__(self, outcome: HttpOutcome) -> None:
        self.outcome = outcome
        self.status = outcome.status
        self.headers = outcome.headers
        is_json = outcome.kind == "reply" and outcome.headers.get("Content-Type") == "application/json"
        self.body: Any = json.loads(outcome.body, parse_float=Decimal) if is_json else None

    @property
    def code(self) -> int:
        """The error code, or 200."""
        return self.body["code"] if self.status != 200 else 200


class Desk:
    """A venue with one account of 100,000 USDT, BTCUSDT at 80,000.0 / 80,000.1 with 2 BTC on each side."""

    def __init__(self, facts: dict[str, Any] | None = None, *, limits: RateLimits | None = None, **config: Any) -> None:
        self.log: list[dict[str, Any]] = []
        self.now_us = START_US
        own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances=FUNDS)
        config.setdefault("accounts", [own])
        self.config = PaperConfig(
            facts=msgspec.convert(facts or {}, VenueFacts),
            limits=limits or RateLimits(weight_per_minute=None, orders_per_minute=None, orders_per_10_seconds=None),
            **config,
        )
        self.venue = PaperVenue(self.config, default_exchange_info(), START_US, self.log.append)  # type: ignore[arg-type]
        self.update_id = 100
        self.frames: list[Outgoing | Close] = []
        self.book("80000.0", "80000.1")
        self.mark("80000")

    def wait(self, us: int) -> None:
        """Let time pass."""
        self.now_us += us
        self.venue.advance(self.now_us)

    def book(self, bid: str, ask: str, *, bid_qty: str = "2", ask_qty: str = "2", symbol: str = "BTCUSDT") -> None:
        """Move the best bid and ask."""
        self.update_id += 1
        ms = self.now_us // 1000
        top = BookTop(
            symbol=symbol,
            bid=Decimal(bid),
            bid_qty=Decimal(bid_qty),
            ask=Decimal(ask),
            ask_qty=Decimal(ask_qty),
            u=self.update_id,
            T=ms,
            E=ms,
        )
        self.venue.market(top, self.now_us)

    def levels(self, bids: dict[str, str], asks: dict[str, str], symbol: str = "BTCUSDT") -> None:
        """Replace the book by these levels."""
        self.update_id += 1
        ms = self.now_us // 1000
        snapshot = DepthSnapshot(
            symbol=symbol,
            u=self.update_id,
            bids=[(Decimal(price), Decimal(qty)) for price, qty in bids.items()],
            asks=[(Decimal(price), Decimal(qty)) for price, qty in asks.items()],
            T=ms,
            E=ms,
        )
        self.venue.market(snapshot, self.now_us)

    def mark(self, price: str, *, rate: str = "0.0001", next_funding_ms: int = 0, symbol: str = "BTCUSDT") -> None:
        """Move the mark price."""
        event = Mark(
            symbol=symbol,
            mark=Decimal(price),
            index=Decimal(price),
            rate=Decimal(rate),
            next_funding_ms=next_funding_ms,
            E=self.now_us // 1000,
        )
        self.venue.market(event, self.now_us)

    def trade(self, price: str, qty: str, *, seller_aggressive: bool, symbol: str = "BTCUSDT") -> None:
        """A trade between strangers."""
        self.update_id += 1
        ms = self.now_us // 1000
        event = PublicTrade(
            symbol=symbol,
            trade_id=self.update_id,
            price=Decimal(price),
            qty=Decimal(qty),
            buyer_maker=seller_aggressive,
            T=ms,
            E=ms,
        )
        self.venue.market(event, self.now_us)

    def raw(self, method: str, target: str, *, body: str = "", key: str = KEY) -> Reply:
        """Send exactly this."""
        return Reply(self.venue.http(method, target, {"X-MBX-APIKEY": key}, body.encode(), self.now_us))

    def call(self, method: str, path: str, **params: Any) -> Reply:
        """Send a signed request with everything in the query."""
        params.setdefault("timestamp", self.now_us // 1000)
        text = urlencode(params)
        return self.raw(method, f"{path}?{text}&signature={sign(text)}")

    def order(self, **params: Any) -> Reply:
        """Place an order; by default a market buy of 0.01 BTC."""
        base: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
        if params.get("type") == "LIMIT":
            base["timeInForce"] = "GTC"
        merged = {**base, **params}
        return self.call("POST", "/fapi/v1/order", **{name: value for name, value in merged.items() if value != ""})

    def algo(self, **params: Any) -> Reply:
        """Place a conditional order; by default a close-all stop below the market on the mark price."""
        base: dict[str, Any] = {
            "algoType": "CONDITIONAL",
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "STOP_MARKET",
            "triggerPrice": "79000.0",
            "workingType": "MARK_PRICE",
        }
        if "quantity" not in params:
            base["closePosition"] = "true"
        merged = {**base, **params}
        return self.call("POST", "/fapi/v1/algoOrder", **{name: value for name, value in merged.items() if value != ""})

    def listen(self, conn: int = 1) -> str:
        """Open the user stream; answer the listen key."""
        key: str = self.raw("POST", "/fapi/v1/listenKey").body["listenKey"]
        assert self.venue.ws_open(conn, f"/private/ws/{key}", self.now_us)
        return key

    def sent(self, conn: int = 1) -> list[Any]:
        """Everything sent to a connection since the last look, decoded; closes come as Close."""
        out = self.venue.drain()
        return [
            json.loads(frame.text, parse_float=Decimal) if isinstance(frame, Outgoing) else frame
            for frame in out
            if frame.conn == conn
        ]

    def story(self, conn: int = 1) -> list[str]:
        """What the user stream told since the last look: one word per event."""
        return [describe(event) for event in self.sent(conn)]

    def control(self, do: str, **request: Any) -> dict[str, Any]:
        """Use the control door."""
        return self.venue.control({"do": do, **request}, self.now_us)

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Records of one kind in the venue log."""
        return [record for record in self.log if record["k"] == kind]

    def position(self, symbol: str = "BTCUSDT") -> Decimal:
        """The position as the venue reports it."""
        rows = self.call("GET", "/fapi/v3/positionRisk", symbol=symbol).body
        return Decimal(rows[0]["positionAmt"]) if rows else Decimal(0)

    def wallet(self) -> Decimal:
        """The USDT wallet as the venue reports it."""
        return Decimal(self.call("GET", "/fapi/v3/balance").body[0]["balance"])


def describe(event: Any) -> str:
    """A short name of a user event: ALGO_UPDATE TRIGGERED, ORDER_TRADE_UPDATE TRADE/FILLED …"""
    if isinstance(event, Close):
        return f"CLOSE {event.code}"
    kind: str = event["e"]
    if kind == "ORDER_TRADE_UPDATE":
        return f"ORDER {event['o']['x']}/{event['o']['X']}"
    if kind == "ALGO_UPDATE":
        return f"ALGO {event['o']['X']}"
    if kind == "ACCOUNT_UPDATE":
        return f"ACCOUNT {event['a']['m']}"
    return kind

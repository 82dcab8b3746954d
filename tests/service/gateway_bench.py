"""A gateway before a fake venue, and the effects it is asked to perform."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from holdfast.binance.endpoints import at
from holdfast.binance.signing import HmacSigner, Signer
from holdfast.model.effects import Authorised, Cancel, Lane, Place
from holdfast.model.ids import Role
from holdfast.model.inputs import AnyInput, CancelAnswered, LinkChanged, PlaceAnswered
from holdfast.model.orders import AlgoSpec, AlgoType, OrderSpec, OrderType, Side, TimeInForce
from holdfast.model.reports import RequestOutcome
from holdfast.model.settings import EngineSettings, Venue
from holdfast.service.gateway import Gateway
from holdfast.service.venue_observer import Unobserved
from tests.service.fakes_venue import FakeConnector, FakeHttp, FakeVenueTime, settle
from tests.waiting import time_passes

NOW_MS = 1_790_000_000_123
SIGNER = HmacSigner("paper-key-01", "paper-secret-7f3c")
ENDPOINTS = at("http://venue", "ws://venue/ws-fapi/v1", "ws://venue", "http://wallet")
PLACE_ORDER = "POST /fapi/v1/order"
PLACE_ALGO = "POST /fapi/v1/algoOrder"


def order_reply(params: dict[str, Any], status: str = "NEW") -> dict[str, Any]:
    """The venue's answer to an order."""
    return {
        "orderId": 918273645012,
        "symbol": params["symbol"],
        "status": status,
        "clientOrderId": params.get("newClientOrderId") or params["origClientOrderId"],
        "price": params.get("price", "0"),
        "origQty": params.get("quantity", "0.010"),
        "executedQty": "0.000",
        "side": params.get("side", "BUY"),
        "positionSide": "BOTH",
        "updateTime": NOW_MS,
    }


def algo_reply(params: dict[str, Any]) -> dict[str, Any]:
    """The venue's answer to an algo order."""
    return {
        "algoId": 3000000000123457,
        "clientAlgoId": params["clientAlgoId"],
        "orderType": params["type"],
        "symbol": params["symbol"],
        "side": params["side"],
        "algoStatus": "NEW",
        "triggerPrice": params["triggerPrice"],
        "quantity": "0.000",
        "closePosition": params.get("closePosition") == "true",
        "updateTime": NOW_MS,
    }


RESULTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "order.place": order_reply,
    "order.cancel": lambda params: order_reply(params, "CANCELED"),
    "algoOrder.place": algo_reply,
    "algoOrder.cancel": lambda params: {"algoId": 1, "clientAlgoId": params["clientAlgoId"], "code": "200"},
}


def accept(message: dict[str, Any]) -> dict[str, Any]:
    """A venue that accepts everything."""
    return {"id": message["id"], "status": 200, "result": RESULTS[message["method"]](message["params"])}


def refuse(code: int, text: str = "refused", status: int = 400) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A venue that refuses everything."""
    return lambda message: {"id": message["id"], "status": status, "error": {"code": code, "msg": text}}


class Log(Unobserved):
    """Keeps the names of what was reported."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def code_unlisted(self, name: str, code: int, message: str) -> None:
        """Kept."""
        self.names.append(f"unlisted {code}")

    def reply_unreadable(self, name: str, detail: str) -> None:
        """Kept."""
        self.names.append(f"unreadable {name}: {detail}")

    def reply_late(self, name: str) -> None:
        """Kept."""
        self.names.append(f"late {name}")

    def task_died(self, task: str, error: BaseException | None) -> None:
        """Kept."""
        self.names.append(f"died {error!r}")


class Bench:
    """A gateway, its venue, and what the core was told."""

    def __init__(self, on_send: Callable[[dict[str, Any]], Any] | None = accept, signer: Signer = SIGNER) -> None:
        self.http = FakeHttp()
        self.connector = FakeConnector(on_send)
        self.clock = FakeVenueTime(NOW_MS)
        self.told: list[AnyInput] = []
        self.confirmed: list[str] = []
        self.latched = False
        self.log = Log()
        self.gateway = Gateway(
            endpoints=ENDPOINTS,
            signer=signer,
            http=self.http,
            ws_connector=self.connector,
            clock=self.clock,
            deliver=self.told.append,
            settings=EngineSettings(account="a", venue=Venue.PAPER),
            observer=self.log,
            confirmed=self.confirmed.append,
            entries_forbidden=lambda: self.latched,
        )

    async def start(self) -> "Bench":
        """Connect."""
        await self.gateway.start()
        return self

    async def outcome(self, effect: Place | Cancel) -> RequestOutcome:
        """Perform one write and wait until it is answered; there must be one answer."""
        before = len(self.answers())
        self.gateway.perform(effect)
        for _ in range(50):
            if len(self.answers()) > before:
                break
            await time_passes(0.2)
        (answer,) = self.answers()[before:]
        return answer.outcome

    def answers(self) -> list[PlaceAnswered | CancelAnswered]:
        """Answers to writes, in order."""
        return [told for told in self.told if isinstance(told, PlaceAnswered | CancelAnswered)]

    def links(self) -> list[tuple[bool, str]]:
        """What was told about the channel."""
        return [(told.up, told.reason) for told in self.told if isinstance(told, LinkChanged)]

    async def settle(self) -> None:
        """Let everything that is ready run."""
        await settle()


def entry(n: int = 1, **fields: Any) -> Place:
    """An entry, stamped at its journal record."""
    spec = OrderSpec(
        client_id=f"hf-e{n}-a",
        role=Role.ENTRY,
        symbol="BTCUSDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.010"),
        price=Decimal("81234.50"),
        time_in_force=TimeInForce.IOC,
    )
    stamps = {"timestamp_ms": NOW_MS, "recv_window_ms": 1_500, "lane": Lane.ENTRY, **fields}
    return Place(order=Authorised(spec, "v-1"), **stamps)


def stop(**fields: Any) -> Place:
    """A stop, stamped when it is sent."""
    spec = AlgoSpec(
        client_id="hf-s1-a",
        role=Role.STOP,
        symbol="BTCUSDT",
        side=Side.SELL,
        type=AlgoType.STOP_MARKET,
        trigger_price=Decimal("79800.0"),
        close_position=True,
    )
    return Place(order=Authorised(spec, "cover"), **fields)


def cancel(*, algo: bool = False) -> Cancel:
    """A cancel of the entry or of the stop."""
    role = Role.STOP if algo else Role.ENTRY
    return Cancel(client_id="hf-s1-a" if algo else "hf-e1-a", symbol="BTCUSDT", role=role, algo=algo)


def methods(bench: Bench) -> list[str]:
    """What was written to the newest connection."""
    return [json.loads(message)["method"] for message in bench.connector.link.sent]

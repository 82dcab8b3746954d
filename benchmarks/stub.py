"""A venue that answers at once: a WebSocket API that takes orders, and a user stream that pours out events.

It does as little as a server can, so that what is measured is the client. The first orders of each connection are
checked, signature and all, so that no contestant is quick by sending something the venue would refuse.

    python -m benchmarks.stub          prints {"url": "ws://127.0.0.1:PORT"} and serves until it is ended
"""

from __future__ import annotations

import asyncio
import hmac
import sys
import time
from urllib.parse import quote

import msgspec
import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from benchmarks.clients.order import API_KEY, API_SECRET
from benchmarks.frames import user_frames

CHECKED = 10
"""Orders of a connection whose signature is checked."""

TIME_PATH = b"/fapi/v1/time"
STREAM_PATH = b"/private/ws/"
STREAM_CHUNK = 50
"""Frames written before the loop gets its turn."""

_LIMITS = (
    b'"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":1000000,"count":1},'
    b'{"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":1000000,"count":1},'
    b'{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1000000,"count":6}]}'
)
_RESULT = (
    '{{"orderId":{order_id},"symbol":"{symbol}","status":"NEW","clientOrderId":"{client_id}","price":"{price}",'
    '"origQty":"{quantity}","executedQty":"0.000","cumQty":"0.000","timeInForce":"GTC","type":"LIMIT",'
    '"reduceOnly":false,"closePosition":false,"side":"{side}","positionSide":"BOTH","stopPrice":"0.00",'
    '"workingType":"CONTRACT_PRICE","priceProtect":false,"origType":"LIMIT","priceMatch":"NONE",'
    '"selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":0,"updateTime":{now_ms}}},'
)


class _Params(msgspec.Struct):
    symbol: str
    side: str
    newClientOrderId: str
    quantity: str | float
    price: str | float


class _Order(msgspec.Struct):
    id: msgspec.Raw
    method: str
    params: _Params


class _Checked(msgspec.Struct):
    params: dict[str, str | int | float | bool]


_order = msgspec.json.Decoder(_Order)
_checked = msgspec.json.Decoder(_Checked)


def refusal(message: bytes) -> str:
    """Why the venue would refuse this order, "" if it would not."""
    params = _checked.decode(message).params
    signature = str(params.pop("signature", ""))
    text = "&".join(f"{name}={quote(_plain(params[name]), safe='')}" for name in sorted(params))
    expected = hmac.digest(API_SECRET.encode(), text.encode(), "sha256").hex()
    if params.get("apiKey") != API_KEY:
        return "-2015 Invalid API-key"
    age_ms = time.time_ns() // 1_000_000 - int(params["timestamp"])
    if not -1_000 < age_ms < int(params.get("recvWindow", 5_000)):
        return "-1021 Timestamp for this request is outside of the recvWindow."
    return "" if hmac.compare_digest(signature, expected) else "-1022 Signature for this request is not valid."


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class OrderDoor(WSListener):
    """The WebSocket API of one connection."""

    def __init__(self) -> None:
        self._orders = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer an order at once."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        if frame.msg_type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        message = frame.get_payload_as_bytes()
        order = _order.decode(message)
        self._orders += 1
        if self._orders <= CHECKED and (why := refusal(message)):
            code, _, text = why.partition(" ")
            error = f',"status":400,"error":{{"code":{code},"msg":"{text}"}},'.encode()
            transport.send(WSMsgType.TEXT, b'{"id":' + bytes(order.id) + error + _LIMITS)
            return
        params = order.params
        result = _RESULT.format(
            order_id=918_273_645_020 + self._orders,
            symbol=params.symbol,
            client_id=params.newClientOrderId,
            price=params.price,
            quantity=params.quantity,
            side=params.side,
            now_ms=time.time_ns() // 1_000_000,
        )
        reply = b'{"id":' + bytes(order.id) + b',"status":200,"result":' + result.encode() + _LIMITS
        transport.send(WSMsgType.TEXT, reply)


class StreamDoor(WSListener):
    """The user stream of one connection: a text frame with a number asks for so many events."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Begin to pour."""
        if frame.msg_type == WSMsgType.TEXT:
            count = int(frame.get_payload_as_bytes())
            self._task = asyncio.get_running_loop().create_task(self._pour(transport, count))

    def pause_writing(self) -> None:
        """picows: the client is slower than we are."""
        self._room.clear()

    def resume_writing(self) -> None:
        """picows: the client has caught up."""
        self._room.set()

    async def _pour(self, transport: WSTransport, count: int) -> None:
        frames = [_framed(text) for text in user_frames(count)]
        for start in range(0, count, STREAM_CHUNK):
            # One write for many frames: the client, not this server, must be what is waited for.
            transport.underlying_transport.write(b"".join(frames[start : start + STREAM_CHUNK]))
            await asyncio.sleep(0)
            await self._room.wait()


def _framed(text: bytes) -> bytes:
    """An unmasked text frame (RFC 6455, 5.2)."""
    size = len(text)
    head = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return b"\x81" + head + text


def _door(request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener:
    if request.path == TIME_PATH:
        body = msgspec.json.encode({"serverTime": time.time_ns() // 1_000_000})
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_ok_response(body), None)
    return StreamDoor() if request.path.startswith(STREAM_PATH) else OrderDoor()


async def _serve() -> None:
    server = await ws_create_server(_door, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(msgspec.json.encode({"url": f"ws://127.0.0.1:{port}"}).decode() + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())

"""The bare road of an intent: HTTP in, one durable append, one order out; no core, no gate, no answer read.

It is what the machine charges for the road itself: uvicorn and Starlette, msgspec, the journal's own adapter, and a
WebSocket. Its orders carry a key that the exchange does not know, so they arrive and come to nothing.

    python -m benchmarks.skeleton skeleton.sqlite ws://127.0.0.1:8080/ws-fapi/v1
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.journal import BATCH
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.adapters.ws_picows import PicowsConnector, PicowsLink
from holdfast.binance import endpoints as ep
from holdfast.binance.requests import Request as VenueRequest
from holdfast.binance.signing import make_signer
from holdfast.binance.wsapi import encode
from holdfast.model.intent import Intent
from holdfast.ports import WsConnector

SIGNER = make_signer("skeleton-key", "hmac", "skeleton-secret")
RECV_WINDOW_MS = 5_000


def application(journal: SqliteJournal, link: PicowsLink) -> Starlette:
    """One route: append a batch of the engine's size, send an order, answer."""
    decoder = msgspec.json.Decoder(Intent)

    async def intents(request: Request) -> Response:
        intent = decoder.decode(await request.body())
        head = await journal.append(BATCH, time.time_ns() // 1_000)
        params: dict[str, str | int] = {
            "newClientOrderId": intent.id,
            "quantity": "0.2",
            "side": "BUY",
            "symbol": intent.symbol,
            "type": "MARKET",
        }
        now_ms = time.time_ns() // 1_000_000
        link.send(encode(head.seq, VenueRequest(ep.PLACE_ORDER, params, 0), SIGNER, now_ms, RECV_WINDOW_MS))
        return Response(b"{}", 202, media_type="application/json")

    return Starlette(routes=[Route("/v1/intents", intents, methods=["POST"])])


async def serve(path: Path, address: str) -> None:
    """Until the process is ended."""
    journal = SqliteJournal(path)
    parts = urlsplit(address)
    connector: WsConnector = PicowsConnector(f"{parts.scheme}://{parts.netloc}")
    link = await connector.connect(parts.path, lambda _: None, lambda _: None, 5_000)
    assert isinstance(link, PicowsLink)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(journal, link), http="httptools", lifespan="off", log_config=None, timeout_keep_alive=75
    )
    sys.stdout.write(msgspec.json.encode({"port": listening.getsockname()[1]}).decode() + "\n")
    sys.stdout.flush()
    await uvicorn.Server(config).serve(sockets=[listening])


def main() -> None:
    """Serve on a free port and print it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), sys.argv[2]))


if __name__ == "__main__":
    main()

"""I23: key, secret, token and listen key stand in nothing that the engine, its API or its exchange wrote."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from holdfast.paper.config import AccountConfig, PaperConfig
from holdfast.paper.doors.server import PaperOptions
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.sim.market import open_market
from holdfast.verify import find_secrets
from tests.acceptance.processes import Running
from tests.acceptance.stand import free_port, opening
from tests.paper_server import Client, running
from tests.waiting import time_passes

pytestmark = pytest.mark.serial

READS: Final = (
    "/metrics", "/health/ready", "/health/live", "/version", "/openapi.json", "/v1/state", "/v1/trades", "/v1/orders",
    "/v1/positions", "/v1/ledger", "/v1/alarms", "/v1/results", "/v1/intents/canary", "/v1/explain/canary",
    "/v1/nothing", "/v1/trades/none",
)  # fmt: skip

CONFIG: Final = """
[venue]
name = "paper"
rest_url = "{rest}"
ws_api_url = "{ws_api}"
stream_url = "{streams}"
api_key_file = "key"
key_type = "{key_type}"
{secret_key} = "secret"
[http]
port = {port}
token_file = "token"
[log]
level = "debug"
format = "json"
[journal]
path = "journal.sqlite"
latch_file = "latch"
"""


class Canaries(NamedTuple):
    """Fresh secrets, and what the exchange knows of them."""

    api_key: str
    secret: str
    token: str
    account: AccountConfig


def canaries(key_type: str) -> Canaries:
    """Of one kind of key."""
    api_key, token = secrets.token_urlsafe(48), secrets.token_hex(32)
    if key_type == "hmac":
        secret = secrets.token_urlsafe(48)
        return Canaries(api_key, secret, token, AccountConfig(name="paper", api_key=api_key, api_secret=secret))
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Canaries(api_key, secret, token, AccountConfig(name="paper", api_key=api_key, ed25519_public_pem=public))


def configure(folder: Path, made: Canaries, key_type: str, where: dict[str, str]) -> int:
    """Secret files and the configuration that names them; answers the port of the API."""
    for name, text in (("key", made.api_key), ("secret", made.secret), ("token", made.token)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    port = free_port()
    secret_key = "api_secret_file" if key_type == "hmac" else "private_key_file"
    (folder / "holdfast.toml").write_text(CONFIG.format(**where, key_type=key_type, secret_key=secret_key, port=port))
    return port


class Api:
    """The engine's API with its token; everything that it answers is kept."""

    def __init__(self, http: aiohttp.ClientSession, port: int, token: str) -> None:
        self._http, self._origin = http, f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self.heard: list[bytes] = []

    async def ask(self, path: str, body: Any = None, *, token: str | None = None) -> Any:
        """One request; None when nobody answers."""
        headers = self._headers if token is None else {"Authorization": f"Bearer {token}"}
        method = "GET" if body is None else "POST"
        try:
            async with self._http.request(method, self._origin + path, json=body, headers=headers) as reply:
                text = await reply.read()
                self.heard += [repr(dict(reply.headers)).encode(), text]
                return json.loads(text) if reply.content_type.endswith("json") else text
        except aiohttp.ClientError:
            return None

    async def wait(self, path: str, wanted: str, value: str) -> None:
        """Until an answer says so."""
        for _ in range(300):
            body = await self.ask(path)
            if isinstance(body, dict) and (body.get(wanted) or {}) and value in json.dumps(body):
                return
            await time_passes(0.1)
        raise AssertionError(f"{path} never said {value}; last {body}")


async def prices(api: Api) -> None:
    """Until an intent that can never be taken is denied for its missing stop, and not for want of a price."""
    for number in range(300):
        probe = {**opening(f"probe-{number}", "BTCUSDT"), "size": {"quantity": "0.01"}, "stop_loss": None}
        body = await api.ask("/v1/intents", probe)
        if isinstance(body, dict) and body.get("code") == "NO_STOP":
            return
        await time_passes(0.1)
    raise AssertionError(f"no prices; last {body}")


@asynccontextmanager
async def engine(folder: Path) -> AsyncIterator[Running]:
    """A running engine, ended with the block."""
    process = Running("run", "--config", "holdfast.toml", cwd=folder, log=folder / "run.log")
    try:
        yield process
    finally:
        await asyncio.to_thread(process.stop)


async def trouble(client: Client) -> None:
    """Faults of the kind that makes programs print what they were doing."""
    for verb in ("status", "reset", "503-unknown", "throttle"):
        await client.control(do="fault", verb=verb, count=2)
    await client.control(do="fault", verb="ws.close")
    await client.control(do="fault", verb="code", code=-2015, msg="Invalid API-key, IP, or permissions for action.")
    await client.control(do="fault", verb="lk.expire")


@pytest.mark.parametrize("key_type", ["hmac", "ed25519"])
async def test_i23_no_secret_stands_in_anything_that_was_written(tmp_path: Path, key_type: str) -> None:
    """After a trade, faults on every channel, refused tokens and a clean end; both kinds of key, debug logging."""
    made = canaries(key_type)
    info = default_exchange_info()
    market = open_market("synthetic:1:BTCUSDT=65000", info, start_us=0).source
    served = PaperOptions(
        exchange_info=info,
        market=market,
        config=PaperConfig(accounts=[made.account]),
        venue_log=tmp_path / "venue.jsonl",
    )
    async with running(served) as client:
        port = configure(tmp_path, made, key_type, client.where)
        api = Api(client.http, port, made.token)
        async with engine(tmp_path) as process:
            await api.wait("/health/ready", "ready", "true")
            listen_key = await client.http.post(
                client.where["rest"] + "/fapi/v1/listenKey", headers={"X-MBX-APIKEY": made.api_key}
            )
            (tmp_path / "listen_key").write_text((await listen_key.json())["listenKey"])
            await prices(api)
            await api.ask("/v1/intents", {**opening("canary", "BTCUSDT"), "size": {"quantity": "0.01"}})
            await api.wait("/v1/intents/canary", "result", "protected")
            await trouble(client)
            await time_passes(6.0)  # Two rounds of the coverage watch, and new connections.
            for path in READS:
                await api.ask(path)
            await api.ask("/v1/state", token="wrong" * 8)
            assert process.alive, process.said[-3000:]
        (tmp_path / "api.txt").write_bytes(b"\n".join(api.heard))
    hidden = [tmp_path / name for name in ("key", "secret", "token", "listen_key")]
    written = [tmp_path / name for name in ("run.log", "api.txt", "journal.sqlite")]
    found = find_secrets(hidden, tmp_path / "journal.sqlite", tmp_path / "venue.jsonl", written)
    assert [violation.sentence for violation in found] == []
    assert len(api.heard) > 2 * len(READS), "it did answer"
    assert b"canary" in (tmp_path / "api.txt").read_bytes(), "and the trade is in it"

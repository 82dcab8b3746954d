"""The configuration as values: what `load` answers. Everything here is checked; nothing here reads a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, NoReturn

import msgspec

from holdfast.model.settings import EngineSettings, Venue


class Secret:
    """A text that never shows itself: not in a log, a traceback, a pickle or a message (security list S6)."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; for signing and comparing only."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class VenueSection(msgspec.Struct, frozen=True, kw_only=True):
    """[venue] as written."""

    name: Venue = Venue.PAPER
    api_key: str = ""
    api_key_file: str = ""
    key_type: Literal["hmac", "ed25519"] = "hmac"
    api_secret: str = ""
    api_secret_file: str = ""
    private_key_file: str = ""
    key_fingerprint: str = ""
    allow_key_without_ip_list: bool = False
    rest_url: str = ""
    ws_api_url: str = ""
    stream_url: str = ""


class JournalSection(msgspec.Struct, frozen=True, kw_only=True):
    """[journal] as written."""

    path: str = ""
    latch_file: str = ""
    lock_folder: str = ""
    snapshot_every_events: int = 50_000


class HttpSection(msgspec.Struct, frozen=True, kw_only=True):
    """[http] as written."""

    bind: str = "127.0.0.1"
    port: int = 8420
    token_file: str = ""
    allow_no_token: bool = False
    tls_terminated: bool = False
    max_event_streams: int = 32


class LogSection(msgspec.Struct, frozen=True, kw_only=True):
    """[log] as written."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a venue, without a trailing slash. `streams` is the base of /public, /market and /private.

    `restrictions` is the host that tells what a key may do (P37); only live has one.
    """

    rest: str
    ws_api: str
    streams: str
    restrictions: str = ""


ENDPOINTS: Final[dict[Venue, Endpoints]] = {
    Venue.PAPER: Endpoints(
        rest="http://127.0.0.1:8430",
        ws_api="ws://127.0.0.1:8430/ws-fapi/v1",
        streams="ws://127.0.0.1:8430",
    ),
    Venue.DEMO: Endpoints(
        rest="https://demo-fapi.binance.com",
        ws_api="wss://testnet.binancefuture.com/ws-fapi/v1",
        streams="wss://fstream.binancefuture.com",
    ),
    Venue.LIVE: Endpoints(
        rest="https://fapi.binance.com",
        ws_api="wss://ws-fapi.binance.com/ws-fapi/v1",
        streams="wss://fstream.binance.com",
        restrictions="https://api.binance.com",
    ),
}
"""The only place that says where a venue is. Paper's may be overridden; the others may not."""

PAPER_PORT: Final = 8430
"""Where `holdfast paper` listens unless told otherwise, and where the paper venue is looked for."""

PAPER_KEY: Final = "paper-key"
PAPER_SECRET: Final = "paper-secret"
"""The paper exchange's own default account: no secret at all, hence allowed to be written here."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """One API key. `secret` is the HMAC secret, or the Ed25519 private key as PEM."""

    api_key: str
    key_type: Literal["hmac", "ed25519"]
    secret: Secret


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the effective configuration. Secrets are shown as "(set)" or "(not set)"."""

    key: str
    value: str
    unit: str
    source: str
    """`default`, the file's path, or the environment variable's name."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration of one engine, checked.

    `credentials` is None when [venue] was not asked for; `token` is None when no token is required.
    """

    engine: EngineSettings
    venue: VenueSection
    journal: JournalSection
    http: HttpSection
    log: LogSection
    endpoints: Endpoints
    credentials: Credentials | None
    token: Secret | None
    key_fingerprint: str
    journal_path: Path
    latch_path: Path
    lock_folder: Path
    effective: tuple[Effective, ...]
    config_hash: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: where it stands, which key, the rule, and a value that would pass."""

    where: str
    key: str
    rule: str
    passes: str

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.rule}\n    would pass: {self.passes}"


class ConfigError(ValueError):
    """The configuration is refused: every problem at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

"""A client of the engine's HTTP API, on the standard library: quick to import, one connection at a time."""

from __future__ import annotations

import datetime
import http.client
import ssl
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

import msgspec
from cyclopts import Parameter

from holdfast.cli.shell import REFUSED, UNREACHABLE, USAGE, Failure, load_config, wrong

Url: TypeAlias = Annotated[
    str | None, Parameter(help="Address of the engine's API. Default: bind and port of [http] in the configuration.")
]
TokenFile: TypeAlias = Annotated[
    Path | None, Parameter(help="File with the API's token. Default: token_file of [http] in the configuration.")
]
TIMEOUT_S: Final = 10
EPOCH_MS_DIGITS: Final = 13
UNAUTHORISED: Final = 401
NO_TOKEN: Final = (
    "--token-file: the engine does not take this token\n"
    "    would pass: the file that http.token_file of the engine's own configuration names"
)
UNSPECIFIED: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""An engine bound to every address is reached by loopback."""


class Reply(NamedTuple):
    """An answer: its status, its JSON value, and the venue it came from."""

    status: int
    value: Any
    venue: str

    @property
    def ok(self) -> bool:
        """Whether it is not a problem."""
        return self.status < 400


class Client:
    """Talks to one engine."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        host, port = parts.hostname, _port(parts)
        if parts.scheme not in {"http", "https"} or not host or port < 0:
            raise wrong("--url", f"is not an address of an API: {url[:80]}", "http://127.0.0.1:8420")
        self.url = url.rstrip("/")
        self._prefix = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(host, port or None, timeout=TIMEOUT_S, context=context)
        else:
            self._connection = http.client.HTTPConnection(host, port or None, timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Reply:
        """Read. Raises `Failure` when nobody answers."""
        return self._request("GET", path, None)

    def post(self, path: str, body: bytes) -> Reply:
        """Submit a JSON body. Raises `Failure` when nobody answers; whether it arrived is then unknown."""
        return self._request("POST", path, body)

    def must_get(self, path: str) -> Any:
        """Read, and end the command when the answer is a problem."""
        reply = self.get(path)
        if not reply.ok:
            raise Failure(problem_text(reply), USAGE if reply.status in {401, 403} else REFUSED)
        return reply.value

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(self, method: str, path: str, body: bytes | None) -> Reply:
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        sent = False
        try:
            if self._connection.sock is None:
                self._connection.connect()
            sent = method == "POST"
            self._connection.request(method, self._prefix + path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise self._unreachable(error, sent=sent) from None
        venue = response.getheader("holdfast-venue")
        try:
            value = msgspec.json.decode(content)
        except msgspec.DecodeError:
            venue = value = None
        if venue is None:
            # Every answer of an engine names its venue, a refusal as well.
            rule = f"{self.url} answered {response.status}, but it is not a Holdfast API"
            raise Failure(f"--url: {rule}\n    would pass: http://127.0.0.1:8420, or where http.port says", UNREACHABLE)
        return Reply(response.status, value, venue)

    def _unreachable(self, error: Exception, *, sent: bool) -> Failure:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        text = f"--url: no engine answers at {self.url} ({why})"
        if sent:
            text += "\n    whether the request arrived is not known; the same id may safely be sent again"
        return Failure(
            f"{text}\n    would pass: start one with `holdfast run`, or name another with --url", UNREACHABLE
        )


def _port(parts: SplitResult) -> int:
    """The port of an address; 0 when it names none, −1 when it names one that cannot be."""
    try:
        return parts.port or 0
    except ValueError:
        return -1


def connect(config: Path | None, url: str | None, token_file: Path | None) -> Client:
    """The client that configuration and options describe."""
    extra = {"HOLDFAST__HTTP__TOKEN_FILE": str(token_file.absolute())} if token_file is not None else {}
    loaded = load_config(config, only=("account", "http"), extra=extra)
    token = loaded.token.reveal() if loaded.token is not None else None
    host = UNSPECIFIED.get(loaded.http.bind, loaded.http.bind)
    host = f"[{host}]" if ":" in host else host
    return Client(url or f"http://{host}:{loaded.http.port}", token)


def problem_text(reply: Reply) -> str:
    """A problem document as a few lines: what was refused, the numbers, and what would pass."""
    if reply.status == UNAUTHORISED:
        return NO_TOKEN
    value = reply.value if isinstance(reply.value, dict) else {}
    lines = [str(value.get("detail") or value.get("title") or f"the engine answered {reply.status}")]
    for label, name in (("numbers", "facts"), ("would pass", "counterfactual")):
        shown = [_told(key, str(text)) for key, text in (value.get(name) or {}).items() if text and key != "sentence"]
        if shown:
            lines.append(f"    {label}: {', '.join(shown)}")
    return "\n".join(lines)


def _told(name: str, text: str) -> str:
    """A number with its name; a state of things speaks for itself; a moment is given as a time of day as well."""
    if name == "state":
        return text
    return f"{name} {_readable(name, text)}"


def _readable(name: str, text: str) -> str:
    moments = name.endswith(("_ms", "_at"))
    if not (moments and text.isdigit() and len(text) == EPOCH_MS_DIGITS):
        return text
    moment = datetime.datetime.fromtimestamp(int(text) / 1000, datetime.UTC)
    return f"{text} ({moment:%H:%M:%S} UTC)"


def path_of(kind: str, name: str) -> str:
    """The path of a thing by id."""
    return f"/v1/{kind}/{quote(name, safe='/')}"

"""Plays a conversation against the pure exchange: virtual time, no socket, the first difference ends it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec

from holdfast.paper.config import AccountConfig, PaperConfig, RateLimits
from holdfast.paper.wire_out import Close, HttpOutcome
from tests.conversations.expect import Captured, differences, shown
from tests.conversations.script import Line, Script
from tests.paper.desk import FUNDS, KEY, SECRET, Desk, sign

SECRETS = {"paper": (KEY, SECRET), "other": ("other-key", "other-secret")}
_INNER = ("o", "a", "ac", "ai", "or", "su", "k")
_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


class Mismatch(AssertionError):
    """What came is not what the script expects; the text begins with file and line."""


class Player:
    """One venue: the accounts `paper` and `other`, 100,000 USDT each, BTCUSDT at 80,000.0 / 80,000.1, mark 80,000."""

    def __init__(self, script: Script) -> None:
        """Ready to play; `! config` lines at the top are read when the venue is made."""
        self.script = script
        self.names = Captured()
        self.account = "paper"
        self.reply: HttpOutcome | None = None
        self.heard: dict[int, list[Any]] = {}
        self.desk = self._venue()

    def _venue(self) -> Desk:
        settings: dict[str, Any] = {}
        for line in self.script.lines:
            if line.sign == "!" and line.text.startswith("config "):
                settings |= pairs(line.text.removeprefix("config "))
        accounts = [
            AccountConfig(name=name, api_key=key, api_secret=secret, balances=dict(FUNDS))
            for name, (key, secret) in SECRETS.items()
        ]
        unlimited = {"weight_per_minute": None, "orders_per_minute": None, "orders_per_10_seconds": None}
        limits = msgspec.convert({**unlimited, **settings.pop("limits", {})}, RateLimits)
        facts = settings.pop("facts", {})
        rest = msgspec.convert(settings, PaperConfig, strict=False)
        return Desk(facts, accounts=accounts, limits=limits, **{name: getattr(rest, name) for name in settings})

    def play(self) -> None:
        """Everything, line by line; raises Mismatch at the first line that does not hold."""
        if any(line.sign == "~" and line.mode.strip("*") == "" for line in self.script.lines):
            self._do_listen("1")
        for line in self.script.lines:
            self.names.now_ms = self.desk.now_us // 1000
            try:
                getattr(self, _SIGNS[line.sign])(line)
            except (LookupError, ValueError, ArithmeticError, TypeError) as error:
                raise self._mismatch(line, [f"this line cannot be played: {type(error).__name__}: {error}"]) from error
            self._collect()

    def _mismatch(self, line: Line, found: list[str]) -> Mismatch:
        told = "".join(f"\n    {sentence}" for sentence in found)
        return Mismatch(f"{self.script.path}:{line.number}: {line.sign}{line.mode} {line.text}{told}")

    def _collect(self) -> None:
        for frame in self.desk.venue.drain():
            said = frame if isinstance(frame, Close) else json.loads(frame.text, parse_float=Decimal)
            self.heard.setdefault(frame.conn, []).append(said)

    # --- `>`: what a client sends ---

    def send(self, line: Line) -> None:
        """A request over HTTP, or with a number behind the sign a message on that connection."""
        text = self.names.fill(line.text)
        if line.mode.isdecimal():
            self.desk.venue.ws_text(int(line.mode), self._message(text), self.desk.now_us)
            return
        method, target, *words = text.split()
        key, secret = SECRETS[self.account]
        params = dict(word.split("=", 1) for word in words)
        headers, body = {"X-MBX-APIKEY": params.pop("apikey", key)}, ""
        if line.mode == "raw":
            body = params.get("body", "")
        elif line.mode in ("public", "key"):
            headers = headers if line.mode == "key" else {}
            target += f"?{urlencode(params)}" if params else ""
        else:
            params.setdefault("timestamp", str(self.names.now_ms))
            form = urlencode(params)
            form += f"&signature={sign(form, secret)}"
            target, body = (target, form) if line.mode == "body" else (f"{target}?{form}", "")
        self.reply = self.desk.venue.http(method, target, headers, body.encode(), self.desk.now_us)

    def _message(self, text: str) -> str:
        """A frame as it is written, or a WS API method with parameters, signed."""
        if not text[:1].isalpha() and not text.startswith("v"):
            return text
        method, *words = text.split()
        key, secret = SECRETS[self.account]
        params = {"apiKey": key, "timestamp": str(self.names.now_ms), **dict(word.split("=", 1) for word in words)}
        plain = "&".join(f"{name}={params[name]}" for name in sorted(params))
        return json.dumps({"id": 1, "method": method, "params": {**params, "signature": sign(plain, secret)}})

    # --- `<`: the answer ---

    def expect_reply(self, line: Line) -> None:
        """Status, then an error code and its text, or JSON; `head` looks at the headers, `body` at the bare text."""
        if line.mode.isdecimal():
            heard = self.heard.get(int(line.mode), [])
            if not heard:
                raise self._mismatch(line, ["no answer came on this connection"])
            answer = heard.pop(0)
            status, content = answer["status"], answer.get("result", answer.get("error"))
            if line.text.startswith("frame "):
                self._hold(line, json.loads(line.text.removeprefix("frame ")), answer, answer)
                return
            self._hold_answer(line, status, content)
            return
        reply = self.reply
        if reply is None:
            raise self._mismatch(line, ["nothing was asked yet"])
        if line.mode == "head":
            headers = {name.lower(): value for name, value in reply.headers.items()}
            wanted = {name.lower(): value for name, value in pairs(line.text, plain=True).items()}
            self._hold(line, wanted, headers, headers)
        elif line.text in ("hang", "reset"):
            self._hold(line, line.text, reply.kind, reply.kind)
        elif line.mode == "body":
            status, _, text = line.text.partition(" ")
            self._hold(line, [int(status), text], [reply.status, reply.body.decode()], reply.body.decode())
        else:
            if reply.kind != "reply":
                raise self._mismatch(line, [f"expected an answer, the connection does: {reply.kind}"])
            self._hold_answer(line, reply.status, json.loads(reply.body, parse_float=Decimal))

    def _hold_answer(self, line: Line, status: int, content: Any) -> None:
        wanted_status, _, rest = line.text.partition(" ")
        expected: Any = {}
        if rest[:1] in ("{", "["):
            expected = json.loads(rest, parse_float=Decimal)
        elif rest:
            code, _, message = rest.partition(" ")
            expected = {"code": int(code), **({"msg": message} if message else {})}
        found = [] if status == int(wanted_status) else [f"status: expected {wanted_status}, got {status}"]
        found += differences(expected, content, self.names) if expected != {} or rest == "[]" else []
        if found:
            raise self._mismatch(line, [*found, f"the answer was: {status} {shown(content)}"])

    def _hold(self, line: Line, expected: Any, got: Any, told: Any) -> None:
        found = differences(expected, got, self.names)
        if found:
            raise self._mismatch(line, [*found, f"there was: {shown(told)}"])

    # --- `~`: what a stream tells ---

    def expect_event(self, line: Line) -> None:
        """The next event of the user stream (or of the connection whose number is given); `*` skips to it."""
        heard = self.heard.setdefault(int(line.mode.strip("*") or 1), [])
        word, _, rest = line.text.partition(" ")
        if word == "nothing":
            if heard:
                raise self._mismatch(line, [f"expected silence, heard: {shown(heard)}"])
            return
        if word == "no":
            if any(_name(event) == rest for event in heard):
                raise self._mismatch(line, [f"expected none, heard: {shown(heard)}"])
            return
        while line.mode.endswith("*") and heard and _name(heard[0]) != word:
            heard.pop(0)
        if not heard:
            raise self._mismatch(line, ["expected an event, heard nothing"])
        event = heard.pop(0)
        if isinstance(event, Close):
            self._hold(line, line.text, f"close {event.code} {event.reason}".strip(), str(event))
        elif line.text[:1] in ("{", "["):
            self._hold(line, json.loads(line.text, parse_float=Decimal), event, event)
        else:
            wanted = {"e": word, **pairs(self._as_text(rest), plain=True)}
            got = {path: value for path in wanted if (value := _field(event, path)) is not None}
            self._hold(line, wanted, got, event)

    def _as_text(self, text: str) -> str:
        """Fields of events are compared as texts: times and captured values are written out first."""
        known = re.compile(r"\$now(?:[+-]\d+)?|\$([a-z_]+)")
        return known.sub(
            lambda name: name[0] if name[1] and name[1] not in self.names else self.names.fill(name[0]), text
        )

    # --- `@` and `%`: time and the control door ---

    def wait(self, line: Line) -> None:
        """`+5000ms`, `+10s`, `+5m`, `+1h`."""
        number = line.text.lstrip("+").rstrip("ushm")
        self.desk.wait(int(number) * _UNITS[line.text.lstrip("+")[len(number) :]])

    def control(self, line: Line) -> None:
        """`% fault verb=reset match.method=order.place`: a request of the control door, or JSON. It must be granted."""
        verb, _, rest = self.names.fill(line.text).partition(" ")
        request = json.loads(rest) if rest.startswith("{") else pairs(rest)
        if verb in ("fund", "human.trade", "human.cancel"):
            request.setdefault("account", self.account)
        answer = self.desk.control(verb, **request)
        if not answer["ok"]:
            raise self._mismatch(line, [f"refused: {answer['error']}"])

    # --- `!`: the world ---

    def act(self, line: Line) -> None:
        """A thing that happens outside: market, connections, who speaks."""
        word, _, rest = self.names.fill(line.text).partition(" ")
        _ACTS[word](self, rest)

    def _do_config(self, _rest: str) -> None:
        """Read already, when the venue was made."""

    def _do_listen(self, rest: str) -> None:
        key, _ = SECRETS[self.account]
        reply = self.desk.raw("POST", "/fapi/v1/listenKey", key=key)
        self.names[f"key_{self.account}"] = reply.body["listenKey"]
        self.desk.venue.ws_open(int(rest), f"/private/ws/{reply.body['listenKey']}", self.desk.now_us)

    def _do_open(self, rest: str) -> None:
        conn, target = rest.split()
        if not self.desk.venue.ws_open(int(conn), target, self.desk.now_us):
            raise ValueError(f"the venue has no WebSocket at {target}")

    def _do_as(self, rest: str) -> None:
        if rest not in SECRETS:
            raise ValueError(f"no account {rest!r}; known: {', '.join(SECRETS)}")
        self.account = rest

    def _do_mark(self, rest: str) -> None:
        price, *words = rest.split()
        options = pairs(" ".join(words), plain=True)
        if "next" in options:
            options["next_funding_ms"] = int(options.pop("next"))
        self.desk.mark(price, **options)

    def _do_trade(self, rest: str) -> None:
        price, qty, side, *words = rest.split()
        self.desk.trade(price, qty, seller_aggressive=side == "sell", **pairs(" ".join(words), plain=True))

    def _do_book(self, rest: str) -> None:
        bid, ask, *words = rest.split()
        self.desk.book(bid, ask, **pairs(" ".join(words), plain=True))

    def _do_levels(self, rest: str) -> None:
        options = pairs(rest, plain=True)
        sides = [dict(level.split(":") for level in options[name].split(",") if level) for name in ("bids", "asks")]
        self.desk.levels(sides[0], sides[1], options.get("symbol", "BTCUSDT"))


def pairs(text: str, *, plain: bool = False) -> dict[str, Any]:
    """`a=1 b.c=x` as {"a": 1, "b": {"c": "x"}}; plain keeps names and texts as they are."""
    found: dict[str, Any] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"expected name=value, got {word!r}")
        if plain:
            found[name] = value
            continue
        *parents, last = name.split(".")
        inner = found
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = _value(value)
    return found


def _value(text: str) -> Any:
    if text[:1] in ("[", "{", '"') or text in ("true", "false", "null") or text.lstrip("-").isdecimal():
        return json.loads(text)
    return text


def _name(event: Any) -> str:
    return event.get("e", "") if isinstance(event, dict) else type(event).__name__.lower()


def _field(event: dict[str, Any], path: str) -> str | None:
    """A field by its path, inside the event's body first; as text, the way scripts write it."""
    for root in [*(event[name] for name in _INNER if isinstance(event.get(name), dict)), event]:
        value: Any = root
        for part in path.split("."):
            if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                break
        else:
            return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return None


_SIGNS = {">": "send", "<": "expect_reply", "~": "expect_event", "!": "act", "@": "wait", "%": "control"}
_ACTS = {
    "config": Player._do_config,
    "listen": Player._do_listen,
    "open": Player._do_open,
    "as": Player._do_as,
    "mark": Player._do_mark,
    "trade": Player._do_trade,
    "book": Player._do_book,
    "levels": Player._do_levels,
}

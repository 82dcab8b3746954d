"""What leaves the exchange: replies over HTTP, frames on connections, and closed connections."""

from __future__ import annotations

from typing import Literal

import msgspec


class HttpOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one HTTP request.

    `kind`: "reply" sends the response; "reset" tears the connection down without one; "hang" never
    answers and leaves the connection open. A reply is sent `delay_us` after the request arrived.
    With `events_first` the caller hands out drained frames before it writes the response.
    """

    kind: Literal["reply", "reset", "hang"] = "reply"
    status: int = 200
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    delay_us: int = 0
    events_first: bool = False


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One text frame (UTF-8) for the connection `conn`."""

    conn: int
    text: bytes


class Close(msgspec.Struct, frozen=True, gc=False):
    """Close the connection `conn`. `abort` drops it without a closing handshake."""

    conn: int
    code: int
    reason: str
    abort: bool = False


Out = Outgoing | Close

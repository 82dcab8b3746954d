"""Request parameters: names match in any case, values arrive as text, unknown names are ignored.

The WS API sends JSON values of any type; they are kept as the text they had on the wire, so that
digits survive and the signature can be recomputed (protocol notes A.2, G.2).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model import num
from holdfast.paper.errors import VenueError, missing

_SECRET = ("apikey", "signature")


class Params:
    """Named values of one request."""

    __slots__ = ("_values", "named")

    def __init__(self, named: dict[str, str]) -> None:
        """Keep the values under their own names and under lower-case ones."""
        self.named = named
        self._values = {name.lower(): value for name, value in named.items()}

    def changed(self, **values: str) -> Params:
        """The same parameters with some of them replaced."""
        kept = {name: value for name, value in self.named.items() if name.lower() not in {n.lower() for n in values}}
        return Params({**kept, **values})

    def logged(self) -> dict[str, str]:
        """The parameters as received, without key and signature."""
        return {name: value for name, value in self.named.items() if name.lower() not in _SECRET}

    def get(self, name: str) -> str:
        """The value of a parameter, or an empty text when it was not sent."""
        return self._values.get(name.lower(), "")

    def has(self, name: str) -> bool:
        """Whether a parameter was sent with a value."""
        return bool(self._values.get(name.lower()))

    def need(self, name: str) -> str:
        """The value of a mandatory parameter."""
        value = self._values.get(name.lower(), "")
        if not value:
            raise missing(name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A decimal, or None when it was not sent; malformed text is refused."""
        value = self.get(name)
        if not value:
            return None
        try:
            return num.parse(value)
        except num.NumberError:
            raise missing(name) from None

    def integer(self, name: str) -> int | None:
        """A whole number, or None when it was not sent; malformed text is refused."""
        value = self.get(name)
        if not value:
            return None
        if len(value) > 20 or not value.removeprefix("-").isdecimal() or not value.isascii():
            raise missing(name)
        return int(value)

    def flag(self, name: str) -> bool:
        """A boolean, false when it was not sent; anything but true and false is refused."""
        value = self.get(name).lower()
        if value in ("", "false"):
            return False
        if value == "true":
            return True
        raise VenueError(-1130, name)

    def limit(self, *, default: int, maximum: int) -> int:
        """The `limit` parameter within 1 and `maximum`."""
        value = self.integer("limit")
        if value is None:
            return default
        if value < 1:
            raise VenueError(-1130, "limit")
        return min(value, maximum)


def from_raw(values: dict[str, msgspec.Raw]) -> dict[str, str]:
    """Turn JSON values into text: strings lose their quotes, numbers and booleans keep their spelling."""
    named: dict[str, str] = {}
    for name, raw in values.items():
        text = bytes(raw).strip()
        if text[:1] == b'"':
            named[name] = msgspec.json.decode(text, type=str)
        elif text != b"null":
            named[name] = text.decode()
    return named

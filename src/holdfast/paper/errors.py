"""The venue's refusals: code, text and HTTP status (protocol notes A.6, H)."""

from __future__ import annotations

from typing import Final

from holdfast.paper.error_texts import OWN_WORDS, QUOTED, QUOTED_IN_PART

MESSAGES: Final[dict[int, str]] = {**QUOTED, **QUOTED_IN_PART, **OWN_WORDS}

_STATUSES: dict[int, int] = {-1003: 429, -1015: 429, -1007: 408, -1008: 503, -2014: 401, -2015: 401, -5000: 404}

AHEAD_OF_TIME = "Timestamp for this request was 1000ms ahead of the server's time."
CONNECTIONS = "Too many connections; current limit of IP(127.0.0.1) is %d connections per 5 minutes."
BANNED = "Way too many requests; IP banned until %d. Please use the websocket for live updates to avoid bans."
UNKNOWN_503 = "Unknown error, please check your request or try again later."
UNAVAILABLE_503 = "Service Unavailable."


class VenueError(Exception):
    """The venue refuses a request: `code` and `message` go to the client, with HTTP `status`."""

    def __init__(self, code: int, *details: object, message: str | None = None, status: int | None = None) -> None:
        """Take the text of the table (filled with `details`) unless `message` gives another."""
        self.code = code
        self.message = message if message is not None else (MESSAGES[code] % details if details else MESSAGES[code])
        self.status = status if status is not None else _STATUSES.get(code, 400)
        super().__init__(f"{code} {self.message}")


def missing(name: str) -> VenueError:
    """A mandatory parameter is absent or malformed."""
    return VenueError(-1102, name)


def unwanted(name: str) -> VenueError:
    """A parameter was sent where it has no place."""
    return VenueError(-1106, name)


def needs_either(first: str, second: str) -> VenueError:
    """One of two parameters must be sent and neither was."""
    return VenueError(-1102, message=f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def stock_text(code: int) -> str:
    """The text of a code for whoever has no details to fill in; a code that has none says so."""
    return MESSAGES.get(code, f"injected error {code}").replace("%s", "?")

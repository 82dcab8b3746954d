"""Identifiers: every id is a function of what it names.

A client order id is derived from the account, the intent and the role, so a restart, a second
delivery or a replay names the same order by the same id. Binance keeps client ids unique *among
open orders only*; the id is therefore a name to ask by, never a licence to send again (RULES 3).
"""

from __future__ import annotations

import base64
import hashlib
import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

ORDER_PREFIX: Final = "hf-"
"""Every order of the engine begins with this."""

KILL_PREFIX: Final = "hfk-"
"""Orders of the stand-alone kill switch (RULES 16): attributed to the operator, never adopted."""

CLIENT_ID_PATTERN: Final = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")
TAG_LENGTH: Final = 24


class Role(StrEnum):
    """What an order is for (DESIGN §2). The role decides what an unknown outcome means (RULES 2)."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    EXIT = "exit"
    CLOSE = "close"
    CANCEL = "cancel"
    SETTING = "setting"


ROLE_LETTERS: Final[dict[Role, str]] = {
    Role.ENTRY: "e",
    Role.STOP: "s",
    Role.TARGET: "t",
    Role.EXIT: "x",
    Role.CLOSE: "c",
}
LETTER_ROLES: Final[dict[str, Role]] = {letter: role for role, letter in ROLE_LETTERS.items()}


# All orders of one intent are named within moments of each other; a few thousand tags outlast every such moment.
@lru_cache(maxsize=4_096)
def subject_tag(account: str, subject: str) -> str:
    """The part of a client id that all orders of one intent (or of one flattened position) share."""
    digest = hashlib.sha256(f"{account}\x00{subject}".encode()).digest()
    # 15 bytes are exactly 24 letters; encoding the rest only to cut it off would triple the cost.
    return base64.b32encode(digest[:15]).decode("ascii").lower()


def client_order_id(account: str, subject: str, role: Role, n: int) -> str:
    """The id of the n-th order (n from 1) of a role for a subject: at most 36 characters, venue alphabet.

    `subject` is the intent id, or `position:<symbol>:<side>:<episode>` for an order that no intent asked for.
    """
    assert 1 <= n <= 9999, "invariant: 1 <= n <= 9999"
    result = f"{ORDER_PREFIX}{ROLE_LETTERS[role]}{n}-{subject_tag(account, subject)}"
    assert CLIENT_ID_PATTERN.match(result), "invariant: a client id fits the venue's alphabet"
    return result


def is_ours(client_id: str) -> bool:
    """Whether the id carries the engine's prefix (the kill switch's orders do not count)."""
    return client_id.startswith(ORDER_PREFIX)


def is_kill(client_id: str) -> bool:
    """Whether the id was made by the stand-alone kill switch."""
    return client_id.startswith(KILL_PREFIX)


def role_of(client_id: str) -> Role | None:
    """The role encoded in one of our ids, or None for a foreign id."""
    if not is_ours(client_id):
        return None
    return LETTER_ROLES.get(client_id[len(ORDER_PREFIX) : len(ORDER_PREFIX) + 1])


def tag_of(client_id: str) -> str | None:
    """The subject tag of one of our ids, or None for a foreign id."""
    if not is_ours(client_id):
        return None
    return client_id.rpartition("-")[2]


def attribution_of(client_id: str) -> str:
    """Who made an order that is not the engine's: LIQUIDATION, ADL, SETTLEMENT, OPERATOR (kill) or EXTERNAL."""
    for prefix, cause in EXTERNAL_PREFIXES.items():
        if client_id.startswith(prefix):
            return cause
    return "EXTERNAL"


EXTERNAL_PREFIXES: Final[dict[str, str]] = {
    "autoclose-": "LIQUIDATION",
    "adl_autoclose": "ADL",
    "settlement_autoclose-": "SETTLEMENT",
    "delivery_autoclose-": "SETTLEMENT",
    KILL_PREFIX: "OPERATOR",
}

"""What every journal record has in common, and the version of the format."""

from __future__ import annotations

from typing import Final

import msgspec

FORMAT: Final = 2
"""Version of the journal's event format. A program reads every earlier one; a later one it refuses.

1: the first. 2: verdicts carry what they saw, and a start its settings and the hash of the state it began with.
"""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", gc=False):
    """Base of every journal record."""

    at_ms: int

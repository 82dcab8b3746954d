"""Every seeded bug there is."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs import (
    bugs_books,
    bugs_cover,
    bugs_entry,
    bugs_exits,
    bugs_shell,
    bugs_states,
    bugs_wire,
)
from tests.seeded_bugs.bug import Bug

BUGS: Final[dict[str, Bug]] = {
    bug.name: bug
    for part in (bugs_entry, bugs_cover, bugs_exits, bugs_books, bugs_states, bugs_wire, bugs_shell)
    for bug in part.BUGS
}

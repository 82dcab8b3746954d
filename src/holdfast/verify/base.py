"""What every check has in common: it listens to the venue log, with the journal's moments mixed in by time.

The journal is folded first (`journal_view.py`). Then the venue log is read once, in order. Each check keeps only what
it needs, so a long log costs little memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holdfast.verify.journal_view import JournalView, Moment, MomentKind
from holdfast.verify.options import Options
from holdfast.verify.records import VenueRecord
from holdfast.verify.report import Findings
from holdfast.verify.venue_state import VenueState

LineHandlers = dict[type[VenueRecord], Callable[[Any], None]]
MomentHandlers = dict[MomentKind, Callable[[Moment], None]]


class Scene:
    """What the checks look at, and where they write."""

    def __init__(self, journal: JournalView, options: Options) -> None:
        self.journal = journal
        self.options = options
        self.state = VenueState()
        self.found = Findings()


class Check:
    """Base of a check. A subclass overrides what it needs."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.journal = scene.journal
        self.options = scene.options
        self.state = scene.state
        self.found = scene.found

    def before(self) -> LineHandlers:
        """Handlers that see a line before the state has taken it in."""
        return {}

    def after(self) -> LineHandlers:
        """Handlers that see a line when the state holds it."""
        return {}

    def moments(self) -> MomentHandlers:
        """Handlers of journal moments."""
        return {}

    def ticks(self) -> Callable[[int], None] | None:
        """What to call with the new time (µs) before the first line of each later instant, or None."""
        return None

    def finish(self) -> None:
        """All lines were read."""

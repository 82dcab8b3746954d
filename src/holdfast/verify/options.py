"""What a check is told beside the two records: what kind of run it was, and the bounds it must keep."""

from __future__ import annotations

import msgspec


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A span of venue time, microseconds since the epoch; `end_us` None = still open at the end."""

    start_us: int
    end_us: int | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds in milliseconds with their sources; the defaults are the published promises."""

    complete: bool = False
    """The run ended quiescent: nothing may be open, pending or unknown (I24). A cut run may end in mid-trade."""

    account: str | None = None
    """The venue account to judge, when the log holds several; None takes the account of the log's first record."""

    head: tuple[int, str] | None = None
    """(seq, hash) that the journal must contain: a result published it, so a shorter journal was cut (RULES 8)."""

    live: tuple[Window, ...] | None = None
    """When an engine was live (RULES 15), if the caller knows; None derives it from connections and signed reads."""

    unreachable: tuple[Window, ...] = ()
    """When the network was in trouble by the word of a caller who knows (with `live`): what was lost or late then
    reached nobody, and what was sent then need not have arrived. A class of its own (RULES 15)."""

    deaf: tuple[Window, ...] = ()
    """When no user event reached the engine, by the word of a caller who knows: what the venue pushed then is no
    evidence. The coverage watch must find it out (RULES 12)."""

    acknowledged: tuple[str, ...] | None = None
    """Intent ids whose acceptance or denial was acknowledged to their source (I20); None = not known here."""

    naked_ms: int = 1_000
    """Longest time from evidence to a covering or closing request, with a live engine (RULES 15)."""

    silent_ms: int = 5_000
    """Longest time until a live engine has evidence at all when stream or stop is lost silently (RULES 12, 15)."""

    idle_ms: int = 60_000
    """How often the watch looks where nothing of ours is exposed (RULES 12)."""

    triggering_ms: int = 2_000
    """How long a stop that is triggering still covers (RULES 5)."""

    orphan_ms: int = 2_000
    """How long an order of ours may outlive its position (I5), venue lag not included."""

    lag_ms: int = 1_000
    """Venue and network lag granted to reactions that are not protection."""

    clock_error_ms: int = 250
    """How far the engine's venue time may be off; above it the engine admits no entry."""

    settle_ms: int = 60_000
    """In a cut run, how old a fill may be before the journal must hold it (I9)."""

    late_entry_ms: int = 2_000
    """From the first evidence of an entry shown never placed to its late-entry event (I11)."""
